import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Entry = { integrity?: string; resolved?: string; link?: boolean }
type Lockfile = { packages: Record<string, Entry> }

const root = join(import.meta.dirname, '../..')

test('every package of the lockfile has a SHA-512 hash, so that no other tarball installs', () => {
  const packages = readPackages()

  expect(packages.length).toBeGreaterThan(30)
  expect(packages.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([])
})

test('no package of the lockfile names an address, as registries differ between machines', () => {
  expect(readPackages().filter(([, entry]) => entry.resolved !== undefined || entry.link)).toEqual([])
})

function readPackages(): [path: string, entry: Entry][] {
  const { packages }: Lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(packages).filter(([path]) => path !== '')
}
