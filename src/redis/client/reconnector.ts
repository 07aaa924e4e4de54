/**
 * Keeps the write queue connected. When a connection is lost, or a server takes no writes, it replaces all connections,
 * and tries that again with growing pauses until an outage lasts too long.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../../errors.ts'
import { classify } from '../failures/error-classifier.ts'
import { GaveUpError, type Outage } from '../failures/outage.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import type { ReplySource } from '../failures/reply-rules.ts'
import { clusterReorganised } from '../failures/server-problem.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { TopologyReader } from '../topology/topology-reader.ts'
import type { Transport } from '../transport/transport.ts'
import { RunOverError, type NodeOpener, type OpenedNodes } from './node-opener.ts'
import type { LossFindings } from '../queue/oversize-search.ts'
import type { WriteQueue } from '../queue/write-queue.ts'

/** A server that takes no writes may still answer what it was sent; it is given this long. */
const LONGEST_DRAIN_MS = 10_000

export interface ReconnectorOptions {
  readonly opener: Pick<NodeOpener, 'open' | 'giveUp' | 'findingsOn' | 'lossOn'>
  readonly transport: Pick<Transport, 'close'>
  readonly topologyReader: Pick<TopologyReader, 'read' | 'where'>
  readonly writeQueue: Pick<WriteQueue, 'attach' | 'detach' | 'drain' | 'resume' | 'fail' | 'needsFindings'>
  readonly outage: Outage
  readonly deployment: ReplySource['deployment']
  /** Aborted when nothing is sent any more. */
  readonly closing: AbortController
}

export class Reconnector {
  readonly #options: ReconnectorOptions
  #nodes: NodePool | undefined
  #failure: Error | undefined
  /** The number of redirections in a row that led to no confirmation. */
  #detours = 0
  #epoch = 0
  #routes = 0
  #isDraining = false

  constructor(options: ReconnectorOptions) {
    this.#options = options
  }

  /** Undefined while connections are opened. */
  get nodes(): NodePool | undefined {
    return this.#nodes
  }

  /** The reason why the run has ended. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** The number of times that connections were opened. */
  get epoch(): number {
    return this.#epoch
  }

  /** Changes whenever commands may go to other servers than before. */
  get routes(): number {
    return this.#routes
  }

  /** Notes that a server has confirmed something, so that an outage is over. */
  confirmed(): void {
    this.#detours = 0
    this.#options.outage.end()
  }

  /** Reads the replies to what was sent, then opens the connections again. */
  async refuse(reason: unknown): Promise<void> {
    const nodes = this.#nodes
    if (nodes === undefined || this.#isDraining) return
    this.#isDraining = true
    const giveUp = new AbortController()
    const timeout = sleep(LONGEST_DRAIN_MS, undefined, { signal: giveUp.signal }).catch(() => undefined)
    await Promise.race([this.#options.writeQueue.drain(), timeout])
    giveUp.abort()
    this.#isDraining = false
    if (this.#nodes === nodes) this.#lose(reason)
  }

  /**
   * Opens connections, after a pause where `reason` is the reason for the loss of the last ones. Never throws: an error
   * that no other attempt can avoid fails everything that waits.
   */
  async restore(reason?: unknown): Promise<void> {
    const { opener, closing } = this.#options
    try {
      for (let cause = reason; ;) {
        if (cause !== undefined) await this.pause(cause)
        try {
          return await this.#use(await opener.open())
        } catch (error) {
          if (closing.signal.aborted) return
          if (error instanceof RunOverError) return this.fail(error.reason)
          cause = error
        }
      }
    } catch (error) {
      this.fail(error as Error)
    }
  }

  /** Waits before another attempt; throws if no other attempt can avoid the error, or the outage has lasted too long. */
  async pause(cause: unknown): Promise<void> {
    const { outage, closing } = this.#options
    const { handling, error } = classify(cause, this.#source)
    if (handling !== 'retry' || error instanceof GaveUpError) throw error
    await outage.pause(error, closing.signal)
  }

  /** Reads which nodes own the slots now, before anything else is sent. */
  async redirect(redirections: readonly Redirection[]): Promise<void> {
    const { topologyReader, outage, closing, writeQueue } = this.#options
    const nodes = this.#nodes!
    try {
      // The first time, only the slot map is out of date.
      if (this.#detours++ > 0) await outage.pause(reorganised(nodes.where), closing.signal)
      const topology = await topologyReader.read(redirections)
      if (this.#nodes !== nodes) return
      this.#routes++
      if (nodes.adopt(topology)) writeQueue.resume()
      else this.#lose(reorganised(nodes.where))
    } catch (error) {
      if (this.#nodes === nodes) this.#lose(error)
    }
  }

  /** Ends the run, as a server has lost confirmed data. */
  async failWithLoss(): Promise<void> {
    const nodes = this.#nodes
    if (nodes === undefined) return
    const error = await this.#options.opener.lossOn(nodes).catch((reason: unknown) => reason)
    // A connection that is lost meanwhile is opened again, and the numbers are compared then.
    if (nodes === this.#nodes && error instanceof TransientError) this.fail(error)
  }

  /** Sends nothing from now on, and fails everything that waits. */
  fail(error: Error): void {
    const { closing, transport, writeQueue } = this.#options
    this.#failure ??= error
    closing.abort()
    this.#nodes?.cut()
    this.#nodes = undefined
    writeQueue.fail(this.#failure)
    void transport.close()
  }

  get #source(): ReplySource {
    return { where: this.#options.topologyReader.where, deployment: this.#options.deployment }
  }

  #lose(reason: unknown): void {
    const nodes = this.#nodes
    if (nodes === undefined) return
    this.#nodes = undefined
    this.#options.writeQueue.detach(isClosed(reason))
    this.#options.opener.giveUp(nodes)
    void this.restore(reason)
  }

  async #use({ nodes, held }: OpenedNodes): Promise<void> {
    const { opener, closing, writeQueue } = this.#options
    const findings = writeQueue.needsFindings ? await this.#findingsOn(nodes) : undefined
    if (closing.signal.aborted) return opener.giveUp(nodes)
    this.#nodes = nodes
    this.#epoch++
    this.#routes++
    for (const node of nodes.all)
      node.begin({
        lost: (reason) => {
          if (this.#nodes === nodes) this.#lose(classify(reason, node).error)
        },
        refused: (error) => {
          if (this.#nodes === nodes) void this.refuse(error)
        },
        isRedirection: (text) => nodes.isCluster && readRedirection(text, node.address) !== undefined,
      })
    const failure = writeQueue.attach(nodes, held, findings)
    if (failure !== undefined) this.fail(failure)
  }

  async #findingsOn(nodes: NodePool): Promise<LossFindings> {
    const { opener } = this.#options
    try {
      return await opener.findingsOn(nodes)
    } catch (error) {
      opener.giveUp(nodes)
      throw error
    }
  }
}

/** Returns whether a server, or something in between, has closed the connection by itself. */
function isClosed(reason: unknown): boolean {
  const code = reason instanceof TransientError ? reason.problem?.code : undefined
  return code === 'connection-lost' || code === 'protocol-error'
}

function reorganised(where: string): TransientError {
  return new TransientError(clusterReorganised(where))
}
