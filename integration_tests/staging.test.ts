// What is gathered beside a collection until it takes its place, or joins it.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { sync } from './support/sync.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const METADATA = '_airbyte:manifest:n:s'
const list = { cache_type: 'list', data_format: 'raw', value_field: 'id' }
const collections = [
  { title: 'a list', options: list },
  { title: 'a set', options: { ...list, cache_type: 'set' } },
  { title: 'a sorted set', options: { ...list, cache_type: 'sorted_set' } },
  { title: 'a Redis stream', options: { cache_type: 'stream' } },
  { title: 'fields of a hash', options: { hash_field: '${id}' } },
]

describe.each(collections)('$title with a time to live', ({ options }) => {
  const mortal = { ...options, ttl_seconds: 1_000, ttl_jitter_percent: 50 }

  it('has it from the moment on that it takes its place, and none while it is gathered', async () => {
    await attempt(1, [1, 2], mortal, 'interrupted')
    expect(await client.pttl(await stagingKey())).toBe(-1)
    await attempt(1, [3], mortal)
    await expectBetween(500, 1_500)
    expect(await ownKeys('staging')).toEqual([])
  })

  it('has it anew when what was gathered joins it', async () => {
    await attempt(1, [1, 2], mortal)
    await client.pexpire('n:s', 400_000)
    await attempt(2, [3], mortal, 'interrupted')
    await expectBetween(0, 400)
    await attempt(3, [], mortal, 'complete', 0)
    await expectBetween(500, 1_500)
  })

  it('gets none from a run that neither writes to it nor finds anything gathered', async () => {
    await attempt(1, [1, 2], options)
    await attempt(2, [], mortal, 'interrupted')
    await attempt(3, [], mortal, 'complete', 0)
    expect(await client.pttl('n:s')).toBe(-1)
  })
})

describe('a list that is limited', () => {
  const limited = { ...list, max_length: 3 }

  it('is so while it is gathered, too', async () => {
    await attempt(1, [1, 2, 3, 4, 5], limited, 'interrupted')
    expect(await client.lrange(await stagingKey(), 0, -1)).toEqual(['3', '4', '5'])
    await attempt(1, [6], limited)
    expect(await items()).toEqual(['4', '5', '6'])
  })

  it.each([
    { options: limited, expected: ['4', '5', '6'] },
    { options: { ...limited, list_operation: 'prepend' }, expected: ['6', '5', '4'] },
  ])('is so when what was gathered has joined it: %j', async ({ options, expected }) => {
    await attempt(1, [1, 2, 3], options)
    await attempt(2, [4, 5], options, 'interrupted')
    await attempt(3, [6], options, 'complete', 0)
    expect(await items()).toEqual(expected)
  })

  it('is so though the run was cut off that moved the last of it', async () => {
    await attempt(1, [1, 2], limited)
    await attempt(2, [3, 4], limited, 'interrupted')
    await client.rpush('n:s', 3, 4)
    await client.del(await stagingKey())
    await attempt(3, [], limited, 'complete', 0)
    expect(await items()).toEqual(['2', '3', '4'])
  })
})

it.each(['append', 'prepend'])('what was gathered joins a list in its order: %s', async (list_operation) => {
  const options = { ...list, list_operation }
  // More than is moved at once.
  const numbers = Array.from({ length: 1_700 }, (_, at) => at + 1)
  await attempt(1, numbers.slice(0, 400), options)
  await attempt(2, numbers.slice(400, 1_000), options, 'interrupted')
  await attempt(2, numbers.slice(1_000, 1_690), options, 'interrupted')
  await attempt(3, numbers.slice(1_690), options, 'complete', 0)
  const inOrder = list_operation === 'append' ? numbers : numbers.toReversed()
  expect(await items()).toEqual(inOrder.map(String))
})

