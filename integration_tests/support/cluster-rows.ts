// Layouts that spread the rows of a stream over the slots of a cluster, and their rows read back.
import type { Redis } from 'ioredis'
import type { RedisCluster } from './cluster.ts'

export interface ClusterLayout {
  kind: string
  options: object
  /** Reads the ids under one key of the stream, in order if the structure has an order. */
  read: (client: Redis, key: string) => Promise<number[]>
}

const GROUPS = 60

/** Returns the columns of a record. Several records share a group. */
export function columnsOf(id: number): { group: number } {
  return { group: id % GROUPS }
}

const byGroup = { key_template: 'rows:${group}' }

export const clusterLayouts: readonly ClusterLayout[] = [
  {
    kind: 'hash',
    options: { key_template: 'rows:${_airbyte_ab_id}' },
    read: async (client, key) => [idIn(await client.hget(key, '_airbyte_data'))],
  },
  {
    kind: 'string',
    options: { cache_type: 'string', data_format: 'json', key_template: 'rows:${id}' },
    read: async (client, key) => [idIn(await client.get(key))],
  },
  {
    kind: 'list',
    options: { cache_type: 'list', data_format: 'json', ...byGroup },
    read: async (client, key) => (await client.lrange(key, 0, -1)).map(idIn),
  },
  {
    kind: 'stream',
    options: { cache_type: 'stream', data_format: 'flat', ...byGroup },
    read: async (client, key) =>
      (await client.xrange(key, '-', '+')).map(([, fields]) => Number(fields[fields.indexOf('id') + 1])),
  },
  {
    kind: 'set',
    options: { cache_type: 'set', data_format: 'json', ...byGroup },
    read: async (client, key) => (await client.smembers(key)).map(idIn).toSorted((one, other) => one - other),
  },
]

/**
 * Returns a description of what is wrong, if each row from 1 to `sent` is not there exactly once and in order under
 * its key.
 */
export async function wrongIn(
  cluster: RedisCluster,
  { read }: ClusterLayout,
  sent: number,
): Promise<string | undefined> {
  const seen = new Uint8Array(sent + 1)
  const found = await cluster.onMasters(async (client) => {
    const keys = (await client.keys('rows:*')).filter((key) => !key.includes('_airbyte:'))
    return Promise.all(keys.map(async (key) => ({ key, ids: await read(client, key) })))
  })
  for (const { key, ids } of found.flat())
    for (const [at, id] of ids.entries()) {
      if (++seen[id]! > 1) return `row ${id} is there twice`
      if (at > 0 && ids[at - 1]! > id) return `${key} has row ${ids[at - 1]} before row ${id}`
    }
  const missing = seen.indexOf(0, 1)
  return missing === -1 ? undefined : `row ${missing} is missing`
}

function idIn(text: string | null): number {
  return (JSON.parse(text ?? '{}') as { id: number }).id
}
