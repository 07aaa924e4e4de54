// A cluster holds what one server would hold, whatever the layout and the mode.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { RedisCluster } from './support/cluster.ts'
import { readContents } from './support/contents.ts'
import { runConnector, startConnector, writeFiles } from './support/connector.ts'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import { pollUntil } from './support/poll.ts'
import { RedisServer } from './support/redis-server.ts'
import { someOf } from './support/some-of.ts'
import { STRUCTURES } from './support/structures.ts'
import { write, writeArgs } from './support/write.ts'

let cluster: RedisCluster
let redis: RedisServer

beforeAll(async () => {
  ;[cluster, redis] = await Promise.all([RedisCluster.start({ masters: 3 }), RedisServer.start()])
})
afterAll(() => Promise.all([cluster.stop(), redis.stop()]))

const NOBODY = { host: '', port: 0 }

const onCluster = (options: object = {}): object => ({
  host: undefined,
  port: undefined,
  deployment: { mode: 'cluster', nodes: cluster.addresses.slice(0, 1) },
  ...options,
})

async function empty(): Promise<void> {
  await Promise.all([cluster.onMasters((client) => client.flushall()), redis.client().flushall()])
}

/** Runs the same on a cluster and on one server; resolves with what either holds. */
async function writeBoth(streams: CatalogStream[], input: string, options: object) {
  const runs = await Promise.all([
    write(NOBODY, streams, input, onCluster(options)),
    write(redis, streams, input, options),
  ])
  for (const { errors, code } of runs) expect([errors, code]).toEqual([[], 0])
  return { several: await cluster.contents(), one: await readContents(redis.client()) }
}

function rows(from: number, to: number): string {
  let lines = ''
  for (let id = from; id < to; id++)
    lines += record(
      's',
      { id, name: `n${id}`, group: `g${id % 7}`, score: id / 2, note: null },
      { emittedAt: id },
    )
  return lines
}

/** The stream, replaced by the rows of a generation. */
function replacing(generation: number): CatalogStream {
  const of = { generation, minimumGeneration: generation }
  return { name: 's', mode: 'overwrite', primaryKey: [['id']], ...of }
}

/** What a row is from a time on. */
function change(id: number, at: number, more: object = {}): string {
  return record('s', { id, at, name: `n${id} at ${at}`, group: `g${id % 7}`, ...more }, { emittedAt: at })
}

/** How many connections the connector has, to all nodes together. */
async function connections(): Promise<number> {
  const lists = await cluster.onMasters((client) => client.client('LIST'))
  return lists.flatMap((list) => String(list).match(/name=destination-redis/g) ?? []).length
}

const complete = status('s', 'COMPLETE')

// What a server puts in by its own clock, or in no order, is nothing to compare.
const comparable = STRUCTURES.filter(({ kind }) => kind !== 'stream')

describe('a cluster holds what one server would hold', () => {
  it.each(someOf(comparable, 2))('$title', async ({ options }) => {
    await empty()
    const stream = { name: 's', primaryKey: [['id']] }
    await writeBoth([stream], rows(0, 300) + complete, options)
    const { several, one } = await writeBoth([stream], rows(200, 400) + complete, options)
    expect(several).toBe(one)
  })

  const modes: [string, object][] = [
    ['hash by id', {}],
    ['string', { cache_type: 'string', data_format: 'json' }],
    ['flat hash', { data_format: 'flat' }],
    ['list', { cache_type: 'list', data_format: 'json' }],
    ['lists by column', { cache_type: 'list', data_format: 'json', key_template: 'l:${group}' }],
    ['fields of hashes', { hash_field: '${id}', data_format: 'json', key_template: 'h:{all}' }],
    ['members of sets', { cache_type: 'set', member: '${id}', key_template: 'm:${group}' }],
  ]
  it.each(modes)('when a stream is replaced: %s', async (_, options) => {
    await empty()
    await writeBoth([replacing(1)], rows(0, 600) + complete, options)
    const { several, one } = await writeBoth([replacing(2)], rows(500, 700) + complete, options)
    expect(several).toBe(one)
    expect(several).toContain('699')
    await writeBoth([replacing(3)], complete, options)
    const left = await cluster.onMasters((client) => client.keys('*'))
    expect(left.flat()).toEqual([])
  })

  it.each(modes.filter(([title]) => !/list|set/.test(title)))(
    'when rows are deduplicated and deleted: %s',
    async (_, options) => {
      await empty()
      const stream: CatalogStream = {
        name: 's',
        mode: 'append_dedup',
        syncMode: 'incremental',
        primaryKey: [['id']],
        cursor: ['at'],
      }
      let first = ''
      for (let id = 0; id < 300; id++) first += change(id, 10)
      let second = ''
      for (let id = 0; id < 300; id += 3) second += change(id, id % 2 === 0 ? 11 : 9)
      for (let id = 1; id < 300; id += 3) second += change(id, 12, { _ab_cdc_deleted_at: 'now' })
      for (let id = 1; id < 300; id += 3) second += change(id, 11)
      await writeBoth([stream], first, options)
      const { several, one } = await writeBoth([stream], second, options)
      expect(several).toBe(one)
      expect(several).toContain('n0 at 11')
      expect(several).not.toMatch(/n1 at/)
    },
  )
})

