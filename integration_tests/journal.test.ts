// Runs that die between the steps of a batch: the journal names its rows, the rows are written, the key index has them.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { startConnector } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { KillingProxy } from './support/killing-proxy.ts'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import { pollUntil } from './support/poll.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write, writeArgs } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const STRING = { cache_type: 'string', data_format: 'json', key_template: 'k:${id}' }
const MERGED = { data_format: 'flat', on_update: 'merge', key_template: 'k:${id}' }
const WRITES_STRING = '*3\r\n$3\r\nSET\r\n$3\r\nk:'
const WRITES_INDEX = '\r\n$5\r\nHMSET\r\n'

interface Dying {
  stream: CatalogStream
  options: object
  rows: readonly object[]
  emittedAt?: number
}

describe('a refresh whose first run dies', () => {
  it('before its rows are written merges nothing with rows of the old generation', async () => {
    await complete(
      generation(1),
      MERGED,
      [0, 1].map((id) => ({ id, a: 'old', gone: 'x' })),
    )
    await dieBefore('\r\n$7\r\nEVALSHA\r\n', {
      stream: generation(2),
      options: MERGED,
      rows: [0, 1].map((id) => ({ id, a: 'new' })),
    })
    expect(await client.hkeys('_airbyte:journal:n:s')).toEqual([])
    await complete(
      generation(2),
      MERGED,
      [0, 1].map((id) => ({ id, a: 'new' })),
    )
    expect([await client.hgetall('k:0'), await client.hgetall('k:1')]).toEqual([
      { id: '0', a: 'new' },
      { id: '1', a: 'new' },
    ])
  })

  it.each([
    ['before its rows are written', WRITES_STRING, 'old'],
    ['before their index entries are written', WRITES_INDEX, 'new'],
  ])('%s removes rows that the source has lost since', async (_, command, content) => {
    await complete(generation(1), STRING, rows([0, 1, 2], 'old'))
    await dieBefore(command, { stream: generation(2), options: STRING, rows: rows([0, 1, 2, 3], 'new') })
    expect(await client.get('k:2')).toBe(JSON.stringify({ id: 2, of: content }))
    await complete(generation(2), STRING, rows([0, 1], 'new'))
    expect((await client.keys('k:*')).toSorted()).toEqual(['k:0', 'k:1'])
    expect(await client.exists('_airbyte:journal:n:s')).toBe(0)
  })

  it('keeps the rows that it had acknowledged', async () => {
    await complete(generation(1), STRING, rows([0, 1, 2], 'old'))
    const first = await write(redis, [generation(2)], lines(rows([0, 1], 'acknowledged')), STRING)
    expect([first.code, first.states.length]).toEqual([1, 1])
    await dieBefore(WRITES_STRING, { stream: generation(2), options: STRING, rows: rows([1, 2], 'lost') })
    await complete(generation(2), STRING, [])
    expect(await contents()).toEqual({
      'k:0': JSON.stringify({ id: 0, of: 'acknowledged' }),
      'k:1': JSON.stringify({ id: 1, of: 'acknowledged' }),
    })
  })
})

describe('a deduplicated stream whose run dies', () => {
  const stream: CatalogStream = {
    name: 's',
    namespace: 'n',
    mode: 'append_dedup',
    primaryKey: [['id']],
    cursor: ['c'],
  }
  const given = [0, 1, 2].map((id) => ({ id, c: 5 }))

  it('before its rows are written takes the same records again, whenever they were emitted', async () => {
    await dieBefore(WRITES_STRING, { stream, options: STRING, rows: given, emittedAt: 1_700_000_002_000 })
    expect(await client.keys('k:*')).toEqual([])
    await complete(stream, STRING, given, 1_700_000_000_000)
    expect(Object.keys(await contents())).toEqual(['k:0', 'k:1', 'k:2'])
  })

  it('before their index entries are written deletes them, as they are in the journal', async () => {
    await dieBefore(WRITES_INDEX, { stream, options: STRING, rows: given })
    expect(await client.keys('k:*')).toHaveLength(3)
    await complete(stream, STRING, [{ id: 1, c: 6, _ab_cdc_deleted_at: 'now' }])
    expect(Object.keys(await contents())).toEqual(['k:0', 'k:2'])
  })

  it('at its end leaves no journal behind the next run, which may have no rows', async () => {
    const removesJournal = '*2\r\n$6\r\nUNLINK\r\n$20\r\n_airbyte:journal:n:s'
    await dieBefore(removesJournal, { stream, options: STRING, rows: given })
    await complete(stream, STRING, [])
    expect(await client.exists('_airbyte:journal:n:s')).toBe(0)
    expect(Object.keys(await contents())).toEqual(['k:0', 'k:1', 'k:2'])
  })
})

function generation(number: number): CatalogStream {
  return { name: 's', namespace: 'n', mode: 'append', generation: number, minimumGeneration: number }
}

function rows(ids: readonly number[], of: string): object[] {
  return ids.map((id) => ({ id, of }))
}

function lines(data: readonly object[], emittedAt?: number): string[] {
  const records = data.map((one) => record('s', one, { namespace: 'n', emittedAt }))
  return [...records, streamState('s', {}, { namespace: 'n' })]
}

async function complete(
  stream: CatalogStream,
  options: object,
  data: readonly object[],
  emittedAt?: number,
): Promise<void> {
  const input = [...lines(data, emittedAt), status('s', 'COMPLETE', { namespace: 'n' })]
  const run = await write(redis, [stream], input, options)
  expect([run.errors, run.code, run.states.length]).toEqual([[], 0, 1])
}

/** A run that is killed when everything before a command has reached Redis. */
async function dieBefore(command: string, { stream, options, rows: data, emittedAt }: Dying): Promise<void> {
  await using proxy = await KillingProxy.start(redis.port, command)
  await using run = startConnector(writeArgs(proxy, [stream], options))
  void feed(run.stdin, lines(data, emittedAt))
  await proxy.reached
  run.kill('SIGKILL')
  await run.exit
  await pollUntil('the end of its connections', async () => {
    const list = String(await client.client('LIST'))
    return !list.includes('name=destination-redis')
  })
  // As if the lease of the dead run had expired.
  await client.del('_airbyte:lease:n:s')
}

async function contents(): Promise<Record<string, string | null>> {
  const keys = (await client.keys('k:*')).toSorted()
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await client.get(key)])))
}
