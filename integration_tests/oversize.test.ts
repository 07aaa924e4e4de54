// Records at which a server closes the connection, as they are over one of its limits, and a server that closes
// connections to save memory.
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { RedisCluster } from './support/cluster.ts'
import type { ConnectorRun } from './support/connector.ts'
import { catalog, record, streamState } from './support/messages.ts'
import { runConnector, writeFiles } from './support/connector.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { someOf } from './support/some-of.ts'

beforeEach(skipWhatIsLacking)

interface Subject {
  name: string
  config: object
  /** Returns the ids that are there, in order where the structure has one. */
  ids: (clients: readonly Redis[]) => Promise<number[]>
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'plain commands (string)',
    config: { cache_type: 'string', data_format: 'json', key_template: 'k:${id}' },
    ids: async (clients) => {
      const keys = (await Promise.all(clients.map((client) => client.keys('k:*')))).flat()
      return keys.map((key) => Number(key.slice(2))).toSorted((a, b) => a - b)
    },
  },
  {
    name: 'transactions that may run again (set with a time to live)',
    config: { cache_type: 'set', key_template: 's', member: '${id}:${filler}', ttl_seconds: 1_000 },
    ids: async (clients) => {
      const members = (await onOwner(clients, 's', (client) => client.smembers('s'))) ?? []
      return members.map((member) => Number(member.split(':')[0])).toSorted((a, b) => a - b)
    },
  },
  {
    name: 'transactions that run once (list)',
    config: { cache_type: 'list', data_format: 'json', key_template: 'l', max_length: 1_000 },
    ids: async (clients) => {
      const items = (await onOwner(clients, 'l', (client) => client.lrange('l', 0, -1))) ?? []
      return items.map((item) => (JSON.parse(item) as { id: number }).id)
    },
  },
]

const SETTINGS = ['proto-max-bulk-len', 'client-query-buffer-limit'] as const

const TOO_LARGE = [7, 15]
const LARGE = 'x'.repeat(1_100_000)

interface Target {
  config: object
  clients: readonly Redis[]
  [Symbol.asyncDispose](): Promise<void>
}

const TARGETS: readonly { name: string; start: () => Promise<Target> }[] = [
  {
    name: 'one server',
    start: async () => {
      const server = await RedisServer.start()
      const { host, port } = server
      return {
        config: { host, port },
        clients: [server.client()],
        [Symbol.asyncDispose]: () => server.stop(),
      }
    },
  },
  {
    name: 'a cluster',
    start: async () => {
      const cluster = await RedisCluster.start({ masters: 3 })
      return {
        config: { deployment: { mode: 'cluster', nodes: cluster.addresses } },
        clients: cluster.servers.map((server) => cluster.client(server)),
        [Symbol.asyncDispose]: () => cluster.stop(),
      }
    },
  },
]

describe.each(TARGETS)('a record over a limit of $name', ({ start }) => {
  it.each(SUBJECTS)('is a dead letter, and all others are written once: $name', async (subject) => {
    await using target = await start()
    for (const setting of SETTINGS) {
      await configure(target, setting, '1mb')
      const run = await write(target, subject, { on_record_error: 'dead_letter' })
      expect(run.errors).toEqual([])
      expect([run.code, run.states.length]).toEqual([0, 1])
      expect(await subject.ids(target.clients)).toEqual(idsWithout(TOO_LARGE))
      await expectDeadLetters(target, setting)
      await configure(target, setting, '512mb')
      await Promise.all(target.clients.map((client) => client.flushall()))
    }
  })

  it.each(someOf(SUBJECTS, 1))(
    'ends the run with its line, its size and the limit: $name',
    async (subject) => {
      await using target = await start()
      await configure(target, 'proto-max-bulk-len', '1mb')
      const run = await write(target, subject)
      expect([run.code, run.states.length]).toEqual([1, 0])
      const [error] = run.errors
      expect(error!.failure_type).toBe('config_error')
      expect(error!.message).toMatch(/Line 7, stream s: .*11\d{5} bytes.*proto-max-bulk-len 1048576/)
      expect(error!.message).toContain('[command-over-limit]')
    },
  )
})

it('a record over a limit is found where the user may not read the limits', async () => {
  await using server = await RedisServer.start()
  const client = server.client()
  await client.config('SET', 'proto-max-bulk-len', '1mb')
  await client.acl('SETUSER', 'u', 'on', '>p', '~*', '&*', '+@all', '-config')
  const config = { host: server.host, port: server.port, username: 'u', password: 'p' }
  const target = { config, clients: [client] }
  const run = await write(target, SUBJECTS[2]!, { on_record_error: 'dead_letter' })
  expect(run.errors).toEqual([])
  expect(await SUBJECTS[2]!.ids([client])).toEqual(idsWithout(TOO_LARGE))
})

