// What the options do to a record, seen in a real Redis; the rest of what they do to bytes is tested beside the code.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { runConnector, startConnector, writeFiles } from './support/connector.ts'
import { record, streamState } from './support/messages.ts'
import { startProxy } from './support/proxy.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write, writeArgs } from './support/write.ts'

beforeEach(skipWhatIsLacking)

const streams = [{ name: 's' }]

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

async function written(data: readonly (object | string)[], options: object) {
  const input = [...data.map((one) => record('s', one)), streamState('s', {})].join('')
  const run = await write(redis, streams, input, options)
  expect([run.code, run.errors]).toEqual([0, []])
  return run
}

describe('a hash with one field a column', () => {
  const options = { data_format: 'flat', key_template: 'row:${id}' }

  it.each([
    ['replace', { id: '1', a: '2' }],
    ['merge', { id: '1', a: '2', gone: 'x', nulled: 'y', emptied: 'z', 'deep.x': '1', 'deep.y': '2' }],
  ])('has with %s what the last record, or all of them, had', async (on_update, expected) => {
    await written(
      [
        { id: 1, a: 1, gone: 'x', nulled: 'y', emptied: 'z', deep: { x: 1, y: 2 } },
        { id: 1, a: 2, nulled: null, emptied: {}, deep: { x: null } },
      ],
      { ...options, on_update },
    )
    expect(await client.hgetall('row:1')).toEqual(expected)
  })

  it('keeps empty texts and arrays', async () => {
    await written([{ id: 1, empty: '', list: [], deep: { list: [{ a: 1 }], none: {} } }], options)
    expect(await client.hgetall('row:1')).toEqual({
      id: '1',
      empty: '',
      list: '[]',
      'deep.list': '[{"a":1}]',
    })
  })

  it('is gone where the record that replaces it has no column with a value', async () => {
    await client.hset('fixed', 'old', '1')
    await written(['{"a":null}'], { data_format: 'flat', key_template: 'fixed', allow_constant_key: true })
    expect(await client.exists('fixed')).toBe(0)
  })

  it('is never missing, and never half written, while it is replaced', async () => {
    const input = Array.from({ length: 20_000 }, (_, index) =>
      record('s', { id: 1, a: index, b: index, [`c${index % 2}`]: 1 }),
    )
    await written([{ id: 1, a: -1, b: -1, c1: 1 }], options)
    const run = write(redis, streams, input.join(''), options)
    const end = { isReached: false }
    void run.finally(() => (end.isReached = true))
    let reads = 0
    for (; !end.isReached; reads++) {
      const row = await client.hgetall('row:1')
      expect(Object.keys(row)).toHaveLength(4)
      expect(row['a']).toBe(row['b'])
    }
    expect((await run).code).toBe(0)
    expect(reads).toBeGreaterThan(10)
  })

  it('holds more columns than a script takes arguments', async () => {
    const columns = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`c${index}`, index]))
    await written([{ id: 1, ...columns }], options)
    expect(await client.hlen('row:1')).toBe(20_001)
  })

  it('is written on where Redis forgets its scripts', async () => {
    await using run = startConnector(writeArgs(redis, streams, { ...options, batch_records: 10 }))
    let states = 0
    run.stdin.write(record('s', { id: 1 }) + streamState('s', {}))
    for await (const message of run.messages) {
      if (message.type !== 'STATE') continue
      if (++states === 1) {
        await client.script('FLUSH')
        run.stdin.end(record('s', { id: 2 }) + streamState('s', {}))
      }
    }
    expect([(await run.exit).code, states]).toEqual([0, 2])
    expect(await client.hgetall('row:2')).toEqual({ id: '2' })
  })
})

