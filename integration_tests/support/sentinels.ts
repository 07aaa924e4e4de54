// A private master with replicas and the sentinels that watch them, on loopback: all know each other, so that a master
// that dies is replaced within two or three seconds. Gone when it is stopped or when this process ends.
//
//   await using redis = await SentinelRedis.start({ sentinelPassword: 'secret' })
import type { Redis } from 'ioredis'
import { pollUntil } from './poll.ts'
import { RedisServer } from './redis-server.ts'
import { ReplicatedRedis, replicationOf, untilInSync, type ReplicasOptions } from './replicas.ts'

export interface SentinelsOptions extends ReplicasOptions {
  sentinels?: number
  masterName?: string
  /** Of the sentinels. With a user name given, they know this user and no other. */
  sentinelUsername?: string
  sentinelPassword?: string
  /** How many of the sentinels have to take a master for dead; most of them, unless it is given. */
  quorum?: number
  downAfterMs?: number
  failoverTimeoutMs?: number
}

export class SentinelRedis {
  readonly masterName: string
  readonly sentinels: readonly RedisServer[]
  /** The first is the one that was the master to begin with. */
  readonly servers: readonly RedisServer[]
  readonly #login: { username?: string; password?: string }
  readonly #clients = new Map<RedisServer, Redis>()

