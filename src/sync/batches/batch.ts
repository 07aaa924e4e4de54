/**
 * A batch: records in the order they came, and the state messages that arrived behind them. The records stay where
 * they were read until their ids are known and they can be laid out as commands.
 */
import type { RecordView } from '../../layout/encoding/layout.ts'
import { NO_GROUP } from '../../layout/encoding/command-groups.ts'
import type { InputBlock } from '../../protocol/input/input-block.ts'
import { Columns } from '../../protocol/columns/columns.ts'
import { compactJson, endOfInteger, integerText } from '../../protocol/columns/compact-json.ts'
import type { Message } from '../../protocol/input/message.ts'
import type { StateMessage } from '../../protocol/airbyte/state-message.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

/** What the connector was sent: of `records`, so many were left out by a filter. */
export interface Received {
  records: number
  filtered: number
}

export interface BatchLimits {
  records: number
  /** Of input. */
  bytes: number
}

/** A state message that waits for what came before it. */
export interface HeldState {
  state: StateMessage
  /** Whose state it is; undefined where it is of all streams. */
  plan: StreamPlan | undefined
  /** How many records of the batch came before it. */
  after: number
  /** What came since the state before it. */
  received: Received
}

/** Noted for each record: its stream's index, the ranges of its emission time and its data, its line, its group. */
const NOTES = 7

/** The group of a record that is not to be laid out. */
const LEFT_OUT = -2

/** Digits that are worked out are no more than these. */
const MOST_DIGITS = 24

/** Memory for notes, used again and again: batches are many, and of one size. */
const spareNotes: Int32Array[] = []
const MOST_SPARE_NOTES = 32

export class Batch {
  records = 0
  readonly states: HeldState[] = []
  readonly #limits: BatchLimits
  readonly #plans: readonly StreamPlan[]
  /** By stream index. */
  readonly #counts: Int32Array
  /** Where all of its records lie; none until there is a record. */
  #block: InputBlock | undefined
  #size = 0
  /** Bytes of what is worked out of it. */
  #held = 0
  /** Bytes of input that are in it. */
  #taken = 0
  #notes = spareNotes.pop() ?? new Int32Array(NOTES * 1024)

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

  /** Bytes that it takes while it is on its way. */
  get weight(): number {
    return this.#size + this.#held
  }

  /** Notes that so many bytes more are held for it. */
  hold(bytes: number): void {
    this.#held += bytes
  }

  /** How many records of each stream it holds, for those it holds any of. */
  countByStream(): Map<StreamPlan, number> {
    const counts = new Map<StreamPlan, number>()
    for (const plan of this.#plans)
      if (this.#counts[plan.index]! > 0) counts.set(plan, this.#counts[plan.index]!)
    return counts
  }

  /** Takes in the record that `message` stands on. It lies in `block`, as those before it do. */
  addRecord(plan: StreamPlan, block: InputBlock, message: Message): void {
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
    notes[note + 4] = dataHasSpace ? compactJson(bytes, data.start, data.end) : data.end
    notes[note + 5] = message.lineNumber
    notes[note + 6] = NO_GROUP
    if (notes[note + 2] === -1) this.#workOutDigits(note, bytes, message)
    this.#size += plan.layout.overhead + notes[note + 2]! - notes[note + 1]! + notes[note + 4]! - data.start
    this.#taken += data.end - lineStart
    this.#counts[plan.index]!++
  }

  addState(state: StateMessage, plan: StreamPlan | undefined, received: Received): void {
    this.states.push({ state, plan, after: this.records, received })
    this.#size += state.size
    this.#taken += state.size
  }

  /** From now on, the record is not shown any more. */
  leaveOut(record: number): void {
    this.#notes[record * NOTES + 6] = LEFT_OUT
  }

  /** Has `view` show one record after the other, of those streams that are chosen, and notes the group `lay` gives. */
  layEach(
    chosen: (plan: StreamPlan) => boolean,
    lay: (plan: StreamPlan, view: RecordView, record: number) => number,
  ): void {
    if (this.#block === undefined) return
    const { scanner } = this.#block
    const view: RecordView = {
      bytes: scanner.bytes,
      columns: new Columns(),
      id: 0,
      emittedAtStart: 0,
      emittedAtEnd: 0,
      dataStart: 0,
      dataEnd: 0,
      startsAnew: false,
      spread: 0,
    }
    const isChosen = this.#plans.map(chosen)
    const notes = this.#notes
    for (let record = 0, note = 0; record < this.records; record++, note += NOTES) {
      const index = notes[note]!
      if (!isChosen[index] || notes[note + 6] === LEFT_OUT) continue
      const plan = this.#plans[index]!
      view.emittedAtStart = notes[note + 1]!
      view.emittedAtEnd = notes[note + 2]!
      view.dataStart = notes[note + 3]!
      view.dataEnd = notes[note + 4]!
      if (plan.layout.usesColumns) {
        view.columns.read(scanner, view.dataStart, view.dataEnd)
        view.bytes = scanner.bytes
      }
      notes[note + 6] = lay(plan, view, record)
    }
  }

  planOf(record: number): StreamPlan {
    return this.#plans[this.#notes[record * NOTES]!]!
  }

  lineOf(record: number): number {
    return this.#notes[record * NOTES + 5]!
  }

  /** The record's data, a view of memory that is good until the batch is released. */
  dataOf(record: number): Buffer {
    const note = record * NOTES
    return this.#block!.scanner.bytes.subarray(this.#notes[note + 3], this.#notes[note + 4])
  }

  /** The records of each group they were laid out in. */
  recordsByGroup(): Map<number, number[]> {
    const groups = new Map<number, number[]>()
    for (let record = 0; record < this.records; record++) {
      const group = this.#notes[record * NOTES + 6]!
      const records = groups.get(group)
      if (records === undefined) groups.set(group, [record])
      else records.push(record)
    }
    return groups
  }

  /** Its records have been laid out: where they lie may be used for others. */
  release(): void {
    this.#block?.letGo()
    this.#block = undefined
  }

  /** Nobody will ask for its records any more. */
  forget(): void {
    if (spareNotes.length < MOST_SPARE_NOTES) spareNotes.push(this.#notes)
    this.#notes = new Int32Array(0)
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
