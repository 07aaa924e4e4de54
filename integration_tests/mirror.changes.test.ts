// A stream that is replaced after its configuration has changed: nothing of what it was stays.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { recordKeys, replace, streamOf, sync } from './support/mirrored.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const flat = { data_format: 'flat' }
const areAirbytes = ({ options }: { options: object }) => !('data_format' in options)

describe('a stream that is written in another way than before', () => {
  const ways = [
    { title: 'hashes by id', options: {} },
    { title: 'hashes by primary key', options: flat },
    { title: 'hashes of Airbyte by primary key', options: { key_template: 'n:s:${id}' } },
    { title: 'hashes by primary key under other names', options: { ...flat, key_template: 'other:${id}' } },
    { title: 'merged hashes by primary key', options: { ...flat, on_update: 'merge' } },
  ]
  // What Airbyte's own fields are written to keeps others that it has, and those that are flat have others.
  const changes = ways.flatMap((from) =>
    ways.filter((to) => from !== to && (areAirbytes(from) || !areAirbytes(to))).map((to) => ({ from, to })),
  )

  it.each(changes)('is replaced completely: $from.title, then $to.title', async ({ from, to }) => {
    await replace(redis, 1, [3, 4], { options: to.options })
    const asIfAlone = await hashes()
    await client.flushall()

    await replace(redis, 1, [1, 2, 3, 4, 5, 6], { options: from.options })
    await replace(redis, 2, [3, 4], { options: to.options })
    expect(await hashes()).toEqual(asIfAlone)
    await replace(redis, 3, [], { options: to.options })
    // What has become of a counter is told below.
    expect((await client.keys('*')).filter((key) => key !== 'n:s')).toEqual([])
  })

  it('has no counter any more when nothing is left to count, and its ids go on when they are needed again', async () => {
    await replace(redis, 1, [1, 2, 3], { options: {} })
    await replace(redis, 2, [1, 2], { options: flat })
    expect(await client.exists('n:s')).toBe(0)
    await replace(redis, 3, [7, 8, 9], { options: {} })
    await replace(redis, 3, [7, 8, 9], { options: {} })

    expect(await recordKeys(client)).toEqual([4, 5, 6, 7, 8, 9].map((id) => `n:s:${id}`))
  })

  it.each([
    { title: 'a list', options: { cache_type: 'list' } },
    { title: 'a hash', options: { hash_field: '${id}' } },
  ])('has its key under one name only: $title', async ({ options }) => {
    await sync(redis, streamOf('s', 'append', 1, 0), [1, 2], options)
    await replace(redis, 2, [3], { options: { ...options, key_template: 'other' } })

    expect(await client.exists('n:s')).toBe(0)
    expect(await client.exists('other')).toBe(1)
  })
})

/** Hashes of records as they are, but for the ids they get, which go on. */
async function hashes(): Promise<Record<string, string>[]> {
  const found = await Promise.all((await recordKeys(client)).map((key) => client.hgetall(key)))
  for (const hash of found) delete hash['_airbyte_ab_id']
  return found.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}
