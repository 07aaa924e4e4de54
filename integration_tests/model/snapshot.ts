// Reads everything in Redis, and describes contents so that they compare: generated ids are left out.
import type { ChainableCommander, Redis } from 'ioredis'
import type { Case } from './case.ts'
import { isById, keyTemplateOf } from './keys.ts'
import type { Contents, Entry, Keyspace } from './keyspace.ts'
import { settingsOf } from './options.ts'

/** Returns all keys of all nodes. */
export async function readKeyspace(nodes: readonly Redis[]): Promise<Keyspace> {
  const read = await Promise.all(nodes.map(readNode))
  return new Map(read.flatMap((keyspace) => [...keyspace]))
}

async function readNode(client: Redis): Promise<[string, Entry][]> {
  const keys = await client.keys('*')
  const heads = await replies(client, keys, (pipeline, key) => pipeline.type(key).pttl(key))
  const types = keys.map((_, at) => heads[2 * at] as Contents['type'])
  const values = await replies(client, keys, (pipeline, key, at) => READS[types[at]!](pipeline, key))
  return keys.map((key, at) => {
    const remaining = heads[2 * at + 1] as number
    const expiry = remaining < 0 ? undefined : { at: Date.now() + remaining }
    return [key, { contents: contentsOf(types[at]!, values[at]), expiry }]
  })
}

async function replies(
  client: Redis,
  keys: string[],
  add: (pipeline: ChainableCommander, key: string, at: number) => void,
): Promise<unknown[]> {
  const pipeline = client.pipeline()
  for (const [at, key] of keys.entries()) add(pipeline, key, at)
  return ((await pipeline.exec()) ?? []).map(([error, reply]) => {
    if (error !== null) throw error
    return reply
  })
}

const READS: Record<Contents['type'], (pipeline: ChainableCommander, key: string) => void> = {
  string: (pipeline, key) => pipeline.get(key),
  hash: (pipeline, key) => pipeline.hgetall(key),
  list: (pipeline, key) => pipeline.lrange(key, 0, -1),
  set: (pipeline, key) => pipeline.smembers(key),
  zset: (pipeline, key) => pipeline.zrange(key, '0', '-1', 'WITHSCORES'),
  stream: (pipeline, key) => pipeline.xrange(key, '-', '+'),
}

function contentsOf(type: Contents['type'], reply: unknown): Contents {
  if (type === 'string') return { type, text: reply as string }
  if (type === 'hash') return { type, fields: new Map(Object.entries(reply as Record<string, string>)) }
  if (type === 'list') return { type, items: reply as string[] }
  if (type === 'set') return { type, members: new Set(reply as string[]) }
  if (type === 'zset')
    return { type, scores: new Map(pairsOf(reply as string[]).map(([name, score]) => [name, Number(score)])) }
  return { type, entries: (reply as [id: string, fields: string[]][]).map(([, fields]) => pairsOf(fields)) }
}

function pairsOf(flat: string[]): [string, string][] {
  return flat.flatMap((first, at): [string, string][] => (at % 2 === 0 ? [[first, flat[at + 1]!]] : []))
}

/** Separates the keys of records and of other applications from the connector's own keys. */
export function separate(
  keyspace: Keyspace,
  ownCounters: readonly string[],
): { records: Keyspace; own: string[] } {
  const own = [...keyspace]
    .filter(([key, { contents }]) => isOwn(key, contents, ownCounters))
    .map(([key]) => key)
  const records = new Map(keyspace)
  for (const key of own) records.delete(key)
  return { records, own }
}

function isOwn(key: string, contents: Contents, counters: readonly string[]): boolean {
  if (key.includes('_airbyte:') || key.endsWith(':_airbyte_ab_id')) return true
  return counters.includes(key) && contents.type === 'string' && /^\d+$/.test(contents.text)
}

/** Returns the base keys of all streams, where the connector counts ids. */
export function countersOf({ runs }: Case): string[] {
  return runs.flatMap(({ streams, options: { key_prefix: prefix = '' } }) =>
    streams.map(({ namespace = '', name }) => `${prefix}${namespace}:${name}`),
  )
}

/** Returns the text before the id of all keys that are made of ids. */
export function idPrefixesOf({ runs }: Case): string[] {
  return runs.flatMap(({ streams, options }) =>
    streams
      .map((stream) => settingsOf(stream, options))
      .filter(isById)
      .map((settings) => {
        const template = keyTemplateOf(settings)
          .replace('${_airbyte_namespace}', settings.stream.namespace ?? '')
          .replace('${_airbyte_stream}', settings.stream.name)
        return (settings.options.key_prefix ?? '') + template.slice(0, template.indexOf('${_airbyte_ab_id}'))
      }),
  )
}

/** The keys that are made of ids: all numbers behind a prefix, but for those that are named by columns. */
export interface IdKeys {
  prefixes: readonly string[]
  named: ReadonlySet<string>
}

/** Describes each key in a line. Keys made of ids are numbered in their order, as ids may have gaps. */
export function describe(keyspace: Keyspace, ids: IdKeys): string[] {
  const numbered = new Map(
    ids.prefixes.flatMap((prefix) =>
      idKeysIn(keyspace, prefix, ids.named).map((key, at): [string, string] => [key, `${prefix}#${at + 1}`]),
    ),
  )
  return [...keyspace].map(([key, entry]) => `${numbered.get(key) ?? key} ${describeEntry(entry)}`).toSorted()
}

/** Returns the keys that are made of ids, in the order of the ids. */
export function idKeysIn(keyspace: Keyspace, prefix: string, named: ReadonlySet<string>): string[] {
  const idOf = (key: string) => Number(key.slice(prefix.length))
  return [...keyspace.keys()]
    .filter((key) => key.startsWith(prefix) && /^\d+$/.test(key.slice(prefix.length)) && !named.has(key))
    .toSorted((one, other) => idOf(one) - idOf(other))
}

function describeEntry({ contents, expiry }: Entry): string {
  return `(${contents.type}${describeExpiry(expiry)}) ${JSON.stringify(describeContents(contents))}`
}

const A_YEAR_MS = 365 * 86_400_000

/** Times to live in the cases are multiples of 1000 seconds; times of expiry are decades away and exact. */
function describeExpiry(expiry: Entry['expiry']): string {
  if (expiry === undefined) return ''
  if ('seconds' in expiry) return `, ends within ${expiry.seconds} s`
  const remaining = expiry.at - Date.now()
  if (remaining > 10 * A_YEAR_MS) return `, ends at ${Math.round(expiry.at / 60_000)} min`
  return `, ends within ${Math.ceil(remaining / 1_000_000) * 1000} s`
}

function describeContents(contents: Contents): unknown {
  switch (contents.type) {
    case 'string':
      return withoutId(contents.text)
    case 'hash':
      return [...contents.fields].map(fieldWithoutId).toSorted(byName)
    case 'list':
      return contents.items.map(withoutId)
    case 'set':
      return [...contents.members].map(withoutId).toSorted()
    case 'zset':
      return [...contents.scores].map(([member, score]) => [withoutId(member), score]).toSorted(byName)
    case 'stream':
      return contents.entries.map((fields) => fields.map(fieldWithoutId))
  }
}

function byName([one]: unknown[], [other]: unknown[]): number {
  return String(one) < String(other) ? -1 : 1
}

function fieldWithoutId([name, text]: [string, string]): [string, string] {
  return name === '_airbyte_ab_id' ? [name, '#'] : [name, withoutId(text)]
}

function withoutId(text: string): string {
  return text.replace(/^\{"_airbyte_ab_id":\d+,/, '{"_airbyte_ab_id":#,')
}
