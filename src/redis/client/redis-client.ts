/**
 * The client of a run: sends single commands and pipelined writes, each until it is confirmed, whatever happens to the
 * connections meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/settings/config.ts'
import { problem, TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Capabilities } from '../commands/capabilities.ts'
import type { Script } from '../commands/script.ts'
import { Outage } from '../failures/outage.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import type { SlotOwners } from '../resp/command-pieces.ts'
import { EncodedCommands } from '../resp/encoded-commands.ts'
import { slotOf } from '../resp/key-slot.ts'
import type { Reply } from '../resp/reply.ts'
import type { PipelineRequest } from '../sequencing/pipeline-request.ts'
import { allRunKeys, type RunKeys } from '../sequencing/run-keys.ts'
import { SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import { TransactionGuard } from '../sequencing/transaction-guard.ts'
import type { Identity } from '../session/open-connection.ts'
import type { WriteResult } from '../session/write-pipeline.ts'
import { TopologyReader } from '../topology/topology-reader.ts'
import { Transport } from '../transport/transport.ts'
import { DurabilityWait } from '../queue/durability-wait.ts'
import { fence } from './fencing.ts'
import { NodeOpener, type ReconnectStep } from './node-opener.ts'
import { Reconnector } from './reconnector.ts'
import { WriteQueue } from '../queue/write-queue.ts'

export interface RedisClientOptions {
  config: Config
  log: Log
  /** A name that no other run has. */
  run: string
  runKeys: RunKeys
  /** The scripts that the commands of the run call; each node loads those that it needs. */
  scripts: readonly Script[]
  /** Returns the error for a command with a key that was refused. */
  explain: (error: unknown, key: string) => unknown
}

const LONGEST_GOODBYE_MS = 1_000

export class RedisClient implements AsyncDisposable {
  readonly #options: RedisClientOptions
  readonly #opener: NodeOpener
  readonly #reconnector: Reconnector
  readonly #writeQueue: WriteQueue
  readonly #durabilityWait: DurabilityWait | undefined
  readonly #sequences: SequenceNumbers
  readonly #markers: SequenceNumbers
  readonly #closing = new AbortController()
  readonly isCluster: boolean

  /** Connects, and waits for servers that cannot be reached yet. */
  static async open(options: RedisClientOptions): Promise<RedisClient> {
    const client = new RedisClient(options)
    await client.#reconnector.restore()
    const { failure } = client.#reconnector
    if (failure !== undefined) throw failure
    return client
  }

