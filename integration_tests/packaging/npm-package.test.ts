import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './bundled-packages.ts'

/** Names what packages try to load and do without: native parts of ssh2, and colours of debug. */
const OPTIONAL = /^cpu-features$|^supports-color$|\.node$/

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'destination-redis-package-'))
  const pack = ['pack', '--ignore-scripts', '--pack-destination', folder]
  const archive = execFileSync('npm', pack, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  execFileSync('tar', ['-xzf', join(folder, archive.trim()), '-C', folder])
})

afterAll(() => rmSync(folder, { recursive: true }))

test('`npm pack` packs the built connector and its specification, and the package needs no other', () => {
  const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

  expect(readdirSync(join(folder, 'package')).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'dist',
    'package.json',
    'spec',
  ])
  expect(dependencies).toBeUndefined()
  expect(run('--version')).toBe(`${version}\n`)
  expect(run('--help')).toContain('destination-redis <command>')
  expect(JSON.parse(run('spec'))).toEqual({
    type: 'SPEC',
    spec: JSON.parse(readFileSync(join(root, 'spec/spec.json'), 'utf8')),
  })
})

test('the built connector loads nothing but its own files and modules of Node', () => {
  const specifiers = [
    'dist/main.js',
    ...readdirSync(join(root, 'dist/chunks')).map((name) => `dist/chunks/${name}`),
  ]
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) => [
      ...readFileSync(join(root, path), 'utf8').matchAll(
        /\b(?:require|import|chunkLoader\(\w+\))\("([^"]+)"\)/g,
      ),
    ])
    .map(([, specifier = '']) => specifier)

  expect(specifiers).toContain('./program.js')
  const others = specifiers.filter(
    (name) => !name.startsWith('./') && !isBuiltin(name) && !OPTIONAL.test(name),
  )
  expect([...new Set(others)]).toEqual([])
})

/** Runs the packed connector in a folder without packages. */
function run(argument: string): string {
  const elsewhere = join(folder, 'elsewhere')
  mkdirSync(elsewhere, { recursive: true })
  return execFileSync(process.execPath, [join(folder, 'package/dist/main.js'), argument], {
    cwd: elsewhere,
    encoding: 'utf8',
  })
}
