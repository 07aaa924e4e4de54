// Streams that 1.0.0-alpha.1 wrote: their metadata and their key index move to the keys of format 2, once.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { besideKey } from '../src/redis/resp/key-slot.ts'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareFixture(
  () => RedisServer.start(),
  (started) => {
    redis = started
    client = redis.client()
  },
)
beforeEach(() => client.flushall())

const STRING = { cache_type: 'string', data_format: 'json', key_template: 'k:${id}' }
const DEDUP: CatalogStream = {
  name: 's',
  namespace: 'n',
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: ['c'],
}
const METADATA = '_airbyte:manifest:n:s'
const FORMER = '_airbyte:stream:n:s'
const IN_A_YEAR = String(Date.now() + 365 * 24 * 3_600_000)

describe('a deduplicated stream', () => {
  it('keeps its versions, its tombstones and its runs', async () => {
    await writeDeduplicated()
    await sync(DEDUP, STRING, [
      { id: 1, c: 4, of: 'stale' },
      { id: 11, c: 8, of: 'stale' },
      { id: 2, c: 1, of: 'new' },
    ])
    expect(await contents('k:*')).toEqual({ 'k:1': '{"id":1,"c":5}', 'k:2': '{"id":2,"c":1,"of":"new"}' })
    expect(await client.hgetall(METADATA)).toMatchObject({
      format: '2',
      runs: '4',
      location_form: 'string',
      cursor: 'c',
      cursor_from_run: '1',
      expiry_shards: '185',
    })
    expect(await client.zscore('_airbyte:index_expiry:n:s:185', 'k:11')).toBe(IN_A_YEAR)
    await expectNoFormerKeys()
  })

  it.each([
    ['some shards had been moved', ['182']],
    ['all shards had been moved', ['182', '185']],
  ])('is moved by the next run where a run was cut off when %s', async (_, moved) => {
    await writeDeduplicated()
    for (const shard of moved)
      await client.rename(`_airbyte:places:n:s:${shard}`, `_airbyte:index:n:s:${shard}`)
    if (moved.length > 1) await client.rename('_airbyte:forget:n:s:185', '_airbyte:index_expiry:n:s:185')
    await client.hset(METADATA, 'run_id', 'of-the-run-that-was-cut-off', 'runs', '3')
    await sync(DEDUP, STRING, [
      { id: 1, c: 4 },
      { id: 11, c: 8 },
    ])
    expect(await contents('k:*')).toEqual({ 'k:1': '{"id":1,"c":5}' })
    expect(await client.hget(METADATA, 'expiry_shards')).toBe('185')
    await expectNoFormerKeys()
  })
})

it('a replace that was cut off while it swapped keys is completed, and leaves nothing under former names', async () => {
  const [staging, old] = ['staging', 'old'].map((name) =>
    besideKey(Buffer.from('k:1'), Buffer.alloc(0), `_airbyte:${name}`).toString(),
  )
  const removal = { form: 'list', before: 2, attempt: 2, isStaged: true }
  const metadata = { attempts: 2, run_generations: '1@1 2@2', form: 'list', live_oldest: 1, live_newest: 1 }
  await client.hset(FORMER, { ...metadata, staged: 2, finishing: JSON.stringify(removal) })
  await client.hset('_airbyte:places:n:s:182', 'k:1', '2')
  await client.hset('_airbyte:places:n:s:185', 'k:11', '1')
  await client.rpush('k:1', 'new')
  await client.rpush(old!, 'old')
  await client.rpush('k:11', 'old')
  const stream: CatalogStream = { name: 's', namespace: 'n', mode: 'append', generation: 2 }
  await sync(stream, { cache_type: 'list', data_format: 'json', key_template: 'k:${id}' }, [{ id: 1 }])
  expect(await client.lrange('k:1', 0, -1)).toEqual(['new', '{"id":1}'])
  expect(await client.exists('k:11', old!, staging!)).toBe(0)
  expect(await client.hget(METADATA, 'live_oldest_run')).toBe('2')
  await expectNoFormerKeys()
})

it('metadata that a newer version wrote end the run, which changes nothing', async () => {
  await client.hset(METADATA, 'format', '3', 'runs', '7')
  const run = await write(redis, [DEDUP], record('s', { id: 1, c: 1 }, { namespace: 'n' }), STRING)
  expect(run.errors).toMatchObject([
    { failure_type: 'config_error', message: expect.stringMatching(/\[metadata-format-newer\]$/) },
  ])
  expect(await client.keys('*')).toEqual([METADATA])
  expect(await client.hgetall(METADATA)).toEqual({ format: '3', runs: '7' })
})

/** A stream of two rows, the second of which was deleted. */
async function writeDeduplicated(): Promise<void> {
  const metadata = { attempts: 3, run_generations: '', form: 'string', cursor: 'c', cursor_from: 1 }
  await client.hset(FORMER, { ...metadata, run: 'the-last-one', holder: '' })
  await client.hset('_airbyte:places:n:s:182', 'k:1', '3 1700000000000 5')
  await client.hset('_airbyte:places:n:s:185', 'k:11', '3 1700000000000! 9')
  await client.zadd('_airbyte:forget:n:s:185', IN_A_YEAR, 'k:11')
  await client.set('k:1', '{"id":1,"c":5}')
}

async function sync(stream: CatalogStream, options: object, rows: readonly object[]): Promise<void> {
  const lines = [
    ...rows.map((row) => record('s', row, { namespace: 'n' })),
    streamState('s', {}, { namespace: 'n' }),
    status('s', 'COMPLETE', { namespace: 'n' }),
  ]
  const run = await write(redis, [stream], lines, options)
  expect([run.errors, run.code]).toEqual([[], 0])
}

async function contents(pattern: string): Promise<Record<string, string | null>> {
  const keys = (await client.keys(pattern)).toSorted()
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await client.get(key)])))
}

async function expectNoFormerKeys(): Promise<void> {
  const kinds = (await client.keys('_airbyte:*')).map((key) => key.split(':')[1])
  expect(kinds.filter((kind) => !['manifest', 'index', 'index_expiry'].includes(kind!))).toEqual([])
}
