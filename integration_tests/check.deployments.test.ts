// What check says where the deployment is another one than the configuration names, and where nobody ever answers.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { aclLine, login } from './support/acl-lines.ts'
import { check } from './support/check.ts'
import { RedisCluster } from './support/cluster.ts'
import { RedisServer } from './support/redis-server.ts'
import { SentinelRedis } from './support/sentinels.ts'

describe('check, on a cluster', () => {
  let cluster: RedisCluster

  beforeAll(async () => {
    cluster = await RedisCluster.start({ masters: 3 })
  })
  afterAll(() => cluster.stop())

  const configured = (options: object = {}) => ({
    deployment: { mode: 'cluster', nodes: cluster.addresses.slice(0, 1) },
    ...options,
  })

  it.each(['', 'app:', '{app}:'])(
    'looks at every master, and leaves nothing there: key_prefix "%s"',
    async (prefix) => {
      const { status, message, logs } = await check(configured({ key_prefix: prefix, cache_type: 'list' }))
      expect({ status, message }).toEqual({ status: 'SUCCEEDED', message: '' })
      // What holds for all is said once.
      const [log, ...more] = logs.filter(({ message: text }) => text.includes('keeps nothing on disk'))
      for (const { port } of cluster.servers) expect(log!.message).toContain(`127.0.0.1:${port}`)
      expect(more).toEqual([])
      expect(await cluster.dump()).toEqual({})
    },
  )

  it('names the master that differs from the others', async () => {
    const [, odd] = cluster.servers
    await cluster.client(odd!).config('SET', 'maxmemory', 1e6)
    const { status, message } = await check(configured())
    await cluster.client(odd!).config('SET', 'maxmemory', 0)
    expect({ status, message }).toEqual({
      status: 'FAILED',
      message: expect.stringMatching(new RegExp(`^Redis at 127.0.0.1:${odd!.port} is full`)),
    })
  })

  it('needs no more than the line of docs/security.md', async () => {
    for (const server of cluster.servers)
      for (const line of ['base', 'key_index', 'hash_script', 'cluster', 'check'])
        await cluster.client(server).call('ACL', 'SETUSER', login.username, ...aclLine(line))
    const { status, logs } = await check(configured(login))
    expect(status).toBe('SUCCEEDED')
    expect(logs.map((log) => log.message).join('\n')).not.toMatch(/may not|does not report/)
  })

  it('says that a node is one of a cluster, where it is taken for a server of its own', async () => {
    const { message } = await check({ host: '127.0.0.1', port: cluster.servers[0]!.port })
    expect(codesIn(message)).toEqual(['server-is-cluster-node'])
  })
})

describe('check, of another deployment', () => {
  it('says that a server is no cluster', async () => {
    await using redis = await RedisServer.start()
    const nodes = [`127.0.0.1:${redis.port}`]
    const { message } = await check({ deployment: { mode: 'cluster', nodes } })
    expect(codesIn(message)).toEqual(['server-is-no-cluster-node'])
  })

  it('says that a sentinel is one, and looks at the master that sentinels find', async () => {
    await using redis = await SentinelRedis.start({ sentinels: 1, replicas: 1 })
    const [sentinel] = redis.sentinels
    const taken = await check({ host: '127.0.0.1', port: sentinel!.port })
    expect(codesIn(taken.message)).toEqual(['server-is-sentinel'])
    const deployment = { mode: 'sentinel', nodes: redis.addresses, master_name: redis.masterName }
    const { status, logs } = await check({ deployment })
    expect(status).toBe('SUCCEEDED')
    const { port } = await redis.master()
    expect(logs[0]!.message).toContain(`127.0.0.1:${port}`)
  })
})

describe('check, where a server accepts connections and never answers', () => {
  const host = '127.0.0.1'
  const cases: [what: string, config: (port: number, here: string) => object][] = [
    ['a server', (port) => ({ host, port })],
    ['TLS', (port) => ({ host, port, ssl: true })],
    ['sentinels', (_, here) => ({ deployment: { mode: 'sentinel', nodes: [here, here], master_name: 'm' } })],
    ['a cluster', (_, here) => ({ deployment: { mode: 'cluster', nodes: [here, here, here] } })],
    [
      'a tunnel',
      (port) => ({
        host,
        port,
        tunnel_method: {
          tunnel_method: 'SSH_PASSWORD_AUTH',
          tunnel_host: host,
          tunnel_port: port,
          tunnel_user: 'u',
          tunnel_user_password: 'p',
        },
      }),
    ],
  ]

  it.concurrent.each(cases)('says so within 15 seconds: %s', async (_, config) => {
    await using server = await listen(() => {})
    const { status, message } = await check(config(server.port, `${host}:${server.port}`))
    expect(server.secondsConnected()).toBeLessThan(15)
    expect(status).toBe('FAILED')
    expect(message).toMatch(/not answer|no answer|silent|No sentinel|not said/i)
    expect(message).toContain(`${host}:${server.port}`)
  })

  it.concurrent('says so within 15 seconds: a server that stops answering after the login', async () => {
    await using server = await listen((socket) => {
      let isSilent = false
      socket.on('data', (bytes) => {
        const text = bytes.toString('latin1')
        // The first that is asked when the login is done.
        isSilent ||= text.includes('TIME\r\n')
        if (!isSilent) socket.write('-ERR no\r\n'.repeat(text.match(/\*\d+\r\n/g)?.length ?? 0))
      })
    })
    const { message } = await check({ host, port: server.port })
    expect(server.secondsConnected()).toBeLessThan(15)
    expect(codesIn(message)).toEqual(['reply-timeout'])
  })
})

/** Starts a server that measures the time since its first client connected, which the start of the client is no part of. */
async function listen(accept: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  let connectedAt: number | undefined
  const server = createServer((socket) => {
    connectedAt ??= performance.now()
    sockets.add(socket.on('error', () => {}))
    accept(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    secondsConnected: () => (performance.now() - connectedAt!) / 1000,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
