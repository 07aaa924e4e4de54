// Somebody reads all the time while a stream is replaced.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { record, status, type CatalogStream } from './support/messages.ts'
import { answer, PollingReader, type NodeResult } from './support/polling-reader.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { someOf } from './support/some-of.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

interface Row {
  id: string
  group: string
  of: 'old' | 'new'
}

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const stream: CatalogStream = { name: 's', namespace: 'n', primaryKey: [['id']] }

describe('a reader that polls every key throughout a replace', () => {
  const rows = caseCount(8_000, 200_000)

  it.each([
    { title: 'strings of JSON', options: { cache_type: 'string', data_format: 'json' }, reading: readText },
    { title: 'flat hashes', options: { data_format: 'flat' }, reading: readFields },
  ])(
    'never misses a row of both generations: $title',
    async ({ options, reading }) => {
      const old = rowsFrom(0, rows, 'old')
      const replacing = rowsFrom(rows / 2, rows, 'new')
      await writeGeneration(1, 1, lines(old), options)
      const readings = Array.from({ length: (rows * 3) / 2 }, (_, id) =>
        reading(old[id], replacing[id - rows / 2]),
      )

      const findings = await readWhile(readings, (input) => writeGeneration(2, 2, input(replacing), options))
      expect(findings).toMatchObject({ wrong: [], unfinished: [] })
      expect(await recordKeys()).toHaveLength(rows)
    },
    caseCount(60_000, 600_000),
  )
})

describe('a reader of whole collections', () => {
  const rows = 1_000
  const old = rowsFrom(0, rows, 'old')
  const replacing = rowsFrom(rows / 2, rows, 'new')

  const collections: {
    title: string
    options: Record<string, unknown>
    command: [name: string, ...args: string[]]
    reply: (rows: Row[]) => unknown[]
  }[] = [
    {
      title: 'a list',
      options: { cache_type: 'list', data_format: 'json' },
      command: ['LRANGE', '0', '-1'],
      reply: (all) => all.map(json),
    },
    {
      title: 'a set',
      options: { cache_type: 'set', data_format: 'json' },
      command: ['SMEMBERS'],
      reply: (all) => all.map(json),
    },
    {
      title: 'a sorted set',
      options: { cache_type: 'sorted_set', member: '${id} ${of}', score_field: 'number' },
      command: ['ZRANGE', '0', '-1'],
      reply: (all) => all.map(({ id, of }) => `${id} ${of}`),
    },
    {
      title: 'a Redis stream',
      options: { cache_type: 'stream', data_format: 'flat' },
      command: ['XRANGE', '-', '+'],
      reply: (all) => all.map((row) => ['0-1', fieldsOf(row)]),
    },
    {
      title: 'the fields of a hash',
      options: { hash_field: '${id}' },
      command: ['HGETALL'],
      reply: (all) => all.flatMap((row) => [row.id, json(row)]),
    },
  ]

  it.each(someOf(collections, 0))(
    'sees one generation or the other: $title',
    async ({ options, command, reply }) => {
      await writeGeneration(1, 1, lines(old), options)
      const readings = [readAll(command, 'n:s', [reply(old), reply(replacing)])]

      const findings = await readWhile(readings, (input) => writeGeneration(2, 2, input(replacing), options))
      expect(findings).toMatchObject({ wrong: [], unfinished: [] })
      expect(await recordKeys()).toEqual(['n:s'])
    },
  )

  it.each(someOf(collections, 1))(
    'sees that of each key, of many: $title',
    async ({ options, command, reply }) => {
      const templated = { ...options, key_template: 'n:s:${group}' }
      await writeGeneration(1, 1, lines(old), templated)
      const groups = [...new Set([...old, ...replacing].map(({ group }) => group))]
      const of = (group: string) =>
        [old, replacing].map((all) => reply(all.filter((row) => row.group === group)))
      const readings = groups.map((group) => readAll(command, `n:s:${group}`, of(group)))

      const findings = await readWhile(readings, (input) =>
        writeGeneration(2, 2, input(replacing), templated),
      )
      expect(findings).toMatchObject({ wrong: [], unfinished: [] })
      expect(await recordKeys()).toEqual(
        [...new Set(replacing.map(({ group }) => `n:s:${group}`))].toSorted(),
      )
    },
  )
})

function json(row: Row): string {
  return JSON.stringify(row)
}

/** Numbers of neighbouring groups, so that some groups are of one generation only. */
function rowsFrom(first: number, length: number, of: Row['of']): (Row & { number: number })[] {
  return Array.from({ length }, (_, at) => {
    const number = first + at
    return { id: String(number), group: String(Math.floor(number / 40)), of, number }
  })
}

function readText(old: Row | undefined, replacing: Row | undefined): NodeResult {
  const texts = [old, replacing].map((row) => (row === undefined ? null : JSON.stringify(row)))
  return { command: ['GET', keyOf(old ?? replacing)], stages: texts.map((text) => answer('GET', text)) }
}

function readFields(old: Row | undefined, replacing: Row | undefined): NodeResult {
  return readAll(
    ['HGETALL'],
    keyOf(old ?? replacing),
    [old, replacing].map((row) =>
      Object.entries(row ?? {}).flatMap(([name, value]) => [name, String(value)]),
    ),
  )
}

function fieldsOf(row: object): string[] {
  return Object.entries(row).flatMap(([name, value]) => [name, String(value)])
}

function readAll([name, ...args]: [string, ...string[]], key: string, replies: unknown[][]): NodeResult {
  return { command: [name, key, ...args], stages: replies.map((reply) => answer(name, reply)) }
}

function keyOf(row: Row | undefined): string {
  return `n:s:${row?.id}`
}

/** `act` is handed an input that goes on only when the reader has been through, here and there. */
async function readWhile(
  readings: NodeResult[],
  act: (input: (rows: Row[]) => AsyncIterable<string>) => unknown,
) {
  await using reader = await PollingReader.start({ host: redis.host, port: redis.port, readings })
  await act(async function* (rows) {
    const part = Math.ceil(rows.length / 4)
    for (let from = 0; from < rows.length; from += part) {
      yield* lines(rows.slice(from, from + part))
      await reader.aRound()
    }
  })
  const findings = await reader.stop()
  expect(findings.rounds).toBeGreaterThan(4)
  return findings
}

async function writeGeneration(
  generation: number,
  minimumGeneration: number,
  input: Iterable<string> | AsyncIterable<string>,
  options: object,
): Promise<void> {
  async function* ended(): AsyncGenerator<string> {
    yield* input
    yield status('s', 'COMPLETE', { namespace: 'n' })
  }
  const run = await write(redis, [{ ...stream, generation, minimumGeneration }], ended(), options)
  expect(run.errors).toEqual([])
  expect(run.code).toBe(0)
}

function* lines(rows: Row[]): Generator<string> {
  for (let from = 0; from < rows.length; from += 500)
    yield rows
      .slice(from, from + 500)
      .map((row) => record('s', row, { namespace: 'n' }))
      .join('')
}

/** Of the stream; neither the connector's notes nor its counters. */
async function recordKeys(): Promise<string[]> {
  const keys = await client.keys('n:s*')
  return keys.filter((key) => !key.endsWith(':_airbyte_ab_id')).toSorted()
}
