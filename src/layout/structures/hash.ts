/**
 * One hash for each record: `_airbyte_ab_id`, `_airbyte_emitted_at` and `_airbyte_data` as in the classic Airbyte Redis
 * destination, or one field for each column.
 * To see one: `HGETALL public:users:1`.
 */
import { commandProbe, removalProbe, scriptLoadProbe } from '../../redis/commands/command-probe.ts'
import { script } from '../../redis/commands/script.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import { CLEAR_SCRIPT, ReplacedHashes } from '../contract/replaced-hashes.ts'
import { requirement, type LayoutOptions, type Structure } from '../contract/structure.ts'
import { NO_GROUP, type CommandGroups } from '../encoding/command-groups.ts'
import type { Layout, LayoutSettings } from '../encoding/layout.ts'
import { addKey } from '../fields/column-template.ts'
import { programOf } from '../encoding/record-program.ts'
import { expiryOf, type Expiry } from '../fields/expiry.ts'
import { fieldsOf } from '../fields/fields.ts'
import { META } from '../fields/meta.ts'

export const hash: Structure = {
  cacheType: 'hash',
  formats: ['airbyte', 'flat'],
  mergeFormats: ['flat'],
  conditions: ['always', 'if_exists', 'if_absent'],
  options: ['expire_at_field', 'ttl_field'],
  type: 'hash',
  isRepeatable: true,
  rows: { kind: 'key' },
  collection: undefined,
  createLayout,
  requirements: (settings) => [
    ...(needsScript(settings) ? [SCRIPTED] : []),
    ...(isGrouped(settings) ? [REPLACED] : []),
  ],
}

const REPLACED = requirement('hashes that are replaced (flat)', (key) => [
  commandProbe('EVAL', [CLEAR_SCRIPT, '1', key], '1'),
  commandProbe('MULTI', [], 'OK'),
  commandProbe('HMSET', [key, 'probe', 'written'], 'QUEUED'),
  commandProbe('EXEC', [], 'OK'),
  removalProbe(key),
])

const SCRIPTED = requirement(
  'a hash with replacement, conditions or a time to live (flat, write_condition, update, ttl_seconds)',
  (key) => [
    commandProbe('HLEN', [key], '0'),
    commandProbe('PERSIST', [key], '0'),
    commandProbe('PEXPIREAT', [key, '1'], '0'),
    scriptLoadProbe(HASH_SCRIPT),
    commandProbe('EVALSHA', [HASH_SCRIPT.sha, '1', key, 'replace always', 'keep', 'probe', 'written'], '1'),
    removalProbe(key),
  ],
)

/**
 * KEYS[1]: a hash. ARGV: `replace`, `merge` or `take over` (the key may have any type), and `always`, `if_exists` or `if_absent`, and
 * `without meta` where a former `_airbyte_meta` goes; then when the key expires:
 * `keep` (a merged hash keeps its expiry), `never`, `after <milliseconds>` or `at <epoch milliseconds>`; then its fields.
 * Returns 1 if the hash was written, else 0. HLEN refuses a key of another type, which must not be replaced. Lua passes
 * some 8,000 arguments at most.
 */
export const HASH_SCRIPT = script(`
local key, how, ending = KEYS[1], ARGV[1], ARGV[2]
-- Before Redis 5 replicas and the append-only file otherwise get the script, and count the milliseconds from when they run it.
if ending:find('^after') then pcall(redis.replicate_commands) end
if how:find('take over') then redis.call('DEL', key) end
local exists = redis.call('HLEN', key) > 0
if (exists and how:find('if_absent')) or (not exists and how:find('if_exists')) then return 0 end
if exists and how:find('replace') then redis.call('DEL', key) end
if how:find('without meta') then redis.call('HDEL', key, '${META}') end
for i = 3, #ARGV, 4000 do
  redis.call('HMSET', key, unpack(ARGV, i, math.min(i + 3999, #ARGV)))
end
local kind, time = ending:match('^(%a+) ?(%d*)$')
if kind == 'after' then redis.call('PEXPIRE', key, time)
elseif kind == 'at' then redis.call('PEXPIREAT', key, time)
elseif kind == 'never' then redis.call('PERSIST', key) end
return 1
`)

/** Returns whether the hash is replaced by each record, rather than merged with it. */
function replacesAlways({ dataFormat, onUpdate }: RecordSettings): boolean {
  return dataFormat === 'flat' && onUpdate === 'replace'
}

/** A larger record is written by a script of its own, as Redis may have to refuse it without harm to the former one. */
const MOST_GROUPED = 1 << 15

/** Returns whether hashes are replaced, and nothing else depends on what is at their keys. */
function isGrouped(settings: LayoutSettings): boolean {
  return replacesAlways(settings) && !isConditionalOrExpires(settings)
}

/** Returns whether HMSET alone cannot write the records. */
function needsScript(settings: LayoutSettings): boolean {
  return replacesAlways(settings) || isConditionalOrExpires(settings) || settings.removesExpiry === true
}

function isConditionalOrExpires({
  writeCondition,
  ttlSeconds,
  expireAtField,
  ttlField,
}: LayoutSettings): boolean {
  return (
    writeCondition !== 'always' || ttlSeconds > 0 || expireAtField !== undefined || ttlField !== undefined
  )
}