  static async start(options: SentinelsOptions = {}): Promise<SentinelRedis> {
    const { sentinels = 3 } = options
    const data = await ReplicatedRedis.start({ ...options, replicas: options.replicas ?? 2 })
    const started = await Promise.allSettled(
      Array.from({ length: sentinels }, () => startSentinel(data.master, options)),
    )
    const watching = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    const redis = new SentinelRedis(data.servers, watching, options)
    try {
      for (const start of started) if (start.status === 'rejected') throw start.reason
      await Promise.all(watching.map((sentinel) => redis.#hurry(sentinel)))
      await redis.settled()
      return redis
    } catch (error) {
      await redis.stop()
      throw error
    }
  }

  private constructor(servers: RedisServer[], sentinels: RedisServer[], options: SentinelsOptions) {
    const { masterName = 'mymaster', sentinelUsername: username, sentinelPassword: password } = options
    this.servers = servers
    this.sentinels = sentinels
    this.masterName = masterName
    this.#login = {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    }
  }

  /** The sentinels as a configuration names them: `host:port`. */
  get addresses(): string[] {
    return this.sentinels.map(({ host, port }) => `${host}:${port}`)
  }

  /** One kept connection to a sentinel. */
  sentinelClient(sentinel: RedisServer): Redis {
    const client = this.#clients.get(sentinel) ?? sentinel.client(this.#login)
    this.#clients.set(sentinel, client)
    return client
  }

  /** Whom a sentinel that is up takes for the master. */
  async master(sentinel: RedisServer = this.#watching()[0]!): Promise<RedisServer> {
    const reply = await this.sentinelClient(sentinel).call(
      'SENTINEL',
      'get-master-addr-by-name',
      this.masterName,
    )
    const port = Number((reply as string[])[1])
    return this.servers.find((server) => server.port === port)!
  }

  /** Has a replica take over while the master is up; resolves with it, once the others follow it. */
  async failover(): Promise<RedisServer> {
    const before = await this.master()
    const [sentinel] = this.#watching()
    // A sentinel that has not heard of the replicas for a moment finds none that is good enough.
    await pollUntil('a failover to begin', async () => {
      await this.sentinelClient(sentinel!).call('SENTINEL', 'FAILOVER', this.masterName)
      return true
    })
    return this.#untilFollowed(before)
  }

  /** SIGKILL to the master; resolves with the replica that has taken over, once the others follow it. */
  async killMaster(): Promise<RedisServer> {
    const before = await this.master()
    await before.kill()
    await before.exited()
    return this.#untilFollowed(before)
  }

  /** Starts a server or a sentinel again that was killed; resolves when all is as it should be. */
  async restart(server: RedisServer): Promise<void> {
    await server.restart()
    if (this.sentinels.includes(server)) await this.#hurry(server)
    await this.settled()
  }

  /** Resolves when the sentinels know all that run, each other too, and every replica follows the master in sync. */
  async settled(): Promise<void> {
    await pollUntil('the sentinels to agree', async () => {
      const running = this.servers.filter(({ isRunning }) => isRunning)
      const master = await this.master()
      const watching = this.#watching()
      const views = await Promise.all(watching.map((sentinel) => this.#knows(sentinel, master, running)))
      if (!views.every(Boolean)) return false
      const replicas = await Promise.all(
        running.filter((server) => server !== master).map((server) => replicationOf(server)),
      )
      return replicas.every(({ masterPort, isLinked }) => masterPort === master.port && isLinked)
    })
    await this.inSync()
  }

  /** Resolves when every replica has all that the master had when this was called. */
  async inSync(): Promise<void> {
    const master = await this.master()
    await untilInSync(
      master,
      this.servers.filter((server) => server !== master && server.isRunning),
    )
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #watching(): RedisServer[] {
    return this.sentinels.filter(({ isRunning }) => isRunning)
  }

  async #untilFollowed(before: RedisServer): Promise<RedisServer> {
    await pollUntil('another master', async () => {
      const named = await Promise.all(this.#watching().map((sentinel) => this.master(sentinel)))
      return named.every((server) => server !== before && server === named[0])
    })
    await this.settled()
    return this.master()
  }

  async #knows(sentinel: RedisServer, master: RedisServer, running: RedisServer[]): Promise<boolean> {
    const client = this.sentinelClient(sentinel)
    const ask = async (what: string) => (await client.call('SENTINEL', what, this.masterName)) as string[][]
    const [replicas, sentinels] = await Promise.all([ask('slaves'), ask('sentinels')])
    const good = replicas.map(fieldsOf).filter((replica) => isGood(replica, master))
    const knowsReplicas = running.every(
      ({ port }) => port === master.port || good.some((replica) => Number(replica['port']) === port),
    )
    return (
      knowsReplicas &&
      sentinels.length === this.sentinels.length - 1 &&
      (await this.master(sentinel)) === master
    )
  }

  /** Sentinels that ask each other more often than every few seconds; what knows no such thing keeps its own pace. */
  async #hurry(sentinel: RedisServer): Promise<void> {
    const periods = ['info-period', '300', 'ping-period', '200', 'ask-period', '200', 'publish-period', '200']
    await this.sentinelClient(sentinel)
      .call('SENTINEL', 'DEBUG', ...periods)
      .catch(() => {})
  }
}

/** A sentinel that watches the master, by itself. */
export function startSentinel(
  master: { host: string; port: number },
  options: SentinelsOptions,
): Promise<RedisServer> {
  const {
    sentinels = 3,
    masterName = 'mymaster',
    password,
    downAfterMs = 1_000,
    failoverTimeoutMs = 3_000,
  } = options
  const { sentinelUsername, sentinelPassword = '', quorum = Math.floor(sentinels / 2) + 1 } = options
  const config = [
    `sentinel monitor ${masterName} ${master.host} ${master.port} ${quorum}`,
    `sentinel down-after-milliseconds ${masterName} ${downAfterMs}`,
    `sentinel failover-timeout ${masterName} ${failoverTimeoutMs}`,
    `sentinel parallel-syncs ${masterName} 5`,
  ]
  if (password !== undefined) config.push(`sentinel auth-pass ${masterName} ${password}`)
  if (sentinelUsername !== undefined)
    config.push(
      'user default off',
      `user ${sentinelUsername} on >${sentinelPassword} ~* &* +@all`,
      `sentinel sentinel-user ${sentinelUsername}`,
      `sentinel sentinel-pass ${sentinelPassword}`,
    )
  const login =
    sentinelUsername === undefined && sentinelPassword !== '' ? ['--requirepass', sentinelPassword] : []
  return RedisServer.start({ config, args: ['--sentinel', ...login] })
}

function isGood(replica: Record<string, string>, master: RedisServer): boolean {
  return (
    replica['flags'] === 'slave' &&
    replica['master-link-status'] === 'ok' &&
    Number(replica['master-port']) === master.port
  )
}

function fieldsOf(flat: string[]): Record<string, string> {
  return Object.fromEntries(
    flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as const] : [])),
  )
}
