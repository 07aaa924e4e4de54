// What gets each record once and in order: a list, a Redis stream, and the dead letters.
import type { Redis } from 'ioredis'

export interface Log {
  name: string
  config: { cache_type: string; [option: string]: unknown }
  key: string
  ids: (client: Redis) => Promise<number[]>
}

export const LOGS: readonly Log[] = [
  {
    name: 'a list',
    config: { cache_type: 'list', data_format: 'json', key_template: 'log' },
    key: 'log',
    ids: async (client) => (await client.lrange('log', 0, -1)).map(idOf),
  },
  {
    name: 'a Redis stream',
    config: { cache_type: 'stream', data_format: 'flat', key_template: 'log' },
    key: 'log',
    ids: async (client) => (await client.xrange('log', '-', '+')).map(([, fields]) => Number(fields[1])),
  },
  {
    name: 'the dead letters',
    // No record has the column that the key needs.
    config: {
      cache_type: 'string',
      data_format: 'json',
      key_template: 'k:${missing}',
      on_record_error: 'dead_letter',
    },
    key: '_airbyte:dead_letter',
    ids: async (client) =>
      (await client.xrange('_airbyte:dead_letter', '-', '+')).map(([, fields]) => idOf(fields.at(-1)!)),
  },
]

function idOf(text: string): number {
  return (JSON.parse(text) as { id: number }).id
}
