// A server that loses what it had confirmed while a run is open: the run ends with the error that says why, whichever keys
// are gone, and whether it finds out over its connections or over new ones.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { NUMBERED } from './support/numbered-layouts.ts'
import { OpenRun } from './support/open-run.ts'
import { pollUntil } from './support/poll.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'

beforeEach(skipWhatIsLacking)

const METADATA = ['_airbyte:manifest:*', '_airbyte:lease:*'] as const
const NUMBERS = ['_airbyte:marker:*', '_airbyte:sequence:*'] as const

let redis: RedisServer
let client: Redis
shareEmptiedRedis((shared) => ({ redis, client } = shared))

describe.each(NUMBERED)('a run whose keys are evicted: $name', ({ options }) => {
  it.each([
    { gone: 'its numbers', kept: METADATA, action: () => undefined },
    { gone: 'its numbers, and its connections are lost', kept: METADATA, action: cutAll },
    { gone: 'its metadata', kept: NUMBERS, action: () => undefined },
    { gone: 'its metadata, and its connections are lost', kept: NUMBERS, action: cutAll },
  ])('names eviction: $gone', async ({ kept, action }) => {
    await using run = await openedRun(options)
    await evictAllBut(kept)
    await action()
    run.send(10)
    expect(await endOf(run)).toEqual(['data-evicted'])
  })
})

describe.each(NUMBERED)('a run whose server comes back with older data: $name', ({ options, numbers }) => {
  it('ends as the number there is lower than the one that was confirmed', async () => {
    await using run = await openedRun(options)
    const [key] = await client.keys(numbers)
    await client.decr(key!)
    await cutAll()
    run.send(10)
    expect(await endOf(run)).toEqual(['data-lost'])
  })

  it('does not take the run before for another run', async () => {
    await using before = await openedRun(options)
    await before.end()
    const older = await dumpsOf(METADATA)
    await using run = await openedRun(options)
    await client.del(await client.keys('_airbyte:lease:*'))
    await restore(older)
    await cutAll()
    run.send(10)
    expect(await endOf(run)).toEqual(['data-lost'])
  })
})

async function openedRun(options: object): Promise<OpenRun> {
  const run = new OpenRun({ host: redis.host, port: redis.port, ...options, batch_records: 10 })
  for (let batch = 0; batch < 3; batch++) {
    run.send(10)
    await run.acknowledged()
  }
  return run
}

/** Returns the codes of the error with which the run ends. */
async function endOf(run: OpenRun): Promise<string[]> {
  await run.end()
  return run.errors.flatMap(({ message }) => codesIn(message))
}

/** Evicts all keys, and puts back those that other keys would have been evicted instead of. */
async function evictAllBut(patterns: readonly string[]): Promise<void> {
  const kept = await dumpsOf(patterns)
  await client.config('SET', 'maxmemory-policy', 'allkeys-random')
  await client.config('SET', 'maxmemory', '1')
  await pollUntil('a server without keys', async () => (await client.dbsize()) === 0)
  await client.config('SET', 'maxmemory', '0')
  await client.config('SET', 'maxmemory-policy', 'noeviction')
  await restore(kept)
}

type Dumps = [key: string, dump: Buffer, ttl: number][]

async function dumpsOf(patterns: readonly string[]): Promise<Dumps> {
  const dumps: Dumps = []
  for (const pattern of patterns)
    for (const key of await client.keys(pattern))
      dumps.push([key, await client.dumpBuffer(key), Math.max(0, await client.pttl(key))])
  return dumps
}

async function restore(dumps: Dumps): Promise<void> {
  for (const [key, dump, ttl] of dumps) await client.restore(key, ttl, dump, 'REPLACE')
}

async function cutAll(): Promise<void> {
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
}
