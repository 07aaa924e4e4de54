/**
 * Many records in one sorted set, ordered by the number in a column, or by emission time.
 * To see the highest: `ZREVRANGE leaderboard:chess 0 9 WITHSCORES`.
 */
import { problem } from '../../errors.ts'
import { ColumnKind, compilePath } from '../../protocol/columns/columns.ts'
import { EMISSION_TIME, type RecordSettings } from '../../config/settings/record-settings.ts'
import { commandProbe, removalProbe, scriptLoadProbe } from '../../redis/commands/command-probe.ts'
import { drainScript } from '../../redis/commands/drain-script.ts'
import { script } from '../../redis/commands/script.ts'
import {
  collectionLayout,
  type CollectionCommand,
  type CollectionLayoutOptions,
} from '../contract/collection-layout.ts'
import { REPLICATE_EFFECTS, SET_LIFETIME } from '../../redis/commands/lifetime-script.ts'
import { requirement, type LayoutOptions, type Structure } from '../contract/structure.ts'
import type { Layout, RecordView, Refusal } from '../encoding/layout.ts'
import { numericText } from '../fields/numeric-text.ts'
import { valueOf } from '../fields/value.ts'
import { EMITTED_AT_TEXT, type ProgramText } from '../encoding/record-program.ts'
import type { TextRange } from '../encoding/text-range.ts'

export const sortedSet: Structure = {
  cacheType: 'sorted_set',
  formats: ['airbyte', 'json', 'raw'],
  mergeFormats: [],
  conditions: ['always', 'if_exists', 'if_absent'],
  options: ['member', 'score_field'],
  type: 'zset',
  isRepeatable: true,
  rows: {
    kind: 'member',
    option: 'member',
    template: ({ member }) => member,
    removal: 'ZREM',
    canUpdate: true,
    canShowDeletion: false,
  },
  createLayout,
  requirements: ({ writeCondition }) => [WRITING, ...(writeCondition === 'if_exists' ? [CONDITION] : [])],
  collection: {
    drain: () => DRAIN,
    replacing: requirement('replacing a sorted set (overwrite, refreshes)', (key) => [
      commandProbe('ZRANGE', [key, '0', '1'], ''),
    ]),
  },
}

const WRITING = requirement('cache_type sorted_set', (key) => [
  commandProbe('ZADD', [key, '1', 'written'], '1'),
  removalProbe(key),
])

const CONDITION = requirement('members that exist (write_condition, update)', (key) => [
  commandProbe('ZADD', [key, '1', 'probe'], '1'),
  commandProbe('ZSCORE', [key, 'probe'], '1'),
  scriptLoadProbe(SORTED_SET_SCRIPT),
  commandProbe('EVALSHA', [SORTED_SET_SCRIPT.sha, '1', key, 'keep', 'XX', '1', 'probe'], '1'),
  removalProbe(key),
])

const DRAIN = drainScript(
  'zset',
  `
local items, scored = redis.call('ZRANGE', staging, 0, most - 1, 'WITHSCORES'), {}
for i = 1, #items, 2 do
  scored[i] = items[i + 1]
  scored[i + 1] = items[i]
end
call('ZADD', live, scored)
call('ZREM', staging, firsts(items))
return #items / 2
`,
)

const SCRIPT = `${REPLICATE_EFFECTS}
local written = 0
for i = 3, #ARGV, 2 do
  local exists = redis.call('ZSCORE', KEYS[1], ARGV[i + 1]) and true or false
  if exists == (ARGV[2] == 'XX') then
    redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1])
    written = written + 1
  end
end
if written == 0 then return 0 end
${SET_LIFETIME}
return written
`

/**
 * Writes members that exist, or members that do not. KEYS[1]: a sorted set. ARGV: its time to live, XX or NX, and scores
 * with their members. Returns how many members were written: ZADD XX does not count those that keep their score.
 */
