// One entry for each cache type: how the connector is told, and the very same writes as commands for redis-cli.
import type { Redis } from 'ioredis'

export type Layout = {
  name: string
  /** Of the connector's configuration, what chooses the layout. */
  config: Record<string, unknown>
  /** What the commands of one record hold before and behind its `data`. */
  record: (baseKey: string, id: number, emittedAt: number, dataBytes: number) => [string, string]
  /** The commands for what a stream keeps beside its records. */
  beside: (baseKey: string, records: number) => string
  /** How many keys a load leaves behind. */
  keys: (records: number, streams: number) => number
  /** Reads the `data` of a record again. */
  read: (client: Redis, baseKey: string, id: number) => Promise<Buffer | null>
}

export const hash: Layout = {
  name: 'hash',
  config: { cache_type: 'hash' },
  record: (baseKey, id, emittedAt, dataBytes) => [
    `*8\r\n$5\r\nHMSET\r\n${word(`${baseKey}:${id}`)}${word('_airbyte_ab_id')}${word(String(id))}` +
      `${word('_airbyte_emitted_at')}${word(String(emittedAt))}${word('_airbyte_data')}$${dataBytes}\r\n`,
    '\r\n',
  ],
  beside: (baseKey, records) =>
    command('SET', baseKey, String(records)) +
    command('HSET', `_airbyte:stream:${baseKey}`, 'lowest_id', '1'),
  keys: (records, streams) => records + 2 * streams,
  read: async (client, baseKey, id) => client.hgetBuffer(`${baseKey}:${id}`, '_airbyte_data'),
}

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map(word).join('')}`
}

/** Keys are ASCII here, so characters are bytes. */
function word(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}
