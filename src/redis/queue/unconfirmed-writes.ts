/**
 * The writes that are not confirmed, in the order of sending. A write is confirmed by its replies, by a marker behind
 * it, or by a durability wait.
 */
import type { Sequence, SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { DurabilityWait } from './durability-wait.ts'
import { runsOnce } from './exactly-once.ts'
import type { InFlightWrite } from './in-flight-write.ts'

export interface UnconfirmedWritesOptions {
  /** The numbers of the transactions that run exactly once. */
  readonly sequences: SequenceNumbers
  /** Undefined where a reply is enough. */
  readonly durabilityWait: DurabilityWait | undefined
}

export interface UnconfirmedWritesEvents {
  /** The connections are of no more use. */
  refused(reason: unknown): void
  /** A server holds another number than the last one that it was left. */
  lostNumber(): void
  /** A durability wait has confirmed writes. */
  assured(): void
  /** A write is confirmed. */
  confirmed(): void
}

export class UnconfirmedWrites {
  readonly #options: UnconfirmedWritesOptions
  readonly #events: UnconfirmedWritesEvents
  readonly #writes = new Set<InFlightWrite>()
  #nodes: NodePool | undefined
  #isAssuring = false
  /** Whether a server holds another number than the last one that it was left. */
  #hasLost = false

  constructor(options: UnconfirmedWritesOptions, events: UnconfirmedWritesEvents) {
    this.#options = options
    this.#events = events
  }

  [Symbol.iterator](): IterableIterator<InFlightWrite> {
    return this.#writes.values()
  }

  /** Returns whether there are transactions that must run once only, and may have run. */
  get hasUncertain(): boolean {
    for (const write of this.#writes) if (runsOnce(write) && write.state.kind === 'sent') return true
    return false
  }

  get areAllAnswered(): boolean {
    for (const { isAnswered } of this.#writes) if (!isAnswered) return false
    return true
  }

  add(write: InFlightWrite): void {
    this.#writes.add(write)
  }

  attach(nodes: NodePool): void {
    this.#nodes = nodes
    this.#hasLost = false
  }

  detach(): void {
    this.#nodes = undefined
  }

  /** Takes the number that a marker has left. */
  takeNumber(write: InFlightWrite, sequence: Sequence, number: number): void {
    if (sequence.takeReply(number)) write.left.push({ sequence, number })
    else this.loseNumber()
  }

  /** Confirms nothing that is answered from here on, as what was on the server before it is gone. */
  loseNumber(): void {
    this.#hasLost = true
    this.#events.lostNumber()
  }

  /** Notes that all replies to a write are in. `isUnseen`: it has run, and its replies were lost. */
  answered(write: InFlightWrite, isUnseen = false): void {
    write.answer(isUnseen)
    const { request } = write
    const { durabilityWait } = this.#options
    if (write.problem !== undefined) this.fail(write, write.problem)
    else if (request.kind === 'read') this.#confirm(write)
    else if (durabilityWait === undefined) {
      if (request.kind !== 'marker' && request.confirmedBy === 'reply') this.#confirm(write)
      this.#confirmMarked()
    }
    // Also behind a write that has failed: what was answered after it waits for nothing else.
    if (durabilityWait !== undefined && request.kind !== 'read') void this.#assure(durabilityWait)
  }

  /** Replaces each write by the smaller ones that `split` returns for it, if any. */
  replace(split: (write: InFlightWrite) => readonly InFlightWrite[] | undefined): void {
    const all = [...this.#writes]
    this.#writes.clear()
    for (const write of all) for (const one of split(write) ?? [write]) this.#writes.add(one)
  }

  fail(write: InFlightWrite, error: Error): void {
    this.#writes.delete(write)
    write.reject(error)
  }

  failAll(error: Error): void {
    for (const { reject } of this.#writes) reject(error)
    this.#writes.clear()
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
    if (write.request.kind !== 'read') this.#events.confirmed()
  }

  /** Waits for durability, one wait at a time, for all that has been answered meanwhile. */
  async #assure(durabilityWait: DurabilityWait): Promise<void> {
    if (this.#isAssuring) return
    this.#isAssuring = true
    // What is answered at the same time is made durable together.
    await Promise.resolve()
    const nodes = this.#nodes
    const answered = this.#confirmable()
    const hasNone = nodes === undefined || answered.size === 0
    const failure = hasNone ? undefined : await durabilityWait.assure(nodes).catch(asProblem)
    this.#isAssuring = false
    if (hasNone) return
    if (nodes === this.#nodes) {
      if (failure !== undefined) return this.#events.refused(failure)
      for (const write of this.#confirmable(answered)) this.#confirm(write)
      this.#events.assured()
    }
    if (this.#confirmable().size > 0) void this.#assure(durabilityWait)
  }

  /**
   * Returns the writes that are answered, and among `durable` if it is given. What a marker confirms is confirmed in its
   * order: an older write that the server has refused is sent again, and what is newer has to be sent again behind it.
   */
  #confirmable(durable?: ReadonlySet<InFlightWrite>): Set<InFlightWrite> {
    const confirmable = new Set<InFlightWrite>()
    let isBehindOpen = false
    for (const write of this.#writes) {
      const { request } = write
      if (request.kind === 'read') continue
      const isOpen = !write.isAnswered || durable?.has(write) === false
      const isOrdered = request.kind === 'marker' || request.confirmedBy === 'marker'
      if (!isOpen && !(isOrdered && isBehindOpen)) confirmable.add(write)
      isBehindOpen ||= isOpen
    }
    return confirmable
  }
}

function asProblem(error: unknown): unknown {
  return error
}
