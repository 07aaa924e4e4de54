// Tells which of two versions of a row is newer.
import { compareNumbers } from './numbers.ts'
import { columnAt, isAbsent, isDigits, textOf, type Columns, type Value } from './values.ts'

export interface Version {
  /** The value of the cursor column; null if it is absent, or if the stream has no cursor. */
  cursor: Value
  emittedAt: number
}

/** The column that says, unless it is null or absent, that the record deletes its row. */
export const DELETED_AT = '_ab_cdc_deleted_at'

export function isDelete(record: Columns): boolean {
  const value = columnAt(record, DELETED_AT)
  return value !== undefined && value !== null
}

export function versionOf(cursor: string | undefined, record: Columns, emittedAt: number): Version {
  const value = cursor === undefined ? null : columnAt(record, cursor)
  return { cursor: value === undefined || isAbsent(value) ? null : value, emittedAt }
}

/** Returns whether a record that arrives loses against the version that is there. */
export function isOlder(arriving: Version, present: Version): boolean {
  return (compareCursors(arriving.cursor, present.cursor) || arriving.emittedAt - present.emittedAt) < 0
}

/** Null is lowest; numbers compare exactly, timestamps as instants, other texts by their bytes. */
function compareCursors(one: Value, other: Value): number {
  if (one === null || other === null) return Number(one !== null) - Number(other !== null)
  if (isDigits(one) && isDigits(other)) return compareNumbers(one.digits, other.digits)
  const [first, second] = [textOf(one)!, textOf(other)!]
  const [earlier, later] = [instantOf(first), instantOf(second)]
  if (earlier !== undefined && later !== undefined) return earlier - later
  return Buffer.compare(Buffer.from(first), Buffer.from(second))
}

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2}))?$/

function instantOf(text: string): number | undefined {
  return TIMESTAMP.test(text) ? Date.parse(text) : undefined
}
