/**
 * Sync mode soft_delete: what is written says that its row is deleted, and since when: in `_ab_cdc_deleted_at`, which
 * a record that does not have it is given, as the time of its emission.
 */
import { ColumnKind, compilePath, type Path } from '../protocol/columns.ts'
import { ByteBuffer } from '../redis/byte-buffer.ts'
import type { Content } from './content.ts'
import type { RecordView } from './layout.ts'

export const DELETED_AT = '_ab_cdc_deleted_at'

const OPENING_BRACE = 0x7b
const MEMBER = Buffer.from(`"${DELETED_AT}":"`)
const AFTER_OTHERS = Buffer.from(`,"${DELETED_AT}":"`)
const END = Buffer.from('"}')

/** The same content, marked. What is no object cannot be, and stays as it is. */
export function markedContent(content: Content): Content {
  const path = compilePath(DELETED_AT)
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

export function isMarked({ columns }: RecordView, path: Path): boolean {
  const row = columns.find(path)
  return row !== -1 && columns.kind(row) !== ColumnKind.null
}

/** As an ISO timestamp. */
export function deletionTime({ bytes, emittedAtStart, emittedAtEnd }: RecordView): string {
  const text = bytes.toString('latin1', emittedAtStart, emittedAtEnd)
  const time = new Date(Number(text))
  return Number.isNaN(time.getTime()) ? text : time.toISOString()
}
