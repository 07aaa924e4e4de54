import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundledPackages, lockedPackages, nameOf, root } from './bundled-packages.ts'

/** Lists what src imports. */
const IMPORTED = ['ajv', 'ioredis', 'ssh2', 'yargs']

/** The parts of ajv that compile rules, which the build does. */
const OF_THE_BUILD = ['fast-deep-equal', 'fast-uri', 'json-schema-traverse', 'require-from-string']

test('the bundle has the licences of what src imports and of what that needs, in the versions of the lockfile', () => {
  const listed = bundledPackages().map(({ name, version }) => `${name}@${version}`)
  const needed = neededBy(IMPORTED).filter(([name]) => !OF_THE_BUILD.includes(name))

  expect(listed.toSorted()).toEqual(
    [...new Set(needed.map(([name, version]) => `${name}@${version}`))].toSorted(),
  )
})

test('the licence of each bundled package is the text that the package comes with', () => {
  const folders = lockedPackages()
  for (const { name, version, texts } of bundledPackages()) {
    const [folder] = folders.find((locked) => nameOf(locked[0]) === name && locked[1].version === version)!
    const [file] = readdirSync(join(root, folder)).filter((entry) => /^licen[cs]e/i.test(entry))
    expect(texts, name).toContain(readFileSync(join(root, folder, file ?? 'LICENSE'), 'utf8').trim())
  }
})

/** Returns the packages that these need, each where npm has installed it. */
function neededBy(names: readonly string[]): [name: string, version: string][] {
  const locked = new Map(lockedPackages())
  const found = new Map<string, string>()
  const visit = (name: string, from: string): void => {
    const folder = `${from}node_modules/${name}`
    const entry = locked.get(folder)
    if (entry === undefined) return visit(name, from.replace(/node_modules\/(@[^/]+\/)?[^/]+\/$/, ''))
    if (found.has(folder)) return
    found.set(folder, entry.version)
    for (const needed of Object.keys(entry.dependencies ?? {})) visit(needed, `${folder}/`)
  }
  for (const name of names) visit(name, '')
  return [...found].map(([folder, version]) => [nameOf(folder), version])
}
