// Swapping and draining what is large, binary or refused, on a real Redis.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareRedis } from './support/share-redis.ts'
import { settingsWith } from '../src/layout/registry/encode-records.support.ts'
import { structureOf } from '../src/layout/registry/structure-registry.ts'
import { SWAP_SCRIPT } from '../src/redis/commands/swap-script.ts'

beforeEach(skipWhatIsLacking)

/** Servers before 7 say in which script it was. */
const REFUSED = /^(ERR Error running script .*: -?)?WRONGTYPE/

let redis: RedisServer
let client: Redis

shareRedis((shared) => ({ redis, client } = shared))
beforeEach(async () => {
  await client.flushall()
  for (const { text, sha } of [SWAP_SCRIPT, ...Object.values(DRAIN_SCRIPTS)])
    expect(await client.script('LOAD', text)).toBe(sha)
})

const DRAIN_SCRIPTS = {
  'list append': drainOf({ cache_type: 'list', list_operation: 'append' }),
  'list prepend': drainOf({ cache_type: 'list', list_operation: 'prepend' }),
  set: drainOf({ cache_type: 'set' }),
  zset: drainOf({ cache_type: 'sorted_set' }),
  hash: drainOf({ hash_field: '${id}' }),
  stream: drainOf({ cache_type: 'stream' }),
}

interface Kind {
  what: keyof typeof DRAIN_SCRIPTS
  /** Adds items, in the order they have in the live key or, for `list prepend`, oldest first. */
  add: (key: string, items: Buffer[]) => Promise<unknown>
  /** All of them, as they were added, sorted where the kind has no order. */
  read: (key: string) => Promise<Buffer[]>
}

const kinds: Kind[] = [
  {
    what: 'list append',
    add: (key, items) => client.rpush(key, ...items),
    read: (key) => client.lrangeBuffer(key, 0, -1),
  },
  {
    what: 'list prepend',
    add: (key, items) => client.lpush(key, ...items),
    read: async (key) => (await client.lrangeBuffer(key, 0, -1)).toReversed(),
  },
  {
    what: 'set',
    add: (key, items) => client.sadd(key, ...items),
    read: async (key) => sorted(await client.smembersBuffer(key)),
  },
  {
    what: 'zset',
    add: (key, items) => client.zadd(key, ...items.flatMap((item) => [item.length / 7, item])),
    read: async (key) => sorted(await client.zrangeBuffer(key, 0, '-1')),
  },
  {
    what: 'hash',
    add: (key, items) => client.hset(key, ...items.flatMap((item) => [item, item])),
    read: async (key) => {
      const reply = (await client.callBuffer('HGETALL', key)) as Buffer[]
      const fields = reply.filter((_, at) => at % 2 === 0)
      expect(reply.filter((_, at) => at % 2 === 1)).toEqual(fields)
      return sorted(fields)
    },
  },
  {
    what: 'stream',
    add: async (key, items) => {
      const pipeline = client.pipeline()
      for (const item of items) pipeline.xadd(key, '*', item, item)
      await pipeline.exec()
    },
    read: async (key) => {
      const entries = (await client.callBuffer('XRANGE', key, '-', '+')) as [Buffer, Buffer[]][]
      return entries.map(([, fields]) => fields[1]!)
    },
  },
]

