/** For tests: index entries of locations. */
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
