// Reads the keys of records from all masters, whatever their types.
import type { Redis } from 'ioredis'

export interface KeyContent {
  /** The items of a list, the entries of a Redis stream as JSON, or the text of a string. */
  items: string[]
  /** The fields of a hash, the members of a set (without a value) or of a sorted set (with its score). */
  pairs: [string, string][]
}

/** Returns the contents of the keys that match, by key. Counters beside the keys are left out. */
export async function readKeys(masters: readonly Redis[], pattern: string): Promise<Map<string, KeyContent>> {
  const read = await Promise.all(masters.map((client) => readFrom(client, pattern)))
  const contents = new Map<string, KeyContent>()
  for (const [key, content] of read.flat()) {
    if (contents.has(key)) throw new Error(`${key} is on two masters`)
    contents.set(key, content)
  }
  return contents
}

async function readFrom(client: Redis, pattern: string): Promise<[string, KeyContent][]> {
  const keys = (await client.keys(pattern)).filter((key) => !key.endsWith(':_airbyte_ab_id'))
  return Promise.all(keys.map(async (key) => [key, await readKey(client, key)] as [string, KeyContent]))
}

async function readKey(client: Redis, key: string): Promise<KeyContent> {
  switch (await client.type(key)) {
    case 'hash':
      return { items: [], pairs: Object.entries(await client.hgetall(key)) }
    case 'string':
      return { items: [(await client.get(key)) ?? ''], pairs: [] }
    case 'list':
      return { items: await client.lrange(key, 0, -1), pairs: [] }
    case 'set':
      return { items: [], pairs: (await client.smembers(key)).map((member) => [member, '']) }
    case 'zset':
      return { items: [], pairs: pairsOf(await client.zrange(key, '0', '-1', 'WITHSCORES')) }
    default: {
      const entries = await client.xrange(key, '-', '+')
      return { items: entries.map(([, fields]) => sortedText(pairsOf(fields))), pairs: [] }
    }
  }
}

function pairsOf(flat: string[]): [string, string][] {
  return flat.flatMap((first, at) => (at % 2 === 0 ? [[first, flat[at + 1] ?? ''] as [string, string]] : []))
}

function sortedText(pairs: [string, string][]): string {
  return JSON.stringify(Object.fromEntries(pairs.toSorted(([one], [other]) => (one < other ? -1 : 1))))
}
