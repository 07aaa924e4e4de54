/**
 * A batch: records in the order they came, and the state messages that arrived behind them. The records' bytes are
 * kept until their ids are known and they can be laid out as commands.
 */
import type { RecordView } from '../layout/layout.ts'
import { copyCompact, copyInteger } from '../protocol/compact.ts'
import type { Message } from '../protocol/messages.ts'
import type { CommandBuffer } from '../redis/resp.ts'
import type { IdRange } from './ids.ts'
import type { StreamPlan } from './plan.ts'
import type { Slabs } from './slabs.ts'

export interface BatchLimits {
  records: number
  bytes: number
}

/** A state message that waits for what came before it, as the line that will acknowledge it. */
export type HeldState = Buffer

/** Noted for each record: its stream's index, and where the texts of its emission time and its data end. */
const NOTES = 3

/** An emission time with an exponent may come out longer than it was sent. */
const EMITTED_AT_SLACK = 24

/** A batch is full once it has reached its limit, so its last record may reach beyond. */
const ROOM_FOR_THE_LAST = 1 << 16

const NOTHING = Buffer.alloc(0)

export class Batch {
  records = 0
  readonly states: HeldState[] = []
  readonly #limits: BatchLimits
  readonly #plans: readonly StreamPlan[]
  /** By stream index. */
  readonly #counts: Int32Array
  readonly #slabs: Slabs
  /** None until there is a record. */
  #bytes: Buffer = NOTHING
  #end = 0
  #size = 0
  #notes = new Int32Array(NOTES * 1024)

  constructor(limits: BatchLimits, plans: readonly StreamPlan[], slabs: Slabs) {
    this.#limits = limits
    this.#slabs = slabs
    this.#plans = plans
    this.#counts = new Int32Array(plans.length)
  }

  get isEmpty(): boolean {
    return this.records === 0 && this.states.length === 0
  }

  get isFull(): boolean {
    return this.size >= this.#limits.bytes || this.records >= this.#limits.records
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

  /** Takes in the record that `message` stands on. */
  addRecord(plan: StreamPlan, bytes: Buffer, { emittedAt, data, dataHasSpace }: Message): void {
    const start = this.#end
    this.#reserve(emittedAt.end - emittedAt.start + EMITTED_AT_SLACK + data.end - data.start)
    const target = this.#bytes
    const dataStart = copyInteger(bytes, emittedAt.start, emittedAt.end, target, start)
    if (dataHasSpace) this.#end = copyCompact(bytes, data.start, data.end, target, dataStart)
    else this.#end = dataStart + bytes.copy(target, dataStart, data.start, data.end)
    this.#size += plan.layout.overhead + this.#end - start
    const note = this.records++ * NOTES
    this.#notes[note] = plan.index
    this.#notes[note + 1] = dataStart
    this.#notes[note + 2] = this.#end
    this.#counts[plan.index]!++
  }

  addState(state: HeldState): void {
    this.states.push(state)
    this.#size += state.length
  }

  /** Puts the commands of all records into `out`; `ids` holds as many ids for each stream as it has records. */
  layOut(out: CommandBuffer, ids: ReadonlyMap<StreamPlan, IdRange[]>): void {
    const view: RecordView = {
      bytes: this.#bytes,
      id: 0,
      emittedAtStart: 0,
      emittedAtEnd: 0,
      dataStart: 0,
      dataEnd: 0,
    }
    const cursors: IdCursor[] = []
    for (const [{ index }, ranges] of ids) cursors[index] = new IdCursor(ranges)
    for (let note = 0; note < this.records * NOTES; note += NOTES) {
      const index = this.#notes[note]!
      view.emittedAtStart = view.dataEnd
      view.emittedAtEnd = view.dataStart = this.#notes[note + 1]!
      view.dataEnd = this.#notes[note + 2]!
      view.id = cursors[index]!.take()
      this.#plans[index]!.layout.write(out, view)
    }
  }

  /** Its records have been laid out: their memory may be used for others. */
  release(): void {
    if (this.#bytes !== NOTHING) this.#slabs.give(this.#bytes)
    this.#bytes = NOTHING
  }

  #reserve(size: number): void {
    if (this.#end + size > this.#bytes.length) {
      const larger = this.#slabs.take(Math.max(this.#end + size, this.#limits.bytes + ROOM_FOR_THE_LAST))
      this.#bytes.copy(larger, 0, 0, this.#end)
      this.release()
      this.#bytes = larger
    }
    if ((this.records + 1) * NOTES > this.#notes.length) {
      const larger = new Int32Array(this.#notes.length * 2)
      larger.set(this.#notes)
      this.#notes = larger
    }
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
