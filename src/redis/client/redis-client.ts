/**
 * The client of a run. When a connection is lost, or a server takes no writes, all connections are opened again, to
 * whichever servers hold the data then, and what was not confirmed is sent again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/settings/config.ts'
import { problem, TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { ALL_CAPABILITIES, commonCapabilities, type Capabilities } from '../commands/capabilities.ts'
import { scriptsFor, type Script } from '../commands/script.ts'
import { DurabilityWait } from './durability-wait.ts'
import type { Identity } from '../session/open-connection.ts'
import { EvictionCounts } from '../sequencing/eviction-counts.ts'
import { fence } from './fencing.ts'
import type { WriteResult } from '../session/write-pipeline.ts'
import type { PipelineRequest } from '../sequencing/pipeline-request.ts'
import { allRunKeys, type RunKeys } from '../sequencing/run-keys.ts'
import { BrokenSequenceError, LostNumberError, SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import { GaveUpError, Outage } from '../failures/outage.ts'
import { NodePool, type Ask } from '../session/node-pool.ts'
import { slotOf } from '../resp/key-slot.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import { EncodedCommands } from '../resp/encoded-commands.ts'
import { TopologyReader } from '../topology/topology-reader.ts'
import { TransactionGuard } from '../sequencing/transaction-guard.ts'
import { uncertainTransaction } from './transaction-queue.ts'
import { WriteQueue } from './write-queue.ts'
import { Transport } from '../transport/transport.ts'
import { classify } from '../failures/error-classifier.ts'
import { clusterReorganised, type ReplySource } from '../failures/reply-rules.ts'
import type { Topology } from '../session/node-pool.ts'
import type { Reply } from '../resp/reply.ts'

/** Runs on new connections, before anything is sent again; an error that it returns ends the run. */
export type ReconnectStep = (ask: Ask, identities: readonly Identity[]) => Promise<Error | undefined>

export interface RedisClientOptions {
  config: Config
  log: Log
  /** A name that no other run has. */
  run: string
  runKeys: RunKeys
  /** The scripts that the commands of the run call; each node loads those that it needs. */
  scripts: readonly Script[]
}

const LONGEST_GOODBYE_MS = 1_000

/** A server that takes no writes may still answer what it was sent; it is given this long. */
const LONGEST_DRAIN_MS = 10_000

export class RedisClient implements AsyncDisposable {
  readonly #options: RedisClientOptions
  readonly #transport: Transport
  readonly #topologyReader: TopologyReader
  readonly #outage: Outage
  readonly #writeQueue: WriteQueue
  readonly #durabilityWait: DurabilityWait | undefined
  readonly #sequences: SequenceNumbers
  readonly #markers: SequenceNumbers
  readonly #evictions = new EvictionCounts()
  readonly #reconnectSteps: ReconnectStep[] = []
  readonly #closing = new AbortController()
  #nodes: NodePool | undefined
  #capabilities = ALL_CAPABILITIES
  /** Connections that may still be alive on the servers. */
  #lost: Identity[] = []
  #failure: Error | undefined
  /** How many redirections in a row led to no confirmation. */
  #detours = 0
  /** How often connections were opened. */
  #epoch = 0
  #isDraining = false
  readonly isCluster: boolean