describe.each(kinds)('what was gathered joins what is live ($what)', ({ what, add, read }) => {
  const inOrder = (items: Buffer[]) => (/list|stream/.test(what) ? items : sorted(items))

  it.each([10_001, 4500, 999])('byte by byte, 10,001 items by %i at most', async (most) => {
    const [before, gathered] = [binaries('live', 3), binaries('new', 10_001)]
    await add('live', before)
    await add('staging', gathered)
    let moved = 0
    for (let count = await drain(what, most); count > 0; count = await drain(what, most)) {
      expect(count).toBeLessThanOrEqual(most)
      moved += count
    }
    expect(moved).toBe(10_001)
    expect(same(await read('live'), inOrder([...before, ...gathered]))).toBe(true)
    expect(await client.keys('*')).toEqual(['live'])
  })

  it('as a small number of items, too, never more of them than asked for', async () => {
    await add('staging', binaries('new', 10))
    expect(await drain(what, 4)).toBe(4)
    expect([(await read('live')).length, (await read('staging')).length]).toEqual([4, 6])
    // An emptied stream would stay as a key.
    while ((await client.exists('staging')) === 1) expect(await drain(what, 4)).toBeGreaterThan(0)
  })

  it('with each item in one place whenever it is given up, and goes on from there', async () => {
    const gathered = binaries('new', 1000)
    await add('staging', gathered)
    for (let by = redis.client(); (await drain(what, 70, by)) > 0; by = redis.client()) {
      by.disconnect()
      const items = [...(await read('live')), ...(await read('staging'))]
      expect(same(inOrder(items), inOrder(gathered))).toBe(true)
    }
    expect(await client.keys('*')).toEqual(['live'])
  })

  it('with the time to live of the key set by whatever moves an item, and by nothing else', async () => {
    await add('staging', binaries('new', 10))
    await drain(what, 4, client, 100_000)
    expect(await client.pttl('live')).toBeGreaterThan(0)
    await drain(what, 4, client, 'never')
    expect(await client.pttl('live')).toBe(-1)
    while ((await drain(what, 4)) > 0);
    expect(await drain(what, 4, client, 100_000)).toBe(0)
    expect(await client.pttl('live')).toBe(-1)
  })

  it.each([
    ['live', 'staging'],
    ['staging', 'live'],
  ])('unless %s is of another type: then neither is touched', async (wrong, right) => {
    await add(right, binaries('new', 5))
    await client.set(wrong, 'text', 'PX', 100_000)
    const before = await dumps()
    await expect(drain(what, 2)).rejects.toThrow(REFUSED)
    expect(await dumps()).toEqual(before)
    expect(await client.pttl(wrong)).toBeGreaterThan(0)
  })
})

describe('a gathered score', () => {
  it('wins over the live one, and is kept to the last digit', async () => {
    const scores = [
      '0.30000000000000004',
      '1.7976931348623157e+308',
      '5e-324',
      '9007199254740991',
      '-inf',
      'inf',
    ]
    for (const [at, score] of scores.entries()) await client.zadd('staging', score, `m${at}`)
    await client.zadd('live', 1, 'm0', 2, 'm1', 3, 'other')
    const before = new Map(
      await Promise.all(scores.map(async (_, at) => [at, await client.zscore('staging', `m${at}`)] as const)),
    )
    while ((await drain('zset', 4)) > 0);
    for (const at of scores.keys()) expect(await client.zscore('live', `m${at}`)).toBe(before.get(at))
    expect(Number(await client.zscore('live', 'm0'))).toBe(0.1 + 0.2)
    expect(await client.zscore('live', 'other')).toBe('3')
  })
})

describe('a gathered field', () => {
  it('wins over the live one, and takes no field along that is named as its value', async () => {
    await client.hset('live', { a: 'old', b: 'old' })
    await client.hset('staging', { a: 'c', c: 'a' })
    while ((await drain('hash', 1)) > 0);
    expect(await client.hgetall('live')).toEqual({ a: 'c', b: 'old', c: 'a' })
  })
})

describe('a large hash', () => {
  it('is not walked through anew in each round', async () => {
    const fields = Array.from({ length: 60_000 }, (_, at) => [`f${at}`, 'v']).flat()
    for (let at = 0; at < fields.length; at += 10_000)
      await client.hset('staging', ...fields.slice(at, at + 10_000))
    await client.config('RESETSTAT')
    let rounds = 1
    while ((await drain('hash', 100)) > 0) rounds++
    const scans = Number(/cmdstat_hscan:calls=(\d+)/.exec(await client.info('commandstats'))?.[1])
    expect(scans).toBeLessThan(6 * rounds)
    expect(await client.hlen('live')).toBe(60_000)
  })
})

