// Ids never start again while the counter, the metadata or the first row of a stream are there.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareRedis((shared) => ({ redis, client } = shared))
beforeEach(async () => {
  await client.flushall()
  await client.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction')
})

const METADATA = '_airbyte:manifest::s'

/** Syncs rows of the stream `s`; a run that is not complete ends in the middle. */
async function sync(rows: readonly number[], more: Partial<CatalogStream> = {}, { isComplete = true } = {}) {
  const lines = [...rows.map((row) => record('s', { row })), streamState('s', { rows: rows.length })]
  return write(redis, [{ name: 's', ...more }], [...lines, ...(isComplete ? [status('s')] : [])])
}

async function rowAt(id: number): Promise<unknown> {
  return JSON.parse((await client.hget(`:s:${id}`, '_airbyte_data')) ?? 'null')
}

async function ids(): Promise<number[]> {
  const keys = await client.keys(':s:*')
  return keys.map((key) => Number(key.split(':').at(-1))).toSorted((a, b) => a - b)
}

describe('a counter that is gone', () => {
  it('goes on behind the metadata', async () => {
    await sync([1, 2, 3])
    await client.unlink(':s')
    await sync([4])
    expect(await ids()).toEqual([1, 2, 3, 4])
    expect(await client.get(':s')).toBe('4')
  })

  it('goes on behind all ids that a run may have given out which did not end well', async () => {
    await sync([1, 2, 3], { generation: 1, minimumGeneration: 1 }, { isComplete: false })
    await client.unlink(':s', ':s:1', ':s:2')
    await sync([4])
    const [third, fourth, ...others] = await ids()
    expect([third, others]).toEqual([3, []])
    expect(fourth).toBeGreaterThan(100_000)
    expect(await rowAt(3)).toEqual({ row: 3 })
  })

  it('goes on behind the first rows, without metadata', async () => {
    await sync([1, 2, 3])
    await client.unlink(':s', METADATA)
    await sync([4])
    expect(await ids()).toEqual([1, 2, 3, 4])
  })
})

describe.each(['there', 'gone'])('a run that was cut off, whose counter is %s', (counter) => {
  it('leaves no rows by id behind when the stream is replaced in another layout', async () => {
    await sync([1, 2], { generation: 1, minimumGeneration: 1 }, { isComplete: false })
    if (counter === 'gone') await client.unlink(':s')
    const stream = { name: 's', generation: 2, minimumGeneration: 2 }
    const options = { cache_type: 'list', data_format: 'json', key_template: 'l' }
    await write(redis, [stream], [record('s', { row: 3 }), status('s')], options)
    expect(await ids()).toEqual([])
    expect(await client.lrange('l', 0, -1)).toEqual(['{"row":3}'])
  })
})

describe('a stream of which neither a counter nor metadata nor a first row is there', () => {
  it.each(['append', 'overwrite'] as const)('is not written over rows that are left: %s', async (mode) => {
    await sync([1, 2, 3])
    await client.unlink(':s', METADATA, ':s:1')
    for (const _ of ['once', 'again']) {
      const run = await sync([4, 5], { mode })
      expect([run.code, run.states]).toEqual([1, []])
      expect(run.errors[0]?.message).toContain('the key :s:2, which is there already')
      expect(run.errors[0]?.message).toContain('remove the keys that match :s:*')
      expect(run.errors[0]?.message).toContain('[ids-taken]')
    }
    expect([await rowAt(2), await ids()]).toEqual([{ row: 2 }, [2, 3]])
  })

  it('gets one warning if Redis may evict any key, and none when its counter is there', async () => {
    await client.config('SET', 'maxmemory', '1gb', 'maxmemory-policy', 'allkeys-lru')
    const streams = [{ name: 's' }, { name: 't' }]
    const first = await write(redis, streams, [record('s', { row: 1 }), record('t', { row: 1 })])
    expect(warningsOf(first)).toEqual([expect.stringMatching(/^s, t: ids start at 1.*allkeys-lru/)])
    expect(warningsOf(await write(redis, streams, [record('s', { row: 2 })]))).toEqual([])
  })

  it('gets no warning if Redis evicts nothing', async () => {
    const run = await sync([1])
    expect(run.logs.filter(({ level }) => level === 'WARN')).toEqual([])
  })
})

describe('a counter that another program has changed', () => {
  it('is an error if it is far above all ids', async () => {
    await sync([1, 2])
    await client.set(':s', '9007199254740000')
    const run = await sync([3], { mode: 'overwrite' })
    expect(run.errors[0]?.message).toMatch(/no id above 2 .*redis-cli SET :s 2.*\[counter-out-of-range\]/)
    expect(await ids()).toEqual([1, 2])
  })

  it('is raised if it is lower', async () => {
    await sync([1, 2])
    await client.set(':s', '1')
    await sync([3])
    expect(await ids()).toEqual([1, 2, 3])
  })
})

function warningsOf({ logs }: Awaited<ReturnType<typeof sync>>): string[] {
  return logs.map(({ message }) => message).filter((message) => message.includes('[ids-may-start-again]'))
}