describe('a run on a cluster', () => {
  it('that was killed has its connections closed, on every node, by the next one', async () => {
    await empty()
    await using run = startConnector(writeArgs(NOBODY, [{ name: 's' }], onCluster()))
    // It holds its lease, and has written down its connections, before it acknowledges anything.
    run.stdin.write(rows(0, 1) + streamState('s', 1))
    for await (const message of run.messages) if (message.type === 'STATE') break
    expect(await connections()).toBe(6)
    // Frozen, it keeps its connections; its lease runs out.
    run.kill('SIGSTOP')
    const { code, errors } = await write(NOBODY, [{ name: 's' }], rows(0, 10), onCluster())
    expect([errors, code]).toEqual([[], 0])
    await pollUntil('all connections to be closed', async () => (await connections()) === 0)
    run.kill('SIGKILL')
  })

  it('leaves nothing of its own behind but its notes', async () => {
    await empty()
    await write(
      NOBODY,
      [{ name: 's' }],
      rows(0, 100),
      onCluster({ cache_type: 'list', key_template: 'l:${id}' }),
    )
    const keys = await cluster.onMasters((client) => client.keys('*_airbyte:*'))
    expect(keys.flat().filter((key) => !/_airbyte:(manifest|index|streams)/.test(key))).toEqual([])
  })

  it('finds all of it by any one node', async () => {
    await empty()
    for (const address of cluster.addresses) {
      const options = onCluster({ deployment: { mode: 'cluster', nodes: [address] } })
      expect(await write(NOBODY, [{ name: 's' }], rows(0, 3), options)).toMatchObject({ code: 0, errors: [] })
    }
    const sizes = await cluster.onMasters((client) => client.keys(':s:*'))
    expect(sizes.flat()).toHaveLength(9)
  })

  it('keeps all keys in one slot where the prefix says so', async () => {
    await empty()
    const { code } = await write(NOBODY, [{ name: 's' }], rows(0, 50), onCluster({ key_prefix: '{app}:' }))
    expect(code).toBe(0)
    const sizes = await cluster.onMasters((client) => client.dbsize())
    expect(sizes.filter((size) => size > 0)).toEqual([53])
  })
})

describe('a configuration of the documentation', () => {
  it('works, but for its nodes and login', async () => {
    await empty()
    const section = readFileSync('docs/connecting.md', 'utf8').split('## Cluster')[1]!
    const config = JSON.parse(/```json\n(.*?)```/s.exec(section)![1]!) as { deployment: object }
    const deployment = { ...config.deployment, nodes: cluster.addresses }
    const durability = { mode: 'none' }
    const options = onCluster({ ...config, username: undefined, password: undefined, deployment, durability })
    expect(await write(NOBODY, [{ name: 's' }], rows(0, 10), options)).toMatchObject({ code: 0, errors: [] })
  })
})

describe('a configuration that does not fit the servers', () => {
  it('names the deployment where a node is taken for a server of its own', async () => {
    const [address] = cluster.addresses
    const [host = '', port] = address!.split(':')
    const run = await write({ host, port: Number(port) }, [{ name: 's' }], rows(0, 50))
    expect(run.errors[0]).toMatchObject({ failure_type: 'config_error' })
    expect(codesIn(run.errors[0]?.message)).toEqual(['server-is-cluster-node'])
  })

  it('names the deployment where a server of its own is taken for a node', async () => {
    const deployment = { mode: 'cluster', nodes: [`${redis.host}:${redis.port}`] }
    const run = await write(NOBODY, [{ name: 's' }], rows(0, 1), onCluster({ deployment }))
    expect(run.errors[0]).toMatchObject({ failure_type: 'config_error' })
    expect(codesIn(run.errors[0]?.message)).toEqual(['server-is-no-cluster-node'])
  })

  it('names the node that cannot be reached, where none can', async () => {
    const deployment = { mode: 'cluster', nodes: ['127.0.0.1:1', '127.0.0.1:2'] }
    const run = await write(
      NOBODY,
      [{ name: 's' }],
      rows(0, 1),
      onCluster({ deployment, max_outage_seconds: 1 }),
    )
    expect(run.errors[0]).toMatchObject({ failure_type: 'transient_error' })
    expect(run.errors[0]?.message).toContain('127.0.0.1:1')
  })
})

it('clear refuses to search a pattern on a cluster before it removes anything', async () => {
  await empty()
  const options = onCluster({ data_format: 'flat', key_template: 'user:${id}' })
  expect(await write(NOBODY, [{ name: 's' }], rows(0, 20), options)).toMatchObject({ code: 0, errors: [] })
  const before = await cluster.contents()
  const { config } = writeFiles({ config: options })
  const run = await runConnector(['clear', '--config', config, '--pattern'])
  expect([run.code, codesIn(run.errors[0]?.message)]).toEqual([1, ['clear-pattern-on-cluster']])
  expect(await cluster.contents()).toEqual(before)
  const { logs } = await runConnector(['clear', '--config', config, '--dry-run'])
  const warnings = logs.filter(({ level }) => level === 'WARN').map(({ message }) => message)
  expect(codesIn(warnings.join(' '))).toEqual(['clear-needs-pattern'])
  expect(warnings.join()).not.toContain('--pattern')
})
