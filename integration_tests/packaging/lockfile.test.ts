import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Entry = { integrity?: string; resolved?: string; link?: boolean }
type Lockfile = { packages: Record<string, Entry> }

const root = join(import.meta.dirname, '../..')

const LOCKFILES = ['package-lock.json', 'packaging/form-test/package-lock.json']

test.each(LOCKFILES)('every package of %s has a SHA-512 hash, so that no other tarball installs', (path) => {
  const packages = readPackages(path)

  expect(packages.length).toBeGreaterThan(20)
  expect(packages.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([])
})

test.each(LOCKFILES)('no package of %s names an address, as registries differ between machines', (path) => {
  expect(readPackages(path).filter(([, entry]) => entry.resolved !== undefined || entry.link)).toEqual([])
})

function readPackages(file: string): [path: string, entry: Entry][] {
  const { packages }: Lockfile = JSON.parse(readFileSync(join(root, file), 'utf8'))
  return Object.entries(packages).filter(([path]) => path !== '')
}
