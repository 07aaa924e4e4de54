// One table of all ways to store records in Redis: the configuration, and a model of the expected contents.
import type { Redis } from 'ioredis'

/** The columns of a record of the conformance tests; `id` is the primary key. */
export interface Row {
  id: number
  name: string
  group: string
  score: number
  note: string | null
}

/** One record in the model: with the id that the connector assigns and the JSON text that was sent. */
export interface Sent {
  row: Row
  json: string
  abId: number
  emittedAt: number
}

export interface Structure {
  title: string
  options: Record<string, unknown>
  /** The reply of `TYPE` for the keys. */
  kind: 'hash' | 'string' | 'list' | 'set' | 'zset' | 'stream'
  /** Returns the expected contents by key, in the form of `readAll`. */
  expected: (sent: readonly Sent[]) => Map<string, unknown>
  /** Whether a key of another type is overwritten, as `SET` does. */
  overwritesOthers?: boolean
  /** A key that records are written to. */
  key: string
}

const airbyteJson = ({ abId, emittedAt, json }: Sent): string =>
  `{"_airbyte_ab_id":${abId},"_airbyte_emitted_at":${emittedAt},"_airbyte_data":${json}}`

const airbyteFields = ({ abId, emittedAt, json }: Sent): Record<string, string> => ({
  _airbyte_ab_id: String(abId),
  _airbyte_emitted_at: String(emittedAt),
  _airbyte_data: json,
})

function flatFields({ row }: Sent): Record<string, string> {
  const fields = Object.entries(row).filter(([, value]) => value !== null)
  return Object.fromEntries(fields.map(([name, value]) => [name, String(value)]))
}

/** Returns a model in which the last record of a key wins. */
function byKey(key: (sent: Sent) => string, value: (sent: Sent) => unknown) {
  return (sent: readonly Sent[]): Map<string, unknown> => new Map(sent.map((one) => [key(one), value(one)]))
}

function gathered<T>(
  key: (sent: Sent) => string,
  add: (before: T | undefined, sent: Sent) => T,
): (sent: readonly Sent[]) => Map<string, unknown> {
  return (sent) => {
    const contents = new Map<string, T>()
    for (const one of sent) contents.set(key(one), add(contents.get(key(one)), one))
    return contents
  }
}

const list = (value: (sent: Sent) => unknown) =>
  gathered<unknown[]>(
    () => 'n:s',
    (before = [], sent) => [...before, value(sent)],
  )
const listByGroup = (value: (sent: Sent) => unknown, most = Infinity) =>
  gathered<unknown[]>(
    ({ row }) => `g:${row.group}`,
    (before = [], sent) => [...before, value(sent)].slice(-most),
  )
const set = (value: (sent: Sent) => string) =>
  gathered<Set<string>>(
    () => 'n:s',
    (before = new Set(), sent) => before.add(value(sent)),
  )
const scores = (member: (sent: Sent) => string, score: (sent: Sent) => number) =>
  gathered<Map<string, number>>(
    () => 'n:s',
    (before = new Map(), sent) => before.set(member(sent), score(sent)),
  )
const fields = (key: (sent: Sent) => string, field: (sent: Sent) => string, value: (sent: Sent) => string) =>
  gathered<Record<string, string>>(key, (before = {}, sent) => ({ ...before, [field(sent)]: value(sent) }))

const abKey = ({ abId }: Sent): string => `n:s:${abId}`
const rowKey = ({ row }: Sent): string => `row:${row.id}`
const rowTemplate = 'row:${id}'
const groupTemplate = 'g:${group}'
const json = ({ json: text }: Sent): string => text
const name = ({ row }: Sent): string => row.name

