// The command clear: it removes what the connector has written, by the manifests of the streams, and nothing else.
import { describe, expect, it } from 'vitest'
import type { Redis } from 'ioredis'
import { CommandProxy } from './support/command-proxy.ts'
import { runConnector, writeFiles } from './support/connector.ts'
import { record, streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { dump, write } from './support/write.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const USERS: CatalogStream = { name: 'users', namespace: 'public', primaryKey: [['id']] }
const FOREIGN = { 'user:foreign': 'text', 'public:users:none': 'text', elsewhere: 'text' }

const LAYOUTS: [name: string, options: object, mode: NonNullable<CatalogStream['mode']>][] = [
  ['classic hashes', {}, 'append'],
  ['flat hashes of an index', { data_format: 'flat', key_template: 'user:${id}' }, 'append_dedup'],
  ['flat hashes, always tracked', { data_format: 'flat', track_keys: 'always' }, 'append'],
  ['strings', { cache_type: 'string', data_format: 'json' }, 'append_dedup'],
  ['a list', { cache_type: 'list' }, 'append'],
  ['a set', { cache_type: 'set', member: '${id}' }, 'append'],
  ['members of a set', { cache_type: 'set', member: '${id}' }, 'append_dedup'],
  ['a sorted set', { cache_type: 'sorted_set', member: '${id}' }, 'append'],
  ['a Redis stream', { cache_type: 'stream' }, 'append'],
  ['lists by column', { cache_type: 'list', key_template: 'users:${id}', track_keys: 'always' }, 'append'],
  ['fields of a hash', { hash_field: '${id}' }, 'append_dedup'],
  ['a prefix', { key_prefix: 'p:', data_format: 'flat' }, 'append_dedup'],
]

describe('clear removes everything of a stream, and no other key', () => {
  it.each(LAYOUTS)('%s', async (_, options, mode) => {
    await client.mset(FOREIGN)
    await written(USERS, options, mode)
    await written({ ...USERS, name: 'orders' }, options, mode)
    const full = await dump(client)
    const dry = await clear(options, ['--stream', 'users', '--dry-run'])
    expect(dry).toMatchObject({ code: 0, errors: [] })
    expect(dry.logs[0]!.message).toMatch(/^public\.users: \d+ rows?, for example \S+/)
    expect(await dump(client)).toEqual(full)

    expect(await clear(options, ['--stream', 'public.users'])).toMatchObject({ code: 0, errors: [] })
    const left = Object.keys(await dump(client))
    expect(left.filter((key) => key.includes('users') && !(key in FOREIGN))).toEqual([])
    expect(left.filter((key) => key.includes('orders')).length).toBeGreaterThan(0)

    expect(await clear(options)).toMatchObject({ code: 0, errors: [] })
    expect(await dump(client)).toEqual(FOREIGN)
  })
})

describe('rows without an index entry', () => {
  const options = { data_format: 'flat', key_template: 'user:${id}' }

  it('are removed with --pattern only, by their type', async () => {
    await client.mset(FOREIGN)
    await written(USERS, options, 'append')
    const refused = await clear(options)
    expect(refused.errors).toMatchObject([
      { message: expect.stringMatching(/user:\*.*\[clear-needs-pattern\]$/) },
    ])
    expect(await client.hgetall('user:1')).toEqual({ id: '1' })
    const dry = await clear(options, ['--pattern', '--dry-run'])
    expect(dry.logs.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^public\.users: 2 more keys of the pattern user:\*, for example user:/),
    )
    expect(await client.exists('user:1', 'user:2')).toBe(2)
    expect(await clear(options, ['--pattern'])).toMatchObject({ code: 0 })
    expect(await dump(client)).toEqual(FOREIGN)
  })

  it('are searched anew, and counted once, when a connection is lost in between', async () => {
    const rows = Array.from({ length: 2_500 }, (_, id) => record('users', { id }, { namespace: 'public' }))
    await write(redis, [USERS], rows.join(''), options)
    await using proxy = await CommandProxy.start(redis.port)
    const cursors: string[] = []
    proxy.beforeEach(([command, cursor = ''], _, connection) => {
      if (command !== 'SCAN') return undefined
      if (cursors.push(cursor) === 2) connection.cut()
      return undefined
    })
    const run = await clear({ ...options, port: proxy.port }, ['--pattern'])
    expect(run).toMatchObject({ code: 0, errors: [] })
    expect(run.logs.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/: 2500 more keys of the pattern user:\*/),
    )
    // The command is sent again, and its answer is of no use.
    expect(cursors.slice(0, 4)).toEqual(['0', cursors[1], cursors[1], '0'])
    expect(await dump(client)).toEqual({})
  })

  it('are not searched where their keys begin with data', async () => {
    const bare = { data_format: 'flat', key_template: '${id}' }
    await written(USERS, bare, 'append')
    const run = await clear(bare, ['--pattern'])
    expect(run.errors).toMatchObject([{ message: expect.stringMatching(/\[clear-pattern-too-wide\]$/) }])
    expect(await client.exists('1', '2')).toBe(2)
  })

  it('leave out the keys of another stream', async () => {
    const both = { data_format: 'flat', streams: [template('users'), template('users:old')] }
    await written(USERS, both, 'append')
    await written({ ...USERS, name: 'users:old' }, both, 'append')
    expect(await clear(both, ['--stream', 'users', '--pattern'])).toMatchObject({ code: 0 })
    expect((await client.keys('users:*')).toSorted()).toEqual(['users:old:1', 'users:old:2'])
  })
})

