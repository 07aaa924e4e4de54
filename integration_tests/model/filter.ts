// Tells which records are written at all.
import { compareNumbers, isNumberText } from './numbers.ts'
import type { LayoutOptions } from './options.ts'
import { columnAt, isAbsent, isDigits, textOf, type Columns } from './values.ts'

/** Returns whether a record has something under the root, and the value that the filter names. */
export function passes(options: LayoutOptions, record: Columns): boolean {
  const { root_field: rootField, record_filter: recordFilter } = options
  const root = rootField === undefined ? record : columnAt(record, rootField)
  if (root === undefined || root === null) return false
  return recordFilter === undefined || matches(recordFilter, record)
}

/** Compares a JSON number with the text of a number by value, and everything else by text. */
function matches({ field, equals }: NonNullable<LayoutOptions['record_filter']>, record: Columns): boolean {
  const value = columnAt(record, field)
  if (isAbsent(value)) return equals === null
  const wanted = String(equals)
  if (isDigits(value) && isNumberText(wanted)) return compareNumbers(value.digits, wanted) === 0
  return textOf(value) === wanted
}
