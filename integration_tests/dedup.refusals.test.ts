// Rows whose newest record Redis refuses: what is counted, which record is tried instead, and what later syncs find.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { record, streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

const STREAM: CatalogStream = {
  name: 's',
  namespace: 'n',
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: ['at'],
}
/** All rows share the key `n:s`, which may hold another type. */
const MEMBERS = { cache_type: 'set', member: '${id}' }
const STRINGS = { cache_type: 'string', data_format: 'json' }
const SET_ASIDE = { on_record_error: 'dead_letter' }

const LIMIT = 1 << 20
const large = (at: number): object => ({ ...row(1, at), filler: 'x'.repeat(LIMIT) })
const row = (id: number, at: number): object => ({ id, at })
const deleted = (id: number, at: number): object => ({ id, at, _ab_cdc_deleted_at: '2024-05-01T10:00:00Z' })

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

/** Writes rows and a state behind them; returns what the state counts. */
async function counted(data: readonly object[], options: object) {
  const run = await write(redis, [STREAM], linesOf(data), { ...SET_ASIDE, ...options })
  expect([run.code, run.errors]).toEqual([0, []])
  const { recordCount, ...rest } = run.states[0]!.destinationStats!
  return { recordCount, ...(rest as { additionalStats?: object }).additionalStats }
}

function linesOf(data: readonly object[]): string {
  const state = streamState('s', {}, { namespace: 'n' })
  return [...data.map((one) => record('s', one, { namespace: 'n' })), state].join('')
}

describe.each([
  { where: 'in one batch', batches: {} },
  { where: 'in batches that are under way together', batches: { batch_records: 1 } },
])('where the key holds another type, of records $where', ({ batches }) => {
  const data = [row(1, 3), row(2, 1), row(1, 1), row(1, 2), deleted(2, 0)]

  it('none counts as older than one that was refused', async () => {
    await client.rpush('n:s', 'theirs')
    expect(await counted(data.slice(0, 4), { ...MEMBERS, ...batches })).toEqual({
      recordCount: 0,
      rejected: 4,
    })
    expect(await client.xlen('_airbyte:dead_letter')).toBe(4)
  })

  it('a delete that is older than one which was refused is counted as such', async () => {
    await client.rpush('n:s', 'theirs')
    expect(await counted([row(2, 1), deleted(2, 0)], { ...MEMBERS, ...batches })).toEqual({
      recordCount: 1,
      rejected: 1,
      deleted: 1,
    })
  })

  it.each([SET_ASIDE, { on_record_error: 'fail' }])(
    'the next sync takes the first record of each row, whatever the former one was refused: $on_record_error',
    async (onError) => {
      await client.rpush('n:s', 'theirs')
      await write(redis, [STREAM], linesOf(data.slice(0, 4)), { ...MEMBERS, ...batches, ...onError })
      expect(await client.keys('_airbyte:index:*')).toEqual([])
      await client.unlink('n:s')
      expect(await counted([row(1, 0)], MEMBERS)).toEqual({ recordCount: 1 })
      expect(await client.smembers('n:s')).toEqual(['1'])
    },
  )
})

describe('where Redis does not take the newest record of a row', () => {
  beforeEach(async () => {
    await client.config('SET', 'proto-max-bulk-len', LIMIT)
  })

  it('the newest one of the others is the row, and later ones are compared with it', async () => {
    const data = [row(1, 1), large(5), row(1, 3), row(1, 2)]
    expect(await counted(data, STRINGS)).toEqual({ recordCount: 3, rejected: 1, deduplicated: 2 })
    expect(await client.get('n:s:1')).toBe(JSON.stringify(row(1, 3)))
    await counted([row(1, 2)], STRINGS)
    expect(await client.get('n:s:1')).toBe(JSON.stringify(row(1, 3)))
    await counted([row(1, 4)], STRINGS)
    expect(await client.get('n:s:1')).toBe(JSON.stringify(row(1, 4)))
  })

  it('a delete before it is carried out, and its tombstone stays', async () => {
    await counted([row(1, 1)], STRINGS)
    expect(await counted([deleted(1, 3), large(5)], STRINGS)).toEqual({
      recordCount: 1,
      rejected: 1,
      deleted: 1,
    })
    expect(await counted([row(1, 2), large(5)], STRINGS)).toEqual({
      recordCount: 1,
      rejected: 1,
      deduplicated: 1,
    })
    expect(await client.get('n:s:1')).toBeNull()
  })
})
