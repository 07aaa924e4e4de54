// A replace writes to keys that former generations have with another type, and to no key of another application.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { dump, write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

/** Syncs rows of the stream `s` as a refresh of a generation, or without one. */
async function sync(
  generation: number,
  rows: readonly object[],
  options: object,
  more: Partial<CatalogStream> = {},
) {
  const lines = [...rows.map((row) => record('s', row)), streamState('s', { rows: rows.length }), status('s')]
  const stream = { name: 's', primaryKey: [['id']], generation, minimumGeneration: generation, ...more }
  return write(redis, [stream], lines, options)
}

/** Returns all keys but those of the connector. */
async function contents(): Promise<Record<string, unknown>> {
  const all = Object.entries(await dump(client))
  return Object.fromEntries(all.filter(([key]) => !key.startsWith('_airbyte:')))
}

async function members(key: string): Promise<string[]> {
  const type = await client.type(key)
  if (type === 'hash') return (await client.hkeys(key)).toSorted()
  return (type === 'set' ? client.smembers(key) : client.zrange(key, '0', '-1')).then((all) => all.toSorted())
}

const DEDUP: Partial<CatalogStream> = { mode: 'append_dedup', cursor: ['v'] }

/** Deletes a row in a replace that is not complete. Returns the keys that are left. */
async function deleteRow(options: object): Promise<string[]> {
  const gone = record('s', { id: 1, v: 2, _ab_cdc_deleted_at: '2026-11-29' })
  const stream = { name: 's', primaryKey: [['id']], generation: 2, minimumGeneration: 2, ...DEDUP }
  const run = await write(redis, [stream], [gone, status('s', 'INCOMPLETE')], options)
  expect(run.errors[0]?.message).toContain('[stream-incomplete]')
  return Object.keys(await contents())
}

const MEMBERS = [
  ['fields of a hash', 'hash', { hash_field: '${id}' }],
  ['members of a set', 'set', { cache_type: 'set', member: '${id}' }],
  ['members of a sorted set', 'zset', { cache_type: 'sorted_set', member: '${id}' }],
] as const
const FORMER = [
  ['a string', { cache_type: 'string', data_format: 'json', key_template: 'k', allow_constant_key: true }],
  ['a flat hash', { data_format: 'flat', key_template: 'k', allow_constant_key: true }],
  ['a list', { cache_type: 'list', data_format: 'json', key_template: 'k' }],
] as const

describe.each(MEMBERS)('%s in a replace that deduplicates', (_, type, options) => {
  it.each(FORMER)('take over a key that a former generation has as %s', async (__, former) => {
    expect((await sync(1, [{ id: 1 }], former)).code).toBe(0)
    await sync(2, [{ id: 2 }, { id: 3 }], { ...options, key_template: 'k', batch_records: 1 }, DEDUP)
    expect([await client.type('k'), await members('k')]).toEqual([type, ['2', '3']])
    expect(Object.keys(await contents())).toEqual(['k'])
  })

  it('take over the key in which a former generation counted its records', async () => {
    await sync(1, [{ id: 1 }], {})
    await sync(2, [{ id: 2 }], options, DEDUP)
    expect([await client.type(':s'), await members(':s')]).toEqual([type, ['2']])
    expect(Object.keys(await contents())).toEqual([':s'])
  })

  it('leave a key that another application has put there since, and are refused', async () => {
    await sync(1, [{ id: 1 }], FORMER[0][1])
    await client.unlink('k')
    await client.xadd('k', '1-1', 'theirs', '1')
    const run = await sync(2, [{ id: 2 }], { ...options, key_template: 'k' }, DEDUP)
    expect(run.errors[0]?.message).toContain('[record-refused]')
    expect(await client.xlen('k')).toBe(1)
  })
})

