// Counts the commands that a sync of one record sends, from the first connection to the last. A change that raises a number
// changes the table, and says why.
import type { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { beforeEach, expect, it } from 'vitest'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import { pollUntil } from './support/poll.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const JSON_STRING = { cache_type: 'string', data_format: 'json' }
const FLAT = { data_format: 'flat' }

/** A lease is renewed every three seconds, which a slow machine may take. */
const RENEWAL = /"(GET|PEXPIRE)" "_airbyte:lease:|"HGET" "_airbyte:manifest:[^"]*" "run_id"/

type Mode = NonNullable<CatalogStream['mode']>

/**
 * `first`: of a stream that was never synced; `second`: of the sync after that. Replaces of rows walk through the 256
 * shards of the key index; the index of a collection with one key is read in one command, and what a run writes to such a
 * collection is recorded, so that a retry can take it back. At the end of a replace the record of the attempt, the journal and
 * the pending removal go in the steps that are confirmed anyway, the index is read once more only if something in it is old,
 * and the manifest that was read to begin the removal is the one that is written at the end. A run also reads the set of
 * known streams and looks for metadata of 1.0.0-alpha.1, and the first one adds its stream to the set, looks for keys of
 * its first ids and for rows of the classic connector, and asks whether Redis evicts keys. A flat hash is written in a
 * transaction, behind a script that removes the former one.
 */
const TABLE: { mode: Mode; options: object; first: number; second: number }[] = [
  { mode: 'append', options: {}, first: 34, second: 28 },
  { mode: 'overwrite', options: {}, first: 41, second: 38 },
  { mode: 'append_dedup', options: FLAT, first: 37, second: 32 },
  { mode: 'append_dedup', options: JSON_STRING, first: 33, second: 28 },
  { mode: 'overwrite', options: { ...JSON_STRING, key_template: 'k:${id}' }, first: 294, second: 292 },
  { mode: 'append_dedup', options: { cache_type: 'set', member: '${id}' }, first: 33, second: 28 },
  { mode: 'append', options: { cache_type: 'list' }, first: 45, second: 40 },
  { mode: 'overwrite', options: { cache_type: 'list' }, first: 64, second: 60 },
  { mode: 'append', options: { cache_type: 'stream', data_format: 'flat' }, first: 41, second: 38 },
]

it.each(TABLE)('$mode, $options: $first, then $second', async ({ mode, options, first, second }) => {
  const counts = [await commandsOf(mode, options), await commandsOf(mode, options)]
  expect(counts.map((commands) => commands.length)).toEqual([first, second])
})

/** Syncs one record, and returns the commands that the server was sent. */
async function commandsOf(mode: Mode, options: object): Promise<string[]> {
  await using monitored = await monitor()
  const stream = {
    name: 's',
    namespace: 'n',
    mode,
    primaryKey: [['id']],
    generation: 1,
    minimumGeneration: 0,
  }
  const lines = [
    record('s', { id: 1 }, { namespace: 'n' }),
    streamState('s', {}, { namespace: 'n' }),
    status('s', 'COMPLETE', { namespace: 'n' }),
  ]
  const run = await write(redis, [stream], lines, options)
  expect(run.errors).toEqual([])
  return await monitored.commands()
}

/** Collects the commands of all clients, without those that scripts call. */
async function monitor() {
  const socket = connect(redis.port, redis.host)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  socket.write('MONITOR\r\n')
  await pollUntil('the reply to MONITOR', async () => text.startsWith('+OK\r\n'))
  return {
    /** Resolves when the server has shown everything so far. */
    commands: async (): Promise<string[]> => {
      const end = randomUUID()
      await pollUntil('the last command', async () => {
        await client.echo(end)
        return text.includes(end)
      })
      const lines = text.split('\r\n').slice(1, -1)
      return lines.filter((line) => !line.includes(' lua] ') && !line.includes(end) && !RENEWAL.test(line))
    },
    [Symbol.asyncDispose]: async () => void socket.destroy(),
  }
}
