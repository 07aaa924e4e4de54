/**
 * Many records in one hash. A template names the field of each record, and the record is its value. To see one: `HGET stock:berlin sku-1`.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { commandProbe, scriptLoadProbe } from '../../redis/commands/command-probe.ts'
import { drainScript } from '../../redis/commands/drain-script.ts'
import { script } from '../../redis/commands/script.ts'
import { collectionLayout, type CollectionCommand } from '../contract/collection-layout.ts'
import { REPLICATE_EFFECTS, SET_LIFETIME } from '../../redis/commands/lifetime-script.ts'
import { requirement, type LayoutOptions, type Structure } from '../contract/structure.ts'
import type { Layout } from '../encoding/layout.ts'
import { ColumnTemplate } from '../fields/column-template.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

export const hashField: Structure = {
  cacheType: 'hash',
  selectedBy: 'hash_field',
  formats: ['json', 'raw'],
  mergeFormats: [],
  conditions: ['always', 'if_exists', 'if_absent'],
  options: ['hash_field'],
  type: 'hash',
  isRepeatable: true,
  rows: {
    kind: 'member',
    option: 'hash_field',
    template: (settings) => settings.hashField,
    removal: 'HDEL',
    canUpdate: true,
    canShowDeletion: true,
  },
  createLayout,
  requirements: ({ writeCondition }) => (writeCondition === 'if_exists' ? [CONDITION] : []),
  collection: {
    drain: () => DRAIN,
    replacing: requirement('replacing a hash with many records (overwrite, refreshes)', (key) => [
      commandProbe('HLEN', [key], '0'),
    ]),
  },
}

const CONDITION = requirement(
  'hash_field under a condition (write_condition, update, soft_delete)',
  (key) => [
    commandProbe('HEXISTS', [key, 'probe'], '0'),
    scriptLoadProbe(FIELD_SCRIPT),
    commandProbe('EVALSHA', [FIELD_SCRIPT.sha, '1', key, 'keep', 'probe', 'written'], '0'),
  ],
)

const DRAIN = drainScript(
  'hash',
  `
local size = redis.call('HLEN', staging)
if size == 0 then return 0 end
if isWhole then
  local all = redis.call('HGETALL', staging)
  call('HMSET', live, all)
  redis.call('DEL', staging)
  return #all / 2
end
-- The scan starts anywhere: from the beginning it would pass all empty buckets in each round.
local cursor, found, turns = tonumber(redis.sha1hex(size):sub(1, 8), 16), {}, 0
repeat
  local reply = redis.call('HSCAN', staging, cursor, 'COUNT', most)
  cursor, found = reply[1], reply[2]
  if cursor == '0' then turns = turns + 1 end
until #found > 0 or turns == 2
-- HSCAN returns all of a small hash.
local items = {}
for i = 1, math.min(#found, 2 * most) do items[i] = found[i] end
call('HMSET', live, items)
call('HDEL', staging, firsts(items))
return #items / 2
`,
)

/**
 * KEYS[1]: a hash. ARGV: its time to live, a field and its new value. Writes the field if it exists and returns 1, else
 * 0.
 */
export const FIELD_SCRIPT = script(`${REPLICATE_EFFECTS}
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
${SET_LIFETIME}
return 1
`)

function createLayout({ settings, key, stream }: LayoutOptions): Layout {
  const { writeCondition } = settings
  const field = new ColumnTemplate('hash_field', settings.hashField!, stream, settings)
  const value = valueOf(settings, stream)
  const name = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const text: TextRange = { bytes: name.bytes, start: 0, end: 0 }
  return collectionLayout(settings, key, {
    ...commandFor(writeCondition),
    type: 'hash',
    hasCountedCondition: writeCondition === 'if_absent',
    scripts: writeCondition === 'if_exists' ? [FIELD_SCRIPT] : [],
    deliveryMode: 'pipeline',
    usesIds: field.usesIds || value.usesIds,
    usesColumns: field.usesColumns || value.usesColumns,
    isConditional: writeCondition !== 'always',
    overhead: key.size + field.size + 100,
    items: field.argument && value.argument && [field.argument, value.argument],
    addItem(items, record) {
      name.clear()
      const refusal = field.render(record, name) ?? value.locate(record, text)
      if (refusal !== undefined) return refusal
      items.argument(name.bytes, 0, name.length)
      items.argument(text.bytes, text.start, text.end)
      return 2
    },
  })
}

/** HMSET, because HSET takes several fields only since Redis 4. No command writes only a field that exists. */
function commandFor(condition: RecordSettings['writeCondition']): CollectionCommand {
  switch (condition) {
    case 'always':
      return { command: 'HMSET', options: [] }
    case 'if_absent':
      return { command: 'HSETNX', options: [], mostInCommand: 1 }
    case 'if_exists':
      return {
        command: 'EVALSHA',
        beforeKey: [FIELD_SCRIPT.sha, '1'],
        options: [],
        mostInCommand: 1,
        takesLifetime: true,
      }
  }
}