describe.each([
  { title: 'one key', options: list },
  { title: 'many keys', options: { ...list, key_template: 'n:s:${id}' } },
])('what an older generation has gathered for $title', ({ options }) => {
  it('is gone when a newer one replaces it', async () => {
    await attempt(1, [1, 2], options)
    await attempt(2, [2, 3], options, 'interrupted')
    await attempt(3, [4], options, 'interrupted')
    expect(await ownKeys('staging')).toHaveLength(1)
    expect(await client.lrange(await stagingKey(), 0, -1)).toEqual(['4'])
    await attempt(3, [5], options)

    expect(await everything()).toEqual(['4', '5'])
    expect([...(await ownKeys('staging')), ...(await ownKeys('old'))]).toEqual([])
    expect(await client.hexists(METADATA, 'staged_from_run')).toBe(0)
  })

  it('is gone when a newer one has no records', async () => {
    await attempt(1, [1, 2], options)
    await attempt(2, [2, 3], options, 'interrupted')
    await attempt(3, [], options)
    expect(await client.keys('*')).toEqual([])
  })
})

it.each([
  { title: 'members of a set', options: { cache_type: 'set', member: '${id}' } },
  {
    title: 'members of many sets',
    options: { cache_type: 'set', member: '${id}', key_template: 'n:s:${id}' },
  },
  { title: 'fields of a hash', options: { hash_field: '${id}' } },
])('what a refresh that was given up has gathered joins an append_dedup: $title', async ({ options }) => {
  const stream: CatalogStream = { name: 's', namespace: 'n', generation: 1, primaryKey: [['id']] }
  await sync(redis, { ...stream, minimumGeneration: 1 }, [{ id: 1 }, { id: 2 }], {
    options,
    isComplete: false,
  })
  await sync(redis, { ...stream, mode: 'append_dedup', minimumGeneration: 0 }, [{ id: 3 }], { options })
  const keys = await client.keys('n:s*')
  const found = keys.map((key) => ('member' in options ? client.smembers(key) : client.hkeys(key)))
  expect((await Promise.all(found)).flat().toSorted()).toEqual(['1', '2', '3'])
  expect(await ownKeys('staging')).toEqual([])
  expect(await client.hexists(METADATA, 'staged_from_run')).toBe(0)
})

it.each([{ data_format: 'flat' }, { cache_type: 'string', data_format: 'json' }])(
  'a stream that has gathered nothing may have another layout: %j',
  async (options) => {
    const stream: CatalogStream = { name: 's', namespace: 'n', primaryKey: [['id']] }
    const gathering = { options: { cache_type: 'sorted_set' }, isComplete: false }
    await sync(redis, { ...stream, mode: 'overwrite', generation: 3, minimumGeneration: 3 }, [], gathering)
    const merging = { ...stream, mode: 'overwrite' as const, generation: 4, minimumGeneration: 3 }
    await sync(redis, merging, [{ id: 1 }], { options })
    expect(await client.exists('n:s:1')).toBe(1)
    expect(await client.hexists(METADATA, 'staged_from_run')).toBe(0)
  },
)

async function attempt(
  generation: number,
  ids: number[],
  options: object,
  end: 'complete' | 'interrupted' = 'complete',
  minimumGeneration = generation,
): Promise<void> {
  const stream: CatalogStream = { name: 's', namespace: 'n', generation, minimumGeneration }
  await sync(
    redis,
    stream,
    ids.map((id) => ({ id })),
    { options, isComplete: end === 'complete' },
  )
}

async function ownKeys(kind: string): Promise<string[]> {
  return client.keys(`_airbyte:${kind}:*`)
}

async function stagingKey(): Promise<string> {
  return (await ownKeys('staging'))[0] ?? 'nothing is gathered'
}

async function items(): Promise<string[]> {
  return client.lrange('n:s', 0, -1)
}

/** Of all lists of the stream. */
async function everything(): Promise<string[]> {
  const keys = (await client.keys('n:s*')).filter((key) => !key.endsWith('_airbyte_ab_id'))
  return (await Promise.all(keys.map((key) => client.lrange(key, 0, -1)))).flat().toSorted()
}

async function expectBetween(leastSeconds: number, mostSeconds: number): Promise<void> {
  const milliseconds = await client.pttl('n:s')
  expect(milliseconds).toBeGreaterThan(leastSeconds * 1_000 - 20_000)
  expect(milliseconds).toBeLessThanOrEqual(mostSeconds * 1_000)
}
