// A private master on loopback with replicas and sentinels that all know each other, so that a dead master is replaced
// within two or three seconds. They end when they are stopped or when this process ends.
//
//   await using redis = await SentinelRedis.start({ sentinelPassword: 'secret' })
import type { Redis } from 'ioredis'
import { pollUntil } from './poll.ts'
import { RedisServer } from './redis-server.ts'
import { ReplicatedRedis, replicationOf, untilInSync, type ReplicasOptions } from './replicas.ts'

export interface SentinelsOptions extends ReplicasOptions {
  sentinels?: number
  masterName?: string
  /** The user of the sentinels; they accept no other user. */
  sentinelUsername?: string
  sentinelPassword?: string
  /** The number of sentinels that must agree on a failure; by default the majority. */
  quorum?: number
  downAfterMs?: number
  failoverTimeoutMs?: number
}

export class SentinelRedis {
  readonly masterName: string
  readonly sentinels: readonly RedisServer[]
  /** The data servers; the first one was started as the master. */
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

  /** The sentinels in the form of a configuration: `host:port`. */
  get addresses(): string[] {
    return this.sentinels.map(({ host, port }) => `${host}:${port}`)
  }

  /** Returns a connection to a sentinel, the same one at every call. */
  sentinelClient(sentinel: RedisServer): Redis {
    const client = this.#clients.get(sentinel) ?? sentinel.client(this.#login)
    this.#clients.set(sentinel, client)
    return client
  }

  /** Returns the master as a running sentinel sees it. */
  async master(sentinel: RedisServer = this.#watching()[0]!): Promise<RedisServer> {
    const reply = await this.sentinelClient(sentinel).call(
      'SENTINEL',
      'get-master-addr-by-name',
      this.masterName,
    )
    const port = Number((reply as string[])[1])
    return this.servers.find((server) => server.port === port)!
  }

  /** Promotes a replica while the master is running; resolves with it when the others follow it. */
  async failover(): Promise<RedisServer> {
    const before = await this.master()
    const [sentinel] = this.#watching()
    // A sentinel without recent replies of the replicas finds none that is good enough.
    await pollUntil('a failover to begin', async () => {
      await this.sentinelClient(sentinel!).call('SENTINEL', 'FAILOVER', this.masterName)
      return true
    })
    return this.#untilFollowed(before)
  }

  /** Kills the master with SIGKILL; resolves with the replica that took over when the others follow it. */
  async killMaster(): Promise<RedisServer> {
    const before = await this.master()
    await before.kill()
    await before.exited()
    return this.#untilFollowed(before)
  }

  /** Restarts a killed server or sentinel; resolves when everything is settled. */
  async restart(server: RedisServer): Promise<void> {
    await server.restart()
    if (this.sentinels.includes(server)) await this.#hurry(server)
    await this.settled()
  }

  /**
   * Resolves when the sentinels know all running servers and each other, and every replica is in sync with the
   * master.
   */
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

  /** Resolves when every replica has everything that the master had at the call. */
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

  /** Makes a sentinel ask and publish more often than by default, if its version can. */
  async #hurry(sentinel: RedisServer): Promise<void> {
    const periods = ['info-period', '300', 'ping-period', '200', 'ask-period', '200', 'publish-period', '200']
    await this.sentinelClient(sentinel)
      .call('SENTINEL', 'DEBUG', ...periods)
      .catch(() => {})
  }
}

/** Starts one sentinel that watches the master. */
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
