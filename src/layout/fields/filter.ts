/** Selects the records that are written: those that match record_filter and have a value at root_field. */
import type { RecordFilter, RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath, type Columns } from '../../protocol/columns/columns.ts'
import { isAbsent, textIn } from './column-text.ts'
import { isNumeric } from './numeric-text.ts'
import { plainNotation } from './plain-notation.ts'

export type Filter = (columns: Columns) => boolean

/** Returns undefined if every record is written. `always`: records that are written in any case. */
export function filterOf(
  { rootField, recordFilter }: RecordSettings,
  always: Filter = () => false,
): Filter | undefined {
  const filters = [
    ...(rootField === undefined ? [] : [rootFilter(rootField)]),
    ...(recordFilter === undefined ? [] : [matchFilter(recordFilter)]),
  ]
  if (filters.length === 0) return undefined
  return (columns) => filters.every((filter) => filter(columns)) || always(columns)
}

function rootFilter(rootField: string): Filter {
  const path = compilePath(rootField)
  return (columns) => {
    const row = columns.find(path)
    return row !== -1 && columns.kind(row) !== ColumnKind.null
  }
}

/** Numbers are compared by their exact value if both are numbers, everything else as text. */
function matchFilter({ field, equals }: RecordFilter): Filter {
  const path = compilePath(field)
  const number = equals !== undefined && isNumeric(equals) ? plainNotation(equals) : undefined
  return (columns) => {
    const row = columns.find(path)
    if (isAbsent(columns, row)) return equals === undefined
    if (equals === undefined) return false
    const text = textIn(columns, row)
    if (number === undefined || columns.kind(row) !== ColumnKind.number) return text === equals
    return text === equals || plainNotation(text) === number
  }
}
