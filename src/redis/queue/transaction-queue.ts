/**
 * Sends the transactions that run exactly once, in their order: those of one server, or of one slot of a cluster. While
 * one is under way, the next one is guarded, or it waits, and then goes out together with others that have waited.
 */
import type { InFlightWrite } from './in-flight-write.ts'
import { encodeGuarded, encodeNumbered } from '../sequencing/encode-transaction.ts'
import type { NodeResult, PipelineWrite } from '../session/write-pipeline.ts'
import type { TransactionRequest } from '../sequencing/pipeline-request.ts'
import type { GuardMode } from '../sequencing/transaction-guard.ts'
import type { Sequence } from '../sequencing/sequence-numbers.ts'

/** Transactions that were sent as one. */
export interface SentTransactions {
  readonly members: readonly InFlightWrite<TransactionRequest>[]
  readonly write: PipelineWrite
  readonly number: number
  readonly isGuarded: boolean
}

/** The result for transactions that were sent as one. `lost`: they ran on a server that lacks what ran before. */
export type TransactionsOutcome = 'ran' | 'not run' | 'lost' | 'uncertain'

/** While a transaction runs, the server does nothing else. */
const MOST_TOGETHER = { commands: 1_000, bytes: 1 << 20 }

export class TransactionQueue {
  readonly sequence: Sequence
  readonly #waiting: InFlightWrite<TransactionRequest>[] = []
  #underWay = 0
  /** The error of a transaction that can never run: none of those behind it may run either. */
  problem: Error | undefined

  constructor(sequence: Sequence) {
    this.sequence = sequence
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  add(write: InFlightWrite<TransactionRequest>): void {
    write.move({ kind: 'waiting' })
    this.#waiting.push(write)
  }

  /** Removes what waits. */
  takeWaiting(): InFlightWrite<TransactionRequest>[] {
    return this.#waiting.splice(0)
  }

  /** Forgets what waits and what is under way. */
  reset(): void {
    this.#waiting.length = 0
    this.#underWay = 0
  }

  /** Returns the next transactions to send, together at most `mostBytes` if they are several; undefined if there are none, or they have to wait. */
  take(mode: GuardMode, mostBytes = MOST_TOGETHER.bytes): SentTransactions | undefined {
    if (this.#waiting.length === 0 || mode.kind === 'unknown') return undefined
    const isGuarded = this.#underWay > 0
    if (isGuarded && mode.kind !== 'guarded') return undefined
    // Guarded ones need not wait, so there is nothing to gain from sending several as one.
    const members = this.#waiting.splice(
      0,
      mode.kind === 'guarded' ? 1 : this.#countTogether(Math.min(mostBytes, MOST_TOGETHER.bytes)),
    )
    const parts = members.map(({ request }) => request.commands)
    const number = isGuarded ? this.sequence.next() : this.sequence.first()
    const write =
      isGuarded && mode.kind === 'guarded'
        ? encodeGuarded(parts, this.sequence, number - 1, mode.heldKey)
        : encodeNumbered(parts, this.sequence)
    for (const member of members) {
      member.number = number
      member.move({ kind: 'sent', open: 1, isBare: false })
    }
    this.#underWay++
    return { members, write, number, isGuarded }
  }

  /** Takes the replies to what was sent as one. */
  takeReplies(
    { number, isGuarded }: SentTransactions,
    { exec, hasRunBare, refusal }: NodeResult,
  ): TransactionsOutcome {
    this.#underWay--
    if (hasRunBare) return 'uncertain'
    if (exec === undefined) return 'not run'
    // A command was refused while the others ran.
    if (refusal !== undefined) return 'uncertain'
    const closed = exec.at(-1)
    if (isGuarded && exec[0] === 0 && closed === 0) return 'not run'
    if (typeof closed !== 'number' || (isGuarded && exec[0] !== 1)) return 'uncertain'
    const follows = this.sequence.takeReply(closed)
    return follows && closed === number ? 'ran' : 'lost'
  }

  #countTogether(mostBytes: number): number {
    let [count, commands, bytes] = [0, 0, 0]
    for (const { request } of this.#waiting) {
      commands += request.commands.count
      bytes += request.commands.size
      if (count > 0 && (commands > MOST_TOGETHER.commands || bytes > mostBytes)) break
      count++
    }
    return count
  }
}

/** Returns the replies to one of several transactions that were sent as one. */
export function repliesOf(
  { members, isGuarded }: SentTransactions,
  member: InFlightWrite<TransactionRequest>,
  replies: NodeResult,
): NodeResult {
  let from = isGuarded ? 1 : 0
  for (const other of members) {
    if (other === member) break
    from += other.request.commands.count
  }
  const to = from + member.request.commands.count
  return {
    ...replies,
    rejections: replies.rejections
      .filter(({ index }) => index >= from && index < to)
      .map(({ index, error }) => ({ index: index - from, error })),
    done: replies.done.slice(from, to),
  }
}
