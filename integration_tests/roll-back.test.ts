// A failed run leaves records in lists and Redis streams behind its last acknowledged state; the next run keeps them or takes
// them back.
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startConnector } from './support/connector.ts'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import { cursorOf, isState } from './support/output-message.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { ReplicatedRedis } from './support/replicas.ts'
import { someOf } from './support/some-of.ts'
import { write, writeArgs } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

beforeEach(async () => {
  redis = await RedisServer.start()
  client = redis.client()
})
afterEach(() => redis.stop())

interface Structure {
  name: string
  options: object
  ids: (client: Redis, key: string) => Promise<number[]>
}

const LIST: Structure = {
  name: 'a list',
  options: { cache_type: 'list', data_format: 'json' },
  ids: async (from, key) => (await from.lrange(key, 0, -1)).map(idOf),
}
const STREAM: Structure = {
  name: 'a Redis stream',
  options: { cache_type: 'stream', data_format: 'flat' },
  ids: async (from, key) =>
    (await from.xrange(key, '-', '+')).map(([, fields]) => Number(fields[fields.indexOf('id') + 1])),
}
const STRUCTURES: readonly Structure[] = [
  LIST,
  {
    name: 'a list with the newest first',
    options: { cache_type: 'list', data_format: 'json', list_operation: 'prepend' },
    ids: async (from, key) => (await from.lrange(key, 0, -1)).map(idOf).toReversed(),
  },
  { ...LIST, name: 'a list with a maximum length', options: { ...LIST.options, max_length: 7 } },
  STREAM,
  {
    ...STREAM,
    name: 'a Redis stream with a maximum length',
    options: { ...STREAM.options, max_length: 7, stream_trim: 'exact' },
  },
]

/** Records in a batch of a run that is killed. */
const BATCH = 10

const ROLL_BACK = { key_template: 'log', on_retry: 'roll_back' }

