/** The numbers in columns: JSON numbers, and texts that contain a number, as sources of CSV files and sheets send them. */
import { ColumnKind, type Columns } from '../../protocol/columns/columns.ts'
import { textIn } from './column-text.ts'

const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i

/** Returns whether a text is a number as JSON writes it; leading zeros are allowed. */
export function isNumeric(text: string): boolean {
  return NUMBER.test(text)
}

/** Returns the digits of the number in a column; undefined if it holds none. */
export function numericText(columns: Columns, row: number): string | undefined {
  const kind = columns.kind(row)
  if (kind !== ColumnKind.number && kind !== ColumnKind.string) return undefined
  const text = textIn(columns, row)
  return kind === ColumnKind.number || isNumeric(text) ? text : undefined
}
