/** Selects the records that are written: those that match record_filter and have a value at root_field. */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath, type Columns } from '../../protocol/columns/columns.ts'
import { isAbsent } from './column-text.ts'

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

function matchFilter({ field, equals }: NonNullable<RecordSettings['recordFilter']>): Filter {
  const path = compilePath(field)
  return (columns) => {
    const row = columns.find(path)
    if (isAbsent(columns, row)) return equals === null
    const kind = columns.kind(row)
    if (kind === ColumnKind.object || kind === ColumnKind.array) return false
    const text = columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
    return JSON.parse(text) === equals
  }
}
