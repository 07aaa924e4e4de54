/**
 * The link to the servers that hold the data. When a connection to one of them breaks, or it cannot take writes, all
 * are opened again, to whichever servers hold the data then, and what was not confirmed is asked or sent again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/settings/config.ts'
import { TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { ALL_CAPABILITIES, commonCapabilities, type Capabilities } from '../commands/capabilities.ts'
import { scriptsFor, type Script } from '../commands/script.ts'
import { DurabilityWait } from './durability-wait.ts'
import type { Identity } from '../session/open-connection.ts'
import type { WriteRequest } from './in-flight-write.ts'
import { fence } from './fencing.ts'
import type { WriteResult } from '../session/write-pipeline.ts'
import { SequenceNumbers } from './sequence-numbers.ts'
import { OlderDataError } from './once.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import { GaveUpError, Outage } from '../failures/outage.ts'
import { NodePool, type Ask } from '../session/node-pool.ts'
import { slotOf } from '../resp/key-slot.ts'
import { TopologyReader } from '../topology/topology-reader.ts'
import { WriteQueue } from './write-queue.ts'
import { Transport } from '../transport/transport.ts'
import { classify } from '../failures/error-classifier.ts'
import type { ReplySource } from '../failures/reply-rules.ts'
import type { Topology } from '../session/node-pool.ts'
import type { Reply } from '../resp/reply.ts'

export interface RedisClientOptions {
  config: Config
  log: Log
  /** Keys that no other run uses, in a slot where one is given. */
  onceKey: (slot: number | undefined) => string
  markKey: (slot: number | undefined) => string
  assuredKey: (slot: number | undefined) => string
  /** The scripts that the commands of the run call; each node loads those that it needs. */
  scripts: readonly Script[]
}

const LONGEST_GOODBYE_MS = 1_000

export class RedisClient implements AsyncDisposable {
  readonly #options: RedisClientOptions
  readonly #transport: Transport
  readonly #topologyReader: TopologyReader
  readonly #outage: Outage
  readonly #writeQueue: WriteQueue
  readonly #durabilityWait: DurabilityWait | undefined
  readonly #closing = new AbortController()
  #nodes: NodePool | undefined
  #capabilities = ALL_CAPABILITIES
  /** Connections that may still be alive on the servers. */
  #lost: Identity[] = []
  #failure: Error | undefined
  /** Times in a row that traffic was sent elsewhere, and nothing came of it. */
  #detours = 0
  /** Numbers the transactions that must not be run twice. */
  readonly once: SequenceNumbers
  /** Numbers what may be run twice: servers that came back without some of it have lost what they had confirmed. */
  readonly marks: SequenceNumbers
  readonly isCluster: boolean

  /** Is asked on new connections, before anything is sent again; an error it gives ends the run. */
  objection: (ask: Ask, identities: readonly Identity[]) => Promise<Error | undefined> = async () => undefined

