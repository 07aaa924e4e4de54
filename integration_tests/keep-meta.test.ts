// The changes that a source reports of a record, in meta.changes.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const CHANGES = [
  { field: 'big', change: 'NULLED', reason: 'SOURCE_FIELD_SIZE_LIMITATION' },
  { field: 'long', change: 'TRUNCATED', reason: 'SOURCE_SERIALIZATION_ERROR' },
]
const META = JSON.stringify({ changes: CHANGES })

/** Writes a record with changes, written with white space, one with none, and one without meta. */
async function written(options: object, stream: CatalogStream = { name: 's' }) {
  const lines = [
    recordWith(
      '"meta" : { "changes" : [ ',
      `{"id":1}`,
      `${CHANGES.map((change) => JSON.stringify(change)).join(' , ')} ] } ,`,
    ),
    recordWith('"meta":{"changes":[', '{"id":2}', ']},'),
    recordWith('', '{"id":3}', ''),
  ]
  const run = await write(redis, [stream], [...lines, streamState('s', {})].join(''), options)
  expect([run.code, run.errors]).toEqual([0, []])
  return run
}

function recordWith(before: string, data: string, behind: string): string {
  return `{"type":"RECORD","record":{"stream":"s",${before}${behind}"emitted_at":1.7e12,"data":${data}}}\n`
}

describe('keep_meta', () => {
  it('adds a fourth field to hashes in the format airbyte', async () => {
    await written({ keep_meta: true })
    const fields = { _airbyte_ab_id: '1', _airbyte_emitted_at: '1700000000000', _airbyte_data: '{"id":1}' }
    expect(await client.hgetall(':s:1')).toEqual({ ...fields, _airbyte_meta: META })
    expect(await client.hget(':s:2', '_airbyte_meta')).toBe('{"changes":[]}')
    expect(await client.hget(':s:3', '_airbyte_meta')).toBe('{"changes":[]}')
  })

  it.each([
    ['append', {}],
    ['append', { ttl_seconds: 1000 }],
    ['append_dedup', {}],
    ['update', {}],
  ] as const)('is gone from a hash that is written again without it: %s, %j', async (mode, options) => {
    const stream = { name: 's', primaryKey: [['id']] }
    const row = { ...options, key_template: 'row:${id}' }
    await written({ ...row, keep_meta: true }, stream)
    await client.hset('row:1', 'theirs', '1')
    const { code } = await write(redis, [{ ...stream, mode }], recordWith('', '{"id":1}', ''), row)
    expect([code, await client.hexists('row:1', '_airbyte_meta')]).toEqual([0, 0])
    expect(await client.hget('row:1', 'theirs')).toBe('1')
    expect(await client.hexists('row:2', '_airbyte_meta')).toBe(1)
  })

  it('adds a field to hashes and Redis streams in the format flat', async () => {
    await written({ keep_meta: true, data_format: 'flat', key_template: 'row:${id}' })
    expect(await client.hgetall('row:1')).toEqual({ id: '1', _airbyte_meta: META })
    await client.flushall()
    await written({ keep_meta: true, cache_type: 'stream', data_format: 'flat', key_template: 'log' })
    const [[, entry] = []] = await client.xrange('log', '-', '+')
    expect(entry).toEqual(['id', '1', '_airbyte_meta', META])
  })

  it.each([
    ['json', `{"id":1,"_airbyte_meta":${META}}`],
    [
      'airbyte',
      `{"_airbyte_ab_id":1,"_airbyte_emitted_at":1700000000000,"_airbyte_data":{"id":1},"_airbyte_meta":${META}}`,
    ],
  ])('adds a member to texts in the format %s', async (format, text) => {
    await written({ keep_meta: true, cache_type: 'list', data_format: format, key_template: 'log' })
    expect(await client.lindex('log', 0)).toBe(text)
    expect(JSON.parse((await client.lindex('log', 2))!)).toMatchObject({ _airbyte_meta: { changes: [] } })
  })

  it('writes no row for the changes of a record without columns', async () => {
    const lines = recordWith('"meta":{"changes":[{"change":"NULLED"}]},', '{"id":null}', '')
    await write(redis, [{ name: 's' }], lines, { keep_meta: true, data_format: 'flat', key_template: 'row' })
    expect(await client.exists('row')).toBe(0)
  })

  it('is false by default, and the values that the source has nulled are counted all the same', async () => {
    const { states, logs } = await written({ data_format: 'flat', key_template: 'row:${id}' })
    expect(await client.hgetall('row:1')).toEqual({ id: '1' })
    expect(states).toMatchObject([
      { destinationStats: { recordCount: 3, additionalStats: { nulled_by_source: 1 } } },
    ])
    expect(logs.map(({ message }) => message)).toContain(
      's: 3 records written, 1 value nulled by the source.',
    )
  })
})