describe('a refusal doubles nothing, however often it is met', () => {
  it('of an entry that is too wide for a script', async () => {
    await client.xadd('staging', '*', 'n', '1')
    await client.xadd('staging', '*', ...Array.from({ length: 10_000 }, (_, at) => String(at)))
    for (let attempt = 0; attempt < 3; attempt++) await expect(drain('stream', 10)).rejects.toThrow('unpack')
    expect([await client.xlen('live'), await client.xlen('staging')]).toEqual([1, 1])
  })

  it.each<[Kind['what'], string]>([
    ['list append', '-ltrim'],
    ['list prepend', '-ltrim'],
    ['stream', '-xdel'],
  ])('of a user without the right to remove items (%s)', async (what, right) => {
    await kinds.find((kind) => kind.what === what)?.add('staging', binaries('new', 3))
    await client.call('ACL', 'SETUSER', 'limited', 'reset', 'on', '>secret', '~*', '+@all', right)
    const limited = redis.client({ username: 'limited', password: 'secret' })
    const before = await dumps()
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(drain(what, 10, limited)).rejects.toThrow(/can't run this command|permission/i)
    expect(await dumps()).toEqual(before)
  })
})

describe('what was gathered takes the place of what is live', () => {
  it('once: done again, it changes no key, nor when one ends', async () => {
    await client.rpush('staging', 'new')
    await client.rpush('live', 'before')
    expect(await swap('list', 100_000)).toBe(1)
    const [before, end] = [await dumps(), await client.pexpiretime('live')]
    expect(end).toBeGreaterThan(Date.now())
    expect(await swap('list', 900_000)).toBe(0)
    expect(await dumps()).toEqual(before)
    expect(await client.pexpiretime('live')).toBe(end)
  })

  it('after what an earlier run has left under the name for what is old was freed in the background', async () => {
    await client.config('RESETSTAT')
    await client.set('old', 'of another type')
    await client.sadd('live', 'before')
    await client.sadd('staging', 'new')
    expect(await swap('set')).toBe(1)
    expect([await client.smembers('old'), await client.smembers('live')]).toEqual([['before'], ['new']])
    expect(await client.info('commandstats')).toContain('cmdstat_unlink:calls=1,')
  })

  it('but never that of a key of another type: no key is touched', async () => {
    await client.sadd('staging', 'new')
    await client.set('live', 'text', 'PX', 100_000)
    await client.sadd('old', 'older')
    const [before, end] = [await dumps(), await client.pexpiretime('live')]
    await expect(swap('set', 900_000)).rejects.toThrow(REFUSED)
    expect(await dumps()).toEqual(before)
    expect(await client.pexpiretime('live')).toBe(end)
  })
})

function drainOf(options: Parameters<typeof settingsWith>[0]) {
  const settings = settingsWith(options)
  return structureOf(settings).collection!.drain(settings)
}

async function drain(
  what: Kind['what'],
  most: number,
  by = client,
  lifetime: number | 'keep' | 'never' = 'keep',
): Promise<number> {
  return Number(await by.evalsha(DRAIN_SCRIPTS[what].sha, 2, 'staging', 'live', most, lifetime))
}

function swap(kind: string, milliseconds = 0): Promise<unknown> {
  return client.evalsha(SWAP_SCRIPT.sha, 3, 'staging', 'live', 'old', kind, milliseconds)
}

async function dumps(): Promise<Map<string, Buffer | null>> {
  const keys = (await client.keys('*')).toSorted()
  return new Map(await Promise.all(keys.map(async (key) => [key, await client.dumpBuffer(key)] as const)))
}

/** No two alike, of bytes that are no text. */
function binaries(name: string, count: number): Buffer[] {
  return Array.from({ length: count }, (_, at) =>
    Buffer.concat([Buffer.from([0, 255, 13, 10, at % 256]), Buffer.from(`${name}${at}`)]),
  )
}

function sorted(items: Buffer[]): Buffer[] {
  return items.toSorted((a, b) => a.compare(b))
}

/** As `toEqual` would say, which takes seconds for thousands of buffers. */
function same(some: Buffer[], others: Buffer[]): boolean {
  return some.length === others.length && some.every((item, at) => item.equals(others[at]!))
}