describe('a condition for writing', () => {
  const rows = [
    { id: 'there', v: 1, n: 5 },
    { id: 'new', v: 1, n: 5 },
  ]

  it.each([
    [
      'string',
      { data_format: 'raw', value_field: 'v', key_template: '${id}' },
      () => client.set('there', 'old'),
    ],
    ['hash', { data_format: 'flat', key_template: '${id}' }, () => client.hset('there', 'old', '1')],
    ['hash', { key_template: '${id}', ttl_seconds: 100 }, () => client.hset('there', 'old', '1')],
    ['hash', { hash_field: '${id}', key_template: 'all' }, () => client.hset('all', 'there', 'old')],
    [
      'sorted_set',
      { member: '${id}', score_field: 'n', key_template: 'all' },
      () => client.zadd('all', 1, 'there'),
    ],
  ])(
    'of a %s holds for each record, and those left out are counted: %j',
    async (cache_type, options, before) => {
      for (const [write_condition, isOldWritten] of [
        ['if_exists', true],
        ['if_absent', false],
      ] as const) {
        await client.flushall()
        await before()
        const dump = async (key: string): Promise<string | null> => {
          if ((await client.exists('all')) === 0) return client.dump(key)
          return cache_type === 'hash' ? client.hget('all', key) : client.zscore('all', key)
        }
        const old = await dump('there')
        const run = await written(rows, { cache_type, ...options, write_condition })
        expect((await dump('there')) !== old, write_condition).toBe(isOldWritten)
        expect(Boolean(await dump('new')), write_condition).toBe(!isOldWritten)
        expect(run.states[0]?.destinationStats).toEqual({ recordCount: 2, additionalStats: { skipped: 1 } })
      }
    },
  )

  it.each(['list', 'stream'])('of a %s is about all of it', async (cache_type) => {
    const options = { cache_type, key_template: '${id}', write_condition: 'if_exists' }
    await (cache_type === 'list' ? client.rpush('there', 'old') : client.xadd('there', '*', 'f', 'old'))
    const run = await written([...rows, { id: 'there' }], options)
    expect(await client.exists('new')).toBe(0)
    expect(await (cache_type === 'list' ? client.llen('there') : client.xlen('there'))).toBe(3)
    expect(run.states[0]?.destinationStats).toEqual({ recordCount: 3, additionalStats: { skipped: 1 } })
  })
})

describe('a filter', () => {
  it('leaves records out, counts them, and gives them no ids', async () => {
    const rows = [
      '{"type":"a","n":1}',
      '{"type":"b"}',
      '{"type":"a","n":2}',
      '{"n":3}',
      '{"type": "\\u0061" , "n":4}',
    ]
    const run = await written(rows, { record_filter: { field: 'type', equals: 'a' } })
    expect(run.states[0]?.destinationStats).toEqual({ recordCount: 5, additionalStats: { filtered: 2 } })
    expect(await client.get(':s')).toBe('3')
    expect(run.logs.map(({ message }) => message)).toContain('s: 3 records written, 2 filtered.')
  })

  it('leaves out what has nothing under the root', async () => {
    const rows = [{ id: 1, p: { a: { b: 1 } } }, { id: 2, p: { a: null } }, { id: 3 }]
    const options = { data_format: 'flat', key_template: 'row:${id}', root_field: 'p.a' }
    await written(rows, options)
    expect(await client.keys('row:*')).toEqual(['row:1'])
    expect(await client.hgetall('row:1')).toEqual({ b: '1' })
  })
})

describe('an end that a column names', () => {
  const HOUR_MS = 3_600_000
  const end = Date.now() + HOUR_MS
  const rows = [
    { id: 'ms', end },
    { id: 'iso', end: new Date(end).toISOString() },
    { id: 'past', end: Date.now() - 1_000 },
    { id: 'null', end: null },
    { id: 'none' },
  ]

  it.each([
    { cache_type: 'string', data_format: 'json' },
    { data_format: 'flat' },
    { data_format: 'flat', on_update: 'merge' },
  ])('is that of the key, and one that has passed removes it: %j', async (options) => {
    await written(rows, { ...options, key_template: '${id}', expire_at_field: 'end' })
    for (const key of ['ms', 'iso']) {
      expect(await client.pttl(key)).toBeLessThanOrEqual(HOUR_MS)
      expect(await client.pttl(key)).toBeGreaterThan(HOUR_MS / 2)
    }
    expect([await client.exists('past'), await client.ttl('null'), await client.ttl('none')]).toEqual([
      0, -1, -1,
    ])
  })
})

describe('what cannot be done', () => {
  it('is refused before the first record: a template with a column that the stream does not declare', async () => {
    const schema = { type: 'object', properties: { id: {} } }
    const run = await write(redis, [{ name: 's', schema }], '', {
      data_format: 'flat',
      key_template: '${id}:${nmae}',
    })
    expect([run.code, run.errors[0]?.failure_type]).toEqual([1, 'config_error'])
    expect(run.errors[0]?.message).toContain('[template-column-unknown]')
  })

  it('ends the run with the line, the stream and the column of a record without a key, and shows no data', async () => {
    const input = record('s', { id: 1 }) + record('s', { secret: 'hunter2' })
    const run = await write(redis, streams, input, { data_format: 'flat', key_template: 'row:${id}' })
    expect([run.code, run.errors[0]?.failure_type]).toEqual([1, 'config_error'])
    expect(run.errors[0]?.message).toMatch(
      /^Line 2, stream s: The column id, which the key needs, is missing\./,
    )
    expect(run.lines.join('')).not.toContain('hunter2')
  })

  it.each([
    ['string', 'flat'],
    ['list', 'flat'],
    ['set', 'flat'],
    ['sorted_set', 'flat'],
    ['hash', 'json'],
    ['hash', 'raw'],
    ['stream', 'json'],
    ['stream', 'raw'],
  ])('is refused by check, by name: cache_type %s with data_format %s', async (cache_type, data_format) => {
    const value = data_format === 'raw' ? { value_field: 'v' } : {}
    const config = { host: redis.host, port: redis.port, cache_type, data_format, ...value }
    const run = await runConnector(['check', '--config', writeFiles({ config }).config])
    const [message] = run.messages.filter(({ type }) => type === 'CONNECTION_STATUS')
    expect(message).toMatchObject({ connectionStatus: { status: 'FAILED' } })
    expect(JSON.stringify(message)).toMatch(/data_format/)
    expect(JSON.stringify(message)).toMatch(new RegExp(cache_type))
    expect(JSON.stringify(message)).toMatch(new RegExp(data_format))
  })
})