  /** Connects, and waits for servers that cannot be reached yet. */
  static async open(options: RedisClientOptions): Promise<RedisClient> {
    const client = new RedisClient(options)
    await client.#restore()
    if (client.#failure !== undefined) throw client.#failure
    return client
  }

  private constructor(options: RedisClientOptions) {
    const { config, log, run, runKeys } = options
    const { connection, durability, maxOutageSeconds } = config
    this.#options = options
    this.isCluster = connection.deployment.kind === 'cluster'
    this.#transport = new Transport(connection, log)
    this.#topologyReader = new TopologyReader(this.#transport, connection)
    this.#sequences = new SequenceNumbers((slot) => runKeys('sequence', run, slot))
    this.#markers = new SequenceNumbers((slot) => runKeys('marker', run, slot))
    this.#outage = new Outage(maxOutageSeconds, log)
    const lack = new Outage(maxOutageSeconds, log, 'What was written is durable again')
    const keyIn = (slot: number | undefined): string => runKeys('durable', run, slot)
    this.#durabilityWait =
      durability.mode === 'none'
        ? undefined
        : new DurabilityWait(durability, { keyIn, outage: lack, ended: this.#closing.signal })
    const guard = new TransactionGuard({
      sequenceKey: runKeys('sequence', run, undefined),
      heldKey: `${runKeys('held', run, undefined)}:`,
      log,
      isSupported: () => this.#capabilities.checksAtExec,
    })
    this.#writeQueue = new WriteQueue(
      { sequences: this.#sequences, markers: this.#markers, durabilityWait: this.#durabilityWait, guard },
      {
        confirmed: () => this.#confirmed(),
        refused: (reason) => void this.#refuse(reason),
        redirected: (redirections) => void this.#redirect(redirections),
        lostNumber: () => void this.#failWithLoss(),
      },
    )
  }

  /** Adds a step that runs whenever connections are opened again, behind those added before. */
  onReconnect(step: ReconnectStep): void {
    this.#reconnectSteps.push(step)
  }

  /** Runs one command; after a lost connection it is run again, so it may run twice. */
  ask(command: string, ...args: (string | number)[]): Promise<Reply> {
    return this.#failure === undefined ? this.#writeQueue.ask(command, args) : Promise.reject(this.#failure)
  }

  /** Sends encoded commands; resolves when they are confirmed. They are sent again after a lost connection. */
  send(request: PipelineRequest): Promise<WriteResult> {
    return this.#failure === undefined ? this.#writeQueue.send(request) : Promise.reject(this.#failure)
  }

  /** Leaves a number on each server that was written to; resolves when all that was sent before is confirmed. */
  async marker(): Promise<void> {
    await this.send({ kind: 'marker', isFinal: false })
  }

  /**
   * Runs a step that changes data, until everything that it did is confirmed without a connection lost in between: its
   * commands may be gone with a server that was replaced. The step must do nothing new when it runs again.
   */
  async confirmed<T>(step: () => Promise<T>): Promise<T> {
    for (;;) {
      const epoch = this.#epoch
      const result = await step()
      await this.marker()
      if (this.#epoch === epoch) return result
    }
  }

  /** Throws if a server that was written to has lost anything that it had confirmed. */
  async requireIntact(): Promise<void> {
    await this.send({ kind: 'marker', isFinal: true })
    const sequences = this.#sequences.all
    const commands = commandForEach(
      'GET',
      sequences.map(({ key }) => key),
    )
    const { read } = await this.send({ kind: 'read', commands })
    try {
      for (const [index, sequence] of sequences.entries()) sequence.require(Number(read[index]?.[0] ?? 0))
    } catch (error) {
      await this.#failWithLoss()
      throw this.#failure ?? error
    }
  }

  /** Removes the keys of a run that died before it could remove them. */
  async forgetRun(run: string): Promise<void> {
    await this.#removeKeys(allRunKeys(this.#options.runKeys, run, this.isCluster))
  }

  /** Returns the slot of a key; undefined where there is one server. */
  slotOf(key: Buffer): number | undefined {
    return this.isCluster ? slotOf(key) : undefined
  }

  /** The features that all nodes of the run have had so far: after a failover to an older node they are fewer. */
  get capabilities(): Capabilities {
    return this.#capabilities
  }

  /** The identities of its connections on the servers; empty while there are none. */
  get identities(): readonly Identity[] {
    return this.#nodes?.identities ?? []
  }

  /** Closes connections of others, waiting for servers that cannot answer now; returns false where that is not possible. */
  async fence(others: readonly Identity[]): Promise<boolean> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      try {
        if (this.#nodes === undefined) throw new Error('the connections are being opened again')
        return await fence(others, this.#nodes.all)
      } catch (error) {
        await this.#pause(error).catch((reason: unknown) => {
          throw this.#failure ?? reason
        })
      }
    }
  }

  /** Aborted when nothing is sent any more. */
  get ended(): AbortSignal {
    return this.#closing.signal
  }

  /** Sends nothing from now on, and fails everything that waits. */
  end(reason: Error): void {
    for (const node of this.#nodes?.all ?? []) node.destroy()
    this.#fail(reason)
  }

  /** Removes the keys of this run. */
  async [Symbol.asyncDispose](): Promise<void> {
    const numbered = [...this.#sequences.all, ...this.#markers.all].map(({ key }) => key)
    const removed = this.#removeKeys(numbered).then(() => this.#removeDurabilityKeys())
    const limit = sleep(LONGEST_GOODBYE_MS, undefined, { ref: false })
    await Promise.race([removed.catch(() => undefined), limit])
    this.#fail(new TransientError(problem('run-ended', 'The run has ended.')))
  }

  async #removeKeys(keys: readonly string[]): Promise<void> {
    const commands = commandForEach(this.#capabilities.unlink ? 'UNLINK' : 'DEL', keys)
    await this.send({ kind: 'write', commands, isCounted: false, confirmedBy: 'reply' })
  }

  /** Last, and without a durability wait of their own, which would write the keys again. */
  async #removeDurabilityKeys(): Promise<void> {
    await Promise.all([...(this.#durabilityWait?.keys ?? [])].map((key) => this.ask('UNLINK', key)))
  }

  #confirmed(): void {
    this.#detours = 0
    this.#outage.end()
  }

  /** Reads the replies to what was sent, then opens the connections again. */
  async #refuse(reason: unknown): Promise<void> {
    const nodes = this.#nodes
    if (nodes === undefined || this.#isDraining) return
    this.#isDraining = true
    const giveUp = new AbortController()
    const timeout = sleep(LONGEST_DRAIN_MS, undefined, { signal: giveUp.signal }).catch(() => undefined)
    await Promise.race([this.#writeQueue.drain(), timeout])
    giveUp.abort()
    this.#isDraining = false
    if (this.#nodes === nodes) this.#lose(reason)
  }

  #lose(reason: unknown): void {
    const nodes = this.#nodes
    if (nodes === undefined) return
    this.#nodes = undefined
    this.#writeQueue.detach()
    this.#giveUp(nodes)
    void this.#restore(reason)
  }

  #giveUp(nodes: NodePool): void {
    this.#lost.push(...nodes.identities)
    nodes.cut()
  }

  /** Never throws: an error that no other attempt can avoid fails everything that waits. */
  async #restore(reason?: unknown): Promise<void> {
    try {
      for (let cause = reason; ;) {
        if (cause !== undefined) await this.#pause(cause)
        try {
          return await this.#connect()
        } catch (error) {
          if (this.#closing.signal.aborted) return
          cause = error
        }
      }
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  get #source(): ReplySource {
    const { deployment } = this.#options.config.connection
    return { where: this.#topologyReader.where, deployment: deployment.kind }
  }

  async #pause(cause: unknown): Promise<void> {
    const { handling, error } = classify(cause, this.#source)
    if (handling !== 'retry' || error instanceof GaveUpError) throw error
    await this.#outage.pause(error, this.#closing.signal)
  }

  async #connect(): Promise<void> {
    const { connection, durability } = this.#options.config
    const topology = await this.#topologyReader.read()
    const parts = { transport: this.#transport, connection, durability }
    const nodes = await NodePool.open(topology, parts).catch((error: unknown) => {
      this.#topologyReader.forgetNewcomers()
      throw error
    })
    this.#capabilities = commonCapabilities([
      this.#capabilities,
      ...nodes.all.map((node) => node.capabilities),
    ])
    let held: Map<number | undefined, number>
    try {
      await this.#fenceLost(nodes)
      held = await this.#resumeOn(nodes)
      await Promise.all(nodes.all.map((node) => this.#greet(node)))
      this.#closing.signal.throwIfAborted()
    } catch (error) {
      this.#giveUp(nodes)
      throw error
    }
    this.#use(nodes, held)
  }

  /** Checks that new connections reach the data that the lost ones had, and returns the numbers that they hold. */
  async #resumeOn(nodes: NodePool): Promise<Map<number | undefined, number>> {
    const ask: Ask = (command, ...args) => nodes.ask(command, ...args)
    for (const step of this.#reconnectSteps) {
      const error = await step(ask, nodes.identities)
      if (error !== undefined) this.#fail(error)
    }
    await this.#evictions.noteStart(nodes)
    try {
      const held = await this.#sequences.resume(ask)
      await this.#markers.resume(ask)
      return held
    } catch (error) {
      if (error instanceof BrokenSequenceError) this.#fail(uncertainTransaction())
      if (error instanceof LostNumberError) this.#fail(await this.#evictions.lossOn(nodes))
      throw error
    }
  }

  async #failWithLoss(): Promise<void> {
    const nodes = this.#nodes
    if (nodes === undefined) return
    const error = await this.#evictions.lossOn(nodes).catch((reason: unknown) => reason)
    // A connection that is lost meanwhile is opened again, and the numbers are compared then.
    if (nodes === this.#nodes && error instanceof TransientError) this.#fail(error)
  }

  async #greet(node: NodePool['all'][number]): Promise<void> {
    for (const { text } of scriptsFor(this.#options.scripts, node.capabilities))
      await node.prepare('SCRIPT', 'LOAD', text)
  }

  async #fenceLost(nodes: NodePool): Promise<void> {
    const areDead = await fence(this.#lost, nodes.all)
    this.#lost = []
    if (areDead) return
    const sentence = `Redis at ${nodes.where} does not let a lost connection be closed (CLIENT KILL)`
    this.#options.log('WARN', `${sentence}.`)
    if (!this.#writeQueue.hasUncertain) return
    const text =
      `${sentence}, so nobody can know whether what was sent to lists and Redis streams still arrives. The run ends, ` +
      'as sending it again could write records twice. Allow the user CLIENT KILL to have such runs continue.'
    this.#fail(
      new TransientError(problem('lost-connection-not-closed', text, { params: { where: nodes.where } })),
    )
  }

  #use(nodes: NodePool, held: ReadonlyMap<number | undefined, number>): void {
    this.#nodes = nodes
    this.#epoch++
    for (const node of nodes.all)
      node.begin({
        lost: (reason) => {
          if (this.#nodes === nodes) this.#lose(classify(reason, node).error)
        },
        refused: (error) => {
          if (this.#nodes === nodes) void this.#refuse(error)
        },
        isRedirection: (text) => nodes.isCluster && readRedirection(text, node.address) !== undefined,
      })
    this.#writeQueue.attach(nodes, held)
  }

  /** Some keys are on other nodes than they were: finds out where, before anything else is sent. */
  async #redirect(redirections: readonly Redirection[]): Promise<void> {
    const nodes = this.#nodes!
    try {
      // The first time, only the slot map is out of date.
      if (this.#detours++ > 0) await this.#outage.pause(reorganised(nodes.where), this.#closing.signal)
      const topology: Topology = await this.#topologyReader.read(redirections)
      if (this.#nodes !== nodes) return
      if (nodes.adopt(topology)) this.#writeQueue.resume()
      else this.#lose(reorganised(nodes.where))
    } catch (error) {
      if (this.#nodes === nodes) this.#lose(error)
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#closing.abort()
    this.#nodes?.cut()
    this.#nodes = undefined
    this.#writeQueue.fail(this.#failure)
    void this.#transport.close()
  }
}

function reorganised(where: string): TransientError {
  return new TransientError(clusterReorganised(where))
}

function commandForEach(command: string, keys: readonly string[]): EncodedCommands {
  const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 12))
  for (const key of keys) out.command(command, key)
  return EncodedCommands.from(out)
}
