/**
 * A batch: records in the order they came, and the state messages that arrived behind them. The records' bytes are
 * kept until their ids are known and they can be laid out as commands.
 */
import type { RecordView } from '../layout/layout.ts'
import { copyCompact, copyInteger } from '../protocol/compact.ts'
import type { MessageReader } from '../protocol/messages.ts'
import type { CommandBuffer } from '../redis/resp.ts'
import type { IdRange } from './ids.ts'
import type { StreamPlan } from './plan.ts'

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

export class Batch {
  records = 0
  states: HeldState[] = []
  /** How many records of each stream it holds. */
  counts = new Map<StreamPlan, number>()
  readonly #limits: BatchLimits
  #bytes: Buffer
  #end = 0
  #stateBytes = 0
  #notes = new Int32Array(NOTES * 1024)

  constructor(limits: BatchLimits) {
    this.#limits = limits
    this.#bytes = Buffer.allocUnsafe(limits.bytes)
  }

  get isEmpty(): boolean {
    return this.records === 0 && this.states.length === 0
  }

  get isFull(): boolean {
    return this.size >= this.#limits.bytes || this.records >= this.#limits.records
  }

  /** Bytes of records and states. */
  get size(): number {
    return this.#end + this.#stateBytes
  }

  /** Whether one huge record has made it grow so much that it should not be kept. */
  get isOversized(): boolean {
    return this.#bytes.length > 4 * this.#limits.bytes
  }

  /** Takes in the record that `message` stands on. */
  addRecord(plan: StreamPlan, bytes: Buffer, { emittedAt, data, dataHasSpace }: MessageReader): void {
    this.#reserve(emittedAt.end - emittedAt.start + EMITTED_AT_SLACK + data.end - data.start)
    const target = this.#bytes
    const dataStart = copyInteger(bytes, emittedAt.start, emittedAt.end, target, this.#end)
    if (dataHasSpace) this.#end = copyCompact(bytes, data.start, data.end, target, dataStart)
    else this.#end = dataStart + bytes.copy(target, dataStart, data.start, data.end)
    const note = this.records++ * NOTES
    this.#notes[note] = plan.index
    this.#notes[note + 1] = dataStart
    this.#notes[note + 2] = this.#end
    this.counts.set(plan, (this.counts.get(plan) ?? 0) + 1)
  }

  addState(state: HeldState): void {
    this.states.push(state)
    this.#stateBytes += state.length
  }

  /** Puts the commands of all records into `out`; `ids` holds, by stream index, as many ids as it has records. */
  layOut(out: CommandBuffer, plans: readonly StreamPlan[], ids: ReadonlyMap<StreamPlan, IdRange[]>): void {
    const view: RecordView = {
      bytes: this.#bytes,
      id: 0,
      emittedAtStart: 0,
      emittedAtEnd: 0,
      dataStart: 0,
      dataEnd: 0,
    }
    const next = new Map([...ids].map(([plan, ranges]) => [plan, idsIn(ranges)]))
    for (let note = 0; note < this.records * NOTES; note += NOTES) {
      const plan = plans[this.#notes[note]!]!
      view.emittedAtStart = view.dataEnd
      view.emittedAtEnd = view.dataStart = this.#notes[note + 1]!
      view.dataEnd = this.#notes[note + 2]!
      view.id = next.get(plan)!()
      plan.layout.write(out, view)
    }
  }

  /** Empties it for use as another batch. */
  clear(): void {
    this.records = this.#end = this.#stateBytes = 0
    this.states = []
    this.counts = new Map()
  }

  #reserve(size: number): void {
    if (this.#end + size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#end + size, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#end)
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
function idsIn(ranges: readonly IdRange[]): () => number {
  let range = 0
  let id = ranges[0]?.first ?? 0
  return () => {
    if (id > ranges[range]!.last) id = ranges[++range]!.first
    return id++
  }
}
