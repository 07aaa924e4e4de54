// Ways to have a server refuse writes for a while, each with how it is ended.
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { pollUntil } from './poll.ts'
import type { RedisServer } from './redis-server.ts'

export interface Refusal {
  name: string
  begin: (client: Redis, server: RedisServer) => Promise<unknown>
  end: (client: Redis, server: RedisServer) => Promise<unknown>
}

/** The arguments that a server needs for all of them. */
export const REFUSING_ARGS = [
  '--enable-protected-configs',
  'yes',
  '--enable-debug-command',
  'yes',
  '--loading-process-events-interval-bytes',
  '1024',
]

const config = (name: string, on: string, off: string): Pick<Refusal, 'begin' | 'end'> => ({
  begin: (client) => client.config('SET', name, on),
  end: (client) => client.config('SET', name, off),
})

export const REFUSALS: readonly Refusal[] = [
  { name: 'OOM', ...config('maxmemory', '1', '0') },
  { name: 'NOREPLICAS', ...config('min-replicas-to-write', '99', '0') },
  {
    name: 'READONLY',
    begin: (client) => client.replicaof('127.0.0.1', 1),
    end: (client) => client.replicaof('NO', 'ONE'),
  },
  {
    name: 'MISCONF',
    begin: async (client) => {
      await client.config('SET', 'dir', '/proc')
      await client.config('SET', 'save', '3600 1')
      await client.config('SET', 'stop-writes-on-bgsave-error', 'yes')
      await client.bgsave()
      await pollUntil('a snapshot that fails', async () =>
        (await client.info('persistence')).includes('rdb_last_bgsave_status:err'),
      )
    },
    end: async (client, server) => {
      await client.config('SET', 'stop-writes-on-bgsave-error', 'no')
      await client.config('SET', 'save', '')
      await client.config('SET', 'dir', server.dir)
    },
  },
  {
    name: 'BUSY',
    begin: async (client, server) => {
      await client.config('SET', 'busy-reply-threshold', '1')
      const other = server.client()
      other.eval('while true do end', 0).catch(() => other.disconnect())
      await pollUntil('a busy server', async () => {
        // DBSIZE has no key, so a node of a cluster does not redirect it.
        const reply = await client.dbsize().catch((error: unknown) => String(error))
        return String(reply).includes('BUSY')
      })
    },
    end: async (client) => {
      await client.script('KILL')
      await pollUntil('an idle server', async () => (await client.dbsize()) >= 0)
    },
  },
]

/** Ways that take other means, or last longer. */
export const RARE_REFUSALS: readonly Refusal[] = [
  {
    name: 'MASTERDOWN',
    begin: async (client) => {
      await client.config('SET', 'replica-read-only', 'no')
      await client.config('SET', 'replica-serve-stale-data', 'no')
      await client.replicaof('127.0.0.1', 1)
    },
    end: (client) => client.replicaof('NO', 'ONE'),
  },
  {
    name: 'LOADING',
    begin: async (client, server) => {
      const filler = Array.from({ length: 100 }, (_, at) => [
        `filler:${at}`,
        randomBytes(2_048).toString('hex'),
      ])
      await client.mset(...filler.flat())
      await client.config('SET', 'key-load-delay', '100000')
      const other = server.client()
      void other.call('DEBUG', 'RELOAD').then(() => other.disconnect())
      await pollUntil('a server that loads', () => answers(client, 'LOADING'))
    },
    end: async (client) => {
      await client.config('SET', 'key-load-delay', '0')
      await pollUntil('a server that has loaded', async () => (await client.get('a key')) === null)
    },
  },
  {
    // A transaction that runs once needs no script that the server may have lost.
    name: 'NOSCRIPT',
    begin: (client) => client.script('FLUSH'),
    end: async () => undefined,
  },
  {
    name: 'maxclients at reconnect',
    begin: async (client) => {
      await client.config('SET', 'maxclients', '1')
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    },
    end: (client) => client.config('SET', 'maxclients', '1000'),
  },
]

async function answers(client: Redis, error: string): Promise<boolean> {
  return String(await client.get('a key').catch((reason: unknown) => String(reason))).includes(error)
}