export const SORTED_SET_SCRIPT = script(SCRIPT)

const OLDER_SCRIPT = script(SCRIPT, 'zaddConditions')

function createLayout({ settings, key, stream }: LayoutOptions): Layout {
  const { scoreField, writeCondition } = settings
  const value = valueOf(settings, stream)
  const locateScore = scoreField === EMISSION_TIME ? locateEmittedAt : scoreColumn(scoreField)
  const score: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }
  const text: TextRange = { ...score }
  return collectionLayout(settings, key, {
    ...commandFor(writeCondition),
    type: 'zset',
    deliveryMode: 'pipeline',
    usesIds: value.usesIds,
    usesColumns: value.usesColumns || scoreField !== EMISSION_TIME,
    isConditional: writeCondition !== 'always',
    overhead: 130,
    items: value.argument && [
      [scoreField === EMISSION_TIME ? EMITTED_AT_TEXT : numberIn(scoreField)],
      value.argument,
    ],
    addItem(items, record) {
      const refusal = locateScore(record, score) ?? value.locate(record, text)
      if (refusal !== undefined) return refusal
      items.argument(score.bytes, score.start, score.end)
      items.argument(text.bytes, text.start, text.end)
      return 2
    },
  })
}

type ConditionalCommand = CollectionCommand &
  Pick<CollectionLayoutOptions, 'hasCountedCondition' | 'onOlder' | 'scripts'>

function commandFor(condition: RecordSettings['writeCondition']): ConditionalCommand {
  switch (condition) {
    case 'always':
      return { command: 'ZADD', options: [] }
    case 'if_absent':
      return {
        command: 'ZADD',
        options: ['NX'],
        hasCountedCondition: true,
        onOlder: ({ zaddConditions }) => (zaddConditions ? undefined : scripted('NX')),
        scripts: [OLDER_SCRIPT],
      }
    case 'if_exists':
      return { ...scripted('XX'), scripts: [SORTED_SET_SCRIPT] }
  }
}

function scripted(condition: 'NX' | 'XX'): CollectionCommand {
  return {
    command: 'EVALSHA',
    beforeKey: [SORTED_SET_SCRIPT.sha, '1'],
    options: [condition],
    takesLifetime: true,
  }
}

function numberIn(name: string): ProgramText {
  return { kind: 'column', name, written: 'number' }
}

type Locate = (record: RecordView, range: TextRange) => Refusal | undefined

function locateEmittedAt({ bytes, emittedAtStart, emittedAtEnd }: RecordView, range: TextRange): undefined {
  range.bytes = bytes
  range.start = emittedAtStart
  range.end = emittedAtEnd
}

function scoreColumn(name: string): Locate {
  const path = compilePath(name)
  const refusal = (code: string, clause: string): Refusal =>
    problem(code, `The column ${name}, which is the score_field, ${clause}.`, {
      options: ['score_field'],
      params: { column: name },
    })
  const missing = refusal('score-missing', 'is missing')
  const notANumber = refusal('score-not-a-number', 'holds no number')
  const tooLarge = refusal('score-too-large', 'holds a number too large for a score')
  const tooSmall = refusal('score-too-small', 'holds a number too close to zero for a score')
  return ({ columns }, range) => {
    const row = columns.find(path)
    if (row === -1) return missing
    const text = numericText(columns, row)
    if (text === undefined) return notANumber
    const isText = columns.kind(row) === ColumnKind.string
    range.bytes = isText ? Buffer.from(text) : columns.bytes
    range.start = isText ? 0 : columns.valueStart(row)
    range.end = isText ? text.length : columns.valueEnd(row)
    // Redis would refuse the whole command for one such score.
    const value = Number(text)
    if (!Number.isFinite(value)) return tooLarge
    return value === 0 && !isZero(text) ? tooSmall : undefined
  }
}

function isZero(json: string): boolean {
  return !/^[^e]*[1-9]/i.test(json)
}
