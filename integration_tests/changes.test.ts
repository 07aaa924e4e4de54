// Something changes between two syncs of a stream: each row of the table in docs/guarantees.md is a test of the same name.
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const FLAT = { data_format: 'flat', key_template: 'k:${id}' }
const STRING = { cache_type: 'string', data_format: 'json', key_template: 'k:${id}' }
const LIST = { cache_type: 'list', data_format: 'json' }

interface Sync {
  rows?: readonly object[]
  options?: object
  stream?: Partial<CatalogStream>
  /** The end of the input; by default, the stream is complete. */
  end?: string
}

type Run = Awaited<ReturnType<typeof write>>

/** Appends rows to the stream `s`. */
async function append({ rows = [], options = FLAT, stream = {}, end = status('s') }: Sync): Promise<Run> {
  const lines = [...rows.map((row) => record('s', row)), streamState('s', { rows: rows.length }), end]
  return write(redis, [{ name: 's', primaryKey: [['id']], generation: 0, ...stream }], lines, options)
}

/** Replaces the rows of the stream by a refresh. */
function refresh({ stream: { generation = 1, ...stream } = {}, ...more }: Sync): Promise<Run> {
  return append({ ...more, stream: { generation, minimumGeneration: generation, ...stream } })
}

function dedup(more: Partial<CatalogStream> = {}): Partial<CatalogStream> {
  return { mode: 'append_dedup', cursor: ['v'], ...more }
}

async function keys(): Promise<string[]> {
  return (await client.keys('*')).filter((key) => !key.startsWith('_airbyte:')).toSorted()
}

function codesOf({ errors }: Run): string[] {
  return errors.flatMap(({ message }) => [...message.matchAll(/\[([\w-]+)\]/g)].map(([, code]) => code!))
}

function warningsOf({ logs }: Run): string {
  const warnings = logs.filter(({ level }) => level === 'WARN')
  return warnings.map(({ message }) => message).join('\n')
}

const [one, two, three] = [{ id: 1 }, { id: 2 }, { id: 3 }]
const OTHER = 'another connection has written this stream'

