/**
 * One string a record: its JSON text, the text of one column, or the record as Airbyte's three fields in JSON.
 * Writing a record again changes nothing, as it names its key. To see one: `GET user:12345`.
 */
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { knows } from '../../redis/commands/capabilities.ts'
import { SET_SCRIPT } from '../../redis/commands/fallback-scripts.ts'
import { expiryOf, type Expiry } from '../fields/expiry.ts'
import type { Layout, LayoutSettings } from '../encoding/layout.ts'
import type { KeyTemplate, StreamNames } from '../fields/column-template.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

export function stringLayout(
  settings: LayoutSettings,
  keyTemplate: KeyTemplate,
  stream: StreamNames,
): Layout {
  const value = valueOf(settings, stream)
  const setExpiry = expiryOf(settings)
  const condition = { always: undefined, if_absent: 'NX', if_exists: 'XX' }[settings.writeCondition]
  const key = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const expiry: Expiry = { kind: 'never', milliseconds: 0 }
  const text: TextRange = { bytes: key.bytes, start: 0, end: 0 }

  return {
    delivery: 'each',
    overhead: keyTemplate.size + 160,
    usesIds: keyTemplate.usesIds || value.usesIds,
    usesColumns: keyTemplate.usesColumns || value.usesColumns || settings.expireAtField !== undefined,
    isConditional: condition !== undefined,
    write(out, record) {
      key.clear()
      const problem =
        keyTemplate.render(record, key) ?? setExpiry?.(record, expiry) ?? value.locate(record, text)
      if (problem !== undefined) return problem
      const group = out.newGroup()
      const isScripted = expiry.kind === 'at' && !knows('SET PXAT')
      const options = (expiry.kind === 'never' ? 0 : 2) + (condition === undefined ? 0 : 1)
      out.begin(isScripted ? 'EVALSHA' : 'SET', 2 + (isScripted ? 1 : 0) + options)
      out.writes(group)
      if (isScripted) {
        out.textArgument(SET_SCRIPT.sha)
        out.textArgument('1')
      }
      out.key(key.bytes, 0, key.length)
      out.argument(text.bytes, text.start, text.end)
      if (expiry.kind !== 'never') {
        // A time that has passed is as good as any: the key is gone at once.
        if (!isScripted) out.textArgument(expiry.kind === 'after' ? 'PX' : 'PXAT')
        out.textArgument(String(expiry.milliseconds))
      }
      if (condition !== undefined) out.textArgument(condition)
      return group
    },
    flush: () => undefined,
  }
}