it('clear of all streams removes the dead letters, too', async () => {
  const options = { data_format: 'flat', key_template: 'user:${id}', on_record_error: 'dead_letter' }
  const stream = { ...USERS, mode: 'append_dedup' as const }
  await write(redis, [stream], record('users', {}, { namespace: 'public' }), options)
  expect(await client.type('_airbyte:dead_letter')).toBe('stream')
  expect(await clear(options)).toMatchObject({ code: 0 })
  expect(await dump(client)).toEqual({})
})

it.each([
  ['SCAN', ['--pattern']],
  ['XLEN', ['--pattern']],
  ['HSCAN', []],
])('the command that the user may not run is named: %s', async (command, args) => {
  const options = { data_format: 'flat', key_template: 'user:${id}', on_record_error: 'dead_letter' }
  await write(
    redis,
    [USERS],
    record('users', {}, { namespace: 'public' }) + record('users', { id: 1 }, { namespace: 'public' }),
    options,
  )
  await client.acl('SETUSER', 'limited', 'reset', 'on', '>pw', '~*', '+@all', `-${command}`)
  const run = await clear({ ...options, username: 'limited', password: 'pw' }, args)
  expect(run.errors).toMatchObject([{ message: expect.stringMatching(/\[command-denied\]$/) }])
  expect(run.errors[0]!.message).toContain(`+${command.toLowerCase()}`)
})

it('a stream that was never written is named, with the one that was meant', async () => {
  await written(USERS, {}, 'append')
  const run = await clear({}, ['--stream', 'publc.users'])
  expect(run.errors).toMatchObject([
    { message: expect.stringMatching(/Did you mean public\.users\? \[clear-stream-unknown\]$/) },
  ])
})

async function written(
  stream: CatalogStream,
  options: object,
  mode: NonNullable<CatalogStream['mode']>,
): Promise<void> {
  const { name, namespace } = stream
  const rows = [1, 2].map((id) => record(name, { id }, { namespace })).join('')
  const run = await write(redis, [{ ...stream, mode }], rows + streamState(name, 1, { namespace }), options)
  expect(run).toMatchObject({ code: 0, errors: [] })
}

function template(name: string) {
  return { stream: name, key_template: `${name}:\${id}` }
}

function clear(options: object, args: string[] = []) {
  const { host, port } = redis
  return runConnector([
    'clear',
    '--config',
    writeFiles({ config: { host, port, ...options } }).config,
    ...args,
  ])
}
