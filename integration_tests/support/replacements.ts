// Streams whose replacement fails, and their expected contents after the retry.
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { record, status, streamState, type CatalogStream } from './messages.ts'

export interface Row {
  id: number
  group: number
  of: string
}

export interface Replaced {
  title: string
  options: Record<string, unknown>
  mode: 'append' | 'append_dedup'
  /** Whether a record that two attempts have written is there twice. */
  repeats: boolean
  /** The number of rows in the older generation: enough that their removal takes a while. */
  old: number
  /** Reads all rows, in the order of writing if a row may be there twice, else sorted by id. */
  read: (client: Redis) => Promise<Row[]>
  /** Returns the keys of these rows. */
  keys: (rows: readonly Row[]) => string[]
  /** Whether the stream has a key index instead of id ranges. */
  isTracked: boolean
}

const NEW = 1_500

const byRow = (rows: readonly Row[]): string[] => rows.map(({ id }) => `n:s:${id}`)

export const REPLACED: Replaced[] = [
  {
    title: 'hashes by id',
    options: {},
    mode: 'append',
    repeats: true,
    old: 45_000,
    read: async (client) => {
      const keys = (await recordKeys(client)).toSorted((one, other) => idOf(one) - idOf(other))
      return readEach(client, keys, 'hget', '_airbyte_data')
    },
    // The ids cannot be predicted.
    keys: () => [],
    isTracked: false,
  },
  {
    title: 'strings of JSON by primary key',
    options: { cache_type: 'string', data_format: 'json' },
    mode: 'append',
    repeats: false,
    old: 3_000,
    read: async (client) => byId(await readEach(client, await recordKeys(client), 'get')),
    keys: byRow,
    isTracked: true,
  },
  {
    title: 'a list',
    options: { cache_type: 'list', data_format: 'json' },
    mode: 'append',
    repeats: true,
    old: 3_000,
    read: async (client) => (await client.lrange('n:s', 0, -1)).map(parse),
    keys: () => ['n:s'],
    isTracked: true,
  },
  {
    title: 'fields of many hashes',
    options: { hash_field: '${id}', key_template: 'n:s:${group}' },
    mode: 'append',
    repeats: false,
    old: 3_000,
    read: async (client) => {
      const hashes = await Promise.all((await recordKeys(client)).map((key) => client.hgetall(key)))
      return byId(hashes.flatMap((hash) => Object.values(hash)).map(parse))
    },
    keys: (rows) => [...new Set(rows.map(({ group }) => `n:s:${group}`))],
    isTracked: true,
  },
  {
    title: 'hashes by primary key, deduplicated',
    options: {},
    mode: 'append_dedup',
    repeats: false,
    old: 3_000,
    read: async (client) => byId(await readEach(client, await recordKeys(client), 'hget', '_airbyte_data')),
    keys: byRow,
    isTracked: true,
  },
]

export function streamOf({ mode }: Replaced, generation: number, minimumGeneration: number): CatalogStream {
  const primaryKey = [['id']]
  return { name: 's', namespace: 'n', mode, primaryKey, cursor: ['id'], generation, minimumGeneration }
}

/** Half of the new rows replace old ones. */
export function rowTrackersOf({ old }: Replaced, of: 'old' | 'new'): Row[] {
  return of === 'old' ? rowsFrom(0, old, of) : rowsFrom(old - NEW / 2, NEW, of)
}

export function rowsFrom(first: number, length: number, of: string): Row[] {
  return Array.from({ length }, (_, at) => ({ id: first + at, group: Math.floor((first + at) / 10), of }))
}

/** The number of rows between two states. */
export const EVERY = 50

/** Returns the rows as input lines, with states that contain the number of rows before them. */
export function* messages(rows: readonly Row[]): Generator<string> {
  for (let from = 0; from < rows.length; from += EVERY) {
    const some = rows.slice(from, from + EVERY)
    const lines = some.map((row) => record('s', row, { namespace: 'n' })).join('')
    yield lines + streamState('s', { id: from + some.length }, { namespace: 'n' })
  }
  yield status('s', 'COMPLETE', { namespace: 'n' })
}

