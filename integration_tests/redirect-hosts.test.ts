// Hosts that servers name: with redirect_hosts, nothing is sent to one that is not allowed, and the run ends at once.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { check } from './support/check.ts'
import { codesIn } from './support/codes.ts'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { answerOf, startAnsweringServer } from './support/lying-server.ts'
import { catalog, record } from './support/messages.ts'
import { RedisCluster } from './support/cluster.ts'
import { RedisServer } from './support/redis-server.ts'
import { SentinelRedis } from './support/sentinels.ts'
import { shareFixture } from './support/shared-fixture.ts'

/** An address of this machine that no configuration names. */
const OTHER_HOST = '127.0.0.2'

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

describe('a host that redirect_hosts does not allow', () => {
  it.each([
    ['MOVED', 'a command', 'HGETALL'],
    ['ASK', 'a command', 'HGETALL'],
    ['MOVED', 'a record', 'HMSET'],
    ['ASK', 'a record', 'HMSET'],
  ])('is not connected to when a node answers %s to %s', async (kind, _, redirected) => {
    await using other = await listenElsewhere()
    await using node = await startAnsweringServer(redis.port, (words, port) =>
      words[0]?.toUpperCase() === redirected
        ? `-${kind} 1 ${OTHER_HOST}:${other.port}\r\n`
        : answerOf(words, port),
    )
    const deployment = { mode: 'cluster', nodes: [`127.0.0.1:${node.port}`] }
    expectDenied(await write({ deployment, redirect_hosts: ['10.0.0.0/8'] }), other)
    // The lease that the first run could not give back would be waited for.
    await redis.client().flushall()
    // Without the option it gets whatever a node gets.
    await write({ deployment })
    expect(other.connections()).toBeGreaterThan(0)
  })

  it.each(['a slot map', 'a sentinel, as the master', 'a sentinel, as another sentinel'])(
    'is not connected to when it is named by %s',
    async (by) => {
      await using other = await listenElsewhere()
      const named = bulks(OTHER_HOST, String(other.port))
      await using node = await startAnsweringServer(redis.port, ([name = '', argument = ''], port) => {
        const own = answerOf([name, argument], port)
        if (by === 'a slot map')
          return own?.replace(
            `$9\r\n127.0.0.1\r\n:${port}`,
            `$${OTHER_HOST.length}\r\n${OTHER_HOST}\r\n:${other.port}`,
          )
        if (by.endsWith('master')) return /^get-master/i.test(argument) ? `*2\r\n${named}` : own
        return /^sentinels$/i.test(argument)
          ? `*1\r\n*4\r\n${bulks('ip', OTHER_HOST, 'port', String(other.port))}`
          : own
      })
      const nodes = [`127.0.0.1:${node.port}`]
      const deployment =
        by === 'a slot map' ? { mode: 'cluster', nodes } : { mode: 'sentinel', nodes, master_name: 'm' }
      const config = { deployment, redirect_hosts: ['*.internal'], password: 'secret' }
      const { status, message } = await check(config)
      expect({ status, codes: codesIn(message) }).toEqual({
        status: 'FAILED',
        codes: ['redirect-host-denied'],
      })
      expectDenied(await write(config), other)
    },
  )
})

describe('a deployment whose hosts redirect_hosts allows', () => {
  it('is written to, if it is a cluster', async () => {
    await using cluster = await RedisCluster.start({ masters: 3 })
    const nodes = cluster.addresses.map((address) => address.replace('127.0.0.1', 'localhost'))
    const deployment = { mode: 'cluster', nodes: nodes.slice(0, 1) }
    expect(await write({ deployment, redirect_hosts: ['127.0.0.0/8'] })).toMatchObject({ code: 0 })
    expect((await write({ deployment, redirect_hosts: ['localhost'] })).code).toBe(1)
  })

  it('is written to, if it has sentinels', async () => {
    await using sentinels = await SentinelRedis.start({ sentinels: 3, replicas: 1 })
    const nodes = sentinels.addresses.map((address) => address.replace('127.0.0.1', 'localhost'))
    const deployment = { mode: 'sentinel', nodes, master_name: sentinels.masterName }
    expect(await write({ deployment, redirect_hosts: ['127.0.0.1'] })).toMatchObject({ code: 0 })
    expect((await write({ deployment, redirect_hosts: ['*.internal'] })).code).toBe(1)
  })
})

interface Elsewhere extends AsyncDisposable {
  readonly port: number
  connections(): number
}

/** Listens where only a redirect leads, and closes what connects. */
async function listenElsewhere(): Promise<Elsewhere> {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on('error', () => {}).destroy()
  }).listen(0, OTHER_HOST)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

function expectDenied({ code, errors }: ConnectorRun, other: Elsewhere): void {
  expect(code).toBe(1)
  expect(errors).toEqual([
    expect.objectContaining({
      failure_type: 'config_error',
      message: expect.stringContaining(`${OTHER_HOST}:${other.port}`),
    }),
  ])
  expect(codesIn(errors[0]!.message)).toEqual(['redirect-host-denied'])
  expect(other.connections()).toBe(0)
}

function write(config: object): Promise<ConnectorRun> {
  const files = writeFiles({
    config: { max_outage_seconds: 1, ...config },
    catalog: catalog([{ name: 's', mode: 'append' }]),
  })
  const args = ['write', '--config', files.config, '--catalog', files.catalog]
  return runConnector(args, record('s', { id: 1 }))
}

function bulks(...texts: string[]): string {
  return texts.map((text) => `$${text.length}\r\n${text}\r\n`).join('')
}
