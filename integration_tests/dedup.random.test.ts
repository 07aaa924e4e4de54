// Random changes to random rows, over several runs, against a model that is written from the contract alone.
import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import type { ConnectorRun } from './support/connector.ts'
import {
  below,
  CURSOR_KINDS,
  makeChange,
  Model,
  oneOf,
  PRIMARY_KEYS,
  schemaFor,
  textOf,
} from './support/dedup.model.ts'
import type { Change, Making, Run } from './support/dedup.model.ts'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import { withSeeds, type Random } from './support/random.ts'
import type { RedisServer } from './support/redis-server.ts'
import { shareRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

type Contents = Map<string, unknown>

/** `contents`: what has to be there, by keys without the prefix. */
interface Layout {
  options: Record<string, unknown>
  contents: (rows: readonly Change[]) => Contents
}

let redis: RedisServer
let client: Redis

shareRedis((shared) => ({ redis, client } = shared))

const byKey = (value: (row: Change) => unknown) => (rows: readonly Change[]) =>
  new Map(rows.map((row) => [`n:s:${row.key}`, value(row)]))
const inOne = (contents: (rows: readonly Change[]) => unknown) => (rows: readonly Change[]) =>
  new Map(rows.length === 0 ? [] : [['n:s', contents(rows)]])
const member = '${_airbyte_primary_key}'
const LAYOUTS: Layout[] = [
  {
    options: {},
    contents: byKey(({ json, emittedAt }) => ({
      _airbyte_emitted_at: String(emittedAt),
      _airbyte_data: json,
    })),
  },
  { options: { data_format: 'flat' }, contents: byKey(fieldsOf) },
  {
    options: { data_format: 'flat', key_template: `{row/${member}}/$\${}` },
    contents: (rows) => new Map(rows.map((row) => [`{row/${row.key}}/\${}`, fieldsOf(row)])),
  },
  { options: { cache_type: 'string', data_format: 'json' }, contents: byKey(({ json }) => json) },
  {
    options: { hash_field: member },
    contents: inOne((rows) => Object.fromEntries(rows.map(({ key, json }) => [key, json]))),
  },
  {
    options: { cache_type: 'set', member },
    contents: inOne((rows) => new Set(rows.map(({ key }) => key))),
  },
  {
    options: { cache_type: 'sorted_set', member: `row ${member}`, score_field: 'score' },
    contents: inOne(
      (rows) => new Map(rows.map(({ key, columns }) => [`row ${key}`, Number(columns.get('score'))])),
    ),
  },
]

/** Seeds that are tried at a time. */
const LANES = process.env['SEED'] === undefined ? 2 : 1
const SEEDS = caseCount(14, 1_000)
let prefixes = 0

it(
  `leaves what the model says, of ${SEEDS} random streams`,
  () => Promise.all(Array.from({ length: LANES }, () => withSeeds(SEEDS / LANES, writeRandomStream))),
  caseCount(120_000, 1_800_000),
)

async function writeRandomStream(random: Random): Promise<void> {
  const [primaryKey, kind] = [oneOf(random, PRIMARY_KEYS), oneOf(random, CURSOR_KINDS)]
  const making = { primaryKey, kind, rows: oneOf(random, [3, 60]) }
  const layout = oneOf(random, LAYOUTS)
  const isMember = ['set', 'sorted_set'].includes(String(layout.options['cache_type']))
  const deleteMode = isMember ? 'hard' : oneOf(random, ['hard', 'hard', 'soft'])
  const options = {
    ...layout.options,
    delete_mode: deleteMode,
    key_prefix: `${++prefixes}/`,
    ...oneOf(
      random,
      [1, 2, 5, 20].map((records) => ({ batch_records: records })),
    ),
  }
  const knowsGenerations = random() < 0.85
  const model = new Model(deleteMode === 'hard')
  const mostChanges = oneOf(random, [10, 80])
  let number = 0
  for (const { run, isComplete } of runsOf(random)) {
    const changes = Array.from({ length: below(random, mostChanges) }, () =>
      makeChange(random, making, ++number),
    )
    const told = knowsGenerations ? run : { ...run, generation: 0, minimum: 0 }
    model.begin(told)
    const stream = streamOf(making, told, knowsGenerations)
    const end = knowsGenerations && isComplete ? status('s', 'COMPLETE', { namespace: 'n' }) : ''
    const result = await write(redis, [stream], messagesOf(random, changes) + end, options)
    expectEnd(result, isComplete || !knowsGenerations)
    expectCounts(result, model, changes, options.batch_records === 1)
    model.end(isComplete)
    const found = await readStream(options.key_prefix)
    expect(found).toEqual({ contents: layout.contents(model.rows), remembered: model.remembered })
  }
  await client.unlink(...(await client.keys(`${options.key_prefix}*`)), 'none')
}

/** A few runs as a platform has them: refreshes of both kinds, some of them cut off, tried again, or given up. */
function runsOf(random: Random): { run: Run; isComplete: boolean }[] {
  const runs: { run: Run; isComplete: boolean }[] = []
  let cursor = oneOf(random, ['v', 'w', undefined] as const)
  let last = { generation: 1 + below(random, 3), minimum: 0 }
  let isComplete = true
  const length = 2 + below(random, 3)
  while (runs.length < length) {
    const { generation } = last
    const next = { generation: generation + 1, minimum: generation + 1 }
    const kept = [
      { generation, minimum: 0 },
      { generation: generation + 1, minimum: 0 },
    ]
    const isCutOff = !isComplete && last.minimum > 0
    last = oneOf(
      random,
      isCutOff ? [last, last, ...kept] : [...kept, next, next, { ...next, minimum: generation }],
    )
    isComplete = random() < 0.7
    if (random() < 0.1) cursor = oneOf(random, ['v', 'w', undefined] as const)
    runs.push({ run: { ...last, cursor }, isComplete })
  }
  return runs
}

function streamOf({ primaryKey, kind }: Making, run: Run, knowsGenerations: boolean): CatalogStream {
  const { cursor, generation, minimum: minimumGeneration } = run
  return {
    name: 's',
    namespace: 'n',
    mode: 'append_dedup',
    primaryKey,
    schema: schemaFor(kind),
    ...(cursor === undefined ? {} : { cursor: cursor === 'v' ? ['v'] : ['who', 'w'] }),
    ...(knowsGenerations ? { generation, minimumGeneration } : {}),
  }
}

function messagesOf(random: Random, changes: readonly Change[]): string {
  const often = oneOf(random, [0, 0.1, 1])
  const lines = changes.map(
    ({ json, emittedAt }, at) =>
      record('s', json, { namespace: 'n', emittedAt }) + (random() < often ? stateAt(at + 1) : ''),
  )
  return lines.join('') + stateAt(changes.length)
}

function stateAt(at: number): string {
  return streamState('s', { at }, { namespace: 'n' })
}

function expectEnd({ code, errors }: ConnectorRun, endsWell: boolean): void {
  const texts = errors.map(
    ({ failure_type: kind, message, stack_trace: stack }) => `${kind}: ${message} ${stack}`,
  )
  expect(texts).toEqual(
    endsWell ? [] : [expect.stringMatching(/^transient_error: .*\[stream-status-missing\]/s)],
  )
  expect(code).toBe(endsWell ? 0 : 1)
}

/** Which records share a batch decides how many are written only to be overwritten. */
function expectCounts({ states }: ConnectorRun, model: Model, changes: Change[], isOneByOne: boolean): void {
  const taken = changes.map((change) => [change.key, model.take(change)] as const)
  const last = new Map(taken.filter(([, became]) => became !== 'stale'))
  const all = taken.map(([, became]) => became)
  const counted = (name: string): number =>
    states.reduce((sum, { destinationStats }) => sum + Number(statsOf(destinationStats)[name] ?? 0), 0)
  const counts = [counted('deduplicated'), counted('deleted')]
  const least = [among(all, 'stale'), among(last.values(), 'deleted')]
  const most = [changes.length - last.size, among(all, 'deleted')]
  expect(counted('recordCount')).toBe(changes.length)
  expect(counts[0]! + counts[1]!).toBeLessThanOrEqual(changes.length - among(last.values(), 'written'))
  if (isOneByOne) expect(counts).toEqual([least[0], most[1]])
  expect(counts.map((one, at) => Math.min(Math.max(one, least[at]!), most[at]!))).toEqual(counts)
}

function among(all: Iterable<unknown>, kind: string): number {
  return [...all].filter((one) => one === kind).length
}

function statsOf(stats: object | undefined): Record<string, unknown> {
  const { additionalStats, ...own } = (stats ?? {}) as Record<string, unknown>
  return { ...own, ...(additionalStats as object | undefined) }
}

function fieldsOf({ columns }: Change): Record<string, string> {
  const there = [...columns].filter(([, json]) => json !== 'null')
  return Object.fromEntries(there.map(([name, json]) => [name, textOf(json)]))
}

/** All records of a stream, and the number of its index entries. */
async function readStream(prefix: string) {
  const keys = await client.keys(`${prefix}*`)
  const shards = keys.filter((key) => key.startsWith(`${prefix}_airbyte:index:`))
  const entries = await Promise.all(shards.map((key) => client.hlen(key)))
  const records = keys.filter(
    (key) => !key.startsWith(`${prefix}_airbyte:`) && !key.endsWith(':_airbyte_ab_id'),
  )
  const ids: string[] = []
  const read = records.map(async (key) => [key.slice(prefix.length), await readKey(key, ids)] as const)
  const contents = new Map(
    (await Promise.all(read)).filter(([key, value]) => key !== 'n:s' || typeof value !== 'string'),
  )
  expect(new Set(ids).size).toBe(ids.length)
  return { contents, remembered: entries.reduce((sum, size) => sum + size, 0) }
}

async function readKey(key: string, ids: string[]): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash': {
      const { _airbyte_ab_id: id, ...fields } = await client.hgetall(key)
      if (id !== undefined) ids.push(id)
      return fields
    }
    case 'set':
      return new Set(await client.smembers(key))
    case 'zset': {
      const pairs = await client.zrange(key, '0', '-1', 'WITHSCORES')
      return new Map(
        pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, Number(pairs[at + 1])] as const] : [])),
      )
    }
    default:
      return client.get(key)
  }
}