describe('check', () => {
  it('tells that the end of keys is not announced, where keys end and Redis is not set to announce it', async () => {
    await client.config('SET', 'notify-keyspace-events', '')
    expect(await logsOf({ ttl_seconds: 60 })).toEqual([
      expect.stringMatching(/^INFO .*notify-keyspace-events/),
    ])
    expect(await logsOf({})).toEqual([])
    await client.config('SET', 'notify-keyspace-events', 'Ex')
    expect(await logsOf({ ttl_seconds: 60 })).toEqual([])
  })

  it('warns of keys that begin with record data and have no prefix', async () => {
    const options = { data_format: 'flat', key_template: '${id}' }
    expect(await logsOf(options)).toEqual([expect.stringMatching(/^WARN .*key_template/)])
    expect(await logsOf({ ...options, key_prefix: 'app:' })).toEqual([])
  })

  it('leaves nothing behind', async () => {
    for (const cache_type of ['hash', 'string', 'list', 'set', 'sorted_set', 'stream'])
      await logsOf({ cache_type, ttl_seconds: 60, on_record_error: 'dead_letter', key_prefix: 'p:' })
    expect(await client.keys('*')).toEqual([])
  })
})

describe('a list whose replies are lost', () => {
  it('ends the run where nobody can know what arrives, and is not doubled', async () => {
    await client.call('ACL', 'SETUSER', 'noclient', 'on', '>pw', '~*', '&*', '+@all', '-client')
    await using proxy = await startProxy(redis.port)
    const options = { cache_type: 'list', data_format: 'json', username: 'noclient', password: 'pw' }
    await using run = startConnector(writeArgs({ host: redis.host, port: proxy.port }, streams, options))
    const some = record('s', { id: 1 }).repeat(500) + streamState('s', {})
    run.stdin.write(some)
    for await (const message of run.messages) {
      if (message.type !== 'STATE') continue
      const cut = proxy.setMode({ kind: 'lose-replies', afterBytes: 1 })
      run.stdin.end(some)
      await cut
    }
    expect((await run.exit).code).toBe(1)
    expect(await client.llen(':s')).toBe(1_000)
  })

  it('names a key of another type even where nobody heard the refusal', async () => {
    await client.set('taken', 'by another')
    await using proxy = await startProxy(redis.port)
    const options = { cache_type: 'list', data_format: 'json', key_template: '${k}' }
    await using run = startConnector(writeArgs({ host: redis.host, port: proxy.port }, streams, options))
    run.stdin.write(record('s', { k: 'free' }) + streamState('s', {}))
    const errors: string[] = []
    for await (const message of run.messages) {
      if (message.type === 'TRACE') errors.push(JSON.stringify(message))
      if (message.type !== 'STATE') continue
      const cut = proxy.setMode({ kind: 'lose-replies', afterBytes: 1 })
      run.stdin.end(record('s', { k: 'taken' }) + streamState('s', {}))
      await cut
    }
    expect((await run.exit).code).toBe(1)
    expect(errors[0]).toMatch(/Stream s: a key of the form \$\{k\} holds another Redis type/)
    expect(await client.get('taken')).toBe('by another')
  })
})

/** What a check that succeeds logs, but for that the server of the tests keeps nothing on disk. */
async function logsOf(options: object): Promise<string[]> {
  const config = { host: redis.host, port: redis.port, ...options }
  const run = await runConnector(['check', '--config', writeFiles({ config }).config])
  expect(run.messages).toContainEqual({
    type: 'CONNECTION_STATUS',
    connectionStatus: { status: 'SUCCEEDED' },
  })
  const said = run.logs.map(({ level, message }) => `${level} ${message}`)
  return said.filter((text) => !/keeps nothing on disk/.test(text))
}