it('a record that is rejected for another reason and is too large for a dead letter is cut, too', async () => {
  await using server = await RedisServer.start()
  const client = server.client()
  await client.config('SET', 'proto-max-bulk-len', '1mb')
  const target = { config: { host: server.host, port: server.port }, clients: [client] }
  const subject = { config: { cache_type: 'string', data_format: 'json', key_template: 'k:${missing}' } }
  const run = await write(target, subject, { on_record_error: 'dead_letter' })
  expect(run.code).toBe(0)
  const entries = await deadLettersOf(target)
  expect(entries).toHaveLength(20)
  expect(entries.filter(({ cut }) => cut !== undefined).map(({ line }) => line)).toEqual(['7', '15'])
})

describe.each(TARGETS)(
  'a server that limits the memory of its clients (maxmemory-clients): $name',
  ({ start }) => {
    it.each(someOf([SUBJECTS[0]!, SUBJECTS[2]!], 0))(
      'gets smaller batches, and each record is there once: $name',
      async (subject) => {
        await using target = await start()
        await configure(target, 'maxmemory-clients', '500kb')
        const run = await writeMany(target, subject)
        expect(run.errors).toEqual([])
        expect([run.code, run.states.length]).toEqual([0, 1])
        // The reply to the test is larger than what clients may use.
        await configure(target, 'maxmemory-clients', '0')
        expect(await subject.ids(target.clients)).toEqual(
          Array.from({ length: MANY }, (_, index) => index + 1),
        )
      },
    )

    it('is named where even the smallest batch is too large', async () => {
      await using target = await start()
      await configure(target, 'maxmemory-clients', '150kb')
      const run = await writeMany(target, SUBJECTS[2]!)
      expect(run.code).toBe(1)
      expect(run.errors[0]).toMatchObject({
        failure_type: 'config_error',
        message: expect.stringContaining('[client-memory-too-small]') as unknown,
      })
    })
  },
)

const MANY = 3_000

function writeMany(target: Target, { config }: Subject): Promise<ConnectorRun> {
  const input = Array.from({ length: MANY }, (_, index) =>
    record('s', { id: index + 1, filler: 'y'.repeat(600) }),
  )
  return writeAll(target, { ...config, max_length: undefined }, [...input, streamState('s', { id: MANY })])
}

async function write(
  target: Pick<Target, 'config' | 'clients'>,
  subject: Pick<Subject, 'config'>,
  options: object = {},
): Promise<ConnectorRun> {
  const input = Array.from({ length: 20 }, (_, index) => {
    const id = index + 1
    return record('s', { id, filler: TOO_LARGE.includes(id) ? LARGE : 'x' })
  })
  return writeAll(target, { ...subject.config, ...options }, [...input, streamState('s', { id: 20 })])
}

function writeAll(
  { config }: Pick<Target, 'config'>,
  options: object,
  input: string[],
): Promise<ConnectorRun> {
  const files = writeFiles({
    config: { ...config, max_outage_seconds: 60, ...options },
    catalog: catalog([{ name: 's' }]),
  })
  return runConnector(['write', '--config', files.config, '--catalog', files.catalog], input)
}

async function configure({ clients }: Target, name: string, value: string): Promise<void> {
  await Promise.all(clients.map((client) => client.config('SET', name, value)))
}

async function expectDeadLetters(target: Target, setting: string): Promise<void> {
  const entries = await deadLettersOf(target)
  expect(entries).toHaveLength(TOO_LARGE.length)
  for (const [at, entry] of entries.entries()) {
    const data = JSON.stringify({ id: TOO_LARGE[at], filler: LARGE })
    expect(entry).toEqual({
      stream: 's',
      reason: expect.stringContaining(`(${setting} 1048576)`) as unknown,
      line: String(TOO_LARGE[at]),
      size: String(data.length),
      sha256: createHash('sha256').update(data).digest('hex'),
      cut: 'cut, cannot be replayed',
      record: data.slice(0, 4_096),
    })
  }
}

async function deadLettersOf({ clients }: Pick<Target, 'clients'>): Promise<Record<string, string>[]> {
  const entries = await onOwner(clients, '_airbyte:dead_letter', (client) =>
    client.xrange('_airbyte:dead_letter', '-', '+'),
  )
  return (entries ?? []).map(([, fields]) =>
    Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]!]] : []))),
  )
}

/** Reads a key on the server that has it. */
async function onOwner<T>(
  clients: readonly Redis[],
  key: string,
  read: (client: Redis) => Promise<T>,
): Promise<T | undefined> {
  for (const client of clients) if ((await client.keys(key)).length > 0) return read(client)
  return undefined
}

function idsWithout(left: readonly number[]): number[] {
  return Array.from({ length: 20 }, (_, index) => index + 1).filter((id) => !left.includes(id))
}
