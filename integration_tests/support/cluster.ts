// Starts a private Redis Cluster on loopback: the slots are shared out among the masters, replicas are in sync, and
// all nodes agree on the roles. The cluster ends when it is stopped or when this process ends.
//
//   await using cluster = await RedisCluster.start({ masters: 3, replicas: 1 })
import type { Redis } from 'ioredis'
import { readNodes, readView, type ClusterNode } from './cluster-nodes.ts'
import { SlotMove } from './cluster-slot-move.ts'
import { readContentsOf } from './contents.ts'
import { RedisServer } from './redis-server.ts'
import { replicationArgs } from './replicas.ts'
import { pollUntil } from './poll.ts'
import { dump } from './write.ts'

export interface ClusterOptions {
  masters?: number
  /** The number of replicas of each master. */
  replicas?: number
  /** The number of masters without slots. */
  spare?: number
  /** The `cluster-node-timeout` of every node: a node that is silent for longer is marked as failed. */
  nodeTimeoutMs?: number
  /** The password of every node, also used between the nodes. */
  password?: string
  /** Further arguments of every node, such as `--appendonly yes`. */
  args?: string[]
}

/** A node with its server process. */
export type Member = ClusterNode & { server: RedisServer }

export const SLOTS = 16_384

export class RedisCluster {
  /**
   * The servers in the roles they were started with: masters, the first replica of each, further replicas, spare
   * masters.
   */
  readonly servers: readonly RedisServer[]
  readonly #password: string | undefined
  readonly #clients = new Map<RedisServer, Redis>()

