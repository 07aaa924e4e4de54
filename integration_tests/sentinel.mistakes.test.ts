// Every way in which sentinels may not help: each has a code of its own, from check and from write.
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from './support/check.ts'
import { codesIn } from './support/codes.ts'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { startAnsweringServer } from './support/lying-server.ts'
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

describe('a master that cannot be found', () => {
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
    code: string
    kind?: 'config_error' | 'transient_error'
  }
  const failures: Failure[] = [
    {
      title: 'no sentinel is reached',
      config: () => configOf({ nodes: ['127.0.0.1:1', '127.0.0.1:2'] }),
      code: 'sentinels-unreachable',
      kind: 'transient_error',
    },
    {
      title: 'no sentinel watches a master of this name',
      config: () => configOf({ master_name: 'yourmaster' }),
      code: 'master-name-unknown',
    },
    {
      title: 'the sentinels require a password',
      config: () => configOf(none),
      code: 'sentinel-password-missing',
    },
    {
      title: 'the sentinels require another password',
      config: () => configOf({ sentinel_password: data.password }),
      code: 'sentinel-login-refused',
    },
    {
      title: 'the sentinels have no password',
      config: () =>
        configOf({ ...none, sentinel_password: 'p', nodes: alone.addresses, master_name: 'another' }),
      code: 'sentinel-password-not-expected',
    },
    {
      title: 'the data has another password than the sentinels',
      config: () => configOf({}, { password: watch.sentinelPassword }),
      code: 'login-refused',
    },
    {
      title: 'the nodes are not sentinels, but a server',
      config: () => configOf({ ...none, nodes: [at(standalone)] }),
      code: 'server-is-no-sentinel',
    },
    {
      title: 'the nodes are not even Redis',
      config: () => configOf({ ...none, nodes: [at(noRedis.address() as AddressInfo)] }),
      code: 'not-a-sentinel',
    },
    {
      title: 'the sentinels name a server that is down',
      config: () => configOf({ ...none, nodes: [at(bereft)] }),
      code: 'master-unreachable',
      kind: 'transient_error',
    },
    {
      title: 'the sentinels name a replica',
      config: () => configOf({ ...none, nodes: [at(mistaken)] }, { password: undefined }),
      code: 'master-is-replica',
      kind: 'transient_error',
    },
  ]

  it.each(failures)('is reported by check and write: $title', async ({ config, code, kind }) => {
    const status = await check(config())
    expect(status.status).toBe('FAILED')
    expect(codesIn(status.message)).toEqual([code])
    const { errors, code: exitCode } = await write(config())
    expect(errors).toMatchObject([{ failure_type: kind ?? 'config_error' }])
    // A write waits for what may change, and says that it gave up.
    expect(codesIn(errors[0]!.message)).toEqual(kind === undefined ? [code] : [code, 'outage-too-long'])
    expect(exitCode).toBe(1)
  })

  it.each([
    ['a port that is no number', '*2\r\n$9\r\n127.0.0.1\r\n$3\r\nabc\r\n'],
    ['no host', '*2\r\n$0\r\n\r\n$4\r\n6379\r\n'],
  ])('is not believed to have %s', async (_, reply) => {
    await using liar = await startAnsweringServer(standalone.port, ([name, argument]) =>
      name !== 'SENTINEL' && name !== 'sentinel'
        ? undefined
        : /^get-master/i.test(argument!)
          ? reply
          : '*0\r\n',
    )
    const nodes = [`127.0.0.1:${liar.port}`]
    expect(codesIn((await check(configOf({ ...none, nodes }))).message)).toEqual(['reply-invalid'])
  })

  it('is waited for no longer than a check may take, when sentinels or the master do not answer', async () => {
    await alone.sentinels[0]!.kill('SIGSTOP')
    const silent = configOf({ ...none, nodes: alone.addresses })
    expect(codesIn((await check(silent)).message)).toEqual(['sentinels-unreachable'])
    await alone.sentinels[0]!.kill('SIGCONT')
    await alone.servers[0]!.kill('SIGSTOP')
    const unanswered = configOf({ ...none, nodes: alone.addresses, master_name: 'another' })
    expect(codesIn((await check(unanswered)).message)).toEqual(['master-unreachable'])
    await alone.servers[0]!.kill('SIGCONT')
  })
})
