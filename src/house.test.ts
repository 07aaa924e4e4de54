import { basename, dirname } from 'node:path'
import { expect, it } from 'vitest'
import { sourceFiles } from './source-files.support.ts'

const FILES = sourceFiles()

/** One file for each Redis structure, however many there are. */
const MAY_GROW = ['layout/structures']

it('a room has a name of its own, and 2 to 14 files', () => {
  const rooms = Map.groupBy(FILES, ({ path }) => dirname(path))
  rooms.delete('.')
  const names = [...rooms.keys()].map((room) => basename(room))
  expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([])
  const sizes = [...rooms].map(([room, files]): [string, number] => [room, files.length])
  expect(sizes.filter(([room, size]) => size < 2 || (size > 14 && !MAY_GROW.includes(room)))).toEqual([])
})

it('no two files have the same name, or names one letter apart', () => {
  const names = FILES.map(({ path }) => basename(path, '.ts'))
  const pairs = names.flatMap((name, index) =>
    names.slice(index + 1).flatMap((other) => (isAlmost(name, other) ? [`${name}, ${other}`] : [])),
  )
  expect(pairs).toEqual([])
})

it('an exported type has one meaning', () => {
  // Types of the scanner are written in another language, and mirrored on this side.
  const files = FILES.filter(({ path }) => !path.includes('/wasm/'))
  const names = files.flatMap(({ text }) =>
    [...text.matchAll(/^export (?:abstract )?(?:type|interface|class) (\w+)/gm)].map(([, name]) => name!),
  )
  expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([])
})

/** Returns whether two names are equal, or become equal by adding, removing or changing one letter. */
function isAlmost(one: string, other: string): boolean {
  if (one.length > other.length) return isAlmost(other, one)
  if (other.length - one.length > 1) return false
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  const rest = one.length === other.length ? one.slice(at + 1) : one.slice(at)
  return rest === other.slice(at + 1)
}
