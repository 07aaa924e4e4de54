/**
 * Everything that is sent through the write pipelines and not yet confirmed, in its order. What is not confirmed when
 * a connection is lost is sent again over the next one. What a cluster redirects is sent again before anything newer.
 */
import { problem, TransientError } from '../../errors.ts'
import type { DurabilityWait } from './durability-wait.ts'
import { InFlightWrite } from './in-flight-write.ts'
import { RedirectionBarrier } from './redirection-barrier.ts'
import type { WriteResult, NodeResult } from '../session/write-pipeline.ts'
import { writesByNode, markersFor, nodeOf, type NodeWrite } from './node-routing.ts'
import type { Sequence, SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import { CommandQueue, type CommandQueueEvents } from './command-queue.ts'
import type { PipelineRequest, TransactionRequest } from '../sequencing/pipeline-request.ts'
import type { Redirection } from '../failures/redirection.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { Reply } from '../resp/reply.ts'
import {
  repliesOf,
  TransactionQueue,
  uncertainTransaction,
  type SentTransactions,
} from './transaction-queue.ts'
import { ONE_BY_ONE, type GuardMode, type TransactionGuard } from '../sequencing/transaction-guard.ts'

export interface WriteQueueEvents extends CommandQueueEvents {
  /** Everything under way is answered, and some of it was redirected: `resume` is to be called. */
  redirected(redirections: readonly Redirection[]): void
  /** A server holds another number than the last one that it was left. */
  lostNumber(): void
}

export interface WriteQueueOptions {
  /** Of the transactions that run exactly once. */
  sequences: SequenceNumbers
  /** Of the markers. */
  markers: SequenceNumbers
  /** Undefined where a reply is enough. */
  durabilityWait: DurabilityWait | undefined
  guard: Pick<TransactionGuard, 'mode'>
}

export class WriteQueue {
  readonly #options: WriteQueueOptions
  readonly #events: WriteQueueEvents
  readonly #barrier: RedirectionBarrier
  readonly #commandQueue: CommandQueue
  /** Not confirmed, in the order of sending. */
  readonly #writes = new Set<InFlightWrite>()
  /** By slot. */
  readonly #transactions = new Map<number | undefined, TransactionQueue>()
  #nodes: NodePool | undefined
  /** Called when nothing is under way any more; while it is set, nothing is sent. */
  #drained: (() => void) | undefined
  #underWay = 0
  /** Whether something is queued that may not be sent yet. */
  #isHeldBack = false
  #isAssuring = false
  /** Whether a server holds another number than the last one that it was left. */
  #hasLost = false

  constructor(options: WriteQueueOptions, events: WriteQueueEvents) {
    this.#options = options
    this.#events = events
    this.#barrier = new RedirectionBarrier((redirections) => events.redirected(redirections))
    this.#commandQueue = new CommandQueue(this.#barrier, {
      // A server that refuses the writes that wait still answers single commands.
      confirmed: () => {
        if (this.#isAllAnswered) events.confirmed()
      },
      refused: (reason) => events.refused(reason),
    })
  }

  /** Whether there are transactions that must run once only, and may have run. */
  get hasUncertain(): boolean {
    return [...this.#writes].some((write) => runsOnce(write) && write.state.kind === 'sent')
  }

  get #isAllAnswered(): boolean {
    for (const { isAnswered } of this.#writes) if (!isAnswered) return false
    return true
  }

  get #canSend(): boolean {
    return this.#nodes !== undefined && !this.#barrier.isOn && this.#drained === undefined
  }

  ask(command: string, args: readonly (string | number)[]): Promise<Reply> {
    return this.#commandQueue.ask(command, args)
  }

  send(request: PipelineRequest): Promise<WriteResult> {
    const write = new InFlightWrite(request)
    this.#writes.add(write)
    this.#advance(write)
    return write.promise
  }

  /** Sends again what is not confirmed. `held`: by slot, the number that the server holds. */
  attach(nodes: NodePool, held: ReadonlyMap<number | undefined, number>): void {
    this.#nodes = nodes
    this.#drained = undefined
    this.#underWay = 0
    this.#hasLost = false
    this.#barrier.reset()
    for (const queue of this.#transactions.values()) queue.reset()
    this.#commandQueue.attach(nodes)
    for (const write of this.#writes) {
      if (write.request.kind === 'read' && write.isAnswered) continue
      if (mayHaveRunBare(write)) this.#fail(write, uncertainTransaction())
      else if (hasRun(write, held)) {
        nodeOf(write.request, nodes).needsDurabilityWait = true
        this.#answered(write, !write.isAnswered)
      } else write.requeue()
    }
    this.#advance()
  }

  /** The connections are gone. */
  detach(): void {
    this.#nodes = undefined
    this.#commandQueue.detach()
    this.#drained?.()
  }

  /** Sends nothing more over these connections; resolves when all that was sent is answered, or they are gone. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve
      if (this.#underWay === 0) resolve()
    })
  }

  /** Goes on after redirections, when the new nodes are known. */
  resume(): void {
    this.#barrier.release()
    const slots = new Set<number>()
    let isSentAgain = false
    for (const write of this.#writes) {
      if (write.state.kind === 'waiting') write.move({ kind: 'queued', pending: 'all' })
      else if (write.state.kind !== 'queued' && write.state.kind !== 'refused') write.queueRedirected(slots)
      // A marker stands for what was sent before it, wherever that is sent now.
      if (isSentAgain && write.request.kind === 'marker' && write.state.kind !== 'queued') write.requeue()
      isSentAgain ||= write.state.kind === 'queued'
    }
    for (const queue of this.#transactions.values()) queue.reset()
    for (const write of this.#writes) if (isComplete(write)) this.#answered(write)
    this.#commandQueue.resume()
    this.#advance()
  }

  /** Fails everything that waits. */
  fail(error: Error): void {
    this.detach()
    this.#commandQueue.fail(error)
    for (const { reject } of this.#writes) reject(error)
    this.#writes.clear()
  }

  /** Sends what may be sent; `newest` is all of that if nothing waits before it. */
  #advance(newest?: InFlightWrite): void {
    const nodes = this.#nodes
    if (nodes === undefined || !this.#canSend) return
    if (newest !== undefined && !nodes.isCluster && !this.#isHeldBack) return this.#dispatch(newest, nodes)
    this.#isHeldBack = [...this.#transactions.values()].some(({ isWaiting }) => isWaiting)
    let isBlocked = false
    let isFirst = true
    for (const write of this.#writes) {
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
    if (request.kind === 'marker') {
      const markers = markersFor(request, nodes, this.#options.markers)
      write.move({ kind: 'sent', open: markers.length, isBare: false })
      for (const marker of markers) {
        this.#carry(write, marker, nodes)
        marker.node.needsMarker = false
      }
      if (markers.length === 0) this.#answered(write)
    } else if (runsOnce(write)) {
      const queue = this.#transactionsOf(write.request)
      queue.add(write)
      this.#sendTransactions(queue, nodes)
      this.#isHeldBack ||= queue.isWaiting
    } else {
      const shares = writesByNode(request, write.state, nodes)
      write.move({ kind: 'sent', open: shares.length, isBare: false })
      for (const share of shares) this.#carry(write, share, nodes)
      if (shares.length === 0) this.#answered(write)
    }
  }

  #carry(write: InFlightWrite, share: NodeWrite, nodes: NodePool): void {
    this.#begins()
    void share.node.send(share.write).then((replies) => {
      if (nodes === this.#nodes) this.#take(write, share, replies)
    })
  }

  #take(write: InFlightWrite, { node, indexes, sequence }: NodeWrite, replies: NodeResult): void {
    const redirections = write.take(node.address, replies, indexes)
    // It may have run behind what is being made durable meanwhile.
    if (write.request.kind !== 'read') node.needsDurabilityWait = true
    if (sequence !== undefined)
      this.#takeMarker(write, sequence, replies, redirections, () => (node.needsMarker = true))
    this.#ends(redirections)
    // While the barrier is on, `resume` looks at it.
    if (this.#barrier.isOn || !isComplete(write)) return
    this.#answered(write)
    // A server that refuses other writes may still take a marker.
    if (sequence === undefined || this.#isAllAnswered) this.#events.confirmed()
    if (this.#isHeldBack) this.#advance()
  }

  #takeMarker(
    write: InFlightWrite,
    sequence: Sequence,
    { done, refusal, problem: cause }: NodeResult,
    redirections: readonly Redirection[],
    missed: () => void,
  ): void {
    if (refusal !== undefined || cause !== undefined) return
    if (redirections.length > 0) {
      missed()
      for (const { slot } of redirections) this.#options.markers.avoided.add(slot)
      return
    }
    const number = done[0]!
    if (sequence.takeReply(number)) write.left.push({ sequence, number })
    else this.#lostNumber()
  }

  /** Nothing that is answered from here on is confirmed, as what was there before it is gone. */
  #lostNumber(): void {
    this.#hasLost = true
    this.#events.lostNumber()
  }

  #transactionsOf({ slot }: TransactionRequest): TransactionQueue {
    let queue = this.#transactions.get(slot)
    if (queue === undefined)
      this.#transactions.set(slot, (queue = new TransactionQueue(this.#options.sequences.of(slot))))
    return queue
  }

  #sendTransactions(queue: TransactionQueue, nodes: NodePool): void {
    while (this.#canSend && nodes === this.#nodes) {
      const sent = queue.take(this.#guardMode(nodes))
      if (sent === undefined) return
      this.#begins()
      const node = nodeOf(sent.members[0]!.request, nodes)
      const multiRefused = (): void => {
        for (const member of sent.members) member.move({ kind: 'sent', open: 1, isBare: true })
      }
      void node.send(sent.write, multiRefused).then((replies) => {
        if (nodes !== this.#nodes) return
        node.needsDurabilityWait = true
        this.#takeTransactions(queue, sent, replies, nodes)
      })
    }
  }

  #guardMode(nodes: NodePool): GuardMode {
    // In a slot that is being moved, keys cannot be renamed.
    if (nodes.isCluster) return ONE_BY_ONE
    return this.#options.guard.mode(
      (request) => this.send(request),
      () => {
        for (const queue of this.#transactions.values())
          if (queue.isWaiting && this.#nodes !== undefined) this.#sendTransactions(queue, this.#nodes)
        this.#advance()
      },
    )
  }

  #takeTransactions(
    queue: TransactionQueue,
    sent: SentTransactions,
    replies: NodeResult,
    nodes: NodePool,
  ): void {
    const outcome = queue.takeReplies(sent, replies)
    if (outcome === 'lost') return this.#lostNumber()
    const { address, where } = nodeOf(sent.members[0]!.request, nodes)
    let redirections: Redirection[] = []
    for (const member of sent.members) {
      redirections = member.take(address, repliesOf(sent, member, replies))
      if (outcome === 'uncertain') member.problem ??= uncertainTransaction()
      else if (outcome === 'not run' && member.state.kind === 'sent' && replies.problem === undefined)
        member.move({ kind: 'refused' })
    }
    this.#ends(redirections)
    if (outcome === 'not run' && replies.problem === undefined) {
      if (redirections.length === 0) this.#events.refused(replies.refusal ?? skipped(where))
      return
    }
    if (this.#barrier.isOn) return
    for (const member of sent.members)
      if (member.problem === undefined) this.#answered(member)
      else this.#fail(member, member.problem)
    if (outcome === 'ran') this.#events.confirmed()
    this.#sendTransactions(queue, nodes)
    if (this.#isHeldBack) this.#advance()
  }

  #begins(): void {
    this.#underWay++
    this.#barrier.begins()
  }

  #ends(redirections: readonly Redirection[]): void {
    this.#underWay--
    if (this.#underWay === 0) this.#drained?.()
    this.#barrier.ends(redirections)
  }

  #answered(write: InFlightWrite, isUnseen = false): void {
    write.answer(isUnseen)
    const { request } = write
    if (write.problem !== undefined) this.#fail(write, write.problem)
    else if (request.kind === 'read') this.#confirm(write)
    else if (this.#options.durabilityWait !== undefined) void this.#assure(this.#options.durabilityWait)
    else {
      if (request.kind !== 'marker' && request.confirmedBy === 'reply') this.#confirm(write)
      this.#confirmMarked()
    }
  }

  /** A marker that has been left confirms what was sent before it, once all of that is answered. */
  #confirmMarked(): void {
    const answered: InFlightWrite[] = []
    for (const write of this.#writes) {
      if (write.request.kind === 'read') continue
      if (!write.isAnswered) return
      answered.push(write)
      if (write.request.kind === 'marker') for (const marked of answered.splice(0)) this.#confirm(marked)
    }
  }

  #confirm(write: InFlightWrite): void {
    if (this.#hasLost) return
    if (runsOnce(write)) this.#options.sequences.of(write.request.slot).confirm(write.number)
    for (const left of write.left) left.sequence.confirm(left.number)
    this.#writes.delete(write)
    write.resolve()
  }

  #fail(write: InFlightWrite, error: Error): void {
    this.#writes.delete(write)
    write.reject(error)
  }

  /** Waits for durability, one wait at a time, for all that has been answered meanwhile. */
  async #assure(durabilityWait: DurabilityWait): Promise<void> {
    if (this.#isAssuring) return
    this.#isAssuring = true
    // What is answered at the same time is made durable together.
    await Promise.resolve()
    const nodes = this.#nodes
    const answered = [...this.#writes].filter(({ isAnswered }) => isAnswered)
    const failure = nodes === undefined ? undefined : await durabilityWait.assure(nodes).catch(asProblem)
    this.#isAssuring = false
    if (nodes === undefined) return
    if (nodes === this.#nodes) {
      if (failure !== undefined) return this.#events.refused(failure)
      for (const write of answered) if (write.isAnswered) this.#confirm(write)
      this.#advance()
    }
    if ([...this.#writes].some(({ isAnswered }) => isAnswered)) void this.#assure(durabilityWait)
  }
}

function asProblem(error: unknown): unknown {
  return error
}

/** Returns whether a write is a transaction that must not run twice. */
function runsOnce(write: InFlightWrite): write is InFlightWrite<TransactionRequest> {
  return write.request.kind === 'transaction' && !write.request.isRepeatable
}

/** Returns whether a transaction has run, by the numbers that the servers hold. */
function hasRun(
  write: InFlightWrite,
  held: ReadonlyMap<number | undefined, number>,
): write is InFlightWrite<TransactionRequest> {
  if (!runsOnce(write) || (write.state.kind !== 'sent' && !write.isAnswered)) return false
  return write.number <= (held.get(write.request.slot) ?? 0)
}

/** Returns whether commands of a transaction may have run one by one, and the replies are lost. */
function mayHaveRunBare(write: InFlightWrite): boolean {
  return runsOnce(write) && write.state.kind === 'sent' && write.state.isBare
}

function isComplete({ state }: InFlightWrite): boolean {
  return state.kind === 'sent' && state.open === 0
}

function isBehindAll(request: PipelineRequest): boolean {
  return 'isBehindAll' in request && request.isBehindAll
}

/** A transaction did not run, as the one before it did not. */
function skipped(where: string): TransientError {
  return new TransientError(
    problem(
      'transaction-skipped',
      `Redis at ${where} did not run a transaction, as the one before it is not there.`,
      {
        params: { where },
      },
    ),
  )
}