  private constructor(options: RedisClientOptions) {
    const { config, log, run, runKeys } = options
    const { connection, maxOutageSeconds } = config
    this.#options = options
    this.isCluster = connection.deployment.kind === 'cluster'
    this.#sequences = new SequenceNumbers((slot) => runKeys('sequence', run, slot))
    this.#markers = new SequenceNumbers((slot) => runKeys('marker', run, slot))
    this.#durabilityWait = durabilityWaitOf(options, this.#closing.signal)
    this.#writeQueue = this.#createWriteQueue()
    const transport = new Transport(connection, log)
    const topologyReader = new TopologyReader(transport, connection)
    this.#opener = new NodeOpener({
      ...options,
      transport,
      topologyReader,
      sequences: this.#sequences,
      markers: this.#markers,
      hasUncertain: () => this.#writeQueue.hasUncertain,
    })
    this.#reconnector = new Reconnector({
      opener: this.#opener,
      transport,
      topologyReader,
      writeQueue: this.#writeQueue,
      outage: new Outage(maxOutageSeconds, log),
      deployment: connection.deployment.kind,
      closing: this.#closing,
    })
  }

  /** Adds a step that runs whenever connections are opened again, behind those added before. */
  onReconnect(step: ReconnectStep): void {
    this.#opener.addStep(step)
  }

  /** Runs one command; after a lost connection it is run again, so it may run twice. */
  ask(command: string, ...args: (string | number)[]): Promise<Reply> {
    const { failure } = this.#reconnector
    if (failure !== undefined) return Promise.reject(failure)
    return this.#writeQueue.ask(command, args).catch((error: unknown) => {
      throw this.#options.explain(error, String(args[0]))
    })
  }

  /** Sends encoded commands; resolves when they are confirmed. They are sent again after a lost connection. */
  send(request: PipelineRequest): Promise<WriteResult> {
    const { failure } = this.#reconnector
    return failure === undefined ? this.#writeQueue.send(request) : Promise.reject(failure)
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
      const { epoch } = this.#reconnector
      const result = await step()
      await this.marker()
      if (this.#reconnector.epoch === epoch) return result
    }
  }

  /** Changes whenever commands may go to other servers than before: cursors of a scan are then of no use. */
  get routes(): number {
    return this.#reconnector.routes
  }

  /** Bytes of encoded commands, for each node, that the connections have not taken yet. */
  get unsentBytes(): number {
    const nodes = this.#reconnector.nodes?.all ?? []
    return nodes.reduce((sum, { unsentBytes }) => sum + unsentBytes, 0) / Math.max(1, nodes.length)
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
      await this.endWithLoss()
      throw this.#reconnector.failure ?? error
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

  /** The owners of the slots; undefined where there are none, or while they are read again. */
  get slotOwners(): SlotOwners | undefined {
    return this.#reconnector.nodes?.owners
  }

  /** The features that all nodes of the run have had so far: after a failover to an older node they are fewer. */
  get capabilities(): Capabilities {
    return this.#opener.capabilities
  }

  /** The identities of its connections on the servers; empty while there are none. */
  get identities(): readonly Identity[] {
    return this.#reconnector.nodes?.identities ?? []
  }

  /** Closes connections of others, waiting for servers that cannot answer now; returns false where that is not possible. */
  async fence(others: readonly Identity[]): Promise<boolean> {
    const reconnector = this.#reconnector
    for (;;) {
      if (reconnector.failure !== undefined) throw reconnector.failure
      try {
        if (reconnector.nodes === undefined) throw new Error('the connections are being opened again')
        return await fence(others, reconnector.nodes.all)
      } catch (error) {
        await reconnector.pause(error).catch((reason: unknown) => {
          throw reconnector.failure ?? reason
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
    for (const node of this.#reconnector.nodes?.all ?? []) node.destroy()
    this.#reconnector.fail(reason)
  }

  /** Ends the run, as a server has lost what it had confirmed. */
  endWithLoss(): Promise<void> {
    return this.#reconnector.failWithLoss()
  }

  /** Removes the keys of this run. */
  async [Symbol.asyncDispose](): Promise<void> {
    const numbered = [...this.#sequences.all, ...this.#markers.all].map(({ key }) => key)
    const removed = this.#removeKeys(numbered).then(() => this.#removeDurabilityKeys())
    const limit = sleep(LONGEST_GOODBYE_MS, undefined, { ref: false })
    await Promise.race([removed.catch(() => undefined), limit])
    this.#reconnector.fail(new TransientError(problem('run-ended', 'The run has ended.')))
  }

  #createWriteQueue(): WriteQueue {
    const { config, log, run, runKeys } = this.#options
    const guard = new TransactionGuard({
      sequenceKey: runKeys('sequence', run, undefined),
      heldKey: `${runKeys('held', run, undefined)}:`,
      log,
      isSupported: () => this.capabilities.checksAtExec,
    })
    const numbers = { sequences: this.#sequences, markers: this.#markers }
    return new WriteQueue(
      {
        ...numbers,
        durabilityWait: this.#durabilityWait,
        guard,
        mostCopied: config.maxInFlightBytes / 2,
        log,
      },
      {
        confirmed: () => this.#reconnector.confirmed(),
        refused: (reason) => void this.#reconnector.refuse(reason),
        redirected: (redirections) => void this.#reconnector.redirect(redirections),
        lostNumber: () => void this.endWithLoss(),
      },
    )
  }

  async #removeKeys(keys: readonly string[]): Promise<void> {
    const commands = commandForEach(this.capabilities.unlink ? 'UNLINK' : 'DEL', keys)
    await this.send({ kind: 'write', commands, isCounted: false, confirmedBy: 'reply' })
  }

  /** Last, and without a durability wait of their own, which would write the keys again. */
  async #removeDurabilityKeys(): Promise<void> {
    await Promise.all([...(this.#durabilityWait?.keys ?? [])].map((key) => this.ask('UNLINK', key)))
  }
}

function durabilityWaitOf(
  { config: { durability, maxOutageSeconds }, log, run, runKeys }: RedisClientOptions,
  ended: AbortSignal,
): DurabilityWait | undefined {
  if (durability.mode === 'none') return undefined
  const outage = new Outage(maxOutageSeconds, log, 'What was written is durable again')
  return new DurabilityWait(durability, { keyIn: (slot) => runKeys('durable', run, slot), outage, ended })
}

function commandForEach(command: string, keys: readonly string[]): EncodedCommands {
  const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 12))
  for (const key of keys) out.command(command, key)
  return EncodedCommands.from(out)
}
