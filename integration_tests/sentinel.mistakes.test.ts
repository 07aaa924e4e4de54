// Every way in which sentinels may not help: each has a sentence of its own, from check and from write.
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from './support/check.ts'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { catalog, record } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { ReplicatedRedis } from './support/replicas.ts'
import { SentinelRedis, startSentinel } from './support/sentinels.ts'

const data = { password: 'for-the-data' }
const watch = { sentinelUsername: 'watcher', sentinelPassword: 'for-the-sentinels' }
const login = { sentinel_username: watch.sentinelUsername, sentinel_password: watch.sentinelPassword }

let redis: SentinelRedis

function configOf(deployment: object = {}, options: object = {}): object {
  const sentinels = { mode: 'sentinel', nodes: redis.addresses, master_name: redis.masterName, ...login }
  return {
    password: data.password,
    max_outage_seconds: 1,
    ...options,
    deployment: { ...sentinels, ...deployment },
  }
}

function write(config: object): Promise<ConnectorRun> {
  const files = writeFiles({ config, catalog: catalog([{ name: 's' }]) })
  return runConnector(['write', '--config', files.config, '--catalog', files.catalog], record('s', { id: 1 }))
}

const at = ({ port }: { port: number }): string => `127.0.0.1:${port}`

describe('a master that is not to be had', () => {
  let alone: SentinelRedis
  let standalone: RedisServer
  let replicated: ReplicatedRedis
  let mistaken: RedisServer
  let bereft: RedisServer
  let noRedis: ReturnType<typeof createServer>

  beforeAll(async () => {
    redis = await SentinelRedis.start({ ...data, ...watch, replicas: 0 })
    standalone = await RedisServer.start()
    alone = await SentinelRedis.start({ sentinels: 1, replicas: 0, masterName: 'another' })
    replicated = await ReplicatedRedis.start({ replicas: 1 })
    mistaken = await startSentinel(replicated.replicas[0]!, { quorum: 9 })
    const dead = await RedisServer.start()
    bereft = await startSentinel(dead, { quorum: 9 })
    await dead.stop()
    noRedis = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await new Promise<void>((resolve) => noRedis.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    noRedis.close()
    await Promise.all([redis, standalone, alone, replicated, mistaken, bereft].map((server) => server.stop()))
  })

  const none = { sentinel_username: undefined, sentinel_password: undefined }
  type Failure = {
    title: string
    config: () => object
    sentence: RegExp
    kind?: 'config_error' | 'transient_error'
  }
  const failures: Failure[] = [
    {
      title: 'no sentinel is reached',
      config: () => configOf({ nodes: ['127.0.0.1:1', '127.0.0.1:2'] }),
      sentence:
        /^None of the sentinels in deployment.nodes can be asked for the master: 127.0.0.1:1 has nothing listening; 127.0.0.1:2 has nothing listening. Check deployment.nodes/,
      kind: 'transient_error',
    },
    {
      title: 'no sentinel watches a master of this name',
      config: () => configOf({ master_name: 'yourmaster' }),
      sentence:
        /^The sentinels watch no master "yourmaster". Set deployment.master_name to one of theirs: "mymaster"\.$/,
    },
    {
      title: 'the sentinels want a password',
      config: () => configOf(none),
      sentence: /^The sentinel at 127.0.0.1:\d+ wants a password. Set deployment.sentinel_password/,
    },
    {
      title: 'the sentinels want another password',
      config: () => configOf({ sentinel_password: data.password }),
      sentence:
        /^The sentinel at 127.0.0.1:\d+ refuses the login. Check deployment.sentinel_username and deployment.sentinel_password\.$/,
    },
    {
      title: 'the sentinels have no password',
      config: () =>
        configOf({ ...none, sentinel_password: 'p', nodes: alone.addresses, master_name: 'another' }),
      sentence: /^The sentinel at 127.0.0.1:\d+ has no password. Leave deployment.sentinel_password empty\.$/,
    },
    {
      title: 'the data has another password than the sentinels',
      config: () => configOf({}, { password: watch.sentinelPassword }),
      sentence: /^Redis at 127.0.0.1:\d+ refuses the login. Check username and password\.$/,
    },
    {
      title: 'the nodes are no sentinels, but a server',
      config: () => configOf({ ...none, nodes: [at(standalone)] }),
      sentence: /^What listens at 127.0.0.1:\d+ is a Redis server, not a sentinel\./,
    },
    {
      title: 'the nodes are not even Redis',
      config: () => configOf({ ...none, nodes: [at(noRedis.address() as AddressInfo)] }),
      sentence: /^What listens at 127.0.0.1:\d+ is not a sentinel. Check deployment.nodes\.$/,
    },
    {
      title: 'the sentinels name a server that is down',
      config: () => configOf({ ...none, nodes: [at(bereft)] }),
      sentence:
        /^The sentinels name 127.0.0.1:\d+ as the master of "mymaster", and it cannot be reached \(ECONNREFUSED\)/,
      kind: 'transient_error',
    },
    {
      title: 'the sentinels name a replica',
      config: () => configOf({ ...none, nodes: [at(mistaken)] }, { password: undefined }),
      sentence: /^The sentinels name 127.0.0.1:\d+ as the master of "mymaster", and it is a replica\./,
      kind: 'transient_error',
    },
  ]

  it.each(failures)('is said so by check and write: $title', async ({ config, sentence, kind }) => {
    const status = await check(config())
    expect(status.status).toBe('FAILED')
    expect(status.message).toMatch(sentence)
    const { errors, code } = await write(config())
    expect(errors).toMatchObject([{ failure_type: kind ?? 'config_error' }])
    expect(errors[0]!.message).toMatch(sentence)
    expect(code).toBe(1)
  })

  it('is waited for no longer than a check may take, when sentinels keep silent', async () => {
    await alone.sentinels[0]!.kill('SIGSTOP')
    const silent = configOf({ ...none, nodes: alone.addresses })
    expect((await check(silent)).message).toMatch(/127.0.0.1:\d+ does not answer/)
    await alone.sentinels[0]!.kill('SIGCONT')
    await alone.servers[0]!.kill('SIGSTOP')
    const unanswered = configOf({ ...none, nodes: alone.addresses, master_name: 'another' })
    expect((await check(unanswered)).message).toMatch(/and it cannot be reached \(ETIMEDOUT\)/)
    await alone.servers[0]!.kill('SIGCONT')
  })
})
