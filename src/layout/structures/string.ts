/**
 * One string for each record: its JSON text, the text of one column, or Airbyte's three fields as JSON.
 * To see one: `GET user:12345`.
 */
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { commandProbe, removalProbe } from '../../redis/commands/command-probe.ts'
import { script } from '../../redis/commands/script.ts'
import { requirement, type LayoutOptions, type Structure } from '../contract/structure.ts'
import type { Layout } from '../encoding/layout.ts'
import { addKey } from '../fields/column-template.ts'
import { programOf } from '../encoding/record-program.ts'
import { expiryOf, type Expiry } from '../fields/expiry.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

export const string: Structure = {
  cacheType: 'string',
  formats: ['airbyte', 'json', 'raw'],
  mergeFormats: [],
  conditions: ['always', 'if_exists', 'if_absent'],
  options: ['expire_at_field', 'ttl_field'],
  type: 'string',
  isRepeatable: true,
  rows: { kind: 'key' },
  collection: undefined,
  createLayout,
  requirements: () => [WRITING],
}

const WRITING = requirement('cache_type string', (key) => [
  commandProbe('SET', [key, 'written', 'PX', '60000'], 'OK'),
  removalProbe(key),
])

/**
 * Replaces SET with PXAT. KEYS[1]: a key. ARGV: its value, when it expires (epoch milliseconds), and NX or XX if it is
 * written on a condition. Returns 1 if it was written, else 0.
 */
export const SET_SCRIPT = script(
  `
if not redis.call('SET', KEYS[1], ARGV[1], unpack(ARGV, 3)) then return 0 end
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1
`,
  'setPxat',
)

function createLayout({ settings, key: keyTemplate, stream }: LayoutOptions): Layout {
  const value = valueOf(settings, stream)
  const expiryReader = expiryOf(settings)
  const usesColumnsBesideKey = value.usesColumns || expiryReader?.usesColumns === true
  const condition = { always: undefined, if_absent: 'NX', if_exists: 'XX' }[settings.writeCondition]
  const key = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const expiry: Expiry = { kind: 'never', milliseconds: 0 }
  const text: TextRange = { bytes: key.bytes, start: 0, end: 0 }

  return {
    deliveryMode: 'pipeline',
    overhead: keyTemplate.size + 160,
    usesIds: keyTemplate.usesIds || value.usesIds,
    usesColumns: keyTemplate.usesColumns || usesColumnsBesideKey,
    usesColumnsBesideKey,
    isConditional: condition !== undefined,
    expiryUnits: expiryReader?.units,
    program:
      condition === undefined && expiryReader === undefined
        ? programOf({
            command: 'SET',
            key: keyTemplate.argument,
            options: [],
            items: value.argument && [value.argument],
            mostRecords: 1,
          })
        : undefined,
    scripts: expiryReader?.usesColumns === true ? [SET_SCRIPT] : [],
    write(out, record) {
      key.clear()
      const refusal =
        addKey(keyTemplate, record, key) ?? expiryReader?.read(record, expiry) ?? value.locate(record, text)
      if (refusal !== undefined) return refusal
      const group = out.newGroup()
      const isScripted = expiry.kind === 'at' && !out.capabilities.setPxat
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
        // A time in the past removes the key at once.
        if (!isScripted) out.textArgument(expiry.kind === 'after' ? 'PX' : 'PXAT')
        out.textArgument(String(expiry.milliseconds))
      }
      if (condition !== undefined) out.textArgument(condition)
      return group
    },
    flush: () => undefined,
  }
}
