// Streams of other connections under the same prefix: none of their keys is written.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const LIST = { cache_type: 'list', data_format: 'json' }
const STRINGS = { cache_type: 'string', data_format: 'json' }
const FLAT = { data_format: 'flat', allow_constant_key: true }
const PRIMARY_KEY = [['id']]

type Stream = Pick<CatalogStream, 'name'> & Partial<CatalogStream>

/** Syncs some records of one stream. */
async function sync(stream: Stream, rows: readonly object[], options: object = {}) {
  const of = { namespace: stream.namespace ?? 'n' }
  const lines = [
    ...rows.map((row) => record(stream.name, row, of)),
    streamState(stream.name, { rows: rows.length }, of),
    status(stream.name, 'COMPLETE', of),
  ]
  return write(redis, [{ ...of, primaryKey: PRIMARY_KEY, ...stream }], lines, options)
}

function messagesOf({ errors }: Awaited<ReturnType<typeof sync>>): string {
  return errors.map(({ message }) => message).join('\n')
}

async function members(): Promise<unknown[]> {
  const texts = await client.smembers('_airbyte:streams')
  return texts.toSorted().map((text) => JSON.parse(text) as unknown)
}

describe('the set of known streams', () => {
  it('names each stream with its key template and its counter, and a stream only while it has records', async () => {
    const template = '${_airbyte_namespace}:${_airbyte_stream}'
    await sync({ name: 'a' }, [{ id: 1 }])
    await sync({ name: 'b' }, [{ id: 1 }], { ...LIST, key_template: 'b' })
    expect(await members()).toEqual([
      { namespace: 'n', stream: 'a', key_template: `${template}:\${_airbyte_ab_id}`, counter: 'n:a' },
      { namespace: 'n', stream: 'b', key_template: 'b' },
    ])
    await sync({ name: 'a', mode: 'overwrite' }, [{ id: 1 }], { ...FLAT, key_template: 'a:${id}' })
    await sync({ name: 'b', mode: 'overwrite' }, [], { ...LIST, key_template: 'b' })
    expect(await members()).toEqual([{ namespace: 'n', stream: 'a', key_template: 'a:${id}' }])
    await sync({ name: 'a', mode: 'overwrite' }, [], { ...FLAT, key_template: 'a:${id}' })
    expect(await client.keys('*')).toEqual([])
  })
})

describe('a stream whose names make the keys of another one', () => {
  it('is refused before its first record, and the error names both', async () => {
    await sync({ name: 'c', namespace: 'a:b' }, [{ id: 1 }])
    const before = await client.hgetall('a:b:c:1')
    const run = await sync({ name: 'b:c', namespace: 'a' }, [{ id: 2 }])
    expect([run.code, run.states]).toEqual([1, []])
    expect(messagesOf(run)).toMatch(/"b:c" of namespace "a" .*"c" of namespace "a:b".*\[base-key-taken\]/s)
    expect(await client.hgetall('a:b:c:1')).toEqual(before)
  })

  it.each([
    ['a list at its counter', { ...LIST, key_template: 'n:a' }],
    ['a hash at its counter', { ...FLAT, key_template: 'n:a', allow_constant_key: true }],
  ])('is refused if it would write %s', async (_, options) => {
    await sync({ name: 'a' }, [{ id: 1 }])
    const run = await sync({ name: 'b' }, [{ id: 2 }], options)
    expect(messagesOf(run)).toMatch(/"b".* the key n:a, .*"a".*\[key-of-other-stream\]/s)
    expect(await client.get('n:a')).toBe('1')
  })

  it('is refused if both have the same key for all records', async () => {
    await sync({ name: 'a' }, [{ id: 1 }], { ...LIST, key_template: 'all' })
    const run = await sync({ name: 'b', mode: 'overwrite' }, [{ id: 2 }], { ...LIST, key_template: 'all' })
    expect(messagesOf(run)).toContain('[key-of-other-stream]')
    expect(await client.lrange('all', 0, -1)).toEqual(['{"id":1}'])
  })

  it('may merge its columns into the same hash', async () => {
    const options = { ...FLAT, on_update: 'merge', key_template: 'all', allow_constant_key: true }
    await sync({ name: 'a' }, [{ id: 1, x: 1 }], options)
    expect((await sync({ name: 'b' }, [{ id: 1, y: 2 }], options)).code).toBe(0)
    expect(await client.hgetall('all')).toEqual({ id: '1', x: '1', y: '2' })
  })

  it('is free under another prefix', async () => {
    await sync({ name: 'a' }, [{ id: 1 }], { ...LIST, key_template: 'all' })
    const options = { ...LIST, key_template: 'all', key_prefix: 'p:' }
    expect((await sync({ name: 'b' }, [{ id: 2 }], options)).code).toBe(0)
  })
})