it('a row that a replace deletes and writes again takes over the key that a former layout has', async () => {
  const former = { cache_type: 'string', data_format: 'json', key_template: 'k:${id}' }
  await sync(1, [{ id: 1, v: 1 }], former, DEDUP)
  const rows = [
    { id: 1, v: 2, _ab_cdc_deleted_at: '2026-11-29' },
    { id: 2, v: 1 },
    { id: 1, v: 3 },
  ]
  const run = await sync(2, rows, { data_format: 'flat', key_template: 'k:${id}', batch_records: 1 }, DEDUP)
  expect(run.errors).toEqual([])
  expect(await contents()).toEqual({ 'k:1': { id: '1', v: '3' }, 'k:2': { id: '2', v: '1' } })
})

describe('a delete in a replace that deduplicates and is not complete', () => {
  it('removes the row that an overwrite has written in the same layout', async () => {
    const options = { hash_field: '${id}', key_template: 'k' }
    await sync(1, [{ id: 1, v: 1 }], options, { mode: 'overwrite' })
    expect(await deleteRow(options)).toEqual([])
  })

  it('leaves the row of another layout that has its id where the row would have its primary key', async () => {
    await sync(1, [{ id: 7 }], {}, { mode: 'overwrite' })
    expect(await deleteRow({})).toEqual([':s', ':s:1'])
  })
})

describe('a hash that an earlier run left without an index', () => {
  const key = { key_template: 'row:${id}' }
  const LATER = [
    ['append', { minimumGeneration: 0 }],
    ['refresh', {}],
    ['overwrite', { mode: 'overwrite' }],
    ['refresh with append_dedup', DEDUP],
  ] as const

  beforeEach(async () => {
    const former = { ...key, data_format: 'flat' }
    expect((await sync(1, [{ id: 1 }, { id: 2 }], former, { minimumGeneration: 0 })).code).toBe(0)
  })

  it.each(LATER.slice(1))(
    'has no field of it when it is written in the format airbyte: %s',
    async (_, how) => {
      expect((await sync(2, [{ id: 2 }], key, how)).code).toBe(0)
      expect(await client.hkeys('row:2')).toEqual(['_airbyte_ab_id', '_airbyte_emitted_at', '_airbyte_data'])
    },
  )

  it.each(LATER)('has no field of it when only a run after a refresh writes it: %s', async (_, how) => {
    expect((await sync(2, [{ id: 1 }], key)).code).toBe(0)
    expect(await client.hgetall('row:2')).toEqual({ id: '2' })
    expect((await sync(how === LATER[0][1] ? 2 : 3, [{ id: 2 }], key, how)).code).toBe(0)
    expect(await client.hkeys('row:2')).toEqual(['_airbyte_ab_id', '_airbyte_emitted_at', '_airbyte_data'])
  })
})

const inGroup = (group: string, ...ids: number[]) => ids.map((id) => ({ id, group, v: 1 }))

describe('a key of a generation that a replace keeps, and whose members the replace tells apart', () => {
  const options = { cache_type: 'set', member: '${id}', key_template: 'g:${group}', track_keys: 'always' }
  const keys = { primaryKey: [['group'], ['id']] }

  it('stays as a whole, with the members of older generations', async () => {
    await sync(3, [...inGroup('b', 4), ...inGroup('both', 4)], options, keys)
    await sync(4, [...inGroup('a', 5), ...inGroup('both', 5)], options, { ...keys, minimumGeneration: 0 })
    await sync(5, inGroup('c', 6), options, { ...keys, ...DEDUP, minimumGeneration: 4 })
    expect(await client.smembers('g:a')).toEqual(['5'])
    expect(await client.smembers('g:c')).toEqual(['6'])
    expect(await members('g:both')).toEqual(['4', '5'])
    expect(await client.exists('g:b')).toBe(0)
    await sync(6, inGroup('c', 6), options, { ...keys, ...DEDUP })
    expect(await client.keys('g:*')).toEqual(['g:c'])
  })

  it('keeps a member that an older generation wrote as a row of its own', async () => {
    await sync(3, inGroup('a', 5), options, { ...keys, ...DEDUP })
    await sync(4, inGroup('a', 5), options, { ...keys, minimumGeneration: 0 })
    await sync(5, inGroup('a', 6), options, { ...keys, ...DEDUP, minimumGeneration: 4 })
    expect(await members('g:a')).toEqual(['5', '6'])
  })

  it('loses the members that are deleted, or left out, in the replace and behind it', async () => {
    const filtered = { ...options, record_filter: { field: 'v', equals: '1' } }
    await sync(3, inGroup('a', 1, 2, 3, 4, 5), options, keys)
    for (const { minimumGeneration, deleted, leftOut, left } of [
      { minimumGeneration: 3, deleted: 1, leftOut: 2, left: ['3', '4', '5'] },
      { minimumGeneration: 0, deleted: 3, leftOut: 4, left: ['5'] },
    ]) {
      const rows = [
        ...inGroup('a', deleted).map((row) => ({ ...row, _ab_cdc_deleted_at: '2026-11-29' })),
        ...inGroup('a', leftOut).map((row) => ({ ...row, v: 9 })),
      ]
      await sync(4, rows, filtered, { ...keys, ...DEDUP, minimumGeneration })
      expect(await members('g:a')).toEqual(left)
    }
  })
})