/**
 * Expects all rows, no others and no leftovers. `acknowledged` has the number of rows that each failed attempt has
 * acknowledged; in some structures, a row that an earlier attempt has written is there twice.
 */
export async function expectExactly(
  replaced: Replaced,
  client: Redis,
  rows: readonly Row[],
  acknowledged: readonly number[] = [],
): Promise<void> {
  const found = await replaced.read(client)
  if (replaced.repeats) expectAttempts(found, rows, acknowledged)
  else expect(found).toEqual(rows)
  await expectNoLeftovers(replaced, client, rows)
}

function expectAttempts(found: Row[], rows: readonly Row[], acknowledged: readonly number[]): void {
  const starts = found.flatMap(({ id }, at) => (id === rows[0]!.id ? [at] : []))
  const attempts = starts.map((start, at) => found.slice(start, starts[at + 1]))
  expect(starts[0]).toBe(0)
  expect(attempts.at(-1)).toEqual(rows)
  // Each attempt has written its first rows, at least the acknowledged ones; an attempt may have written none.
  for (const attempt of attempts) expect(attempt).toEqual(rows.slice(0, attempt.length))
  const cutOff = attempts.slice(0, -1).map(({ length }) => length)
  const promised = acknowledged.filter((count) => count > 0)
  expect(cutOff.length).toBeLessThanOrEqual(acknowledged.length)
  expect(cutOff.length).toBeGreaterThanOrEqual(promised.length)
  expect(sum(cutOff)).toBeGreaterThanOrEqual(sum(promised))
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

async function expectNoLeftovers(
  { isTracked, keys, mode }: Replaced,
  client: Redis,
  rows: readonly Row[],
): Promise<void> {
  const own = (await client.keys('_airbyte:*')).map((key) => key.split(':')[1]!)
  // A killed run leaves its sequence numbers for a week at most; the next run releases its lease.
  expect(
    own.filter((kind) => !['streams', 'manifest', 'index', 'sequence', 'marker'].includes(kind)),
  ).toEqual([])
  const metadata = await client.hgetall('_airbyte:manifest:n:s')
  const ofRuns = ['pending_removal', 'staged_from_run', 'connections']
  expect(Object.keys(metadata).filter((name) => ofRuns.includes(name))).toEqual([])
  if (!isTracked) return
  const expected = keys(rows).toSorted()
  expect(await recordKeys(client)).toEqual(expected)
  const shards = await Promise.all((await client.keys('_airbyte:index:*')).map((key) => client.hkeys(key)))
  expect(shards.flat().toSorted(), `index entries of ${mode}`).toEqual(expected)
}

/** Returns the keys of records, without the connector's own keys and counters. */
async function recordKeys(client: Redis): Promise<string[]> {
  const keys = await client.keys('n:s:*')
  const records = keys.filter((key) => !key.endsWith(':_airbyte_ab_id')).toSorted()
  const isCounter = ['none', 'string'].includes(await client.type('n:s'))
  return isCounter ? records : ['n:s', ...records]
}

async function readEach(
  client: Redis,
  keys: readonly string[],
  command: 'get' | 'hget',
  ...args: string[]
): Promise<Row[]> {
  const pipeline = client.pipeline()
  for (const key of keys) pipeline.call(command, key, ...args)
  return ((await pipeline.exec()) ?? []).map(([error, text]) => {
    if (error) throw error
    return parse(text as string)
  })
}

function byId(rows: Row[]): Row[] {
  return rows.toSorted((one, other) => one.id - other.id)
}

function idOf(key: string): number {
  return Number(key.slice(key.lastIndexOf(':') + 1))
}

function parse(text: string): Row {
  return JSON.parse(text) as Row
}
