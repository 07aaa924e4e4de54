/** Sends the transactions that run exactly once, each sequence in its order, and takes the replies to them. */
import type { Redirection } from '../failures/redirection.ts'
import type { PipelineRequest, TransactionRequest } from '../sequencing/pipeline-request.ts'
import type { SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import { ONE_BY_ONE, type GuardMode, type TransactionGuard } from '../sequencing/transaction-guard.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { NodeResult, WriteResult } from '../session/write-pipeline.ts'
import { skippedTransaction, uncertainTransaction } from './exactly-once.ts'
import type { InFlightWrite } from './in-flight-write.ts'
import { nodeOf } from './node-routing.ts'
import type { SendGate } from './send-gate.ts'
import { repliesOf, TransactionQueue, type SentTransactions } from './transaction-queue.ts'
import type { UnconfirmedWrites } from './unconfirmed-writes.ts'

export interface TransactionSenderOptions {
  readonly sequences: SequenceNumbers
  readonly guard: Pick<TransactionGuard, 'mode'>
  readonly gate: SendGate
  readonly unconfirmed: UnconfirmedWrites
  /** Returns the largest transaction that may be put together from several. */
  readonly mostBytes: () => number
}

export interface TransactionSenderEvents {
  /** Transactions have run. */
  confirmed(): void
  /** The connections are of no more use. */
  refused(reason: unknown): void
  /** Transactions have been answered, so others that waited for them may be sent. */
  settled(): void
  /** It is known at last how transactions are sent. */
  decided(): void
  send(request: PipelineRequest): Promise<WriteResult>
}

export class TransactionSender {
  readonly #options: TransactionSenderOptions
  readonly #events: TransactionSenderEvents
  /** By slot. */
  readonly #queues = new Map<number | undefined, TransactionQueue>()

  constructor(options: TransactionSenderOptions, events: TransactionSenderEvents) {
    this.#options = options
    this.#events = events
  }

  get isWaiting(): boolean {
    for (const { isWaiting } of this.#queues.values()) if (isWaiting) return true
    return false
  }

  /** Sends a transaction; returns whether some of its sequence have to wait for replies. */
  send(write: InFlightWrite<TransactionRequest>, nodes: NodePool): boolean {
    const queue = this.#queueOf(write.request)
    if (queue.problem !== undefined) {
      this.#options.unconfirmed.fail(write, queue.problem)
      return false
    }
    queue.add(write)
    this.#advance(queue, nodes)
    return queue.isWaiting
  }

  /** Forgets what waits and what is under way. */
  reset(): void {
    for (const queue of this.#queues.values()) queue.reset()
  }

  #queueOf({ slot }: TransactionRequest): TransactionQueue {
    let queue = this.#queues.get(slot)
    if (queue === undefined)
      this.#queues.set(slot, (queue = new TransactionQueue(this.#options.sequences.of(slot))))
    return queue
  }

  #advance(queue: TransactionQueue, nodes: NodePool): void {
    const { gate } = this.#options
    while (gate.canSend && nodes === gate.nodes) {
      const sent = queue.take(this.#guardMode(nodes), this.#options.mostBytes())
      if (sent === undefined) return
      gate.begins()
      const node = nodeOf(sent.members[0]!.request, nodes)
      const multiRefused = (): void => {
        for (const member of sent.members) member.move({ kind: 'sent', open: 1, isBare: true })
      }
      void node.send(sent.write, multiRefused).then((replies) => {
        if (nodes !== gate.nodes) return
        node.needsDurabilityWait = true
        this.#take(queue, sent, replies, nodes)
      })
    }
  }

  #guardMode(nodes: NodePool): GuardMode {
    // In a slot that is being moved, keys cannot be renamed.
    if (nodes.isCluster) return ONE_BY_ONE
    return this.#options.guard.mode(
      (request) => this.#events.send(request),
      () => this.#decided(),
    )
  }

  #decided(): void {
    const { nodes } = this.#options.gate
    for (const queue of this.#queues.values())
      if (queue.isWaiting && nodes !== undefined) this.#advance(queue, nodes)
    this.#events.decided()
  }

  #take(queue: TransactionQueue, sent: SentTransactions, replies: NodeResult, nodes: NodePool): void {
    const { gate, unconfirmed } = this.#options
    const outcome = queue.takeReplies(sent, replies)
    if (outcome === 'lost') return unconfirmed.loseNumber()
    const { address, where } = nodeOf(sent.members[0]!.request, nodes)
    const isRefused = outcome === 'not run' && replies.problem === undefined && queue.problem === undefined
    let redirections: Redirection[] = []
    for (const member of sent.members) {
      redirections = member.take(address, repliesOf(sent, member, replies))
      member.problem ??= outcome === 'uncertain' ? uncertainTransaction() : queue.problem
      queue.problem ??= member.problem
      if (isRefused && member.state.kind === 'sent') member.move({ kind: 'refused' })
    }
    gate.ends(redirections)
    if (isRefused) {
      if (redirections.length === 0) this.#events.refused(replies.refusal ?? skippedTransaction(where))
      return
    }
    if (gate.barrier.isOn) return
    for (const member of sent.members)
      if (member.problem === undefined) unconfirmed.answered(member)
      else unconfirmed.fail(member, member.problem)
    if (outcome === 'ran') this.#events.confirmed()
    if (queue.problem === undefined) this.#advance(queue, nodes)
    else for (const waiting of queue.takeWaiting()) unconfirmed.fail(waiting, queue.problem)
    this.#events.settled()
  }
}
