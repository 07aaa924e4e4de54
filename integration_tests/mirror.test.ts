// A stream that is replaced is a mirror of its source: what vanished there is removed, and nothing else.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CatalogStream } from './support/messages.ts'
import { complete, expectOthers, idsFound, OTHERS, plantOthers, replace } from './support/mirrored.ts'
import { rows, streamOf, sync } from './support/mirrored.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const json = { cache_type: 'string', data_format: 'json' }
const flat = { data_format: 'flat' }
const fields = { hash_field: '${id}' }
const grouped = { key_template: 'n:s:${group}' }

/** Of these, the old rows 1, 2, 3 are replaced by 3 and 4; groups are the ids, so that all keys are of one row. */
const layouts: { title: string; mode: CatalogStream['mode']; options: object }[] = [
  { title: 'hashes by id', mode: 'append', options: {} },
  { title: 'hashes by primary key', mode: 'append', options: flat },
  { title: 'strings by primary key', mode: 'append', options: json },
  { title: 'hashes by primary key, deduplicated', mode: 'append_dedup', options: {} },
  { title: 'strings, deduplicated', mode: 'append_dedup', options: json },
  { title: 'a list', mode: 'append', options: { cache_type: 'list' } },
  { title: 'lists', mode: 'append', options: { cache_type: 'list', ...grouped } },
  { title: 'a set', mode: 'append', options: { cache_type: 'set', data_format: 'json' } },
  { title: 'sorted sets', mode: 'append', options: { cache_type: 'sorted_set', ...grouped } },
  { title: 'Redis streams', mode: 'append', options: { cache_type: 'stream', ...grouped } },
  { title: 'fields of hashes', mode: 'append', options: { ...fields, ...grouped } },
  { title: 'fields of a hash, deduplicated', mode: 'append_dedup', options: fields },
  { title: 'members, deduplicated', mode: 'append_dedup', options: { cache_type: 'set', member: '${id}' } },
  {
    title: 'scores, deduplicated',
    mode: 'append_dedup',
    options: { cache_type: 'sorted_set', member: '${id}', score_field: 'id' },
  },
]

describe.each(layouts)('$title', ({ mode, options }) => {
  it('lose the rows that vanished, and others’ keys stay', async () => {
    await plantOthers(client)
    await replace(redis, 1, [1, 2, 3], { mode, options })
    await replace(redis, 2, [3, 4], { mode, options })

    expect(await idsFound(client)).toEqual([3, 4])
    await expectOthers(client)
  })

  it('leave no key when nothing is left of them', async () => {
    await plantOthers(client)
    await replace(redis, 1, [1, 2, 3], { mode, options })
    await replace(redis, 2, [], { mode, options })

    expect((await client.keys('*')).toSorted()).toEqual(Object.keys(OTHERS).toSorted())
    await expectOthers(client)
  })

  it('keep everything while another stream of the run is incomplete', async () => {
    await replace(redis, 1, [1, 2, 3], { mode, options })
    await replace(redis, 1, [1, 2, 3], { mode, options, name: 't' })
    const [before, beforeOfOther] = [await idsFound(client), await idsFound(client, 't')]
    const streams = [streamOf('s', mode, 2), streamOf('t', mode, 2)]
    const input = [...rows('s', [4]), ...rows('t', [4]), complete('s')]
    const run = await write(redis, streams, input, options)

    expect(run.code).toBe(1)
    expect(await idsFound(client)).toEqual(expect.arrayContaining(before))
    expect(await idsFound(client, 't')).toEqual(expect.arrayContaining(beforeOfOther))
  })
})

it.each([
  { title: 'a hash', options: fields, plant: ['HSET', 'x', '"of others"'] },
  { title: 'a set', options: { cache_type: 'set', member: '${id}' }, plant: ['SADD', 'x'] },
])('others’ fields and members of $title that is deduplicated stay', async ({ options, plant }) => {
  await replace(redis, 1, [1, 2], { mode: 'append_dedup', options })
  const [command, ...args] = plant
  await client.call(command!, 'n:s', ...args)
  await replace(redis, 2, [], { mode: 'append_dedup', options })

  expect(await client.keys('*')).toEqual(['n:s'])
  expect(await idsFound(client)).toEqual([])
})

it.each([
  { title: 'hashes by primary key', mode: 'append' as const, options: flat },
  { title: 'hashes by primary key, deduplicated', mode: 'append_dedup' as const, options: {} },
  { title: 'lists', mode: 'append' as const, options: { cache_type: 'list', ...grouped } },
])('a key in the way of $title stays, and what was to be there is refused', async ({ mode, options }) => {
  await replace(redis, 1, [1, 2], { mode, options })
  await client.set('n:s:3', 'of another type')
  const run = await write(redis, [streamOf('s', mode, 2)], [...rows('s', [2, 3]), complete('s')], options)
  expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
  expect(await idsFound(client)).toEqual(expect.arrayContaining([1, 2]))

  await replace(redis, 3, [2], { mode, options })
  expect(await client.get('n:s:3')).toBe('of another type')
  await client.del('n:s:3')
  expect(await idsFound(client)).toEqual([2])
})

describe('track_keys', () => {
  it.each([json, flat, { cache_type: 'list', ...grouped }])(
    'never refuses a replace of %j',
    async (options) => {
      const run = await write(redis, [streamOf('s', 'append', 2)], complete('s'), {
        ...options,
        track_keys: 'never',
      })

      expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
      expect(run.errors[0]?.message).toContain('[tracking-required]')
      expect(await client.keys('*')).toEqual([])
    },
  )

  it('auto leaves rows that were appended before the first replace, and says so', async () => {
    await sync(redis, streamOf('s', 'append', 1, 0), [1, 2, 3], json)
    const run = await replace(redis, 2, [3, 4], { options: json })

    const warnings = run.logs.filter(({ level }) => level === 'WARN').map(({ message }) => message)
    expect(warnings).toEqual([expect.stringMatching(/could not be removed/)])
    expect(await idsFound(client)).toEqual([1, 2, 3, 4])
    // From then on it knows.
    const next = await replace(redis, 3, [4], { options: json })
    expect(next.logs.filter(({ level }) => level === 'WARN')).toEqual([])
    expect(await idsFound(client)).toEqual([1, 2, 4])
  })

  it.each([
    ['the metadata name them', [3], json, /destination-redis clear --config F --stream 'n\.s' --pattern/],
    [
      'the layout is another',
      [3],
      { ...json, key_template: 'k:${id}' },
      /--pattern 'n:s:\*' \| xargs .*UNLINK/,
    ],
    ['the stream has no row', [], json, /clear --config F --stream 'n\.s' --pattern/],
  ])('auto says what removes the rows that it leaves, where %s', async (_, ids, options, remedy) => {
    await sync(redis, streamOf('s', 'append', 1, 0), [1, 2], json)
    const run = await replace(redis, 2, ids, { options })

    expect(run.logs).toContainEqual({ level: 'WARN', message: expect.stringMatching(remedy) })
  })

  it('always knows rows that were appended', async () => {
    const options = { ...json, track_keys: 'always' }
    await sync(redis, streamOf('s', 'append', 1, 0), [1, 2, 3], options)
    const run = await replace(redis, 2, [3, 4], { options })

    expect(run.logs.filter(({ level }) => level === 'WARN')).toEqual([])
    expect(await idsFound(client)).toEqual([3, 4])
  })
})
