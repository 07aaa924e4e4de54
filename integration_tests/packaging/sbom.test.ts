import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundledPackages, root } from './bundled-packages.ts'

type Hash = { alg: string; content: string }
type Component = { name: string; version: string; scope?: string; hashes?: Hash[] }
type Bom = { bomFormat: string; metadata: { component: Component }; components: Component[] }

test('`npm run sbom` lists exactly the packages that the build has bundled, each with a hash', () => {
  execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root })

  const bom: Bom = JSON.parse(readFileSync(join(root, 'build/sbom.cdx.json'), 'utf8'))
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'destination-redis' } },
  })
  expect(listed(bom.components)).toEqual(listed(bundledPackages()))
  expect(bom.components.filter(({ scope }) => scope !== 'required')).toEqual([])
  expect(bom.components.filter(({ hashes }) => !hashes?.some(isSha512))).toEqual([])
})

/** Returns each package once, however often it is installed. */
function listed(packages: readonly { name: string; version: string }[]): string[] {
  return [...new Set(packages.map(({ name, version }) => `${name}@${version}`))].toSorted()
}

function isSha512({ alg, content }: Hash): boolean {
  return alg === 'SHA-512' && /^[\da-f]{128}$/.test(content)
}
