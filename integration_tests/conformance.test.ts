// What holds for every way a record can live in Redis, run over all of them.
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { startConnector } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { record, streamState } from './support/messages.ts'
import { startProxy } from './support/proxy.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { someOf } from './support/some-of.ts'
import { readAll, STRUCTURES, type Row, type Sent } from './support/structures.ts'
import { write, writeArgs } from './support/write.ts'

beforeEach(skipWhatIsLacking)

const stream = { name: 's', namespace: 'n' }
const RECORDS = caseCount(2_000, 100_000)

/** More than can be on its way, so that a fault in the middle of a run hits the middle of the records. */
const MANY = Math.max(RECORDS, 10_000)

const small = { batch_records: 100, batch_bytes: 65_536, max_in_flight_bytes: 1_048_576 }

let redis: RedisServer
let client: Redis

describe.each(STRUCTURES)('$title', (structure) => {
  const { options, kind, key, expected, overwritesOthers } = structure
  const hasLateRequests = someOf(STRUCTURES, 0).includes(structure)
  const hasKills = someOf(STRUCTURES, 1).includes(structure)

  beforeAll(async () => {
    redis = await RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    client = redis.client()
  })
  afterAll(() => redis.stop())
  beforeEach(() => client.flushall())

  const sent = rows(RECORDS)
  const many = rows(MANY)

  async function expectEverything(records: readonly Sent[] = sent): Promise<void> {
    const model = expected(records)
    const contents = await readAll(client, model)
    // Told apart by a count first, as the difference of two large maps takes long to print.
    expect(contents.size).toBe(model.size)
    for (const [name, content] of model) expect(contents.get(name), name).toEqual(content)
  }

  it('holds what was sent, in the order it was sent', async () => {
    const run = await write(redis, [stream], messages(sent), { ...options, batch_records: 777 })
    expect([run.code, run.errors]).toEqual([0, []])
    expect(run.states).toHaveLength(sent.length / EVERY)
    await expectEverything()
  })

  if (hasLateRequests)
    it('is the same after replies were lost and requests came late', async () => {
      await using proxy = await startProxy(redis.port)
      await using run = startConnector(
        writeArgs({ host: redis.host, port: proxy.port }, [stream], { ...options, ...small }),
      )
      void feed(run.stdin, messages(many))
      let states = 0
      for await (const message of run.messages) {
        if (message.type !== 'STATE') continue
        states++
        if ([4, 12].includes(states)) await proxy.setMode({ kind: 'lose-replies', afterBytes: 1 })
        if (states === 8) await proxy.setMode({ kind: 'hold-requests', afterBytes: 1 })
        if (states === 16) expect(await proxy.deliverLate()).toBe(0)
      }
      expect((await run.exit).code).toBe(0)
      expect(states).toBe(many.length / EVERY)
      await expectTheSame()
    })

  if (hasKills)
    it('is the same after Redis was killed and came back', async () => {
      await using run = startConnector(writeArgs(redis, [stream], { ...options, ...small }))
      void feed(run.stdin, messages(many))
      let states = 0
      for await (const message of run.messages) {
        if (message.type !== 'STATE') continue
        if (++states === 7) {
          await redis.kill()
          await redis.restart()
        }
      }
      expect((await run.exit).code).toBe(0)
      await expectTheSame()
    })

  if (!overwritesOthers)
    it('names a key of another type that is in the way, which stays as it is', async () => {
      const other = async (): Promise<unknown> =>
        kind === 'list' ? client.hgetall(key) : client.lrange(key, 0, -1)
      await (kind === 'list' ? client.hset(key, 'mine', '1') : client.rpush(key, 'mine'))
      const before = await other()
      const run = await write(redis, [stream], messages(sent.slice(0, 10)), options)
      expect([run.code, run.errors[0]?.failure_type]).toEqual([1, 'config_error'])
      expect(run.errors[0]?.message).toMatch(/n\.s.* \[(record-refused|key-of-other-type|ids-taken)\]$/s)
      expect(await other()).toEqual(before)
    })

  it('sets such records aside where that is wanted, and the others are written', async () => {
    const bad = '{"name":"no id, no group"}'
    const needs = /\$\{(id|group)|score_field|"value_field":"group"/.test(JSON.stringify(options))
    const input = [
      ...lines(sent.slice(0, 5)),
      record('s', bad, { namespace: 'n' }),
      ...lines(sent.slice(5, 10)),
      state(1),
    ]
    const run = await write(redis, [stream], input.join(''), { ...options, on_record_error: 'dead_letter' })
    expect([run.code, run.errors]).toEqual([0, []])
    const letters = await client.xrange('_airbyte:dead_letter', '-', '+')
    if (!needs) return expect(letters).toEqual([])
    expect(letters.map(([, fields]) => fields)).toEqual([
      [
        'stream',
        'n.s',
        'reason',
        expect.stringMatching(/^The column (id|group|score), which/),
        'record',
        bad,
      ],
    ])
    expect(run.states[0]?.destinationStats).toEqual({
      recordCount: 10,
      rejectedRecordCount: 1,
      additionalStats: { rejected: 1 },
    })
  })

  it('has a time to live from the moment it is written', async () => {
    const run = await write(redis, [stream], messages(sent.slice(0, 10)), { ...options, ttl_seconds: 1000 })
    expect([run.code, run.errors]).toEqual([0, []])
    for (const name of expected(sent.slice(0, 10)).keys()) {
      const ttl = await client.ttl(name)
      expect(ttl).toBeGreaterThan(900)
      expect(ttl).toBeLessThanOrEqual(1000)
    }
  })

  /** An id that was reserved and never used leaves a gap, so ids may differ; all else may not. */
  async function expectTheSame(): Promise<void> {
    const model = expected(many)
    const contents = asText(await readAll(client, model))
    expect(contents).toHaveLength(model.size)
    expect(contents).toEqual(asText(model))
  }
})

const EVERY = 100

function rows(length: number): Sent[] {
  return Array.from({ length }, (_, index) => {
    const id = index % 500
    const row: Row = {
      id: id + 1,
      name: `näme "${(index * 7919) % length}" \\ \n €😀`,
      group: 'abc'[index % 3]!,
      score: (index * 37) % 1000,
      note: index % 4 === 0 ? null : `note ${index}`,
    }
    return { row, json: JSON.stringify(row), abId: index + 1, emittedAt: 1_700_000_000_000 + index }
  })
}

function lines(sent: readonly Sent[]): string[] {
  return sent.map(({ json, emittedAt }) => record('s', json, { namespace: 'n', emittedAt }))
}

function state(id: number): string {
  return streamState('s', { cursor: id }, { namespace: 'n', id })
}

function messages(sent: readonly Sent[]): string {
  return lines(sent)
    .flatMap((line, index) => (index % EVERY === EVERY - 1 ? [line, state((index + 1) / EVERY)] : [line]))
    .join('')
}

/** Each key with what it holds, as text without ids. */
function asText(contents: ReadonlyMap<string, unknown>): string[] {
  return [...contents]
    .map(([name, value]) => `${name.replace(/^n:s:\d+$/, 'n:s:#')} ${textOf(value)}`)
    .toSorted()
}

function textOf(value: unknown): string {
  if (value instanceof Set) return JSON.stringify([...value].map(textOf).toSorted())
  if (value instanceof Map) return JSON.stringify([...value].map(textOf).toSorted())
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return withoutId(JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))))
  return withoutId(JSON.stringify(value))
}

function withoutId(text: string): string {
  return text.replaceAll(/(_airbyte_ab_id\\*"[:,]\\*"?)\d+/g, '$1#')
}
