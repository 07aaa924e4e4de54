/**
 * Sync mode soft_delete: what is written says that its row is deleted, and since when: in `_ab_cdc_deleted_at`, as the
 * record has it, whether or not that column is among those written; else as the time of the record's emission.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath, type Path } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { RecordView } from '../encoding/layout.ts'
import type { Content } from '../encoding/text-range.ts'

export const DELETED_AT = '_ab_cdc_deleted_at'

const OF_RECORD = compilePath(DELETED_AT)

const OPENING_BRACE = 0x7b
const MEMBER = Buffer.from(`"${DELETED_AT}":`)
const AFTER_OTHERS = Buffer.from(`,"${DELETED_AT}":`)
const END = Buffer.from('}')

/** The same content, marked. What is no object cannot be, and stays as it is. */
export function markedContent(content: Content, settings: RecordSettings): Content {
  const path = markPath(settings)
  const text = new ByteBuffer(Buffer.allocUnsafeSlow(1024))
  return {
    usesColumns: true,
    locate(record, range) {
      content.locate(record, range)
      if (range.bytes[range.start] !== OPENING_BRACE || isMarked(record, path)) return
      text.clear()
      text.add(range.bytes, range.start, range.end - 1)
      // Behind a null that may be there: of two members of one name the last one counts.
      text.add(range.end - range.start > 2 ? AFTER_OTHERS : MEMBER)
      text.addText(deletionTime(record))
      text.add(END)
      range.bytes = text.bytes
      range.start = 0
      range.end = text.length
    },
  }
}

/** Of the column that is written as the mark, if there is one. */
export function markPath({ rootField, fields }: RecordSettings): Path | undefined {
  const from = fields === undefined ? DELETED_AT : fields.find(({ to }) => to === DELETED_AT)?.from
  if (from === undefined) return undefined
  return compilePath(rootField === undefined ? from : `${rootField}.${from}`)
}

export function isMarked({ columns }: RecordView, path: Path | undefined): boolean {
  if (path === undefined) return false
  const row = columns.find(path)
  return row !== -1 && columns.kind(row) !== ColumnKind.null
}

/** As JSON text; an ISO timestamp where the record does not say. */
export function deletionTime(record: RecordView): string {
  const { bytes, columns, emittedAtStart, emittedAtEnd } = record
  if (isMarked(record, OF_RECORD)) {
    const row = columns.find(OF_RECORD)
    return columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
  }
  const text = bytes.toString('latin1', emittedAtStart, emittedAtEnd)
  const time = new Date(Number(text))
  return JSON.stringify(Number.isNaN(time.getTime()) ? text : time)
}
