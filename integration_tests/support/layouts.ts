// The layouts of the acceptance cases: their options, and how their records are read back as rows.
import type { Redis } from 'ioredis'
import type { CatalogStream } from './messages.ts'

/** A row by column. Null columns are absent in layouts that have a field for each column. */
export type Row = Record<string, unknown>

export interface Layout {
  title: string
  mode: 'append' | 'append_dedup'
  options: Record<string, unknown>
  /** Whether a replacement is staged, so that an unfinished one is not visible. */
  isGathered: boolean
  /** Returns the visible content of a row. */
  seen: (row: Row) => unknown
  /** Reads the visible content of all rows under a base key, in order or else sorted as JSON text. */
  read: (client: Redis, base: string) => Promise<unknown[]>
}

const whole = (row: Row): unknown => row

function texts(row: Row): Record<string, string> {
  const values = Object.entries(row).filter(([, value]) => value !== null)
  return Object.fromEntries(values.map(([name, value]) => [name, String(value)]))
}

const airbyteHash = keyed(async (client, key) => parse(await client.hget(key, '_airbyte_data')))
const jsonString = keyed(async (client, key) => parse(await client.get(key)))
const flatHash = keyed((client, key) => client.hgetall(key))

/** The layout of a connection without any option: hashes with ids. */
const byId: Layout = {
  title: 'hash by id, append',
  mode: 'append',
  options: {},
  isGathered: false,
  seen: whole,
  read: async (client, base) => {
    const keys = (await keysUnder(client, base)).toSorted((one, other) => idOf(one) - idOf(other))
    return Promise.all(keys.map(async (key) => parse(await client.hget(key, '_airbyte_data'))))
  },
}

const keyedLayouts = [
  { title: 'string of JSON by primary key', options: jsonOf('string'), seen: whole, read: jsonString },
  { title: 'flat hash by primary key', options: { data_format: 'flat' }, seen: texts, read: flatHash },
]

const gathered: Omit<Layout, 'mode' | 'isGathered' | 'seen'>[] = [
  {
    title: 'list, append',
    options: jsonOf('list'),
    read: async (client, base) => (await client.lrange(base, 0, -1)).map(parse),
  },
  {
    title: 'set, append',
    options: jsonOf('set'),
    read: async (client, base) => (await client.smembers(base)).toSorted().map(parse),
  },
  {
    title: 'sorted set, append',
    options: jsonOf('sorted_set'),
    read: async (client, base) => (await client.zrange(base, '0', '-1')).map(parse),
  },
  {
    title: 'Redis stream, append',
    options: { cache_type: 'stream' },
    read: async (client, base) => (await client.xrange(base, '-', '+')).map(([, entry]) => parse(entry[5])),
  },
  { title: 'hash_field, append', options: { hash_field: '${_airbyte_primary_key}' }, read: readFields },
]

export const APPENDED: Layout[] = [
  byId,
  ...keyedLayouts.map((layout) => ({
    ...layout,
    title: `${layout.title}, append`,
    options: { ...layout.options, track_keys: 'always' },
    mode: 'append' as const,
    isGathered: false,
  })),
  ...gathered.map((layout) => ({ ...layout, mode: 'append' as const, isGathered: true, seen: whole })),
]

/** Layouts in which the last record of a primary key is the row. */
export const ROWS: Layout[] = [
  { title: 'hash by primary key', options: {}, seen: whole, read: airbyteHash },
  ...keyedLayouts,
  { title: 'hash_field', options: { hash_field: '${_airbyte_primary_key}' }, seen: whole, read: readFields },
].map((layout) => ({
  ...layout,
  title: `${layout.title}, append_dedup`,
  mode: 'append_dedup',
  isGathered: false,
}))

const members: Layout[] = [
  {
    title: 'set, append_dedup',
    mode: 'append_dedup',
    options: { cache_type: 'set', member: '${_airbyte_primary_key}' },
    isGathered: false,
    seen: primaryKeyOf,
    read: async (client, base) => (await client.smembers(base)).toSorted(),
  },
  {
    title: 'sorted set, append_dedup',
    mode: 'append_dedup',
    options: { cache_type: 'sorted_set', member: '${_airbyte_primary_key}', score_field: 'score' },
    isGathered: false,
    seen: (row) => [primaryKeyOf(row), row['score']],
    read: readScores,
  },
]

export const DEDUPLICATED: Layout[] = [...ROWS, ...members]

export const ALL: Layout[] = [...APPENDED, ...DEDUPLICATED]

/** Returns the stream of the cases, `n:s`, by default with the primary key `id`. */
export function streamOf(
  { mode }: Pick<Layout, 'mode'>,
  options: Partial<CatalogStream> = {},
): CatalogStream {
  return { name: 's', namespace: 'n', mode, primaryKey: [['id']], ...options }
}

/** Returns the keys of records, without the connector's own keys and counters. */
async function keysUnder(client: Redis, base: string): Promise<string[]> {
  const keys = await client.keys('*')
  return keys.filter((key) => key.startsWith(`${base}:`) && !key.endsWith(':_airbyte_ab_id')).toSorted()
}

function keyed(read: (client: Redis, key: string) => Promise<unknown>): Layout['read'] {
  return async (client, base) => {
    const keys = await keysUnder(client, base)
    return Promise.all(keys.map((key) => read(client, key)))
  }
}

async function readFields(client: Redis, base: string): Promise<unknown[]> {
  const fields = Object.entries(await client.hgetall(base)).toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  )
  return fields.map(([, text]) => parse(text))
}

async function readScores(client: Redis, base: string): Promise<unknown[]> {
  const flat = await client.zrange(base, '0', '-1', 'WITHSCORES')
  const pairs = flat.flatMap((member, at) => (at % 2 === 0 ? [[member, Number(flat[at + 1])] as const] : []))
  return pairs.toSorted(([one], [other]) => (one < other ? -1 : 1))
}

/** Returns the primary key of a row: `id`, and `part` if there is one. */
function primaryKeyOf({ id, part }: Row): string {
  const parts = [id, part] as (string | number | undefined)[]
  return parts.filter((value) => value !== undefined).join(':')
}

function jsonOf(cacheType: string): Record<string, unknown> {
  return { cache_type: cacheType, data_format: 'json' }
}

function idOf(key: string): number {
  return Number(key.slice(key.lastIndexOf(':') + 1))
}

function parse(text: string | null | undefined): Row {
  return JSON.parse(text ?? 'null') as Row
}
