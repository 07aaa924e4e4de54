import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Hash = { alg: string; content: string }
type Component = { name: string; version: string; hashes?: Hash[] }
type Bom = { bomFormat: string; metadata: { component: Component }; components: Component[] }
type Lockfile = { packages: Record<string, { version: string; dev?: boolean }> }

const root = join(import.meta.dirname, '../..')

test('`npm run sbom` lists exactly the production packages of the lockfile, each with a hash', () => {
  execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root })

  const bom: Bom = JSON.parse(readRoot('build/sbom.cdx.json'))
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'destination-redis' } },
  })
  expect(listed(bom.components)).toEqual(productionPackages())
  expect(bom.components.filter(({ hashes }) => !hashes?.some(isSha512))).toEqual([])
})

function productionPackages(): string[] {
  const { packages }: Lockfile = JSON.parse(readRoot('package-lock.json'))
  const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev)
  return listed(production.map(([path, { version }]) => ({ name: nameOf(path), version })))
}

/** Returns each package once, however often it is installed. */
function listed(components: Component[]): string[] {
  return [...new Set(components.map(({ name, version }) => `${name}@${version}`))].toSorted()
}

function nameOf(path: string): string {
  return path.split('node_modules/').at(-1) ?? path
}

function isSha512({ alg, content }: Hash): boolean {
  return alg === 'SHA-512' && /^[\da-f]{128}$/.test(content)
}

function readRoot(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