it('a row leaves a key that another application has put in the place of a former row', async () => {
  await sync(1, [{ id: 1 }, { id: 2 }], { cache_type: 'list', data_format: 'json', key_template: 'k:${id}' })
  await client.unlink('k:1')
  await client.sadd('k:1', 'theirs')
  const options = { data_format: 'flat', key_template: 'k:${id}', on_record_error: 'dead_letter' }
  const run = await sync(2, [{ id: 1 }, { id: 2 }], options)
  expect([run.code, run.states[0]?.destinationStats]).toMatchObject([
    0,
    { recordCount: 1, rejectedRecordCount: 1 },
  ])
  expect(await client.smembers('k:1')).toEqual(['theirs'])
  expect(await client.hgetall('k:2')).toEqual({ id: '2' })
})

it('an id that is the primary key of a former row is not given out, so that the row stays until the end', async () => {
  await sync(1, [{ id: 2 }, { id: 3 }], {}, DEDUP)
  const rows = [{ id: 7 }, { id: 8 }]
  const lines = [...rows.map((row) => record('s', row)), status('s', 'INCOMPLETE')]
  const stream = { name: 's', primaryKey: [['id']], generation: 2, minimumGeneration: 2 }
  await write(redis, [stream], lines, {})
  const rowOf = async (id: number) => client.hget(`:s:${id}`, '_airbyte_data')
  expect(await Promise.all([2, 3].map(rowOf))).toEqual(['{"id":2}', '{"id":3}'])
  const keysOf = async () => (await client.keys(':s:*')).toSorted()
  const added = (await keysOf()).filter((key) => ![':s:2', ':s:3'].includes(key))
  expect(added).toHaveLength(2)
  expect((await sync(3, [{ id: 9 }], {})).code).toBe(0)
  const [key = '', ...others] = await keysOf()
  expect([await client.hget(key, '_airbyte_data'), others]).toEqual(['{"id":9}', []])
})

it.each([
  {
    rows: 'that it keeps in another index',
    options: { cache_type: 'sorted_set', member: '${id}', score_field: 'v', key_template: 'k' },
    refresh: { minimumGeneration: 1, ...DEDUP },
    next: { generation: 2, minimumGeneration: 0, ...DEDUP },
  },
  {
    rows: 'that it leaves, as they are in no index',
    options: { key_template: 'k:${id}' },
    refresh: { mode: 'overwrite' },
    next: { generation: 3, minimumGeneration: 3, mode: 'overwrite' },
  },
] as const)('a refresh without records remembers rows $rows', async ({ options, refresh, next }) => {
  const temporary = { ...options, ttl_seconds: 5_000 }
  await sync(1, [{ id: 1, v: 1 }], temporary, { minimumGeneration: 0, mode: 'append' })
  await sync(2, [], temporary, refresh)
  await sync(next.generation, [{ id: 1, v: 2 }], options, next)
  const keys = Object.keys(await contents()).filter((key) => key.startsWith('k'))
  expect(await Promise.all(keys.map((key) => client.ttl(key)))).toEqual([-1])
})

