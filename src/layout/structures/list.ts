/**
 * Many records in one list, in the order of arrival or the newest first. An element is the text of a record.
 * To see one: `LRANGE public:events 0 9`.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { commandProbe, removalProbe, type CommandRequirement } from '../../redis/commands/command-probe.ts'
import { attemptProbes } from '../../redis/commands/attempt-scripts.ts'
import { drainScript } from '../../redis/commands/drain-script.ts'
import { collectionLayout } from '../contract/collection-layout.ts'
import { requirement, type LayoutOptions, type Structure } from '../contract/structure.ts'
import type { Layout } from '../encoding/layout.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

export const list: Structure = {
  cacheType: 'list',
  formats: ['airbyte', 'json', 'raw'],
  mergeFormats: [],
  conditions: ['always', 'if_exists'],
  options: ['member', 'list_operation', 'max_length', 'on_retry'],
  type: 'list',
  isRepeatable: false,
  rows: { kind: 'none' },
  createLayout,
  requirements: ({ writeCondition, onRetry }) => [
    WRITING,
    ...(writeCondition === 'always' ? [] : [CONDITION]),
    ...(onRetry === 'roll_back' ? [ROLL_BACK] : []),
  ],
  collection: {
    drain: ({ listOperation }) => (listOperation === 'append' ? DRAIN_APPENDED : DRAIN_PREPENDED),
    trim: ({ listOperation, maxLength }) =>
      maxLength === undefined ? undefined : trim(listOperation, maxLength),
    attemptKind: ({ listOperation }) => (listOperation === 'append' ? 'A' : 'P'),
    replacing: {
      neededFor: 'replacing a list (overwrite, refreshes)',
      probes: (keys) => [commandProbe('LRANGE', [keys.key, '0', '1'], ''), ...attemptProbes(keys, 'A')],
    },
  },
}

const WRITING = requirement('cache_type list', (key) => [
  commandProbe('RPUSH', [key, 'written'], '1'),
  commandProbe('LPUSH', [key, 'written'], '2'),
  commandProbe('LTRIM', [key, '0', '0'], 'OK'),
  removalProbe(key),
])

const CONDITION = requirement('a list under a condition (write_condition, update, soft_delete)', (key) => [
  commandProbe('RPUSHX', [key, 'written'], '0'),
  commandProbe('LPUSHX', [key, 'written'], '0'),
])

const ROLL_BACK: CommandRequirement = {
  neededFor: 'on_retry roll_back for a list',
  probes: (keys) => attemptProbes(keys, 'A'),
}

/** The first LTRIM trims nothing: a user who may not send it gets the error before an item is in both lists. */
const DRAIN_APPENDED = drainScript(
  'list',
  `
redis.call('LTRIM', staging, 0, -1)
local items = redis.call('LRANGE', staging, 0, most - 1)
if #items == 0 then return 0 end
call('RPUSH', live, items)
redis.call('LTRIM', staging, #items, -1)
return #items
`,
)

const DRAIN_PREPENDED = drainScript(
  'list',
  `
redis.call('LTRIM', staging, 0, -1)
local items, oldest = redis.call('LRANGE', staging, -most, -1), {}
if #items == 0 then return 0 end
for i = #items, 1, -1 do oldest[#oldest + 1] = items[i] end
call('LPUSH', live, oldest)
redis.call('LTRIM', staging, 0, -#items - 1)
return #items
`,
)

function createLayout({ settings, key, stream }: LayoutOptions): Layout {
  const { listOperation, maxLength, writeCondition } = settings
  const value = valueOf(settings, stream)
  const text: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }
  const isConditional = writeCondition === 'if_exists'
  const push = listOperation === 'append' ? 'RPUSH' : 'LPUSH'
  return collectionLayout(settings, key, {
    type: 'list',
    command: isConditional ? `${push}X` : push,
    options: [],
    onOlder: ({ pushxManyItems }) => (isConditional && !pushxManyItems ? { mostInCommand: 1 } : undefined),
    // A record that is sent twice would be in the list twice.
    deliveryMode: 'exactly_once',
    usesIds: value.usesIds,
    usesColumns: value.usesColumns,
    isConditional,
    overhead: 100,
    items: value.argument && [value.argument],
    addItem(items, record) {
      const refusal = value.locate(record, text)
      if (refusal !== undefined) return refusal
      items.argument(text.bytes, text.start, text.end)
      return 1
    },
    afterwards: maxLength === undefined ? undefined : trim(listOperation, maxLength),
  })
}

function trim(operation: RecordSettings['listOperation'], length: number): [string, string, string] {
  return operation === 'append' ? ['LTRIM', String(-length), '-1'] : ['LTRIM', '0', String(length - 1)]
}