  /** Connects, waiting for servers that cannot be reached yet. */
  static async open(options: RedisClientOptions): Promise<RedisClient> {
    const client = new RedisClient(options)
    await client.#restore()
    if (client.#failure !== undefined) throw client.#failure
    return client
  }

  private constructor(options: RedisClientOptions) {
    const { config, log, onceKey, markKey, assuredKey } = options
    const { connection, durability, maxOutageSeconds } = config
    this.#options = options
    this.isCluster = connection.deployment.kind === 'cluster'
    this.#transport = new Transport(connection, log)
    this.#topologyReader = new TopologyReader(this.#transport, connection)
    this.once = new SequenceNumbers(onceKey)
    this.marks = new SequenceNumbers(markKey)
    this.#outage = new Outage(maxOutageSeconds, log)
    const lack = new Outage(maxOutageSeconds, log, 'What was written is durable again')
    this.#durabilityWait =
      durability.mode === 'none'
        ? undefined
        : new DurabilityWait(durability, { keyIn: assuredKey, outage: lack, ended: this.#closing.signal })
    this.#writeQueue = new WriteQueue(
      { once: this.once, marks: this.marks, durabilityWait: this.#durabilityWait },
      {
        confirmed: () => this.#confirmed(),
        refused: (reason) => this.#lose(reason),
        redirected: (redirections) => void this.#redirect(redirections),
      },
    )
  }

  /** Runs one command; after a lost connection it is run again, so it may have been run twice. */
  ask(command: string, ...args: (string | number)[]): Promise<Reply> {
    return this.#failure === undefined ? this.#writeQueue.ask(command, args) : Promise.reject(this.#failure)
  }

  /** Sends encoded commands; resolves when they are confirmed. Sent again after a lost connection. */
  send(request: WriteRequest): Promise<WriteResult> {
    return this.#failure === undefined ? this.#writeQueue.send(request) : Promise.reject(this.#failure)
  }

  /** Leaves a mark on each server that was written to; resolves when all that was sent before is confirmed. */
  leaveMarks(): Promise<void> {
    return this.#failure === undefined ? this.#writeQueue.leaveMarks() : Promise.reject(this.#failure)
  }

  /** Throws if servers have lost any of what they had confirmed. */
  async requireIntact(): Promise<void> {
    const ask: Ask = (command, ...args) => this.ask(command, ...args)
    await this.once.runs(ask)
    await this.marks.runs(ask)
  }

  /** Which numbers a transaction with this key takes; where there is one server, all take the same. */
  slotOf(key: Buffer): number | undefined {
    return this.isCluster ? slotOf(key) : undefined
  }

  /** The features that all nodes of the run have had so far: after a failover to an older node they are fewer. */
  get capabilities(): Capabilities {
    return this.#capabilities
  }

  /** How its connections are known on the servers; empty while there are none. */
  get identities(): readonly Identity[] {
    return this.#nodes?.identities ?? []
  }

  /** Closes connections of others, waiting for servers that cannot answer now; returns false where that is not possible. */
  async fence(others: readonly Identity[]): Promise<boolean> {
    for (;;)
      try {
        if (this.#failure !== undefined) throw this.#failure
        if (this.#nodes === undefined) throw new Error('the connections are being opened again')
        return await fence(others, this.#nodes.all)
      } catch (error) {
        await this.#pause(error)
      }
  }

  /** Aborted when nothing is sent any more. */
  get ended(): AbortSignal {
    return this.#closing.signal
  }

  /** From here on nothing is sent, and everyone who waits is told why. */
  end(reason: Error): void {
    for (const node of this.#nodes?.all ?? []) node.destroy()
    this.#fail(reason)
  }

  /** What told of the run's progress is of no more use. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ask: Ask = (command, ...args) => this.ask(command, ...args)
    const numbers = [this.once, this.marks, this.#durabilityWait]
    const ends = numbers.map(async (one) => one?.end(ask).catch(() => undefined))
    await Promise.race([Promise.all(ends), sleep(LONGEST_GOODBYE_MS, undefined, { ref: false })])
    this.#fail(new TransientError('The run has ended.'))
  }

  #confirmed(): void {
    this.#detours = 0
    this.#outage.end()
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

  /** Never throws: what cannot be mended fails everyone who waits. */
  async #restore(reason?: unknown): Promise<void> {
    try {
      for (let problem = reason; ;) {
        if (problem !== undefined) await this.#pause(problem)
        try {
          return await this.#connect()
        } catch (error) {
          if (this.#closing.signal.aborted) return
          problem = error
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

  async #pause(problem: unknown): Promise<void> {
    const { handling, error } = classify(problem, this.#source)
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
    const ask: Ask = (command, ...args) => nodes.ask(command, ...args)
    let runs: Map<number | undefined, number>
    try {
      await this.#silenceTheLost(nodes)
      const objection = await this.objection(ask, nodes.identities)
      if (objection !== undefined) this.#fail(objection)
      runs = await this.once.runs(ask)
      await this.marks.runs(ask)
      await Promise.all(nodes.all.map((node) => this.#greet(node)))
      this.#closing.signal.throwIfAborted()
    } catch (error) {
      this.#giveUp(nodes)
      if (error instanceof OlderDataError) this.#fail(error)
      throw error
    }
    this.#use(nodes, runs)
  }

  async #greet(node: NodePool['all'][number]): Promise<void> {
    for (const { text } of scriptsFor(this.#options.scripts, node.capabilities))
      await node.prepare('SCRIPT', 'LOAD', text)
  }

  async #silenceTheLost(nodes: NodePool): Promise<void> {
    const areSilent = await fence(this.#lost, nodes.all)
    this.#lost = []
    if (areSilent) return
    const sentence = `Redis at ${nodes.where} does not let a lost connection be closed (CLIENT KILL)`
    this.#options.log('WARN', `${sentence}.`)
    if (!this.#writeQueue.hasUncertain) return
    this.#fail(
      new TransientError(
        `${sentence}, so nobody can know whether what was on its way to lists and Redis streams arrives. ` +
          'The run ends, as writing it again could double it. Allow the user CLIENT KILL to have such runs go on.',
      ),
    )
  }

  #use(nodes: NodePool, runs: ReadonlyMap<number | undefined, number>): void {
    this.#nodes = nodes
    for (const node of nodes.all)
      node.begin({
        lost: (reason) => {
          if (this.#nodes === nodes) this.#lose(classify(reason, node).error)
        },
        isRedirection: (text) => nodes.isCluster && readRedirection(text, node.address) !== undefined,
      })
    this.#writeQueue.attach(nodes, runs)
  }

  /** Some keys are on other nodes than they were: finds out where, before anything else is sent. */
  async #redirect(redirections: readonly Redirection[]): Promise<void> {
    const nodes = this.#nodes!
    try {
      // The first time, all that is missing is a look at the map.
      if (this.#detours++ > 0) await this.#outage.pause(reorganised(nodes.where), this.#closing.signal)
      const topology: Topology = await this.#topologyReader.read(redirections)
      if (this.#nodes !== nodes) return
      if (nodes.adopt(topology)) this.#writeQueue.goOn()
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
  return new TransientError(`The cluster of ${where} is being reorganised.`)
}
