/**
 * Opens connections to the nodes that hold the data now, and checks that these nodes have everything that the lost
 * connections confirmed. Nothing that was sent over a lost connection can arrive once the new ones are open.
 */
import type { Config } from '../../config/settings/config.ts'
import { problem, TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { ALL_CAPABILITIES, commonCapabilities, type Capabilities } from '../commands/capabilities.ts'
import { scriptsFor, type Script } from '../commands/script.ts'
import { EvictionCounts } from '../sequencing/eviction-counts.ts'
import { BrokenSequenceError, LostNumberError, type SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import type { Identity } from '../session/open-connection.ts'
import { NodePool, type Ask } from '../session/node-pool.ts'
import type { RedisNode } from '../session/redis-node.ts'
import type { TopologyReader } from '../topology/topology-reader.ts'
import type { Transport } from '../transport/transport.ts'
import { uncertainTransaction } from '../queue/exactly-once.ts'
import { fence } from './fencing.ts'
import type { LossFindings } from '../queue/oversize-search.ts'
import { readLimits } from '../session/server-limits.ts'

/** A step finds out that servers have lost what they had confirmed. Their counters say why, and so which error it is. */
export class LostDataError extends Error {
  override readonly name = 'LostDataError'
}

/** Runs on new connections, before anything is sent again; an error that it returns ends the run. */
export type ReconnectStep = (ask: Ask, identities: readonly Identity[]) => Promise<Error | undefined>

export interface OpenedNodes {
  readonly nodes: NodePool
  /** By slot, the sequence number that the server holds. */
  readonly held: ReadonlyMap<number | undefined, number>
}

export interface NodeOpenerOptions {
  readonly config: Config
  readonly log: Log
  readonly transport: Transport
  readonly topologyReader: TopologyReader
  /** The scripts that the commands of the run call; each node loads those that it needs. */
  readonly scripts: readonly Script[]
  readonly sequences: SequenceNumbers
  readonly markers: SequenceNumbers
  /** Returns whether transactions that must run once only may have run. */
  readonly hasUncertain: () => boolean
}

/** The new connections show that the run must end, although the server answers. */
export class RunOverError extends Error {
  override readonly name = 'RunOverError'
  readonly reason: Error

  constructor(reason: Error) {
    super(reason.message)
    this.reason = reason
  }
}

export class NodeOpener {
  readonly #options: NodeOpenerOptions
  readonly #evictions = new EvictionCounts()
  readonly #steps: ReconnectStep[] = []
  /** Connections that may still be open on the servers. */
  #lost: Identity[] = []
  #capabilities = ALL_CAPABILITIES

  constructor(options: NodeOpenerOptions) {
    this.#options = options
  }

  /** Adds a step that runs whenever connections are opened, behind those added before. */
  addStep(step: ReconnectStep): void {
    this.#steps.push(step)
  }

  /** The features that all nodes of the run have had so far: after a failover to an older node they are fewer. */
  get capabilities(): Capabilities {
    return this.#capabilities
  }

  /** Closes connections, and has the servers close them too before new ones are used. */
  giveUp(nodes: NodePool): void {
    this.#lost.push(...nodes.identities)
    nodes.cut()
  }

  /** Opens connections to all nodes, or to none. Throws a `RunOverError` where no other attempt may follow. */
  async open(): Promise<OpenedNodes> {
    const nodes = await this.#connect()
    try {
      await this.#fenceLost(nodes)
      const held = await this.#resumeOn(nodes)
      await Promise.all(nodes.all.map((node) => this.#loadScripts(node)))
      return { nodes, held }
    } catch (error) {
      this.giveUp(nodes)
      throw error
    }
  }

  /** Returns what the servers say about why they close connections. */
  async findingsOn(nodes: NodePool): Promise<LossFindings> {
    const limits = await Promise.all(nodes.all.map(async (node) => [node, await readLimits(node)] as const))
    const hasEvictedClients = await this.#evictions.haveClientsBeenEvicted(nodes)
    return { limits: new Map(limits), hasEvictedClients }
  }

  /** Returns the error for a server that has lost confirmed data. */
  lossOn(nodes: NodePool): Promise<TransientError> {
    return this.#evictions.lossOn(nodes)
  }

  async #connect(): Promise<NodePool> {
    const { topologyReader, transport } = this.#options
    const { connection, durability } = this.#options.config
    const topology = await topologyReader.read()
    const nodes = await NodePool.open(topology, { transport, connection, durability }).catch(
      (error: unknown) => {
        topologyReader.forgetNewcomers()
        throw error
      },
    )
    this.#capabilities = commonCapabilities([
      this.#capabilities,
      ...nodes.all.map((node) => node.capabilities),
    ])
    return nodes
  }

  async #fenceLost(nodes: NodePool): Promise<void> {
    const areClosed = await fence(this.#lost, nodes.all)
    this.#lost = []
    if (areClosed) return
    const sentence = `Redis at ${nodes.where} does not let a lost connection be closed (CLIENT KILL)`
    this.#options.log('WARN', `${sentence}.`)
    if (!this.#options.hasUncertain()) return
    const text =
      `${sentence}, so nobody can know whether what was sent to lists and Redis streams still arrives. The run ends, ` +
      'as sending it again could write records twice. Allow the user CLIENT KILL to have such runs continue.'
    throw new RunOverError(
      new TransientError(problem('lost-connection-not-closed', text, { params: { where: nodes.where } })),
    )
  }

  /** Checks that new connections reach the data that the lost ones had, and returns the numbers that the nodes hold. */
  async #resumeOn(nodes: NodePool): Promise<ReadonlyMap<number | undefined, number>> {
    const ask: Ask = (command, ...args) => nodes.ask(command, ...args)
    for (const step of this.#steps) {
      const error = await step(ask, nodes.identities)
      if (error instanceof LostDataError) throw new RunOverError(await this.lossOn(nodes))
      if (error !== undefined) throw new RunOverError(error)
    }
    await this.#evictions.noteStart(nodes)
    try {
      const held = await this.#options.sequences.resume(ask)
      await this.#options.markers.resume(ask)
      return held
    } catch (error) {
      if (error instanceof BrokenSequenceError) throw new RunOverError(uncertainTransaction())
      if (error instanceof LostNumberError) throw new RunOverError(await this.lossOn(nodes))
      throw error
    }
  }

  async #loadScripts(node: RedisNode): Promise<void> {
    for (const { text } of scriptsFor(this.#options.scripts, node.capabilities))
      await node.prepare('SCRIPT', 'LOAD', text)
  }
}
