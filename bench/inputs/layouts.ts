// The layouts of the suites: the configuration, the keys that a load leaves, and the same writes for redis-cli.
import type { Redis } from 'ioredis'

export type Layout = {
  name: string
  /** The layout options of the connector's configuration. */
  config: Record<string, unknown>
  commands?: {
    /** The bytes of a record's commands before and behind its `data`. */
    record: (baseKey: string, id: number, emittedAt: number, dataBytes: number) => [string, string]
    /** The commands for the other keys of a stream. */
    beside: (baseKey: string, records: number) => string
  }
  /** Returns how many keys a load leaves, without those of the key index. */
  keys: (records: number, streams: number, rows: number) => number
  /** Whether the same records, loaded again, have the same keys. */
  isStable: boolean
  /** Reads the `data` of a record again. */
  read: (client: Redis, sample: Sample) => Promise<Buffer | null>
}

/** Identifies a record: `id` counts the records of the stream, `row` is the primary key. */
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
      command('HSET', `_airbyte:manifest:${baseKey}`, 'last_id', '1'),
  },
  keys: (records, streams) => records + 2 * streams,
  isStable: false,
  read: async (client, { baseKey, id }) => client.hgetBuffer(`${baseKey}:${id}`, '_airbyte_data'),
}

/** The layout of the same configuration with append_dedup. */
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