describe('a collection whose key holds another type', () => {
  const options = { cache_type: 'list', data_format: 'json', key_template: 'k:${g}' }
  const rows = [
    { id: 1, g: 'a' },
    { id: 2, g: 'b' },
    { id: 3, g: 'a' },
  ]

  beforeEach(async () => {
    await sync(1, [{ id: 0, g: 'b' }], options)
    await client.set('k:a', 'theirs')
  })

  it('makes its records dead letters, and the other keys are replaced', async () => {
    const run = await sync(2, rows, { ...options, on_record_error: 'dead_letter' })
    expect([run.code, run.states[0]?.destinationStats]).toMatchObject([
      0,
      { recordCount: 1, rejectedRecordCount: 2 },
    ])
    expect(await client.get('k:a')).toBe('theirs')
    expect(await client.lrange('k:b', 0, -1)).toEqual(['{"id":2,"g":"b"}'])
  })

  it('ends the run at its first record without dead letters, and nothing is replaced', async () => {
    const run = await sync(2, rows, options)
    expect(run.errors[0]?.message).toMatch(/Line 1, .* a key of the form k:.*\[live-key-other-type\]/i)
    expect(await client.get('k:a')).toBe('theirs')
    expect(await client.lrange('k:b', 0, -1)).toEqual(['{"id":0,"g":"b"}'])
  })

  it('is named before the first record if the stream has one key', async () => {
    await client.set('one', 'theirs')
    const run = await sync(1, rows, { ...options, key_template: 'one' }, { name: 's', namespace: 'other' })
    expect([run.states, run.errors[0]?.message]).toEqual([
      [],
      expect.stringContaining('[live-key-other-type]'),
    ])
  })
})

it('a list takes the place of the counter of the classic connector, but not of a number of another application', async () => {
  const options = { cache_type: 'list', data_format: 'json' }
  await client.set(':s', 2)
  await client.hset(':s:2', { _airbyte_ab_id: 1, _airbyte_emitted_at: 5, _airbyte_data: '{}' })
  const refused = await sync(1, [{ id: 1 }], options)
  expect(refused.errors[0]?.message).toMatch(/Set another key_template.*\[live-key-other-type\]/)
  expect([refused.states, await client.get(':s')]).toEqual([[], '2'])
  await client.hset(':s:2', { _airbyte_ab_id: 2 })
  expect((await sync(1, [{ id: 1 }], options)).code).toBe(0)
  expect(await contents()).toEqual({ ':s': 'a list' })
})

describe('an overwrite without records', () => {
  it.each([
    ['a stream that was never written', false],
    ['a stream of which only runs without records are known', true],
  ])('leaves a collection of others: %s', async (_, isKnown) => {
    const options = { cache_type: 'list', data_format: 'json', key_template: 'k' }
    await client.rpush('k', 'theirs')
    if (isKnown) await sync(0, [], options, { minimumGeneration: 0 })
    expect((await sync(1, [], options, { mode: 'overwrite' })).code).toBe(0)
    expect(await client.lrange('k', 0, -1)).toEqual(['theirs'])
  })
})

describe('a delete of a row whose key holds another type', () => {
  it.each(MEMBERS)('leaves the key, with %s', async (_, __, options) => {
    await client.rpush('k', 'theirs')
    const deletion = { id: 1, v: 1, _ab_cdc_deleted_at: 'now' }
    const more = { ...DEDUP, minimumGeneration: 0, name: 'other' }
    const lines = [record('other', deletion), streamState('other', {}), status('other')]
    const run = await write(redis, [{ primaryKey: [['id']], ...more }], lines, {
      ...options,
      key_template: 'k',
    })
    expect([run.code, run.states[0]?.destinationStats]).toMatchObject([
      0,
      { additionalStats: { deleted: 1 } },
    ])
    expect(await client.lrange('k', 0, -1)).toEqual(['theirs'])
  })
})