const ROWS: Record<string, () => Promise<void>> = {
  'the connection was made again: a lower generation, or the same one with another sync id': async () => {
    await refresh({ rows: [one], stream: { generation: 7, syncId: 70 } })
    const added = await append({ rows: [two], stream: { generation: 1, syncId: 3 } })
    expect([await keys(), warningsOf(added)]).toEqual([['k:1', 'k:2'], expect.stringContaining(OTHER)])
    const replaced = await refresh({ rows: [three], stream: { generation: 1, syncId: 90 } })
    expect([await keys(), warningsOf(replaced)]).toEqual([['k:3'], expect.stringContaining(OTHER)])
  },

  'another attempt of the same sync': async () => {
    const stream = { generation: 2, syncId: 5 }
    await refresh({ rows: [one] })
    await refresh({ rows: [two], stream, end: '' })
    await refresh({ rows: [three], stream })
    expect(await keys()).toEqual(['k:2', 'k:3'])
    for (const row of [one, { id: 4 }])
      await append({ rows: [row], stream: { generation: 2, syncId: 6 }, end: '' })
    expect(await keys()).toEqual(['k:1', 'k:2', 'k:3', 'k:4'])
  },

  '`cache_type`, `data_format`, `key_template`, `hash_field`, `member`, `value_field`, `root_field`':
    async () => {
      await append({ rows: [one] })
      const refused = await append({ rows: [two], options: { ...LIST, key_template: 'l' } })
      expect(codesOf(refused)).toEqual(['layout-changed'])
      expect(refused.errors[0]?.message).toContain('cache_type was hash and is list')
      await refresh({ rows: [two], options: { ...LIST, key_template: 'l' } })
      // Rows of an append without a key index are not known: see below.
      expect(await client.lrange('l', 0, -1)).toEqual(['{"id":2}'])
      await refresh({ rows: [three], options: FLAT, stream: { generation: 2 } })
      expect(await client.exists('l')).toBe(0)
    },

  'the columns of the primary key': async () => {
    const options = { data_format: 'flat' }
    await refresh({ rows: [{ id: 1, at: 2 }], options })
    const other = { primaryKey: [['at']] }
    expect(codesOf(await append({ rows: [{ id: 1, at: 2 }], options, stream: other }))).toEqual([
      'layout-changed',
    ])
    await refresh({ rows: [{ id: 1, at: 2 }], options, stream: { ...other, generation: 2 } })
    expect(await keys()).toEqual([':s:2'])
  },

  'the order of the columns of the primary key': async () => {
    const options = { data_format: 'flat' }
    const [ab, ba] = [
      [['a'], ['b']],
      [['b'], ['a']],
    ]
    const rows = [{ a: 1, b: 2 }]
    await append({ rows, options, stream: dedup({ primaryKey: ab }) })
    const again = await append({ rows, options, stream: dedup({ primaryKey: ba }) })
    expect([await keys(), warningsOf(again)]).toEqual([
      [':s:1:2'],
      expect.stringContaining('the primary key was (a, b) and is (b, a)'),
    ])
    const deletion = { a: 1, b: 2, _ab_cdc_deleted_at: 'now' }
    await append({ rows: [deletion], options, stream: dedup({ primaryKey: ba }) })
    expect(await keys()).toEqual([])
    await refresh({ rows, options, stream: dedup({ primaryKey: ba }) })
    expect(await keys()).toEqual([':s:2:1'])
  },

  'the sync mode, from keys by id to keys by primary key': async () => {
    await append({ rows: [{ id: 7 }], options: {} })
    expect(codesOf(await append({ rows: [one], options: {}, stream: dedup() }))).toEqual(['layout-changed'])
    await refresh({ rows: [one, two], options: {}, stream: dedup() })
    expect(await keys()).toEqual([':s', ':s:1', ':s:2'])
    expect(await client.hget(':s:1', '_airbyte_data')).toBe('{"id":1}')
  },

  'the sync mode, with the same layout': async () => {
    await append({ rows: [{ id: 1, v: 9 }], options: STRING })
    await append({ rows: [{ id: 1, v: 1 }], options: STRING, stream: dedup() })
    expect(await client.get('k:1')).toBe('{"id":1,"v":1}')
    await refresh({ rows: [{ id: 2, v: 1 }], options: STRING, stream: dedup() })
    expect(await keys()).toEqual(['k:2'])
  },

  'the cursor column': async () => {
    await append({ rows: [{ id: 1, v: 9, w: 1 }], options: STRING, stream: dedup() })
    await append({ rows: [{ id: 1, v: 1, w: 0 }], options: STRING, stream: dedup({ cursor: ['w'] }) })
    expect(await client.get('k:1')).toBe('{"id":1,"v":1,"w":0}')
    await refresh({ rows: [{ id: 2, v: 1 }], options: STRING, stream: dedup({ cursor: ['v'] }) })
    expect(await keys()).toEqual(['k:2'])
  },

  '`record_filter`': async () => {
    const rows = [
      { id: 1, v: 1, s: 'a' },
      { id: 2, v: 1, s: 'b' },
    ]
    const options = { ...STRING, record_filter: { field: 's', equals: 'b' } }
    await append({ rows, options: STRING, stream: dedup() })
    await append({ rows, options, stream: dedup() })
    expect(await keys()).toEqual(['k:2'])
    await append({ rows, options: STRING, stream: dedup() })
    await refresh({ rows, options, stream: dedup() })
    expect(await keys()).toEqual(['k:2'])
  },

  '`ttl_seconds`': async () => {
    const expiring = { ...STRING, ttl_seconds: 1000 }
    await append({ rows: [one], options: expiring })
    await append({ rows: [one], options: STRING })
    expect(await client.ttl('k:1')).toBe(-1)
    await append({ rows: [one], options: expiring })
    expect(await client.ttl('k:1')).toBeGreaterThan(900)
    await refresh({ rows: [one], options: STRING })
    expect(await client.ttl('k:1')).toBe(-1)
  },

  '`key_prefix` or `database`': async () => {
    await refresh({ rows: [one] })
    await refresh({ rows: [two], options: { ...FLAT, key_prefix: 'p:' } })
    await refresh({ rows: [two], options: { ...FLAT, database: 1 } })
    await refresh({ rows: [], options: FLAT, stream: { generation: 2 } })
    expect(await client.exists('k:1', 'p:k:2')).toBe(1)
    await client.select(1)
    expect(await client.exists('k:2')).toBe(1)
    await client.select(0)
  },

  'the stream was left out of the catalog': async () => {
    await refresh({ rows: [one] })
    const lines = [streamState('other', {}), status('other')]
    for (const mode of ['append', 'overwrite'] as const)
      await write(redis, [{ name: 'other', mode, primaryKey: [['id']] }], lines, {
        ...FLAT,
        key_template: 'o:${id}',
      })
    expect(await keys()).toEqual(['k:1'])
  },

  'Redis was restored from a backup': async () => {
    await append({ rows: [one], options: {} })
    const backup = await backedUp()
    await append({ rows: [two, three], options: {} })
    await restore(backup)
    await append({ rows: [{ id: 4 }], options: {} })
    expect(await keys()).toEqual([':s', ':s:1', ':s:2'])
    await refresh({ rows: [one, two, three, { id: 4 }], options: {} })
    expect(await keys()).toEqual([':s', ':s:3', ':s:4', ':s:5', ':s:6'])
  },

  'another host or platform writes the stream': async () => {
    await append({ rows: [one], stream: { syncId: 9 } })
    const added = await append({ rows: [two], stream: { syncId: 3 } })
    expect([await keys(), warningsOf(added)]).toEqual([['k:1', 'k:2'], expect.stringContaining(OTHER)])
    const replaced = await refresh({ rows: [three], options: STRING, stream: { generation: 3, syncId: 3 } })
    expect(warningsOf(replaced)).not.toContain(OTHER)
    const again = await refresh({ rows: [one], options: STRING, stream: { generation: 1, syncId: 3 } })
    expect([await client.exists('k:3'), warningsOf(again)]).toEqual([0, expect.stringContaining(OTHER)])
  },

  'the counter was deleted or evicted': async () => {
    await append({ rows: [one, two], options: {} })
    await client.unlink(':s')
    await append({ rows: [three], options: {} })
    expect(await keys()).toEqual([':s', ':s:1', ':s:2', ':s:3'])
    await client.unlink(':s')
    await refresh({ rows: [one], options: {} })
    expect(await keys()).toEqual([':s', ':s:4'])
  },

  'the metadata were deleted or evicted': async () => {
    await refresh({ rows: [one, two], options: FLAT })
    await client.unlink('_airbyte:manifest::s')
    await client.hset('k:9', 'theirs', 1)
    const replaced = await refresh({ rows: [three], options: FLAT, stream: { generation: 2 } })
    expect(await keys()).toEqual(['k:3', 'k:9'])
    expect(warningsOf(replaced)).toMatch(/k:\*.*destination-redis clear --config F --stream 's' --pattern/)
    await refresh({ rows: [], options: FLAT, stream: { generation: 3 } })
    expect(await keys()).toEqual(['k:9'])
    await append({ rows: [one, two], options: {} })
    await client.unlink('_airbyte:manifest::s', ':s', ':s:1')
    expect(codesOf(await append({ rows: [three, three], options: {} }))).toEqual(['ids-taken'])
  },

  'the classic connector wrote the stream': async () => {
    // It counts in a second key while it loads, and then numbers the keys anew, in any order.
    await client.mset({ ':s': 2, 'tmp::s': 5 })
    for (const [number, id] of [5, 4].entries())
      await client.hset(`:s:${number + 1}`, {
        _airbyte_ab_id: id,
        _airbyte_emitted_at: 5,
        _airbyte_data: '{}',
      })
    await append({ rows: [three], options: {} })
    expect(await keys()).toEqual([':s', ':s:1', ':s:2', ':s:6', 'tmp::s'])
    const { logs } = await refresh({ rows: [one], options: {} })
    expect(await keys()).toEqual([':s', ':s:7', 'tmp::s'])
    expect(logs.map(({ message }) => message).join('\n')).toContain('2 rows of the classic connector')
  },

  'another application counts in `<namespace>:<stream>`': async () => {
    await client.set(':s', 2)
    await client.hset(':s:1', 'theirs', 1)
    await append({ rows: [one], options: {} })
    expect(await client.exists(':s:3')).toBe(1)
    await refresh({ rows: [two], options: {} })
    await refresh({ rows: [], options: {}, stream: { generation: 2 } })
    expect(await client.hgetall(':s:1')).toEqual({ theirs: '1' })
  },

  'another stream uses the key': async () => {
    await write(redis, [{ name: 's:1' }], [record('s:1', one), status('s:1')], LIST)
    const options = { cache_type: 'string', data_format: 'json' }
    for (const sync of [append, refresh])
      expect(codesOf(await sync({ rows: [one], options }))).toContain('key-of-other-stream')
    expect(codesOf(await append({ options: { ...LIST, key_template: ':s:1' } }))).toEqual([
      'key-of-other-stream',
    ])
    expect(await client.lrange(':s:1', 0, -1)).toEqual(['{"id":1}'])
  },

  'a key of the stream holds another Redis type': async () => {
    await refresh({ rows: [one], options: STRING })
    await client.rpush('k:2', 'theirs')
    expect(codesOf(await append({ rows: [two], options: FLAT, stream: { namespace: 'other' } }))).toEqual([
      'record-refused',
    ])
    const options = { ...FLAT, on_record_error: 'dead_letter' }
    await refresh({ rows: [one, two], options, stream: { generation: 2 } })
    expect([await client.type('k:1'), await client.type('k:2')]).toEqual(['hash', 'list'])
  },

  'a key of a row to delete holds another Redis type': async () => {
    await append({ rows: [one], options: FLAT })
    await client.rpush('k:7', 'theirs')
    const deletion = { id: 7, v: 1, _ab_cdc_deleted_at: 'now' }
    for (const sync of [append, refresh]) {
      const run = await sync({ rows: [deletion], options: FLAT, stream: dedup() })
      expect(run.states[0]?.destinationStats).toMatchObject({ additionalStats: { deleted: 1 } })
    }
    expect(await client.lrange('k:7', 0, -1)).toEqual(['theirs'])
  },

  'the stream has rows that were written without a key index': async () => {
    await append({ rows: [one, two, three], options: FLAT })
    await append({ rows: [{ id: 2, v: 1, _ab_cdc_deleted_at: 'now' }], options: FLAT, stream: dedup() })
    expect(await keys()).toEqual(['k:1', 'k:3'])
    const run = await refresh({ rows: [one], options: FLAT })
    expect(await keys()).toEqual(['k:1', 'k:3'])
    expect(warningsOf(run)).toMatch(/k:\*.*destination-redis clear --config F --stream 's' --pattern/)
    for (const generation of [2, 3]) await refresh({ options: FLAT, stream: { generation } })
    expect(await keys()).toEqual(['k:3'])
    await append({ rows: [{ id: 3, v: 1, _ab_cdc_deleted_at: 'now' }], options: FLAT, stream: dedup() })
    expect(await keys()).toEqual([])
  },

  'the source sends no records and no `COMPLETE`': async () => {
    await refresh({ rows: [one] })
    const stream = { mode: 'overwrite' } as const
    for (const options of [FLAT, { ...FLAT, allow_empty_replace: true }]) {
      const lines = options === FLAT ? ['empty-replace'] : []
      const { name, primaryKey } = { name: 's', primaryKey: [['id']] }
      const run = await write(redis, [{ name, primaryKey, ...stream }], [streamState('s', {})], options)
      expect([codesOf(run), await keys()]).toEqual([lines, options === FLAT ? ['k:1'] : []])
    }
  },

  'a sync that has ended well is attempted again, and nothing is left to send': async () => {
    const stream = { mode: 'overwrite', generation: 3, syncId: 8 } as const
    for (const options of [FLAT, {}, LIST]) {
      await client.flushall()
      await refresh({ rows: [one, two], options, stream })
      const before = await keys()
      for (const _ of [1, 2]) {
        const again = await refresh({ options, stream })
        expect([again.code, warningsOf(again)]).toEqual([0, expect.stringContaining('is complete already')])
        expect(await keys()).toEqual(before)
        expect(await client.hexists('_airbyte:manifest::s', 'staged_from_run')).toBe(0)
      }
      await refresh({ rows: [three], options, stream: { ...stream, syncId: 9 } })
      await refresh({ options, stream: { ...stream, generation: 4, syncId: 10 } })
      expect((await keys()).filter((key) => !key.startsWith('_airbyte:'))).toEqual([])
    }
  },

  'the host always sends generation, minimum and sync id 1': async () => {
    const stream = { generation: 1, minimumGeneration: 1, syncId: 1 }
    await append({ rows: [one], stream })
    await append({ rows: [two], stream })
    expect(await keys()).toEqual(['k:1', 'k:2'])
    await append({ rows: [two], options: FLAT, stream: { ...stream, mode: 'overwrite' } })
    await append({ rows: [three], options: FLAT, stream: { ...stream, mode: 'overwrite' }, end: '' })
    await append({ rows: [one], options: FLAT, stream: { ...stream, mode: 'overwrite' } })
    expect(await client.exists('k:2')).toBe(0)
  },
}

it('docs/guarantees.md has a row for each test, and a test for each row', () => {
  const page = readFileSync(new URL('../docs/guarantees.md', import.meta.url), 'utf8')
  const [, section = ''] = page.split('### What happens when something changes\n')
  const [, table = ''] = section.split(/^\|[-| ]+\|$/m)
  const rows = [...table.split('\n\n', 1)[0]!.matchAll(/^\| (.+?) +\|/gm)].map(([, cell]) => cell!)
  expect(rows).toEqual(Object.keys(ROWS))
})

describe('between two syncs', () => {
  it.each(Object.entries(ROWS))('%s', (_, test) => test())
})

/** Returns the contents of all keys, as DUMP has them. */
async function backedUp(): Promise<[key: string, contents: Buffer][]> {
  const all = await client.keys('*')
  return Promise.all(all.map(async (key): Promise<[string, Buffer]> => [key, await client.dumpBuffer(key)]))
}

async function restore(backup: readonly [key: string, contents: Buffer][]): Promise<void> {
  await client.flushall()
  for (const [key, contents] of backup) await client.restore(key, 0, contents)
}
