/**
 * One entry of a Redis stream for each record, with Airbyte's three fields, or with one field for each column. The
 * server assigns the ids of the entries, in the order of arrival. To see the newest: `XREVRANGE public:events + - COUNT 10`.
 */
import { problem } from '../../errors.ts'
import {
  commandProbe,
  removalProbe,
  type CommandProbe,
  type CommandRequirement,
  type ProbeKeys,
} from '../../redis/commands/command-probe.ts'
import { attemptProbes } from '../../redis/commands/attempt-scripts.ts'
import { drainScript } from '../../redis/commands/drain-script.ts'
import { collectionLayout } from '../contract/collection-layout.ts'
import { requirement, type LayoutOptions, type Structure } from '../contract/structure.ts'
import { fieldsOf } from '../fields/fields.ts'
import type { Layout } from '../encoding/layout.ts'

export const redisStream: Structure = {
  cacheType: 'stream',
  formats: ['airbyte', 'flat'],
  mergeFormats: [],
  conditions: ['always', 'if_exists'],
  options: ['max_length', 'stream_trim', 'on_retry'],
  type: 'stream',
  isRepeatable: false,
  rows: { kind: 'none' },
  createLayout,
  requirements: ({ writeCondition, onRetry }) => [
    STREAM_WRITING,
    ...(writeCondition === 'always' ? [] : [CONDITION]),
    ...(onRetry === 'roll_back' ? [ROLL_BACK] : []),
  ],
  collection: {
    drain: () => DRAIN,
    trim: ({ maxLength }) => (maxLength === undefined ? undefined : ['XTRIM', 'MAXLEN', String(maxLength)]),
    attemptKind: () => 'S',
    replacing: {
      neededFor: 'replacing a Redis stream (overwrite, refreshes)',
      probes: (keys) => [commandProbe('XTRIM', [keys.key, 'MAXLEN', '1'], '0'), ...removingProbes(keys)],
    },
  },
}

/** Dead letters need the same. */
export const STREAM_WRITING = requirement(
  'a Redis stream (cache_type stream, dead letters; Redis 5 and newer)',
  (key) => [
    commandProbe('XADD', [key, 'MAXLEN', '~', '10', '*', 'probe', 'written'], /^\d+-\d+$/),
    removalProbe(key),
  ],
)

const CONDITION: CommandRequirement = {
  neededFor: 'a Redis stream under a condition (write_condition, update, soft_delete)',
  probes: ({ key }, { xaddNomkstream }) =>
    xaddNomkstream
      ? [commandProbe('XADD', [key, 'NOMKSTREAM', '*', 'probe', 'written'], 'null', 'XADD NOMKSTREAM')]
      : [
          commandProbe('EXISTS', [key], '0'),
          commandProbe('EVAL', [STREAM_SCRIPT, '1', key, '*', 'probe', 'written'], '0'),
        ],
}

const ROLL_BACK: CommandRequirement = {
  neededFor: 'on_retry roll_back for a Redis stream',
  probes: (keys) => removingProbes(keys),
}

function removingProbes(keys: ProbeKeys): CommandProbe[] {
  return [
    commandProbe('XRANGE', [keys.key, '-', '+', 'COUNT', '1'], ''),
    commandProbe('XDEL', [keys.key, '0-0'], '0'),
    ...attemptProbes(keys, 'S'),
  ]
}

/** The first XDEL removes nothing: a user who may not send it gets the error before an entry is in both streams. */
const DRAIN = drainScript(
  'stream',
  `
redis.call('XDEL', staging, '0-0')
local entries = redis.call('XRANGE', staging, '-', '+', 'COUNT', most)
-- One by one: an entry with too many fields for Lua stops the script.
for _, entry in ipairs(entries) do
  redis.call('XADD', live, '*', unpack(entry[2]))
  redis.call('XDEL', staging, entry[1])
end
-- The key of an empty stream remains.
if #entries < most then redis.call('DEL', staging) end
return #entries
`,
)

const NO_FIELDS = problem(
  'entry-without-fields',
  'It has no column with a value, and an entry of a Redis stream needs one.',
)

/**
 * Replaces XADD with NOMKSTREAM. KEYS[1]: a Redis stream. ARGV: the other arguments of XADD. Returns 1 if an entry was
 * added, else 0. Sent by EVAL: in a transaction that runs once, a server that lacks the script of an EVALSHA would say so
 * only when it runs the other commands.
 */
export const STREAM_SCRIPT = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('XADD', KEYS[1], unpack(ARGV))
return 1
`

function createLayout({ settings, key }: LayoutOptions): Layout {
  const { maxLength, streamTrim, writeCondition } = settings
  const fields = fieldsOf(settings)
  const isConditional = writeCondition === 'if_exists'
  const trim =
    maxLength === undefined ? [] : ['MAXLEN', ...(streamTrim === 'exact' ? [] : ['~']), String(maxLength)]
  return collectionLayout(settings, key, {
    type: 'stream',
    command: 'XADD',
    options: [...(isConditional ? ['NOMKSTREAM'] : []), ...trim, '*'],
    onOlder: ({ xaddNomkstream }) =>
      isConditional && !xaddNomkstream
        ? { command: 'EVAL', beforeKey: [STREAM_SCRIPT, '1'], options: [...trim, '*'] }
        : undefined,
    mostInCommand: 1,
    // A record that is sent twice would be in the stream twice.
    deliveryMode: 'exactly_once',
    usesIds: fields.usesIds,
    usesColumns: fields.usesColumns,
    isConditional,
    scripts: [],
    overhead: key.size + fields.overhead + 60,
    items: fields.args,
    addItem(items, record) {
      const count = fields.count(record)
      if (typeof count !== 'number') return count
      if (count === 0) return NO_FIELDS
      fields.add(items, record)
      return 2 * count
    },
  })
}
