/**
 * In sync mode soft_delete every record that is written has `_ab_cdc_deleted_at`, the time when its row was deleted: as
 * the source wrote it, even if that column is not among `fields`, else the time when the record was emitted.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath, type Path } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { RecordView } from '../encoding/layout.ts'
import type { Content } from '../encoding/content-locator.ts'

export const DELETED_AT = '_ab_cdc_deleted_at'

const SOURCE_COLUMN = compilePath(DELETED_AT)

const OPENING_BRACE = 0x7b
const MEMBER = Buffer.from(`"${DELETED_AT}":`)
const AFTER_OTHERS = Buffer.from(`,"${DELETED_AT}":`)
const END = Buffer.from('}')

/** Adds `_ab_cdc_deleted_at` to content that is an object and lacks it. */
export function withDeletedAt(content: Content, settings: RecordSettings): Content {
  const path = deletedAtPath(settings)
  const text = new ByteBuffer(Buffer.allocUnsafeSlow(1024))
  return {
    isWhole: false,
    usesColumns: true,
    locate(record, range) {
      content.locate(record, range)
      if (range.bytes[range.start] !== OPENING_BRACE || hasDeletedAt(record, path)) return
      text.clear()
      text.add(range.bytes, range.start, range.end - 1)
      // At the end, because the object may have a null of this name: JSON parsers keep the last of two members.
      text.add(range.end - range.start > 2 ? AFTER_OTHERS : MEMBER)
      text.addText(deletionTime(record))
      text.add(END)
      range.bytes = text.bytes
      range.start = 0
      range.end = text.length
    },
  }
}

/** Returns the path of the column that is written as `_ab_cdc_deleted_at`, if there is one. */
export function deletedAtPath({ rootField, fields }: RecordSettings): Path | undefined {
  const from = fields === undefined ? DELETED_AT : fields.find(({ to }) => to === DELETED_AT)?.from
  if (from === undefined) return undefined
  return compilePath(rootField === undefined ? from : `${rootField}.${from}`)
}

export function hasDeletedAt({ columns }: RecordView, path: Path | undefined): boolean {
  if (path === undefined) return false
  const row = columns.find(path)
  return row !== -1 && columns.kind(row) !== ColumnKind.null
}

/** Returns the time as JSON text: an ISO timestamp if the source wrote none. */
export function deletionTime(record: RecordView): string {
  const { bytes, columns, emittedAtStart, emittedAtEnd } = record
  if (hasDeletedAt(record, SOURCE_COLUMN)) {
    const row = columns.find(SOURCE_COLUMN)
    return columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
  }
  const text = bytes.toString('latin1', emittedAtStart, emittedAtEnd)
  const time = new Date(Number(text))
  return JSON.stringify(Number.isNaN(time.getTime()) ? text : time)
}