function createLayout({ settings, key: keyTemplate }: LayoutOptions): Layout {
  const {
    writeCondition,
    removesExpiry = false,
    clearsFormerExpiry = false,
    firstRecordReplaces = false,
    mayTakeOver = false,
  } = settings
  const fields = fieldsOf(settings)
  const expiryReader = expiryOf(settings)
  const usesColumnsBesideKey = fields.usesColumns || expiryReader?.usesColumns === true
  const isConditional = writeCondition !== 'always'
  const clearsMeta = settings.clearsFormerMeta === true && settings.dataFormat === 'airbyte'
  const clearsFields = settings.clearsFormerFields === true && settings.dataFormat === 'airbyte'
  const isAlwaysScripted = needsScript(settings)
  const isLoaded = isAlwaysScripted || firstRecordReplaces || mayTakeOver
  const scriptSize =
    (isAlwaysScripted || clearsFields ? 100 : 0) + (clearsFields && !isLoaded ? HASH_SCRIPT.text.length : 0)
  const replaced = isGrouped(settings) ? new ReplacedHashes() : undefined
  const replace = Buffer.from(`replace ${writeCondition}`)
  const takeOver = Buffer.from(`take over ${writeCondition}`)
  const usual =
    replacesAlways(settings) || clearsFields
      ? replace
      : Buffer.from(`merge ${writeCondition}${clearsMeta ? ' without meta' : ''}`)
  const key = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const expiry: Expiry = { kind: 'never', milliseconds: 0 }

  return {
    deliveryMode: replaced === undefined ? 'pipeline' : 'grouped',
    overhead: keyTemplate.size + fields.overhead + scriptSize,
    usesIds: keyTemplate.usesIds || fields.usesIds,
    usesColumns: keyTemplate.usesColumns || usesColumnsBesideKey,
    usesColumnsBesideKey,
    isConditional,
    expiryUnits: expiryReader?.units,
    scripts: isLoaded ? [HASH_SCRIPT] : [],
    program:
      isAlwaysScripted || clearsFields || clearsMeta || clearsFormerExpiry
        ? undefined
        : programOf({
            command: 'HMSET',
            key: keyTemplate.argument,
            options: [],
            items: fields.args,
            mostRecords: 1,
          }),
    write(out, record) {
      key.clear()
      const refusal = addKey(keyTemplate, record, key) ?? expiryReader?.read(record, expiry)
      if (refusal !== undefined) return refusal
      const count = fields.count(record)
      if (typeof count !== 'number') return count
      if (count === 0) record.result = 'empty'
      const isScripted = isAlwaysScripted || clearsFields || record.replacesKey || record.takesOver
      if (count === 0 && !isScripted) return NO_GROUP
      const joins = replaced !== undefined && out.joinsKeys
      if (joins) {
        const isUsual = count > 0 && !record.takesOver && record.dataEnd - record.dataStart <= MOST_GROUPED
        if (isUsual) return replaced.add(out, key, count, (to) => fields.add(to, record))
        replaced.flush(out)
      }
      const group = out.newGroup()
      // HMSET, because HSET takes several fields only since Redis 4.
      if (!isScripted) out.begin('HMSET', 1 + 2 * count)
      else beginScript(out, 5 + 2 * count, isLoaded && !joins)
      out.writes(group)
      out.key(key.bytes, 0, key.length)
      if (isScripted) {
        out.argument(record.takesOver ? takeOver : record.replacesKey ? replace : usual)
        out.textArgument(
          expiryReader === undefined && !removesExpiry && !clearsFormerExpiry ? 'keep' : textOf(expiry),
        )
      }
      fields.add(out, record)
      if (clearsFormerExpiry && !isScripted) clearExpiry(out, key)
      // Not in a script: the scripts are loaded before it is known that an earlier run wrote it.
      if (clearsMeta && !isScripted) clearMeta(out, key)
      return group
    },
    flush: (out) => replaced?.flush(out),
  }
}

/**
 * `isLoaded`: a server may have the script. It is loaded before it is known what earlier runs wrote, and in a transaction a
 * server that has lost it would say so too late.
 */
function beginScript(out: CommandGroups, args: number, isLoaded: boolean): void {
  out.begin(isLoaded ? 'EVALSHA' : 'EVAL', args)
  out.textArgument(isLoaded ? HASH_SCRIPT.sha : HASH_SCRIPT.text)
  out.textArgument('1')
}

function clearExpiry(out: CommandGroups, key: ByteBuffer): void {
  out.begin('EVAL', 5)
  out.textArgument(LIFETIME_SCRIPT)
  out.textArgument('1')
  out.key(key.bytes, 0, key.length)
  out.textArgument('never')
  out.textArgument('hash')
}

function clearMeta(out: CommandGroups, key: ByteBuffer): void {
  out.begin('HDEL', 2)
  out.key(key.bytes, 0, key.length)
  out.textArgument(META)
}

function textOf({ kind, milliseconds }: Expiry): string {
  return kind === 'never' ? 'never' : `${kind} ${milliseconds}`
}
