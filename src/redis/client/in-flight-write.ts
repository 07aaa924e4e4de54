/** A shipment on its way: which of its commands have been answered, and what by. */
import type { Address } from '../../config/settings/config.ts'
import type { WriteResult, PipelineWrite, NodeResult } from '../session/write-pipeline.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import { putNumber, type SlotSequence } from './once.ts'
import { takeApart, type Commands } from './command-splitter.ts'

/** Encoded commands that go out together, to whichever servers have their keys. */
export interface WriteRequest extends PipelineWrite {
  /** Of a transaction: the slot that all of its keys are in. */
  readonly slot?: number | undefined
  /** Of a transaction that must not be run twice: its number among those, which it leaves on the server in the end. */
  readonly sequence?: number | undefined
  /** Whether everything sent before it has to be there before any of it is. On one server that is always so. */
  readonly isBehindAll?: boolean
  /** Whether a mark follows, without which nobody could tell whether it is still there. */
  readonly isMarked?: boolean
}

/** The number that a server is left, from which it can be told later what it has run. */
export interface Mark {
  readonly numbers: SlotSequence
  readonly number: number
  /** Whether the server has it. */
  isLeft: boolean
}

/** A command that is still to be sent, and the server it was sent on to, if that is not the one that owns its slot. */
export interface Pending {
  readonly index: number
  readonly asked: Address | undefined
}

export class InFlightWrite {
  readonly request: WriteRequest
  readonly promise: Promise<WriteResult>
  readonly answers: WriteResult = { rejections: [], done: [], read: [] }
  /** What is to be sent; undefined once it is on its way. */
  pending: 'all' | readonly Pending[] | undefined = 'all'
  /** Loads that have not been answered. */
  open = 0
  /** All of it has been answered; it may still have to be sent again, if servers lose it before it is durable. */
  isAnswered = false
  /** What it was answered once holds for ever. */
  #hasAnswers = false
  #isUnseen = false
  /** It is on its way, or was when the connection broke, and its number tells whether it was run. */
  mayHaveRun = false
  sequence: number | undefined
  problem: Error | undefined
  /** Left by it, where it is nothing but marks. */
  marks: Mark[] | undefined
  readonly #resolve: (answers: WriteResult) => void
  readonly #reject: (error: Error) => void
  #commands: Commands | undefined
  #elsewhere: { index: number; redirection: Redirection }[] = []

  constructor(request: WriteRequest, marks?: Mark[]) {
    const { promise, resolve, reject } = Promise.withResolvers<WriteResult>()
    this.request = request
    this.sequence = request.sequence
    this.marks = marks
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Its commands, told apart. */
  get commands(): Commands {
    return (this.#commands ??= takeApart(this.request.bytes, this.request.commands))
  }

  /** Gives it a number that is higher than all that went out before it. */
  number(numbers: SlotSequence): void {
    if (this.sequence === undefined) return
    const number = numbers.toSend(this.sequence)
    if (number !== this.sequence) putNumber(this.request.bytes, number)
    this.sequence = number
  }

  /** It is on its way, in so many loads. */
  sent(loads: number): void {
    this.pending = undefined
    this.open = loads
    this.mayHaveRun = true
  }

  /** All of it is to be sent again; what was only read need not be. */
  again(): void {
    this.mayHaveRun = false
    if (this.isAnswered && this.request.isReading === true) return
    this.pending = 'all'
    this.open = 0
    this.isAnswered = false
    if (this.marks !== undefined) this.marks = []
    this.#elsewhere = []
  }

  /** `isUnseen`: it was run, and its replies were lost. */
  answered(isUnseen: boolean): void {
    this.pending = undefined
    this.isAnswered = true
    if (isUnseen && !this.#hasAnswers) this.#isUnseen = true
    this.#hasAnswers = true
  }

  /**
   * Takes what was answered, and gives what other servers are to be asked; `indexes` are those of the load's commands,
   * -1 for one that only leads in.
   */
  take(from: Address, reading: NodeResult, indexes?: readonly number[]): Redirection[] {
    this.open--
    this.problem ??= reading.problem
    const elsewhere = reading.elsewhere.flatMap(({ index, text }) => {
      const redirection = readRedirection(text, from)
      return redirection === undefined ? [] : [{ index: indexes?.[index] ?? index, redirection }]
    })
    for (const one of elsewhere) if (one.index !== -1) this.#elsewhere.push(one)
    // A transaction is not run where another server is to be given one of its commands.
    if (this.request.isTransaction === true && elsewhere.length > 0) this.mayHaveRun = false
    if (!this.#hasAnswers) this.#merge(reading, indexes)
    return elsewhere.map(({ redirection }) => redirection)
  }

  /**
   * Has what was sent elsewhere be sent again, and what came behind it in the same slot, which it must not overtake.
   * `slots`: those of which something is sent again, from earlier deliveries on.
   */
  gather(slots: Set<number>): void {
    const { isTransaction, sequence, slot } = this.request
    const elsewhere = this.#elsewhere
    this.#elsewhere = []
    if (this.marks !== undefined) {
      if (elsewhere.length > 0) this.pending = 'all'
      return
    }
    if (isTransaction === true) {
      const isBehind = sequence === undefined && slots.has(slot!)
      if (elsewhere.length === 0 && !isBehind) return
      slots.add(slot!)
      this.pending = 'all'
      this.mayHaveRun = false
      return
    }
    if (elsewhere.length === 0 && slots.size === 0) return
    const asked = new Map(
      elsewhere.map(({ index, redirection: { kind, address } }) => [
        index,
        kind === 'ask' ? address : undefined,
      ]),
    )
    const pending: Pending[] = []
    for (let index = 0; index < this.request.commands; index++) {
      const its = this.commands.slots[index]!
      if (asked.has(index)) slots.add(its)
      if (slots.has(its)) pending.push({ index, asked: asked.get(index) })
    }
    if (pending.length > 0) this.pending = pending
  }

  resolve(): void {
    this.#resolve(this.#isUnseen ? { ...this.answers, isUnseen: true } : this.answers)
  }

  readonly reject = (error: Error): void => this.#reject(error)

  /** Run a second time, a command may find done what it did the first time. */
  #merge({ rejections, done, read }: NodeResult, indexes: readonly number[] | undefined): void {
    if (indexes === undefined) {
      this.answers.rejections = rejections
      this.answers.done = done.map((count, index) => Math.max(count, this.answers.done[index] ?? 0))
      this.answers.read = read
      return
    }
    const redone = new Set(indexes)
    this.answers.rejections = this.answers.rejections.filter(({ index }) => !redone.has(index))
    for (const { index, error } of rejections) this.answers.rejections.push({ index: indexes[index]!, error })
    for (let at = 0; at < indexes.length; at++) {
      const index = indexes[at]!
      if (index === -1) continue
      if (at < read.length) this.answers.read[index] = read[at]!
      if (at < done.length) this.answers.done[index] = Math.max(done[at]!, this.answers.done[index] ?? 0)
    }
  }
}
