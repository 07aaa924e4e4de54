/**
 * Sends requests through the write pipelines in their order. What is not confirmed when a connection is lost is sent
 * again over the next one. What a cluster redirects is sent again before anything newer.
 */
import type { ConnectorError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Redirection } from '../failures/redirection.ts'
import type { Reply } from '../resp/reply.ts'
import type { PipelineRequest } from '../sequencing/pipeline-request.ts'
import type { Sequence, SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import type { TransactionGuard } from '../sequencing/transaction-guard.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { NodeResult, WriteResult } from '../session/write-pipeline.ts'
import { BufferPool } from '../memory/buffer-pool.ts'
import { CommandQueue, type CommandQueueEvents } from './command-queue.ts'
import type { DurabilityWait } from './durability-wait.ts'
import { hasRun, mayHaveRunBare, runsOnce, uncertainTransaction } from './exactly-once.ts'
import { InFlightWrite } from './in-flight-write.ts'
import { markersFor, nodeOf, writesByNode, type NodeWrite } from './node-routing.ts'
import { OversizeSearch, type LossFindings } from './oversize-search.ts'
import { SendGate } from './send-gate.ts'
import { splitWrite } from './split-write.ts'
import { TransactionSender } from './transaction-sender.ts'
import { UnconfirmedWrites } from './unconfirmed-writes.ts'

export interface WriteQueueEvents extends CommandQueueEvents {
  /** Everything under way is answered, and some of it was redirected: `resume` is to be called. */
  redirected(redirections: readonly Redirection[]): void
  /** A server holds another number than the last one that it was left. */
  lostNumber(): void
}

export interface WriteQueueOptions {
  /** The numbers of the transactions that run exactly once. */
  sequences: SequenceNumbers
  /** The numbers of the markers. */
  markers: SequenceNumbers
  /** Undefined where a reply is enough. */
  durabilityWait: DurabilityWait | undefined
  guard: Pick<TransactionGuard, 'mode'>
  /** The bytes of memory for copies of commands that are kept to be used again. */
  mostCopied: number
  log: Log
}

export class WriteQueue {
  readonly #events: WriteQueueEvents
  readonly #markers: SequenceNumbers
  readonly #gate: SendGate
  readonly #unconfirmed: UnconfirmedWrites
  readonly #commandQueue: CommandQueue
  readonly #transactions: TransactionSender
  readonly #search: OversizeSearch
  readonly #mostCopied: number
  /** The memory of commands that are copied together by node. */
  #memory: BufferPool
  /** Whether something is queued that may not be sent yet. */
  #isHeldBack = false

  constructor(options: WriteQueueOptions, events: WriteQueueEvents) {
    this.#events = events
    this.#markers = options.markers
    this.#mostCopied = options.mostCopied
    this.#memory = new BufferPool(options.mostCopied)
    this.#gate = new SendGate((redirections) => events.redirected(redirections))
    const refused = (reason: unknown): void => events.refused(reason)
    this.#unconfirmed = new UnconfirmedWrites(options, {
      refused,
      lostNumber: () => events.lostNumber(),
      assured: () => this.#advance(),
      confirmed: () => {
        this.#search.confirmed()
        this.#gate.isOneAtATime = this.#search.isOn
      },
    })
    this.#search = new OversizeSearch(this.#unconfirmed, options.log)
    this.#commandQueue = new CommandQueue(this.#gate.barrier, {
      // A server that refuses the writes that wait still answers single commands.
      confirmed: () => {
        if (this.#unconfirmed.areAllAnswered) events.confirmed()
      },
      refused,
    })
    this.#transactions = new TransactionSender(
      {
        ...options,
        gate: this.#gate,
        unconfirmed: this.#unconfirmed,
        mostBytes: () => this.#search.mostBytes,
      },
      {
        refused,
        confirmed: () => events.confirmed(),
        settled: () => {
          if (this.#isHeldBack) this.#advance()
        },
        decided: () => this.#advance(),
        send: (request) => this.send(request),
      },
    )
  }

  /** Whether there are transactions that must run once only, and may have run. */
  get hasUncertain(): boolean {
    return this.#unconfirmed.hasUncertain
  }

  ask(command: string, args: readonly (string | number)[]): Promise<Reply> {
    return this.#commandQueue.ask(command, args)
  }

  send(request: PipelineRequest): Promise<WriteResult> {
    const write = new InFlightWrite(request)
    const { mostBytes } = this.#search
    for (const part of (mostBytes === Infinity ? undefined : splitWrite(write, mostBytes)) ?? [write]) {
      this.#unconfirmed.add(part)
      this.#advance(part)
    }
    return write.promise
  }

  /** Whether `attach` needs to know why servers have closed connections. */
  get needsFindings(): boolean {
    return this.#search.needsFindings
  }

  /**
   * Sends again what is not confirmed. `held`: by slot, the number that the server holds. Returns an error where no
   * other attempt can succeed.
   */
  attach(
    nodes: NodePool,
    held: ReadonlyMap<number | undefined, number>,
    findings?: LossFindings,
  ): ConnectorError | undefined {
    this.#gate.attach(nodes)
    // The connections before may still read the memory of what they have not sent.
    this.#memory = new BufferPool(this.#mostCopied)
    this.#unconfirmed.attach(nodes)
    this.#transactions.reset()
    this.#commandQueue.attach(nodes)
    for (const write of this.#unconfirmed) {
      if (write.request.kind === 'read' && write.isAnswered) continue
      if (mayHaveRunBare(write)) this.#unconfirmed.fail(write, uncertainTransaction())
      else if (hasRun(write, held)) {
        nodeOf(write.request, nodes).needsDurabilityWait = true
        this.#unconfirmed.answered(write, !write.isAnswered)
      } else write.requeue()
    }
    const failure = this.#search.attach(nodes, findings)
    this.#gate.isOneAtATime = this.#search.isOn
    if (failure === undefined) this.#advance()
    return failure
  }

  /** Stops sending, as the connections are gone. `isClosed`: the server, or something in between, has closed them. */
  detach(isClosed = false): void {
    if (isClosed) this.#search.lost()
    this.#unconfirmed.detach()
    this.#commandQueue.detach()
    this.#gate.detach()
  }

  /** Sends nothing more over these connections; resolves when all that was sent is answered, or they are gone. */
  drain(): Promise<void> {
    return this.#gate.drain()
  }

  /** Continues after redirections, when the new nodes are known. */
  resume(): void {
    this.#gate.barrier.release()
    const slots = new Set<number>()
    let isSentAgain = false
    for (const write of this.#unconfirmed) {
      if (write.state.kind === 'waiting') write.move({ kind: 'queued', pending: 'all' })
      else if (write.state.kind !== 'queued' && write.state.kind !== 'refused') write.queueRedirected(slots)
      // A marker stands for what was sent before it, wherever that is sent now.
      if (isSentAgain && write.request.kind === 'marker' && write.state.kind !== 'queued') write.requeue()
      isSentAgain ||= write.state.kind === 'queued'
    }
    this.#transactions.reset()
    for (const write of this.#unconfirmed) if (isComplete(write)) this.#unconfirmed.answered(write)
    this.#commandQueue.resume()
    this.#advance()
  }

  /** Fails everything that waits. */
  fail(error: Error): void {
    this.detach()
    this.#commandQueue.fail(error)
    this.#unconfirmed.failAll(error)
  }

  /** Sends what may be sent; `newest` is all of that if nothing waits before it. */
  #advance(newest?: InFlightWrite): void {
    const { nodes } = this.#gate
    if (nodes === undefined || !this.#gate.canSend) {
      this.#isHeldBack ||= this.#gate.isOneAtATime
      return
    }
    if (newest !== undefined && !nodes.isCluster && !this.#isHeldBack) return this.#dispatch(newest, nodes)
    this.#isHeldBack = this.#transactions.isWaiting
    let isBlocked = false
    let isFirst = true
    for (const write of this.#unconfirmed) {
      if (!this.#gate.canSend) {
        isBlocked = true
        break
      }
      const { request, state } = write
      const isRead = request.kind === 'read'
      if (state.kind === 'queued') {
        // On one server the order of the connection is enough, as long as nothing waits.
        const isOrdered = !nodes.isCluster && !this.#isHeldBack
        if (!isFirst && !isOrdered && isBehindAll(request)) isBlocked = true
        // What is read may be older than what is under way: the caller takes that into account.
        if (!isBlocked || isRead) this.#dispatch(write, nodes)
      }
      // A write without commands is answered by now.
      if (!isRead && !write.isAnswered) isFirst = false
    }
    this.#isHeldBack ||= isBlocked
  }

  #dispatch(write: InFlightWrite, nodes: NodePool): void {
    const { request } = write
    if (runsOnce(write)) {
      const isWaiting = this.#transactions.send(write, nodes)
      this.#isHeldBack ||= isWaiting
      return
    }
    const shares =
      request.kind === 'marker'
        ? markersFor(request, nodes, this.#markers)
        : writesByNode(request, write.state, nodes, this.#memory)
    write.move({ kind: 'sent', open: shares.length, isBare: false })
    for (const share of shares) {
      this.#carry(write, share, nodes)
      if (share.sequence !== undefined) share.node.needsMarker = false
    }
    if (shares.length === 0) this.#unconfirmed.answered(write)
  }

  #carry(write: InFlightWrite, share: NodeWrite, nodes: NodePool): void {
    this.#gate.begins()
    void share.node.send(share.write).then((replies) => {
      share.memory?.giveBack()
      if (nodes === this.#gate.nodes) this.#take(write, share, replies)
    })
  }

  #take(write: InFlightWrite, { node, share, sequence }: NodeWrite, replies: NodeResult): void {
    const redirections = write.take(node.address, replies, share)
    // It may have run behind what is being made durable meanwhile.
    if (write.request.kind !== 'read') node.needsDurabilityWait = true
    if (sequence !== undefined) {
      this.#takeMarker(write, sequence, replies, redirections)
      if (redirections.length > 0) node.needsMarker = true
    }
    this.#gate.ends(redirections)
    // While the barrier is on, `resume` looks at it.
    if (this.#gate.barrier.isOn || !isComplete(write)) return
    this.#unconfirmed.answered(write)
    // A server that refuses other writes may still take a marker.
    if (sequence === undefined || this.#unconfirmed.areAllAnswered) this.#events.confirmed()
    if (this.#isHeldBack) this.#advance()
  }

  #takeMarker(
    write: InFlightWrite,
    sequence: Sequence,
    { done, refusal, problem }: NodeResult,
    redirections: readonly Redirection[],
  ): void {
    if (refusal !== undefined || problem !== undefined) return
    for (const { slot } of redirections) this.#markers.avoided.add(slot)
    if (redirections.length === 0) this.#unconfirmed.takeNumber(write, sequence, done[0]!)
  }
}

function isComplete({ state }: InFlightWrite): boolean {
  return state.kind === 'sent' && state.open === 0
}

function isBehindAll(request: PipelineRequest): boolean {
  return 'isBehindAll' in request && request.isBehindAll
}
