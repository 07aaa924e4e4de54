/**
 * One hash a record: `_airbyte_ab_id`, `_airbyte_emitted_at` and `_airbyte_data` as in the classic Airbyte Redis
 * destination, or one field a column. Writing a record again changes nothing, as it names its key.
 * To see one: `HGETALL public:users:1`.
 */
import { HASH_SCRIPT } from '../../redis/commands/row-scripts.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { expiryOf, type Expiry } from '../fields/expiry.ts'
import { fieldsOf } from '../fields/fields.ts'
import type { Layout, LayoutSettings } from '../encoding/layout.ts'
import { NO_GROUP, type CommandGroups } from '../encoding/command-groups.ts'
import type { KeyTemplate } from '../fields/column-template.ts'

export function hashLayout(settings: LayoutSettings, keyTemplate: KeyTemplate): Layout {
  const { dataFormat, onUpdate, writeCondition, staysWhenWritten = false, startsAnew = false } = settings
  const fields = fieldsOf(settings)
  const setExpiry = expiryOf(settings)
  const replaces = dataFormat === 'flat' && onUpdate === 'replace'
  const isConditional = writeCondition !== 'always'
  const needsScript = replaces || isConditional || staysWhenWritten || setExpiry !== undefined
  const replace = Buffer.from(`replace ${writeCondition}`)
  const how = replaces ? replace : Buffer.from(`merge ${writeCondition}`)
  const key = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const expiry: Expiry = { kind: 'never', milliseconds: 0 }

  return {
    delivery: 'each',
    overhead: keyTemplate.size + fields.overhead + (needsScript ? 100 : 0),
    usesIds: keyTemplate.usesIds || fields.usesIds,
    usesColumns: keyTemplate.usesColumns || fields.usesColumns || settings.expireAtField !== undefined,
    isConditional,
    script: needsScript || startsAnew ? HASH_SCRIPT : undefined,
    write(out, record) {
      key.clear()
      const problem = keyTemplate.render(record, key) ?? setExpiry?.(record, expiry)
      if (problem !== undefined) return problem
      const count = fields.count(record)
      if (typeof count === 'string') return count
      const isScripted = needsScript || record.startsAnew
      if (count === 0 && !isScripted) return NO_GROUP
      const group = out.newGroup()
      // HMSET, as HSET takes several fields only from Redis 4 on.
      if (!isScripted) out.begin('HMSET', 1 + 2 * count)
      else beginScript(out, 5 + 2 * count)
      out.writes(group)
      out.key(key.bytes, 0, key.length)
      if (isScripted) {
        out.argument(record.startsAnew ? replace : how)
        out.textArgument(setExpiry === undefined && !staysWhenWritten ? 'keep' : textOf(expiry))
      }
      fields.add(out, record)
      return group
    },
    flush: () => undefined,
  }
}

function beginScript(out: CommandGroups, args: number): void {
  out.begin('EVALSHA', args)
  out.textArgument(HASH_SCRIPT.sha)
  out.textArgument('1')
}

function textOf({ kind, milliseconds }: Expiry): string {
  return kind === 'never' ? 'never' : `${kind} ${milliseconds}`
}
