/**
 * A batch: records in the order they came, and the state messages that arrived behind them. The records stay where
 * they were read until their ids are known and they can be laid out as commands.
 */
import type { RecordView } from '../layout/layout.ts'
import type { Block } from '../protocol/block.ts'
import { compact, endOfInteger, integerText } from '../protocol/compact.ts'
import type { Message } from '../protocol/messages.ts'
import type { CommandBuffer } from '../redis/resp.ts'
import type { IdRange } from './ids.ts'
import type { StreamPlan } from './plan.ts'

export interface BatchLimits {
  records: number
  /** Of input. */
  bytes: number
}

/** A state message that waits for what came before it, as the line that will acknowledge it. */
export type HeldState = Buffer

/** Noted for each record: its stream's index, and the ranges of its emission time and its data. */
const NOTES = 5

/** Digits that are worked out are no more than these. */
const MOST_DIGITS = 24

export class Batch {
  records = 0
  readonly states: HeldState[] = []
  readonly #limits: BatchLimits
  readonly #plans: readonly StreamPlan[]
  /** By stream index. */
  readonly #counts: Int32Array
  /** Where all of its records lie; none until there is a record. */
  #block: Block | undefined
  #size = 0
  /** Bytes of input that are in it. */
  #taken = 0
  #notes = new Int32Array(NOTES * 1024)

  constructor(limits: BatchLimits, plans: readonly StreamPlan[]) {
    this.#limits = limits
    this.#plans = plans
    this.#counts = new Int32Array(plans.length)
  }

  get isEmpty(): boolean {
    return this.records === 0 && this.states.length === 0
  }

  get isFull(): boolean {
    return this.#taken >= this.#limits.bytes || this.records >= this.#limits.records
  }

  /** Bytes that its commands may take, and that its states do. */
  get size(): number {
    return this.#size
  }

  /** How many records of each stream it holds, for those it holds any of. */
  countByStream(): Map<StreamPlan, number> {
    const counts = new Map<StreamPlan, number>()
    for (const plan of this.#plans)
      if (this.#counts[plan.index]! > 0) counts.set(plan, this.#counts[plan.index]!)
    return counts
  }

  /** Takes in the record that `message` stands on. It lies in `block`, as those before it do. */
  addRecord(plan: StreamPlan, block: Block, message: Message): void {
    if (this.#block === undefined) {
      block.use()
      this.#block = block
    }
    const { bytes } = block.scanner
    const { data, dataHasSpace, emittedAt, lineStart } = message
    const note = this.#nextNote()
    const notes = this.#notes
    notes[note] = plan.index
    notes[note + 1] = emittedAt.start
    notes[note + 2] = endOfInteger(bytes, emittedAt.start, emittedAt.end)
    notes[note + 3] = data.start
    notes[note + 4] = dataHasSpace ? compact(bytes, data.start, data.end) : data.end
    if (notes[note + 2] === -1) this.#workOutDigits(note, bytes, message)
    this.#size += plan.layout.overhead + notes[note + 2]! - notes[note + 1]! + notes[note + 4]! - data.start
    this.#taken += data.end - lineStart
    this.#counts[plan.index]!++
  }

  addState(state: HeldState): void {
    this.states.push(state)
    this.#size += state.length
    this.#taken += state.length
  }

  /** Puts the commands of all records into `out`; `ids` holds as many ids for each stream as it has records. */
  layOut(out: CommandBuffer, ids: ReadonlyMap<StreamPlan, IdRange[]>): void {
    if (this.#block === undefined) return
    const view: RecordView = {
      bytes: this.#block.scanner.bytes,
      id: 0,
      emittedAtStart: 0,
      emittedAtEnd: 0,
      dataStart: 0,
      dataEnd: 0,
    }
    const cursors: IdCursor[] = []
    for (const [{ index }, ranges] of ids) cursors[index] = new IdCursor(ranges)
    const notes = this.#notes
    for (let note = 0; note < this.records * NOTES; note += NOTES) {
      const index = notes[note]!
      view.emittedAtStart = notes[note + 1]!
      view.emittedAtEnd = notes[note + 2]!
      view.dataStart = notes[note + 3]!
      view.dataEnd = notes[note + 4]!
      view.id = cursors[index]!.take()
      this.#plans[index]!.layout.write(out, view)
    }
  }

  /** Its records have been laid out: where they lie may be used for others. */
  release(): void {
    this.#block?.letGo()
    this.#block = undefined
  }

  /** The digits go where the rest of the line was, which has been read: on one side of the data there is room. */
  #workOutDigits(note: number, bytes: Buffer, { emittedAt, data, lineStart }: Message): void {
    const digits = integerText(bytes, emittedAt.start, emittedAt.end)
    const start = data.start - lineStart < MOST_DIGITS ? data.end : lineStart
    this.#notes[note + 1] = start
    this.#notes[note + 2] = start + bytes.write(digits, start, 'latin1')
  }

  #nextNote(): number {
    const note = this.records++ * NOTES
    if (note + NOTES > this.#notes.length) {
      const larger = new Int32Array(this.#notes.length * 2)
      larger.set(this.#notes)
      this.#notes = larger
    }
    return note
  }
}

/** Gives the ids of rising ranges one by one. */
class IdCursor {
  readonly #ranges: readonly IdRange[]
  #range = 0
  #next: number
  #last: number

  constructor(ranges: readonly IdRange[]) {
    this.#ranges = ranges
    this.#next = ranges[0]!.first
    this.#last = ranges[0]!.last
  }

  take(): number {
    if (this.#next > this.#last) {
      const { first, last } = this.#ranges[++this.#range]!
      this.#next = first
      this.#last = last
    }
    return this.#next++
  }
}