describe('a record whose key belongs to another stream', () => {
  it.each([
    ['a list', LIST, ['{"id":1}']],
    ['a counter', {}, '1'],
  ])('is refused where that is %s, and the error names both streams', async (_, options, contents) => {
    await sync({ name: 'users:7' }, [{ id: 1 }], options)
    const run = await sync({ name: 'users' }, [{ id: 7 }], STRINGS)
    expect([run.code, run.states]).toEqual([1, []])
    expect(messagesOf(run)).toMatch(/"users" .* the key n:users:7, .*"users:7".*\[key-of-other-stream\]/s)
    const found = options === LIST ? await client.lrange('n:users:7', 0, -1) : await client.get('n:users:7')
    expect(found).toEqual(contents)
  })

  it('is refused where that would be a row of it', async () => {
    await sync({ name: 'users:7' }, [{ id: 1 }], STRINGS)
    const run = await sync({ name: 'users' }, [{ id: '7:1' }], STRINGS)
    expect(messagesOf(run)).toContain('[key-of-other-stream]')
    expect(await client.get('n:users:7:1')).toBe('{"id":1}')
  })

  it('is set aside with dead letters, and the others are written', async () => {
    await sync({ name: 'users:7' }, [{ id: 1 }], LIST)
    const options = { ...STRINGS, on_record_error: 'dead_letter' }
    const run = await sync({ name: 'users' }, [{ id: 6 }, { id: 7 }, { id: 8 }], options)
    expect(run.code).toBe(0)
    expect(await client.exists('n:users:6', 'n:users:8')).toBe(2)
    expect(await client.type('n:users:7')).toBe('list')
    expect(await client.xlen('_airbyte:dead_letter')).toBe(1)
  })

  it('is refused within one catalog as well', async () => {
    const streams = ['users', 'users:7'].map((name) => ({ name, namespace: 'n', primaryKey: PRIMARY_KEY }))
    const options = { ...STRINGS, streams: [{ stream: 'users:7', ...LIST }] }
    const run = await write(redis, streams, [record('users', { id: 7 }, { namespace: 'n' })], options)
    expect(run.errors[0]?.message).toContain('[key-of-other-stream]')
  })

  it('has another id instead, where keys are made of ids', async () => {
    await sync({ name: 'users:2' }, [{ id: 1 }], LIST)
    expect((await sync({ name: 'users' }, [{ id: 1 }, { id: 2 }])).code).toBe(0)
    expect(await client.type('n:users:2')).toBe('list')
    expect(await client.exists('n:users:1', 'n:users:3')).toBe(2)
  })
})

describe('a new stream whose key holds a row of another one', () => {
  it.each([
    ['would count there', {}],
    ['would collect its records there', LIST],
  ])('is refused if it %s', async (_, options) => {
    await sync({ name: 'users' }, [{ id: 7 }], STRINGS)
    const run = await sync({ name: 'users:7' }, [{ id: 1 }], options)
    expect(messagesOf(run)).toMatch(/"users:7" .* the key n:users:7, .*"users".*\[key-of-other-stream\]/s)
    expect(await client.get('n:users:7')).toBe('{"id":7}')
  })
})

it('members that the connector did not write end the run', async () => {
  await client.sadd('_airbyte:streams', 'users')
  const run = await sync({ name: 'users' }, [{ id: 7 }])
  expect(messagesOf(run)).toContain('[known-streams-invalid]')
})