  static async start(options: ClusterOptions = {}): Promise<RedisCluster> {
    const { masters = 3, replicas = 0, spare = 0 } = options
    const args = argsOf(options)
    const started = await Promise.allSettled(
      Array.from({ length: masters * (1 + replicas) + spare }, () => RedisServer.start({ args })),
    )
    const servers = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    const cluster = new RedisCluster(servers, options.password)
    try {
      for (const start of started) if (start.status === 'rejected') throw start.reason
      await cluster.#form(masters, replicas)
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  private constructor(servers: RedisServer[], password: string | undefined) {
    this.servers = servers
    this.#password = password
  }

  /** The nodes in the form of a configuration: `host:port`. */
  get addresses(): string[] {
    return this.servers.map(({ host, port }) => `${host}:${port}`)
  }

  /** Returns a connection to a node, the same one at every call. */
  client(server: RedisServer): Redis {
    const client = this.#clients.get(server) ?? server.client()
    this.#clients.set(server, client)
    return client
  }

  /** Returns the nodes as `server` sees them; by default, any running node. */
  async nodes(server: RedisServer = this.#anyAlive()): Promise<Member[]> {
    const nodes = await readNodes(this.client(server))
    return nodes.map((node) => {
      const of = this.servers.find(({ port }) => port === node.port)
      if (of === undefined) throw new Error(`a node of another cluster: ${node.port}`)
      return { ...node, server: of }
    })
  }

  /** Returns the masters that own slots. */
  async masters(): Promise<Member[]> {
    return (await this.nodes()).filter(({ slots }) => slots.length > 0)
  }

  async replicasOf(master: RedisServer): Promise<Member[]> {
    const nodes = await this.nodes()
    const id = idOf(nodes, master)
    return nodes.filter(({ masterId, isAlive }) => masterId === id && isAlive)
  }

  async slotOf(key: string): Promise<number> {
    return this.client(this.#anyAlive()).cluster('KEYSLOT', key)
  }

  /** Returns the owner of a slot. */
  async ownerOf(slot: number): Promise<RedisServer> {
    const owner = (await this.masters()).find(({ slots }) => slots.includes(slot))
    if (owner === undefined) throw new Error(`nobody has slot ${slot}`)
    return owner.server
  }

  /** Moves a slot with all its keys to another master. */
  async moveSlot(slot: number, to: RedisServer): Promise<void> {
    const move = await this.beginMove(slot, to)
    await move.moveKeys()
    await move.finish()
  }

  /** Starts moving a slot step by step: see `SlotMove`. */
  async beginMove(slot: number, to: RedisServer): Promise<SlotMove> {
    const masters = await this.masters()
    const source = masters.find(({ slots }) => slots.includes(slot))
    const target = (await this.nodes()).find(({ server }) => server === to)
    if (source === undefined || target === undefined) throw new Error(`slot ${slot} cannot be moved`)
    const others = masters.filter(({ server }) => server !== source.server && server !== to)
    const side = (member: Member) => ({ id: member.id, client: this.client(member.server) })
    const move = new SlotMove(slot, {
      source: side(source),
      target: { ...side(target), host: to.host, port: to.port },
      others: others.map(side),
      password: this.#password,
    })
    await move.begin()
    return move
  }

  /** Kills a master with SIGKILL. Resolves with the replica that took over its slots when the cluster works again. */
  async killMaster(master: RedisServer): Promise<RedisServer> {
    const replicas = await this.replicasOf(master)
    if (replicas.length === 0) throw new Error('there is no replica that could take over')
    await master.kill()
    await master.exited()
    return this.#untilMaster(replicas)
  }

  /** Promotes a replica of the master while both are running; resolves with the new master. */
  async failover(master: RedisServer): Promise<RedisServer> {
    const replicas = await this.replicasOf(master)
    const [replica] = replicas
    if (replica === undefined) throw new Error('there is no replica that could take over')
    await this.client(replica.server).cluster('FAILOVER')
    return this.#untilMaster([replica])
  }

  /** Restarts a killed node; resolves when all slots are served and the replicas are in sync. */
  async restart(server: RedisServer): Promise<void> {
    await server.restart()
    await this.settled()
  }

  /** Calls `read` with a client of each master. */
  async onMasters<T>(read: (client: Redis) => Promise<T>): Promise<T[]> {
    return Promise.all((await this.masters()).map(({ server }) => read(this.client(server))))
  }

  /** Returns all keys of the cluster in the form of `dump`. */
  async dump(): Promise<Record<string, unknown>> {
    return Object.assign({}, ...(await this.onMasters(dump))) as Record<string, unknown>
  }

  /** Returns all keys of the cluster as text; see contents.ts. */
  async contents(prefix = ''): Promise<string> {
    return readContentsOf(
      (await this.masters()).map(({ server }) => this.client(server)),
      prefix,
    )
  }

  /** Resolves when all running nodes agree on the roles, all slots are served and every replica is in sync. */
  async settled(): Promise<void> {
    await pollUntil('the cluster to be whole', async () => {
      const alive = this.servers.filter(({ isRunning }) => isRunning)
      const ports = new Set(alive.map(({ port }) => port))
      const views = await Promise.all(alive.map((server) => readView(this.client(server), ports)))
      return views.every((view) => view !== undefined && view === views[0])
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #form(masters: number, ofEach: number): Promise<void> {
    // Redis refuses SET-CONFIG-EPOCH as soon as a node knows another one.
    await Promise.all(
      this.servers.map((server, index) => this.client(server).cluster('SET-CONFIG-EPOCH', index + 1)),
    )
    await Promise.all(this.servers.map((server, index) => this.#introduce(server, index, masters)))
    const { length } = this.servers
    await pollUntil('the nodes to know each other', async () => {
      const views = await Promise.all(this.servers.map((server) => readNodes(this.client(server))))
      return views.every((nodes) => nodes.length === length && nodes.every(({ isKnown }) => isKnown))
    })
    const nodes = await this.nodes()
    const replicas = this.servers.slice(masters, masters * (1 + ofEach))
    await Promise.all(
      replicas.map((server, index) =>
        this.client(server).cluster('REPLICATE', idOf(nodes, this.servers[index % masters]!)),
      ),
    )
    await this.settled()
  }

  async #introduce(server: RedisServer, index: number, masters: number): Promise<void> {
    const client = this.client(server)
    // Servers before Redis 7 know no ranges of slots.
    if (index < masters) await client.cluster('ADDSLOTS', ...sharedOut(index, masters))
    // Every node meets every other one: gossip takes longer, and a node that is met learns its own address.
    const others = this.servers.filter((other) => other !== server)
    await Promise.all(others.map(({ host, port }) => client.cluster('MEET', host, port)))
  }

  async #untilMaster(candidates: Member[]): Promise<RedisServer> {
    await pollUntil('a replica to take over', async () => {
      const masters = await this.masters()
      return candidates.some(({ id }) => masters.some((master) => master.id === id && master.isAlive))
    })
    await this.settled()
    const masters = await this.masters()
    return masters.find(({ id }) => candidates.some((candidate) => candidate.id === id))!.server
  }

  #anyAlive(): RedisServer {
    const alive = this.servers.find(({ isRunning }) => isRunning)
    if (alive === undefined) throw new Error('no node of the cluster is up')
    return alive
  }
}

function argsOf({ nodeTimeoutMs = 2_000, password, args = [] }: ClusterOptions): string[] {
  const cluster = [
    '--cluster-enabled',
    'yes',
    // Replicas stay with their masters.
    '--cluster-migration-barrier',
    '99',
    '--cluster-node-timeout',
    String(nodeTimeoutMs),
  ]
  return [...cluster, ...replicationArgs(password), ...args]
}

function sharedOut(index: number, masters: number): number[] {
  const first = (part: number): number => Math.floor((part * SLOTS) / masters)
  return Array.from({ length: first(index + 1) - first(index) }, (_, at) => first(index) + at)
}

function idOf(nodes: readonly Member[], server: RedisServer): string {
  return nodes.find((node) => node.server === server)!.id
}
