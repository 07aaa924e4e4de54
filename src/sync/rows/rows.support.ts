/** For tests: index entries of locations, and random numbers. */
import { createHash } from 'node:crypto'
import type { TextRange } from '../../layout/encoding/text-range.ts'
import { IndexEntries } from './index-entries.ts'

/** Locations of the same hash. */
export const COLLISIONS = [
  ['costarring', 'liquid'],
  ['declinate', 'macallums'],
  ['altarage', 'zinke'],
] as const

/** Entries of the run 7, a row for each distinct location. */
export function entriesFor(locations: readonly string[]): IndexEntries {
  const entries = new IndexEntries(7, false, locations.length)
  for (const [record, location] of locations.entries()) {
    const row = entries.locate(rangeFrom(location))
    if (row === -1) entries.set(row, record)
    else entries.takeBack()
  }
  return entries
}

/** The bytes of a text, with others around them. */
export function rangeFrom(text: string): TextRange {
  const bytes = Buffer.from(`<${text}>`)
  return { bytes, start: 1, end: bytes.length - 1 }
}

/** Returns a function that returns whole numbers from 0 to one below a limit of 16 bits. */
export function randomNumbers(seed: string): (limit: number) => number {
  let block = Buffer.alloc(0)
  let at = 0
  let count = 0
  return (limit) => {
    if (at === block.length) {
      block = createHash('sha512').update(`${seed} ${count++}`).digest()
      at = 0
    }
    at += 2
    return block.readUInt16LE(at - 2) % limit
  }
}
