// How the connector is told what records become, what is there afterwards, and the very same writes for redis-cli.
import type { Redis } from 'ioredis'

export type Layout = {
  name: string
  /** Of the connector's configuration, what chooses the layout. */
  config: Record<string, unknown>
  commands?: {
    /** What the commands of one record hold before and behind its `data`. */
    record: (baseKey: string, id: number, emittedAt: number, dataBytes: number) => [string, string]
    /** The commands for what a stream keeps beside its records. */
    beside: (baseKey: string, records: number) => string
  }
  /** How many keys a load leaves behind, but for those that remember places. */
  keys: (records: number, streams: number, rows: number) => number
  /** Whether the same records, loaded again, are where they were. */
  isStable: boolean
  /** Reads the `data` of a record again. */
  read: (client: Redis, sample: Sample) => Promise<Buffer | null>
}

/** Where a record may be: `id` counts those of the stream, `row` is its primary key. */
export type Sample = { baseKey: string; id: number; row: number }

export const hash: Layout = {
  name: 'hash',
  config: { cache_type: 'hash' },
  commands: {
    record: (baseKey, id, emittedAt, dataBytes) => [
      `*8\r\n$5\r\nHMSET\r\n${word(`${baseKey}:${id}`)}${word('_airbyte_ab_id')}${word(String(id))}` +
        `${word('_airbyte_emitted_at')}${word(String(emittedAt))}${word('_airbyte_data')}$${dataBytes}\r\n`,
      '\r\n',
    ],
    beside: (baseKey, records) =>
      command('SET', baseKey, String(records)) +
      command('HSET', `_airbyte:stream:${baseKey}`, 'lowest_id', '1'),
  },
  keys: (records, streams) => records + 2 * streams,
  isStable: false,
  read: async (client, { baseKey, id }) => client.hgetBuffer(`${baseKey}:${id}`, '_airbyte_data'),
}

/** What the same configuration gives with append_dedup. */
export const hashByRow: Layout = {
  name: 'hash, airbyte',
  config: { cache_type: 'hash' },
  keys: (_, streams, rows) => rows + 2 * streams,
  isStable: true,
  read: async (client, { baseKey, row }) => client.hgetBuffer(`${baseKey}:${row}`, '_airbyte_data'),
}

export const stringByRow: Layout = {
  name: 'string, json',
  config: { cache_type: 'string', data_format: 'json' },
  keys: (_, streams, rows) => rows + streams,
  isStable: true,
  read: async (client, { baseKey, row }) => client.getBuffer(`${baseKey}:${row}`),
}

export const list: Layout = {
  name: 'list, json',
  config: { cache_type: 'list', data_format: 'json' },
  keys: (_, streams) => 2 * streams,
  isStable: true,
  read: async (client, { baseKey, id }) => client.lindexBuffer(baseKey, id - 1),
}

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map(word).join('')}`
}

/** Keys are ASCII here, so characters are bytes. */
function word(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}
