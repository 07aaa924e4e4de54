// A private master on loopback with replicas in sync. They end when they are stopped or when this process ends.
//
//   await using redis = await ReplicatedRedis.start({ replicas: 2 })
import { pollUntil } from './poll.ts'
import { RedisServer } from './redis-server.ts'

export interface ReplicasOptions {
  replicas?: number
  /** The password of every server, also used by the replicas. */
  password?: string
  /** Further arguments of every server, such as `--appendonly yes`. */
  args?: string[]
}

export class ReplicatedRedis {
  readonly master: RedisServer
  readonly replicas: readonly RedisServer[]

  static async start(options: ReplicasOptions = {}): Promise<ReplicatedRedis> {
    const { replicas = 1 } = options
    const args = [...replicationArgs(options.password), ...(options.args ?? [])]
    const master = await RedisServer.start({ args })
    // The older name of REPLICAOF, which every version knows.
    const follow = ['--slaveof', master.host, String(master.port)]
    const started = await Promise.allSettled(
      Array.from({ length: replicas }, () => RedisServer.start({ args: [...args, ...follow] })),
    )
    const servers = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    const redis = new ReplicatedRedis(master, servers)
    try {
      for (const start of started) if (start.status === 'rejected') throw start.reason
      await redis.inSync()
      return redis
    } catch (error) {
      await redis.stop()
      throw error
    }
  }

  private constructor(master: RedisServer, replicas: RedisServer[]) {
    this.master = master
    this.replicas = replicas
  }

  get servers(): RedisServer[] {
    return [this.master, ...this.replicas]
  }

  /** Resolves when every running replica has everything that the master had at the call. */
  async inSync(): Promise<void> {
    const replicas = this.replicas.filter(({ isRunning }) => isRunning)
    await untilInSync(this.master, replicas)
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Resolves when the replicas follow this master and have everything that it had at the call. */
export async function untilInSync(master: RedisServer, replicas: readonly RedisServer[]): Promise<void> {
  let sought: number | undefined
  await pollUntil('the replicas to be in sync', async () => {
    sought ??= (await replicationOf(master)).offset
    const followers = await Promise.all(replicas.map(replicationOf))
    return followers.every(
      ({ role, masterPort, isLinked, offset }) =>
        role === 'slave' && masterPort === master.port && isLinked && offset >= sought!,
    )
  })
}

interface Replication {
  role: string
  /** The port of the master; undefined for a master. */
  masterPort: number | undefined
  isLinked: boolean
  /** The replication offset. */
  offset: number
}

export async function replicationOf(server: RedisServer): Promise<Replication> {
  const client = server.client({ maxRetriesPerRequest: 0 })
  try {
    const info = await client.info('replication')
    const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1]
    const masterPort = field('master_port')
    return {
      role: field('role') ?? '',
      masterPort: masterPort === undefined ? undefined : Number(masterPort),
      isLinked: field('master_link_status') === 'up',
      offset: Number(field(masterPort === undefined ? 'master_repl_offset' : 'slave_repl_offset')),
    }
  } finally {
    client.disconnect()
  }
}

/** Returns the arguments for replication without a delay; all servers share the password. */
export function replicationArgs(password: string | undefined): string[] {
  const login = password === undefined ? [] : ['--requirepass', password, '--masterauth', password]
  return ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0', ...login]
}