export const STRUCTURES: Structure[] = [
  {
    title: 'hash, airbyte',
    options: { cache_type: 'hash' },
    kind: 'hash',
    key: 'n:s:1',
    expected: byKey(abKey, airbyteFields),
  },
  {
    title: 'hash, airbyte, by column',
    options: { cache_type: 'hash', key_template: rowTemplate },
    kind: 'hash',
    key: 'row:1',
    expected: byKey(rowKey, airbyteFields),
  },
  {
    title: 'hash, flat, replace',
    options: { cache_type: 'hash', data_format: 'flat', key_template: rowTemplate },
    kind: 'hash',
    key: 'row:1',
    expected: byKey(rowKey, flatFields),
  },
  {
    title: 'hash, flat, merge',
    options: { cache_type: 'hash', data_format: 'flat', key_template: rowTemplate, on_update: 'merge' },
    kind: 'hash',
    key: 'row:1',
    expected: gathered<Record<string, string>>(rowKey, (before = {}, sent) => ({
      ...before,
      ...flatFields(sent),
    })),
  },
  {
    title: 'hash by field, json',
    options: { cache_type: 'hash', hash_field: '${id}', key_template: groupTemplate },
    kind: 'hash',
    key: 'g:a',
    expected: fields(
      ({ row }) => `g:${row.group}`,
      ({ row }) => String(row.id),
      json,
    ),
  },
  {
    title: 'hash by field, raw',
    options: { cache_type: 'hash', hash_field: 'f:${id}', data_format: 'raw', value_field: 'name' },
    kind: 'hash',
    key: 'n:s',
    expected: fields(
      () => 'n:s',
      ({ row }) => `f:${row.id}`,
      name,
    ),
  },
  {
    title: 'string, airbyte',
    options: { cache_type: 'string' },
    kind: 'string',
    key: 'n:s:1',
    overwritesOthers: true,
    expected: byKey(abKey, airbyteJson),
  },
  {
    title: 'string, json',
    options: { cache_type: 'string', data_format: 'json', key_template: rowTemplate },
    kind: 'string',
    key: 'row:1',
    overwritesOthers: true,
    expected: byKey(rowKey, json),
  },
  {
    title: 'string, raw',
    options: { cache_type: 'string', data_format: 'raw', value_field: 'name', key_template: rowTemplate },
    kind: 'string',
    key: 'row:1',
    overwritesOthers: true,
    expected: byKey(rowKey, name),
  },
  {
    title: 'list, airbyte',
    options: { cache_type: 'list' },
    kind: 'list',
    key: 'n:s',
    expected: list(airbyteJson),
  },
  {
    title: 'list, json',
    options: { cache_type: 'list', data_format: 'json' },
    kind: 'list',
    key: 'n:s',
    expected: list(json),
  },
  {
    title: 'list, raw, by column, trimmed',
    options: {
      cache_type: 'list',
      data_format: 'raw',
      value_field: 'name',
      key_template: groupTemplate,
      max_length: 7,
    },
    kind: 'list',
    key: 'g:a',
    expected: listByGroup(name, 7),
  },
  {
    title: 'list, prepended members',
    options: { cache_type: 'list', member: '${group}/${id}', list_operation: 'prepend' },
    kind: 'list',
    key: 'n:s',
    expected: gathered<string[]>(
      () => 'n:s',
      (before = [], { row }) => [`${row.group}/${row.id}`, ...before],
    ),
  },
  {
    title: 'set, airbyte',
    options: { cache_type: 'set' },
    kind: 'set',
    key: 'n:s',
    expected: set(airbyteJson),
  },
  {
    title: 'set, json',
    options: { cache_type: 'set', data_format: 'json' },
    kind: 'set',
    key: 'n:s',
    expected: set(json),
  },
  {
    title: 'set, raw',
    options: { cache_type: 'set', data_format: 'raw', value_field: 'group' },
    kind: 'set',
    key: 'n:s',
    expected: set(({ row }) => row.group),
  },
  {
    title: 'set, members',
    options: { cache_type: 'set', member: '${group}' },
    kind: 'set',
    key: 'n:s',
    expected: set(({ row }) => row.group),
  },
  {
    title: 'sorted set, airbyte, by emission time',
    options: { cache_type: 'sorted_set' },
    kind: 'zset',
    key: 'n:s',
    expected: scores(airbyteJson, ({ emittedAt }) => emittedAt),
  },
  {
    title: 'sorted set, json, by column',
    options: { cache_type: 'sorted_set', data_format: 'json', score_field: 'score' },
    kind: 'zset',
    key: 'n:s',
    expected: scores(json, ({ row }) => row.score),
  },
  {
    title: 'sorted set, raw, by column',
    options: { cache_type: 'sorted_set', data_format: 'raw', value_field: 'name', score_field: 'score' },
    kind: 'zset',
    key: 'n:s',
    expected: scores(name, ({ row }) => row.score),
  },
  {
    title: 'sorted set, members',
    options: { cache_type: 'sorted_set', member: '${id}', score_field: 'score' },
    kind: 'zset',
    key: 'n:s',
    expected: scores(
      ({ row }) => String(row.id),
      ({ row }) => row.score,
    ),
  },
  {
    title: 'Redis stream, airbyte',
    options: { cache_type: 'stream' },
    kind: 'stream',
    key: 'n:s',
    expected: list(airbyteFields),
  },
  {
    title: 'Redis stream, flat, by column',
    options: { cache_type: 'stream', data_format: 'flat', key_template: groupTemplate },
    kind: 'stream',
    key: 'g:a',
    expected: listByGroup(flatFields),
  },
]

/**
 * Reads all keys of records, without the connector's own keys and without the counter `n:s` of layouts that use it.
 */
export async function readAll(
  client: Redis,
  expected: ReadonlyMap<string, unknown>,
): Promise<Map<string, unknown>> {
  const isOurs = (key: string): boolean =>
    key.startsWith('_airbyte:') || key.endsWith(':_airbyte_ab_id') || (key === 'n:s' && !expected.has('n:s'))
  const keys = (await client.keys('*')).filter((key) => !isOurs(key))
  return new Map(await Promise.all(keys.map(async (key) => [key, await read(client, key)] as const)))
}

async function read(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      return client.hgetall(key)
    case 'string':
      return client.get(key)
    case 'list':
      return client.lrange(key, 0, -1)
    case 'set':
      return new Set(await client.smembers(key))
    case 'zset': {
      const flat = await client.zrange(key, '0', '-1', 'WITHSCORES')
      return new Map(
        flat.flatMap((member, at) => (at % 2 === 0 ? [[member, Number(flat[at + 1])] as const] : [])),
      )
    }
    default: {
      const entries = await client.xrange(key, '-', '+')
      return entries.map(([, flat]) =>
        Object.fromEntries(
          flat.flatMap((field, at) => (at % 2 === 0 ? [[field, flat[at + 1]] as const] : [])),
        ),
      )
    }
  }
}