describe.each(someOf(STRUCTURES, 0))('$name', ({ options, ids }) => {
  it('has what was behind the last acknowledged state twice, by default', async () => {
    const keeping = { ...options, key_template: 'log' }
    await fails([1, 2, 'state', 3], keeping)
    await succeeds([3, 4, 'state'], keeping)
    expect(await ids(client, 'log')).toEqual([1, 2, 3, 3, 4])
  })

  it.each([2, 20_000])('has each record once after a roll back, in batches of %i', async (size) => {
    const its = { ...options, ...ROLL_BACK, batch_records: size }
    await succeeds([1, 2, 'state', 3], its)
    await fails([4, 5], its)
    await fails([4, 'state', 5, 'state', 6, 7], its)
    await fails([6], its)
    await succeeds([6, 7, 'state'], its)
    expect(await ids(client, 'log')).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('has each record once when nothing was there before, nor acknowledged', async () => {
    const its = { ...options, ...ROLL_BACK }
    await fails([1, 2], its)
    const { logs } = await succeeds([3, 'state'], its)
    expect(await ids(client, 'log')).toEqual([3])
    expect(logs.map(({ message }) => message).join('\n')).toContain('2 records that the last run wrote')
  })

  it('keeps what another client has added to, with a warning', async () => {
    const its = { ...options, ...ROLL_BACK }
    await fails([1, 'state', 2], its)
    await (options === STREAM.options || 'stream_trim' in options
      ? client.xadd('log', '*', 'id', '9')
      : client.rpush('log', '{"id":9}'))
    const { logs } = await succeeds([2, 'state'], its)
    expect(inOrder(await ids(client, 'log'))).toEqual([1, 2, 2, 9])
    expect(logs.filter(({ level }) => level === 'WARN').map(({ message }) => message)).toEqual([
      expect.stringContaining('another client has changed the key log'),
    ])
  })

  it('has each record once in a full refresh, whatever on_retry says', async () => {
    const refresh = { generation: 2, minimumGeneration: 2, syncId: 5 }
    const its = { ...options, key_template: 'log' }
    await succeeds([8, 9], its)
    await fails([1, 'state', 2, 3], its, refresh)
    await fails([2, 'state', 3], its, refresh)
    await fails([3], its, refresh)
    expect(await ids(client, 'log')).toEqual([8, 9])
    await succeeds([3, 4], its, refresh)
    expect(await ids(client, 'log')).toEqual([1, 2, 3, 4])
  })

  it('leaves nothing behind but metadata', async () => {
    const its = { ...options, ...ROLL_BACK }
    await fails([1, 'state', 2], its)
    expect(await client.keys('_airbyte:attempt:*')).toEqual(['_airbyte:attempt::s'])
    await succeeds([2, 'state'], its)
    expect(await client.keys('_airbyte:*')).not.toContain('_airbyte:attempt::s')
    expect(await client.hget('_airbyte:manifest::s', 'acknowledged')).toBeNull()
  })
})

describe.each([LIST, STREAM])('$name of a run that is killed', ({ options, ids }) => {
  it('has each record once, whatever was under way', async () => {
    const its = {
      ...options,
      ...ROLL_BACK,
      batch_records: BATCH,
      max_length: undefined,
      stream_trim: undefined,
    }
    let next = 1
    for (let attempt = 0; attempt < 3; attempt++) {
      const acknowledged = await killed(next, its)
      expect(acknowledged).toBeGreaterThan(next)
      next = acknowledged + 1
    }
    await succeeds([next, 'state'], its)
    expect(await ids(client, 'log')).toEqual(Array.from({ length: next }, (_, at) => at + 1))
  })
})

describe('rows in several keys', () => {
  it.each([LIST, STREAM])(
    'of $name are each taken back to what was acknowledged',
    async ({ options, ids }) => {
      const its = { ...options, key_template: 'log:${g}', on_retry: 'roll_back', batch_records: 4 }
      await succeeds([1, 2, 3, 'state'], its)
      await fails([4, 5, 'state', 6, 7, 8, 9, 10], its)
      await succeeds([6, 7, 8, 9, 10, 'state'], its)
      expect(await Promise.all([0, 1, 2].map((group) => ids(client, `log:${group}`)))).toEqual([
        [3, 6, 9],
        [1, 4, 7, 10],
        [2, 5, 8],
      ])
    },
  )
})

describe('a list', () => {
  const its = { ...LIST.options, ...ROLL_BACK }

  it('is not cut where a client has taken items out, with a warning', async () => {
    await fails([1, 'state', 2, 3], its)
    await client.lpop('log')
    const { logs } = await succeeds([2, 'state'], its)
    expect(await LIST.ids(client, 'log')).toEqual([2, 3, 2])
    expect(logs.some(({ message }) => message.includes('another client has changed'))).toBe(true)
  })

  it('keeps what an attempt left when on_retry is keep again', async () => {
    await fails([1, 'state', 2], its)
    await succeeds([2, 'state'], { ...its, on_retry: 'keep' })
    await fails([3], its)
    await succeeds([3], its)
    expect(await LIST.ids(client, 'log')).toEqual([1, 2, 2, 3])
  })

  it('is taken back to a state of all streams', async () => {
    await fails([1, 'global', 2], its)
    await succeeds([2, 'state'], its)
    expect(await LIST.ids(client, 'log')).toEqual([1, 2])
  })

  it('is left as it is by a run that is refused', async () => {
    await fails([1, 'state', 2], its)
    const { code } = await run([2], { ...its, cache_type: 'stream', data_format: 'flat' })
    expect(code).toBe(1)
    expect(await LIST.ids(client, 'log')).toEqual([1, 2])
  })

  it('is left as it is by a run that is refused for another stream', async () => {
    await fails([1, 'state', 2], its)
    await write(redis, [{ name: 'other' }], record('other', { id: 1 }), { cache_type: 'set' })
    const streams = [{ stream: 'other', cache_type: 'stream', key_template: 'other' }]
    const both = [{ name: 's' }, { name: 'other' }]
    expect((await write(redis, both, '', { ...its, streams })).code).toBe(1)
    expect(await LIST.ids(client, 'log')).toEqual([1, 2])
  })

  it('is taken back on replicas, with durability', async () => {
    await using replicated = await ReplicatedRedis.start()
    const durable = { ...its, durability: { mode: 'replicas', count: 1, timeout_ms: 1_000 } }
    await fails([1, 'state', 2], durable, {}, replicated.master)
    await succeeds([2, 'state'], durable, {}, replicated.master)
    expect(await LIST.ids(replicated.master.client(), 'log')).toEqual([1, 2])
  })
})

describe('a Redis stream', () => {
  const its = { ...STREAM.options, ...ROLL_BACK }

  it('with thousands of entries is taken back', async () => {
    const many = Array.from({ length: 3_500 }, (_, at) => at + 2)
    await fails([1, 'state', ...many], its)
    await succeeds([...many, 'state'], its)
    expect(await STREAM.ids(client, 'log')).toEqual([1, ...many])
  })

  it('keeps the groups that read it, even if nothing is left', async () => {
    await fails([1], its)
    await client.xgroup('CREATE', 'log', 'readers', '$')
    await succeeds([2, 'state'], its)
    expect(await STREAM.ids(client, 'log')).toEqual([2])
    expect(await client.xinfo('GROUPS', 'log')).toHaveLength(1)
  })

  it('may have lost entries that a reader deleted', async () => {
    await fails([1, 'state', 2, 3], its)
    const [, second] = await client.xrange('log', '-', '+')
    await client.xdel('log', second![0])
    await succeeds([2, 3, 'state'], its)
    expect(await STREAM.ids(client, 'log')).toEqual([1, 2, 3])
  })
})

describe.each([
  { name: 'a set', options: { cache_type: 'set', data_format: 'json' }, ids: membersOf },
  { name: 'a hash of many records', options: { hash_field: '${id}' }, ids: fieldsOf },
])('$name in a full refresh', ({ options, ids }) => {
  const its = { ...options, key_template: 'log' }
  const refresh = { generation: 2, minimumGeneration: 2, syncId: 5 }

  it('starts anew if no state was acknowledged', async () => {
    await fails([1, 2], its, refresh)
    await succeeds([2, 3], its, refresh)
    expect(await ids(client)).toEqual([2, 3])
  })

  it('keeps what was gathered, if a state was acknowledged', async () => {
    await fails([1, 'state', 2], its, refresh)
    await fails([2], its, refresh)
    await succeeds([2, 3], its, refresh)
    expect(await ids(client)).toEqual([1, 2, 3])
  })
})

type Item = number | 'state' | 'global'

function linesOf(items: readonly Item[]): string {
  return items
    .map((item) => {
      if (item === 'state') return streamState('s', {})
      if (item === 'global')
        return `${JSON.stringify({ type: 'STATE', state: { type: 'GLOBAL', global: { stream_states: [] } } })}\n`
      return record('s', { id: item, g: item % 3 })
    })
    .join('')
}

function run(items: readonly Item[], options: object, stream: Partial<CatalogStream> = {}, server = redis) {
  return write(server, [{ name: 's', ...stream }], linesOf(items) + status('s'), options)
}

async function succeeds(
  items: readonly Item[],
  options: object,
  stream: Partial<CatalogStream> = {},
  server = redis,
) {
  const result = await run(items, options, stream, server)
  expect([result.errors, result.code]).toEqual([[], 0])
  return result
}

async function fails(
  items: readonly Item[],
  options: object,
  stream: Partial<CatalogStream> = {},
  server = redis,
) {
  const input = linesOf(items) + status('s', 'INCOMPLETE')
  const result = await write(server, [{ name: 's', ...stream }], input, options)
  expect(result.code).toBe(1)
  return result
}

/**
 * Sends records from an id on, with a state behind each batch, and kills the connector after some states. Returns the id
 * behind the last state that is stored as acknowledged. It may be behind the last one that was printed, and never before it.
 */
async function killed(first: number, options: object): Promise<number> {
  await using connector = startConnector(writeArgs(redis, [{ name: 's' }], options))
  let lines = ''
  for (let id = first; id < first + 4_000; id++)
    lines += record('s', { id }) + ((id - first) % BATCH === BATCH - 1 ? streamState('s', { id }) : '')
  connector.stdin.write(lines)
  let printed = 0
  let states = 0
  for await (const message of connector.messages) {
    if (!isState(message)) continue
    printed = cursorOf(message)
    if (++states === 20) connector.kill('SIGKILL')
  }
  await connector.exit
  await client.unlink('_airbyte:lease::s')
  const stored = first - 1 + BATCH * Number(await client.hget('_airbyte:manifest::s', 'acknowledged'))
  expect(stored).toBeGreaterThanOrEqual(printed)
  return stored
}

function idOf(text: string): number {
  return (JSON.parse(text) as { id: number }).id
}

async function membersOf(from: Redis): Promise<number[]> {
  return inOrder((await from.smembers('log')).map(idOf))
}

async function fieldsOf(from: Redis): Promise<number[]> {
  return inOrder((await from.hkeys('log')).map(Number))
}

function inOrder(ids: number[]): number[] {
  return ids.toSorted((one, other) => one - other)
}
