/** The changes that the source reports of a record (`meta.changes`), which keep_meta writes with it as `_airbyte_meta`. */
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { RecordView } from '../encoding/layout.ts'
import type { Content } from '../encoding/content-locator.ts'

export const META = '_airbyte_meta'

const OPENING_BRACE = 0x7b
const MEMBER = Buffer.from(`"${META}":`)
const AFTER_OTHERS = Buffer.from(`,"${META}":`)
const BEFORE_CHANGES = Buffer.from('{"changes":')
const END = Buffer.from('}')

/** Adds the text of `_airbyte_meta`. */
export function addMeta(out: ByteBuffer, { changes }: RecordView): void {
  out.add(BEFORE_CHANGES)
  out.add(changes)
  out.add(END)
}

/** Adds `_airbyte_meta` as a member behind others. */
export function addMetaMember(out: ByteBuffer, record: RecordView): void {
  out.add(AFTER_OTHERS)
  addMeta(out, record)
}

/** Adds `_airbyte_meta` to content that is an object. */
export function withMeta(content: Content): Content {
  const text = new ByteBuffer(Buffer.allocUnsafeSlow(1024))
  return {
    isWhole: false,
    usesColumns: content.usesColumns,
    locate(record, range) {
      content.locate(record, range)
      if (range.bytes[range.start] !== OPENING_BRACE) return
      text.clear()
      text.add(range.bytes, range.start, range.end - 1)
      // At the end: JSON parsers keep the last of two members with one name.
      text.add(range.end - range.start > 2 ? AFTER_OTHERS : MEMBER)
      addMeta(text, record)
      text.add(END)
      range.bytes = text.bytes
      range.start = 0
      range.end = text.length
    },
  }
}
