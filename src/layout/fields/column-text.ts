/** The text of a column: strings unquoted, numbers digit by digit, true and false, arrays as JSON. */
import { ColumnKind, type Columns } from '../../protocol/columns/columns.ts'
import type { ByteBuffer } from '../../redis/resp/byte-buffer.ts'

/** Adds the text of the column in `row`, which is neither an object nor null. */
export function addText(out: ByteBuffer, columns: Columns, row: number): void {
  const start = columns.valueStart(row)
  const end = columns.valueEnd(row)
  if (columns.kind(row) !== ColumnKind.string) out.add(columns.bytes, start, end)
  else if (columns.hasEscapes(row))
    out.addText(JSON.parse(columns.bytes.toString('utf8', start, end)) as string)
  else out.add(columns.bytes, start + 1, end - 1)
}

/** Returns the text of the column in `row`, which is neither an object nor null. */
export function textIn(columns: Columns, row: number): string {
  const text = columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
  if (columns.kind(row) !== ColumnKind.string) return text
  return columns.hasEscapes(row) ? (JSON.parse(text) as string) : text.slice(1, -1)
}

export function isAbsent(columns: Columns, row: number): boolean {
  if (row === -1) return true
  const kind = columns.kind(row)
  return kind === ColumnKind.null || kind === ColumnKind.emptyObject
}

export function isObject(columns: Columns, row: number): boolean {
  const kind = columns.kind(row)
  return kind === ColumnKind.object || kind === ColumnKind.emptyObject
}
