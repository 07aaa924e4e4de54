// The scripts that have what was gathered take the place of what is live, or join it.
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DRAIN_SCRIPT, SWAP_SCRIPT } from '../src/redis/staging-scripts.ts'
import { RedisServer } from './support/redis-server.ts'

let redis: RedisServer
let client: Redis

beforeAll(async () => {
  redis = await RedisServer.start()
  client = redis.client()
})
beforeEach(() => client.flushall())
afterAll(() => redis.stop())

const swap = (kind: string, milliseconds = 0): Promise<unknown> =>
  client.eval(SWAP_SCRIPT.text, 3, 'staging', 'live', 'old', kind, milliseconds)

const drain = async (what: string, most = 500): Promise<number> =>
  Number(await client.eval(DRAIN_SCRIPT.text, 2, 'staging', 'live', what, most))

const binary = Buffer.from([0, 255, 10, 13])

describe('what was gathered takes the place of what is live', () => {
  it('which keeps its content under its new name', async () => {
    await client.rpush('staging', 'new', binary)
    await client.rpush('live', 'before')
    expect(await swap('list')).toBe(1)
    expect(await client.lrangeBuffer('live', 0, -1)).toEqual([Buffer.from('new'), binary])
    expect(await client.lrange('old', 0, -1)).toEqual(['before'])
    expect(await client.exists('staging')).toBe(0)
  })

  it('where nothing was live, and where something is left from a run that was cut off', async () => {
    await client.sadd('staging', 'a')
    await client.sadd('old', 'older')
    expect(await swap('set')).toBe(1)
    await client.sadd('staging', 'b')
    expect(await swap('set')).toBe(1)
    expect(await client.smembers('live')).toEqual(['b'])
    expect(await client.smembers('old')).toEqual(['a'])
  })

  it('once: done again, it changes nothing', async () => {
    await client.rpush('staging', 'new')
    await client.rpush('live', 'before')
    await swap('list')
    expect(await swap('list')).toBe(0)
    expect(await client.lrange('live', 0, -1)).toEqual(['new'])
  })

  it('with the time to live that it is given, and else for ever', async () => {
    await client.rpush('staging', 'a')
    await swap('list', 60_000)
    expect(await client.pttl('live')).toBeGreaterThan(50_000)
    await client.rpush('staging', 'b')
    await swap('list')
    expect(await client.pttl('live')).toBe(-1)
  })

  it('but never that of a key of another type', async () => {
    await client.rpush('staging', 'a')
    await client.set('live', 'text')
    await expect(swap('list')).rejects.toThrow('WRONGTYPE')
    expect(await client.get('live')).toBe('text')
    expect(await client.exists('staging')).toBe(1)
  })
})

interface Kind {
  what: string
  /** Fills a key with so many items, beginning with the one of that number. */
  fill: (key: string, from: number, count: number) => Promise<unknown>
  read: () => Promise<unknown>
  /** What is live, in the end, of items 0 to 2 that were live and items 2 on that were gathered. */
  joined: (last: number) => unknown
}

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at)

const kinds: Kind[] = [
  {
    what: 'list append',
    fill: (key, from, count) => client.rpush(key, ...numbers(from, count)),
    read: () => client.lrange('live', 0, -1),
    joined: (last) => [0, 1, 2, ...numbers(2, last - 1)].map(String),
  },
  {
    what: 'list prepend',
    fill: (key, from, count) => client.lpush(key, ...numbers(from, count)),
    read: () => client.lrange('live', 0, -1),
    joined: (last) => [...numbers(2, last - 1).toReversed(), 2, 1, 0].map(String),
  },
  {
    what: 'set',
    fill: (key, from, count) => client.sadd(key, ...numbers(from, count)),
    read: async () => (await client.smembers('live')).map(Number).toSorted((a, b) => a - b),
    joined: (last) => numbers(0, last + 1),
  },
  {
    what: 'zset',
    fill: async (key, from, count) => {
      for (const n of numbers(from, count)) await client.zadd(key, n + 0.5, `m${n}`)
    },
    read: () => client.zrange('live', 0, '-1', 'WITHSCORES'),
    joined: (last) => numbers(0, last + 1).flatMap((n) => [`m${n}`, String(n + 0.5)]),
  },
  {
    what: 'hash',
    fill: (key, from, count) =>
      client.hset(key, ...numbers(from, count).flatMap((n) => [`f${n}`, `${key} ${n}`])),
    read: () => client.hgetall('live'),
    joined: (last) =>
      Object.fromEntries(numbers(0, last + 1).map((n) => [`f${n}`, `${n < 2 ? 'live' : 'staging'} ${n}`])),
  },
  {
    what: 'stream',
    fill: async (key, from, count) => {
      for (const n of numbers(from, count)) await client.xadd(key, '*', 'n', n, 'again', n)
    },
    read: async () => (await client.xrange('live', '-', '+')).map(([, fields]) => fields),
    joined: (last) => [0, 1, 2, ...numbers(2, last - 1)].map((n) => ['n', String(n), 'again', String(n)]),
  },
]

describe.each(kinds)('what was gathered joins what is live ($what)', ({ what, fill, read, joined }) => {
  it('in rounds, in order, and is gone then', async () => {
    await fill('live', 0, 3)
    await fill('staging', 2, 1001)
    let moved = 0
    for (let count = await drain(what, 100); count > 0; count = await drain(what, 100)) moved += count
    expect(moved).toBe(1001)
    expect(await read()).toEqual(joined(1002))
    expect(await client.exists('staging')).toBe(0)
  })

  it('and is no worse for a pause in between', async () => {
    await fill('live', 0, 3)
    await fill('staging', 2, 9)
    await drain(what, 4)
    while ((await drain(what, 2)) > 0);
    expect(await read()).toEqual(joined(10))
  })

  it('unless that is of another type: then both stay as they are', async () => {
    await fill('staging', 0, 3)
    await client.set('live', 'text')
    await expect(drain(what)).rejects.toThrow('WRONGTYPE')
    expect(await client.get('live')).toBe('text')
    expect(await client.exists('staging')).toBe(1)
  })

  it('where nothing is live, too, and where nothing was gathered', async () => {
    expect(await drain(what)).toBe(0)
    await fill('staging', 0, 2)
    expect(await drain(what)).toBe(2)
    expect(await drain(what)).toBe(0)
    expect(await client.keys('*')).toEqual(['live'])
  })
})
