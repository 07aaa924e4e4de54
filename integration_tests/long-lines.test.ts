// Lines longer than max_line_bytes: a record becomes a dead letter without its data, and everything else ends the run.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { runConnector, type ConnectorRun } from './support/connector.ts'
import type { Input } from './support/feed.ts'
import { record, streamState, type CatalogStream } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { write, writeArgs } from './support/write.ts'

const LIMIT = 1 << 20
const LONG = 'x'.repeat(LIMIT + 100_000)
const USERS = { namespace: 'public' }

let redis: RedisServer
let client: Redis

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

beforeEach(async (context) => {
  await skipWhatIsLacking(context)
  client = redis.client()
  await client.flushall()
})

describe('a record over max_line_bytes', () => {
  it.each([
    ['hashes by id', {}, 'append'],
    ['hashes by column', { data_format: 'flat', key_template: 'u:${id}' }, 'append_dedup'],
    ['a list', { cache_type: 'list', data_format: 'json', key_template: 'l' }, 'append'],
    ['a list that is replaced', { cache_type: 'list', data_format: 'json', key_template: 'l' }, 'overwrite'],
  ] as const)('is set aside without its data, and the others are written: %s', async (_, layout, mode) => {
    const long = record('users', { id: 2, text: LONG }, USERS)
    const input = [
      record('users', { id: 1 }, USERS) + long + streamState('users', 1, USERS),
      record('users', { id: 3 }, USERS) + streamState('users', 2, USERS) + long,
    ].join('')
    const run = await sync(input, { ...layout, on_record_error: 'dead_letter' }, mode)
    expect(run).toMatchObject({ code: 0, errors: [] })
    const stats = run.states.map(({ destinationStats }) => destinationStats)
    expect(stats).toMatchObject([{ recordCount: 1, rejectedRecordCount: 1 }, { recordCount: 1 }])
    expect(stats[1]).not.toHaveProperty('rejectedRecordCount')
    const size = String(long.length - 1)
    const reason = expect.stringContaining('max_line_bytes')
    expect(await deadLetters()).toEqual([
      { stream: 'public.users', reason, line: '2', size },
      { stream: 'public.users', reason, line: '6', size },
    ])
    expect(run.logs.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/public\.users: 2 records written, 2 rejected/),
    )
    expect(await idsWritten()).toEqual(['1', '3'])
  })

  it('is skipped in little memory, however long it is', async () => {
    const options = { max_line_bytes: LIMIT, on_record_error: 'dead_letter' }
    const run = await runConnector(writeArgs(redis, [{ name: 'users', ...USERS }], options), hugeRecord(), {})
    expect(run).toMatchObject({ code: 0, states: [{ destinationStats: { rejectedRecordCount: 1 } }] })
    expect(run.peakRssKb).toBeLessThan(144_500)
  })

  it.each([
    ['that may not be set aside', record('users', { text: LONG }, USERS), {}, 'line-too-long'],
    [
      'that names its stream behind its data',
      `{"type":"RECORD","record":{"data":{"text":"${LONG}"},"stream":"users","emitted_at":1}}\n`,
      { on_record_error: 'dead_letter' },
      'line-too-long',
    ],
    [
      'of a stream that the catalog does not have',
      record('others', { text: LONG }, USERS),
      { on_record_error: 'dead_letter' },
      'stream-not-in-catalog',
    ],
  ])('ends the run if it is one %s', async (_, long, options, code) => {
    const run = await sync(record('users', { id: 1 }, USERS) + long + streamState('users', 1, USERS), options)
    expect(run).toMatchObject({ code: 1, states: [] })
    expect(codesIn(run.errors[0]!.message)).toEqual([code])
    expect(JSON.stringify(run.errors)).not.toContain('xxx')
  })
})

it('ends the run at a long state, also with dead letters', async () => {
  const run = await sync(streamState('users', LONG, USERS), { on_record_error: 'dead_letter' })
  expect(run).toMatchObject({ code: 1, states: [] })
  expect(codesIn(run.errors[0]!.message)).toEqual(['line-too-long'])
})

function sync(input: Input, options: object, mode: CatalogStream['mode'] = 'append'): Promise<ConnectorRun> {
  const stream = { name: 'users', ...USERS, mode, primaryKey: [['id']] }
  return write(redis, [stream], input, { max_line_bytes: LIMIT, completion: 'end_of_input', ...options })
}

async function deadLetters(): Promise<Record<string, string>[]> {
  const entries = await client.xrange('_airbyte:dead_letter', '-', '+')
  return entries.map(([, fields]) =>
    Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]!]] : []))),
  )
}

/** Returns the ids of the records that are in Redis, in whatever layout. */
async function idsWritten(): Promise<string[]> {
  const keys = (await client.keys('*')).filter((key) => !key.startsWith('_airbyte:'))
  const contents = await Promise.all(
    keys.map(async (key) => {
      const type = await client.type(key)
      return type === 'hash'
        ? Object.entries(await client.hgetall(key)).flatMap(([name, text]) =>
            name === '_airbyte_ab_id' ? [] : text,
          )
        : type === 'list'
          ? client.lrange(key, 0, -1)
          : []
    }),
  )
  const texts = contents
    .flat()
    .flatMap((text) => /^\{"id":(\d+)\}$/.exec(text)?.[1] ?? (/^\d$/.test(text) ? text : []))
  return texts.toSorted()
}

async function* hugeRecord(): AsyncGenerator<string> {
  yield record('users', { id: 1 }, USERS)
  yield '{"type":"RECORD","record":{"namespace":"public","stream":"users","data":{"id":"'
  for (let part = 0; part < 300; part++) yield 'x'.repeat(1 << 20)
  yield `"},"emitted_at":1}}\n${streamState('users', 1, USERS)}`
}
