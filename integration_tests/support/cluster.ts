// A private Redis Cluster on loopback: masters with their share of the slots each, replicas in sync, everybody
// agreed on who is who. Gone when it is stopped or when this process ends.
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
  /** Of each master. */
  replicas?: number
  /** Masters that have no slots. */
  spare?: number
  /** Of every node: how long a node may be silent before the others take it for dead. */
  nodeTimeoutMs?: number
  /** Of every node, and what the nodes use among themselves. */
  password?: string
  /** Further words of the command line of every node, such as `--appendonly yes`. */
  args?: string[]
}

/** A node and the server it is. */
export type Member = ClusterNode & { server: RedisServer }

export const SLOTS = 16_384

export class RedisCluster {
  /** The masters, then the first replica of each, and so on, then the spare ones; as when the cluster was started. */
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

  /** As a configuration names the nodes: `host:port`. */
  get addresses(): string[] {
    return this.servers.map(({ host, port }) => `${host}:${port}`)
  }

  /** One kept connection to a node. */
  client(server: RedisServer): Redis {
    const client = this.#clients.get(server) ?? server.client()
    this.#clients.set(server, client)
    return client
  }

  /** As a node that is up sees them; with a `server` given, as that one does. */
  async nodes(server: RedisServer = this.#anyAlive()): Promise<Member[]> {
    const nodes = await readNodes(this.client(server))
    return nodes.map((node) => {
      const of = this.servers.find(({ port }) => port === node.port)
      if (of === undefined) throw new Error(`a node of another cluster: ${node.port}`)
      return { ...node, server: of }
    })
  }

  /** Those that have slots. */
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

  /** Who has a slot. */
  async ownerOf(slot: number): Promise<RedisServer> {
    const owner = (await this.masters()).find(({ slots }) => slots.includes(slot))
    if (owner === undefined) throw new Error(`nobody has slot ${slot}`)
    return owner.server
  }

  /** Moves a slot with its keys to another master, all at once. */
  async moveSlot(slot: number, to: RedisServer): Promise<void> {
    const move = await this.beginMove(slot, to)
    await move.moveKeys()
    await move.finish()
  }

  /** A slot that is being moved, step by step: see `SlotMove`. */
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

  /** SIGKILL to a master; resolves with the replica that has taken its slots, once the cluster works again. */
  async killMaster(master: RedisServer): Promise<RedisServer> {
    const replicas = await this.replicasOf(master)
    if (replicas.length === 0) throw new Error('there is no replica that could take over')
    await master.kill()
    await master.exited()
    return this.#untilMaster(replicas)
  }

  /** Has a replica of the master take over while both are up; resolves with it. */
  async failover(master: RedisServer): Promise<RedisServer> {
    const replicas = await this.replicasOf(master)
    const [replica] = replicas
    if (replica === undefined) throw new Error('there is no replica that could take over')
    await this.client(replica.server).cluster('FAILOVER')
    return this.#untilMaster([replica])
  }

  /** Starts a node again that was killed; resolves when the cluster is whole and in sync. */
  async restart(server: RedisServer): Promise<void> {
    await server.restart()
    await this.settled()
  }

  /** Asks each master, its own client given. */
  async onMasters<T>(read: (client: Redis) => Promise<T>): Promise<T[]> {
    return Promise.all((await this.masters()).map(({ server }) => read(this.client(server))))
  }

  /** Everything in the cluster, as `dump` gives it of one server. */
  async dump(): Promise<Record<string, unknown>> {
    return Object.assign({}, ...(await this.onMasters(dump))) as Record<string, unknown>
  }

  /** Everything in the cluster, as text; see contents.ts. */
  async contents(prefix = ''): Promise<string> {
    return readContentsOf(
      (await this.masters()).map(({ server }) => this.client(server)),
      prefix,
    )
  }

  /** Resolves when all that run agree on who is who and all slots are served, with every replica in sync. */
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
    // Before any of them is told of another one, as it is refused from then on.
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
    // One by one, as servers before Redis 7 know no ranges.
    if (index < masters) await client.cluster('ADDSLOTS', ...sharedOut(index, masters))
    // Each is told of each: to wait for hearsay takes longer, and who is told of learns its own address.
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
    // Each master keeps its replicas, however many others have.
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
