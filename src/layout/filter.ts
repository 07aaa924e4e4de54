/** Which records are written at all: those that match the filter, and have something under the root. */
import type { RecordSettings } from '../config/records.ts'
import { ColumnKind, compilePath, type Columns } from '../protocol/columns.ts'
import { isAbsent } from './column-text.ts'

export type Filter = (columns: Columns) => boolean

/** Undefined where every record is written. */
export function filterOf({ rootField, recordFilter }: RecordSettings): Filter | undefined {
  const hasRoot = rootField === undefined ? undefined : rootFilter(rootField)
  const matches = recordFilter === undefined ? undefined : matchFilter(recordFilter)
  if (hasRoot === undefined || matches === undefined) return hasRoot ?? matches
  return (columns) => matches(columns) && hasRoot(columns)
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
