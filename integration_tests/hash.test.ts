import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { record, streamState } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { dump, write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const users = { name: 'users', namespace: 'public' }

describe('a record', () => {
  it('becomes the hash that the classic connector wrote, beside the counter', async () => {
    const lines = record(
      'users',
      { id: 7, name: 'Zoë' },
      { namespace: 'public', emittedAt: 1_602_637_589_100 },
    )
    const run = await write(redis, [users], lines)

    expect(run.code).toBe(0)
    expect(await dump(client)).toEqual({
      'public:users': '1',
      'public:users:1': {
        _airbyte_ab_id: '1',
        _airbyte_emitted_at: '1602637589100',
        _airbyte_data: '{"id":7,"name":"Zoë"}',
      },
      '_airbyte:manifest:public:users': {
        'generation:1': expect.stringContaining('"endedWell":true'),
        last_id: '1',
        id_limit: '1',
        runs: '1',
        run_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        format: '2',
      },
      '_airbyte:streams': 'a set',
    })
  })

  it.each([
    ['without a namespace', {}],
    ['with namespace null', { namespace: null }],
    ['with an empty namespace', { namespace: '' }],
  ])('of a stream %s has a key that begins with a colon', async (_, stream) => {
    await write(redis, [{ name: 'users', ...stream }], record('users', { id: 1 }, { namespace: null }))
    expect(await client.hget(':users:1', '_airbyte_data')).toBe('{"id":1}')
  })

  it('keeps every digit and escape, and loses white space only outside strings', async () => {
    const data = '{"id":12345678901234567890,"x":1.0,"y":1e400,"s":"\\u2028 \\u0000"}'
    const spaced = '{ "id" :\t12345678901234567890 , "x":1.0,"y": 1e400,"s":  "\\u2028 \\u0000" }'
    await write(redis, [{ name: 's' }], record('s', data) + record('s', spaced))

    expect(await client.hget(':s:1', '_airbyte_data')).toBe(data)
    expect(await client.hget(':s:2', '_airbyte_data')).toBe(data)
  })

  it.each([
    ['1602637589100', '1602637589100'],
    ['1602637589100.75', '1602637589100'],
    ['1.6026375891E12', '1602637589100'],
    ['1602637589.123', '1602637589'],
  ])('emitted at %s carries the time %s', async (sent, stored) => {
    await write(redis, [{ name: 's' }], record('s', {}).replace('1700000000000', sent))
    expect(await client.hget(':s:1', '_airbyte_emitted_at')).toBe(stored)
  })

  it('is read whatever the order of its members, with white space, escaped names, nulls and CRLF', async () => {
    const line =
      ' { "log":null, "record" : {"emitted_at": 5, "meta":null, "data":{"a":[{}]}, "\\u0073tream":"us\\u0065rs",' +
      ' "namespace":"public"}, "state":null, "trace":null, "type":"RECORD" } \r\n\r\n\n'
    const run = await write(redis, [users], line + line)

    expect(run.code).toBe(0)
    expect(await client.hgetall('public:users:2')).toMatchObject({ _airbyte_data: '{"a":[{}]}' })
  })

  it('may be the last line without a line feed', async () => {
    const run = await write(redis, [users], record('users', { id: 1 }, { namespace: 'public' }).trimEnd())
    expect(run.code).toBe(0)
    expect(await client.exists('public:users:1')).toBe(1)
  })

  it('may be as long as memory allows', async () => {
    const text = 'long "text" '.repeat(caseCount(500_000, 8_500_000))
    const run = await write(redis, [{ name: 's' }], record('s', { text }) + record('s', { short: 1 }))

    expect(run.code).toBe(0)
    expect(await client.hstrlen(':s:1', '_airbyte_data')).toBe(JSON.stringify({ text }).length)
    expect(await client.hget(':s:2', '_airbyte_data')).toBe('{"short":1}')
  })

  it('goes behind key_prefix with everything the connector writes', async () => {
    await write(redis, [users], record('users', {}, { namespace: 'public' }), { key_prefix: 'crm:' })
    expect((await client.keys('*')).filter((key) => !key.startsWith('crm:'))).toEqual([])
    expect(await client.exists('crm:public:users:1')).toBe(1)
  })
})

describe('ids', () => {
  it('go on where an earlier run ended, in the order of arrival', async () => {
    const three = [1, 2, 3].map((id) => record('s', { id })).join('')
    await write(redis, [{ name: 's' }], three)
    await write(redis, [{ name: 's' }], three)

    const ids = await Promise.all([1, 2, 3, 4, 5, 6].map((id) => client.hget(`:s:${id}`, '_airbyte_data')))
    expect(ids).toEqual([1, 2, 3, 1, 2, 3].map((id) => JSON.stringify({ id })))
    expect(await client.get(':s')).toBe('6')
  })

  it('rise in the order of arrival across batches and interleaved streams', async () => {
    const streams = Array.from({ length: 20 }, (_, index) => ({ name: `s${index}` }))
    const rounds = 400
    let lines = ''
    for (let round = 1; round <= rounds; round++)
      for (const { name } of streams) lines += record(name, { round })
    await write(redis, streams, lines, { batch_records: 37 })

    for (const { name } of streams)
      for (const round of [1, 2, 199, rounds])
        expect(await client.hget(`:${name}:${round}`, '_airbyte_data')).toBe(JSON.stringify({ round }))
  })

  it('continue above the classic connector’s temporary counter where that stands higher', async () => {
    await client.mset(':s', '10', 'tmp::s', '25')
    await write(redis, [{ name: 's' }], record('s', {}))
    expect(await client.exists(':s:26')).toBe(1)
    expect(await client.get(':s')).toBe('26')
  })

  it('that would name the counter of another stream are left out, in order', async () => {
    const streams = [{ name: 'a' }, { name: 'a:7' }, { name: 'a:11' }, { name: 'a:012' }]
    let lines = record('a:7', { of: 'a:7' })
    for (let id = 1; id <= 12; id++) lines += record('a', { id })
    const run = await write(redis, streams, lines, { batch_records: 3 })

    expect(run.code).toBe(0)
    expect(await client.get(':a:7')).toBe('1')
    const data = [1, 6, 8, 10, 12, 14].map((id) => client.hget(`:a:${id}`, '_airbyte_data'))
    expect(await Promise.all(data)).toEqual([1, 6, 7, 9, 10, 12].map((id) => JSON.stringify({ id })))
  })
})

describe('streams', () => {
  it('whose keys would be the same are refused, both named', async () => {
    const streams = [
      { namespace: 'a', name: 'b:c' },
      { namespace: 'a:b', name: 'c' },
    ]
    const run = await write(redis, streams, '')

    expect(run.code).toBe(1)
    expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
    expect(run.errors[0]?.message).toMatch(/"b:c".*"a".*"c".*"a:b".*\[base-key-shared\]/)
  })

  it('whose counter key holds something else are refused, with the key and what to do', async () => {
    await client.lpush('public:users', 'not ours')
    const run = await write(redis, [users], record('users', {}, { namespace: 'public' }))

    expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
    expect(run.errors[0]?.message).toMatch(/public:users\b.*\[counter-unreadable\]$/)
  })

  it('are named with the key where a record meets a key of another type, and no state follows', async () => {
    await client.set(':s:2', 'not ours')
    const run = await write(redis, [{ name: 's' }], record('s', {}) + record('s', {}) + streamState('s', 1))

    expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
    expect(run.errors[0]?.message).toContain(':s:2')
    expect(run.states).toEqual([])
    expect(await client.get(':s:2')).toBe('not ours')
  })
})
