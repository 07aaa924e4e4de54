// Rows by primary key, case by case: which record is the row, what deletes leave, and what is refused.
import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { record, streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { someOf } from './support/some-of.ts'
import { sync } from './support/sync.ts'
import { dump, write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

const JSON_STRING = { cache_type: 'string', data_format: 'json' }
const FLAT = { cache_type: 'hash', data_format: 'flat' }
const MEMBERS = { data_format: undefined, key_template: 'user:{${id}}' }
const base: CatalogStream = { name: 's', namespace: 'n', mode: 'append_dedup', primaryKey: [['id']] }
const deduplicated = { ...base, cursor: ['at'] }

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

/** One sync; of strings of JSON, if the options do not say otherwise. */
function change(
  data: readonly (object | string)[],
  options: object = {},
  stream: Partial<CatalogStream> = {},
) {
  return sync(redis, { ...deduplicated, ...stream }, data, { options: { ...JSON_STRING, ...options } })
}

const row = (id: number, at?: number | null, more: object = {}): object => ({ id, at, ...more })
const deletion = { _ab_cdc_deleted_at: '2024-05-01T10:00:00Z' }
const deleted = (id: number, at: number): object => row(id, at, deletion)
const emitted = (emittedAt: number, data: object): string => record('s', data, { namespace: 'n', emittedAt })

/** Everything but the connector's own keys; JSON read. */
async function rows(): Promise<Record<string, unknown>> {
  const all = Object.entries(await dump(client)).filter(([key]) => !key.startsWith('_airbyte:'))
  return Object.fromEntries(all.map(([key, value]) => [key, parsed(value)]))
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value
}

/** Each with what is in Redis after both. */
const CHANGES: [
  title: string,
  first: object | string,
  second: object | string,
  expected: object | undefined,
][] = [
  ['a stale update changes nothing', row(1, 2), row(1, 1), row(1, 2)],
  ['a stale delete removes nothing', row(1, 2), deleted(1, 1), row(1, 2)],
  ['a stale insert brings nothing back', deleted(1, 2), row(1, 1), undefined],
  ['a newer insert brings the row back', deleted(1, 1), row(1, 2), row(1, 2)],
  ['a newer record replaces the whole row', row(1, 1, { name: 'x' }), row(1, 2), row(1, 2)],
  ['a null cursor is older than any', row(1, -1), row(1, null), row(1, -1)],
  ['any cursor is newer than null', row(1, null), row(1, -1), row(1, -1)],
  ['a missing cursor is as old as null', row(1, null), { id: 1 }, { id: 1 }],
  ['the later one of equals is the row', row(1, 1, { name: 'x' }), row(1, 1), row(1, 1)],
  ['a later delete of the same cursor removes the row', row(1, 1), deleted(1, 1), undefined],
  [
    'of equal cursors that emitted later is the row',
    emitted(9, row(1, 1)),
    emitted(8, row(1, 1, { b: 1 })),
    row(1, 1),
  ],
  [
    'a higher cursor that was emitted earlier is the row',
    emitted(9, row(1, 1)),
    emitted(8, row(1, 2)),
    row(1, 2),
  ],
]

describe.each<{ where: string; options: object; isApart: boolean; place: 0 | 1 | 2 }>([
  { where: 'in the same batch', options: {}, isApart: false, place: 0 },
  { where: 'in a later batch', options: { batch_records: 1 }, isApart: false, place: 1 },
  { where: 'in a later sync', options: {}, isApart: true, place: 2 },
])('of two changes to a row, the second one $where,', ({ options, isApart, place }) => {
  it.each(someOf(CHANGES, place))('%s', async (_, first, second, expected) => {
    if (isApart) await change([first], options)
    await change(isApart ? [second] : [first, second], options)
    expect((await rows())['n:s:1']).toEqual(expected)
  })
})

describe('what changes between syncs', () => {
  it('is the cursor: what is there is older than what has the new one, and counts no more', async () => {
    await change([row(1, 900), row(2, 900)])
    const changed = { cursor: ['version'] }
    await change([row(1, 1, { version: 1 }), emitted(1, row(2, 999))], {}, changed)
    await change([row(1, 999, { version: 0 })], {}, changed)
    expect(await rows()).toEqual({ 'n:s:1': row(1, 1, { version: 1 }), 'n:s:2': row(2, 900) })
  })

  it('is the primary key: an append is refused, and a refresh removes the former rows', async () => {
    const kept = { generation: 1, minimumGeneration: 0 }
    const changed = { primaryKey: [['no'], ['id']] }
    await change([row(1, 2, { no: 'a' })], {}, kept)
    const line = record('s', row(1, 1, { no: 'b' }), { namespace: 'n' })
    const { errors } = await write(redis, [{ ...deduplicated, ...kept, ...changed }], line, JSON_STRING)
    expect(errors[0]?.message).toContain('[layout-changed]')
    expect(Object.keys(await rows())).toEqual(['n:s:1'])
    await change([row(1, 0, { no: 'b' })], {}, { ...changed, generation: 2, minimumGeneration: 2 })
    expect(await rows()).toEqual({ 'n:s:b:1': row(1, 0, { no: 'b' }) })
  })
})

describe('a delete', () => {
  it('of a row that was never there writes nothing, is counted, and keeps a stale insert out', async () => {
    const { states } = await change([deleted(1, 1)])
    expect(await rows()).toEqual({})
    expect(states).toMatchObject([{ destinationStats: { recordCount: 1, additionalStats: { deleted: 1 } } }])
    await change([row(1, 0)])
    expect(await rows()).toEqual({})
  })

  it('is removed by the next run where tombstone_seconds is 0', async () => {
    await change([deleted(1, 2), row(1, 1)], { tombstone_seconds: 0, batch_records: 1 })
    expect(await rows()).toEqual({})
    await change([row(1, 1)])
    expect(await rows()).toEqual({ 'n:s:1': row(1, 1) })
  })

  it('expires when tombstone_seconds have passed', async () => {
    await change([deleted(1, 2)], { tombstone_seconds: 1 })
    const [expiries = ''] = await client.keys('_airbyte:index_expiry:n:s:*')
    const [, due] = await client.zrange(expiries, '0', '-1', 'WITHSCORES')
    while (Date.now() <= Number(due)) await pause(20)
    await change([row(1, 1)])
    expect(await rows()).toEqual({ 'n:s:1': row(1, 1) })
  })

  it('does not expire any more where the row was inserted again', async () => {
    await change([deleted(1, 1)], { tombstone_seconds: 600 })
    await change([row(1, 3)])
    const [expiries = ''] = await client.keys('_airbyte:index_expiry:n:s:*')
    expect(await client.zrange(expiries, '0', '-1', 'WITHSCORES')).toEqual(['n:s:1', 'inf'])
    await change([row(1, 2)])
    expect(await rows()).toEqual({ 'n:s:1': row(1, 3) })
    expect(await client.keys('_airbyte:index_expiry:*')).toEqual([])
    expect(await client.hget('_airbyte:manifest:n:s', 'expiry_shards')).toBe('')
  })

  it.each([
    { ...FLAT, key_template: 'user:{${id}}' },
    { ...JSON_STRING, key_template: 'user:{${_airbyte_primary_key}}' },
    { ...MEMBERS, cache_type: 'hash', hash_field: 'all' },
    { ...MEMBERS, cache_type: 'set', member: 'm' },
    { ...MEMBERS, cache_type: 'sorted_set', member: 'm ${id}', score_field: 'at' },
  ])('goes by key_prefix and key_template: %j', async (layout) => {
    const options = { ...layout, key_prefix: 'crm:' }
    await client.set('user:{1}', 'of somebody else')
    await change([row(1, 1), row(2, 1)], options)
    await change([deleted(1, 2)], options)
    expect((await client.keys('*user:*')).toSorted()).toEqual(['crm:user:{2}', 'user:{1}'])
  })

  it.each([JSON_STRING, FLAT, { cache_type: 'hash', data_format: 'airbyte' }])(
    'with delete_mode ttl has its key end, unless a newer record comes before: %j',
    async (layout) => {
      const options = { ...layout, delete_mode: 'ttl', delete_ttl_seconds: 600 }
      const changed = async (...changes: object[]): Promise<number> => {
        await change(changes, options)
        return client.ttl('n:s:1')
      }
      expect(await changed(row(1, 1))).toBe(-1)
      expect(await changed(deleted(1, 2))).toBeGreaterThan(500)
      expect(await changed(row(1, 1))).toBeGreaterThan(500)
      expect(await changed(row(1, 3))).toBe(-1)
      expect(await changed(row(1, 4), deleted(1, 5))).toBeGreaterThan(500)
    },
  )

  it('with delete_mode soft is the row, until a newer record comes', async () => {
    const soft = { delete_mode: 'soft' }
    const { states } = await change([row(1, 1, { name: 'x' }), deleted(1, 2)], soft)
    expect(states[0]?.destinationStats).not.toHaveProperty('additionalStats.deleted')
    await change([row(1, 1)], soft)
    expect(await rows()).toEqual({ 'n:s:1': deleted(1, 2) })
    await change([row(1, 3)], soft)
    expect(await rows()).toEqual({ 'n:s:1': row(1, 3) })
  })

  it('works on a row that a filter would not let through', async () => {
    const options = { record_filter: { field: 'kind', equals: 'a' } }
    await change([row(1, 1, { kind: 'a' }), row(2, 1, { kind: 'b' })], options)
    expect(await rows()).toEqual({ 'n:s:1': row(1, 1, { kind: 'a' }) })
    await change([deleted(1, 2)], options)
    expect(await rows()).toEqual({})
  })
})

const lines = (data: object[]): string =>
  data.map((one) => record('s', one, { namespace: 'n' })).join('') + streamState('s', {}, { namespace: 'n' })

describe('a record without a column of the primary key', () => {
  const input = lines([row(1, 1), { at: 2 }, { id: null, at: 2, ...deletion }, row(1, 3)])

  it('is a dead letter, and the others are written', async () => {
    const run = await write(redis, [deduplicated], input, { ...JSON_STRING, on_record_error: 'dead_letter' })
    expect(await client.get('n:s:1')).toBe('{"id":1,"at":3}')
    expect(run.states).toMatchObject([{ destinationStats: { recordCount: 2, rejectedRecordCount: 2 } }])
    expect(await client.xlen('_airbyte:dead_letter')).toBe(2)
  })

  it('ends the run without dead letters, and what is behind it is not acknowledged', async () => {
    const run = await write(redis, [deduplicated], input, JSON_STRING)
    expect([run.code, run.states]).toEqual([1, []])
    expect(run.errors[0]?.message).toMatch(/^Line 2, stream n.s: The column id/)
  })
})

describe('a stream whose rows are only changed', () => {
  const mark = { _ab_cdc_deleted_at: '1970-01-01T00:00:00.000Z' }

  it.each([
    { options: FLAT, update: { id: '1', name: 'x' }, marked: { id: '1', at: '3', name: 'x', ...mark } },
    { options: JSON_STRING, update: { id: 1, name: 'x' }, marked: row(1, 3, mark) },
  ])('gets nothing new; soft_delete marks a row: $options', async ({ options, update, marked }) => {
    await change([row(1, 1)], options)
    const { states } = await change([{ id: 1, name: 'x' }, row(2, 2)], options, { mode: 'update' })
    expect(await rows()).toEqual({ 'n:s:1': update })
    expect(states).toMatchObject([{ destinationStats: { additionalStats: { skipped: 1 } } }])
    await change([emitted(0, row(1, 3)), row(2, 3, deletion)], options, { mode: 'soft_delete' })
    expect(await rows()).toEqual({ 'n:s:1': marked })
  })
})

describe('append_dedup is refused at the start', () => {
  it.each([
    { cache_type: 'list', problem: 'mode-needs-rows' },
    { cache_type: 'stream', data_format: 'airbyte', problem: 'mode-needs-rows' },
    { key_template: 'a:${at}', problem: 'template-not-primary-key' },
    { ...FLAT, on_update: 'merge', problem: 'dedup-with-merge' },
    { write_condition: 'if_absent', problem: 'dedup-with-condition' },
    { track_keys: 'never', problem: 'tracking-required' },
    { primaryKey: [], problem: 'primary-key-missing' },
  ])('with %j', async ({ problem, primaryKey = [['id']], ...options }) => {
    const stream = { ...deduplicated, primaryKey }
    const run = await write(redis, [stream], lines([row(1, 1)]), { ...JSON_STRING, ...options })
    expect([run.code, run.states, await client.dbsize()]).toEqual([1, [], 0])
    expect(run.errors).toMatchObject([
      { failure_type: 'config_error', message: expect.stringContaining(`[${problem}]`) },
    ])
    expect(run.errors[0]?.message).toMatch(/\bn\.s\b/)
  })
})

it('a stream that is cleared leaves nothing behind, no tombstones either', async () => {
  await change([row(1, 1), row(2, 1), deleted(2, 2)], FLAT, { generation: 1, minimumGeneration: 0 })
  expect(await client.keys('_airbyte:index_expiry:*')).toHaveLength(1)
  await change([], FLAT, { generation: 2, minimumGeneration: 2 })
  expect(await client.keys('*')).toEqual([])
})
