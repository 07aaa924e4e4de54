/**
 * A batch: records in the order they came, and the state messages that arrived behind them. The records stay where
 * they were read until their ids are known and they can be encoded as commands.
 */
import type { RecordView } from '../../layout/encoding/layout.ts'
import { newRecordView, NO_CHANGES } from '../../layout/encoding/record-view.ts'
import { NO_GROUP } from '../../layout/encoding/command-groups.ts'
import type { InputBlock } from '../../protocol/input/input-block.ts'
import { compactJson, endOfInteger, integerText, isSeconds } from '../../protocol/columns/compact-json.ts'
import type { Message } from '../../protocol/input/message.ts'
import type { BufferPool } from './buffer-pool.ts'
import { NOTHING_CAPTURED, type CapturedColumns } from '../streams/captured-columns.ts'
import type { Received, WaitingState } from './waiting-state.ts'
import type { StateMessage } from '../../protocol/airbyte/state-message.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { StreamSession } from '../streams/stream-session.ts'

export interface BatchLimits {
  records: number
  /** Bytes of input. */
  bytes: number
}

interface LongRecord {
  readonly record: number
  /** The bytes of its line. */
  readonly bytes: number
}

/** The numbers kept for each record: its stream, the ranges of its emission time and its data, its line, its group. */
const COLUMNS = 7

/** Stands for the offsets of captured columns that are not known. */
const UNKNOWN = -1

const FIRST_ROWS = 1024
const BYTES_PER_NUMBER = 4

/** The group of a record that is not encoded. */
const LEFT_OUT = -2

/** Until it is encoded, a record with an index entry has the number of that in the place of its group, counted downwards. */
const FIRST_ENTRY = -3

/** The entry of a record without one. */
export const NO_ENTRY = -1

/** The digits of an emission time that is written anew are no more than these. */
const MOST_DIGITS = 24

export class Batch {
  records = 0
  readonly states: WaitingState[] = []
  /** Records whose lines were too long to be kept. */
  readonly longRecords: LongRecord[] = []
  readonly #limits: BatchLimits
  readonly #streams: readonly StreamSession[]
  readonly #tables: BufferPool
  /** By stream index. */
  readonly #counts: Int32Array
  /** The memory that all of its records are in; undefined until there is a record. */
  #block: InputBlock | undefined
  #size = 0
  /** Bytes of memory that others use for it. */
  #addedMemory = 0
  /** The changes that the source reports of some records. */
  readonly #changes = new Map<number, Buffer>()
  /** Bytes of input. */
  #inputBytes = 0
  #memory: Buffer
  /** One row of numbers for each record, in `#memory`. */
  #table: Int32Array
  readonly #areEnough: readonly boolean[]
  /** The length of a row: the offsets of captured columns follow the other numbers. */
  readonly #rowLength: number
  /** What is captured of the record that `encodeEach` has called with. */
  readonly #captured: { names: readonly string[]; starts: Int32Array; at: number; start: number; end: number }

  /** `tables`: memory for the numbers of the records, which later batches use again. */
  constructor(
    limits: BatchLimits,
    streams: readonly StreamSession[],
    tables: BufferPool,
    { names, areEnough }: CapturedColumns = NOTHING_CAPTURED,
  ) {
    this.#limits = limits
    this.#streams = streams
    this.#tables = tables
    this.#counts = new Int32Array(streams.length)
    this.#areEnough = areEnough
    this.#rowLength = COLUMNS + names.length
    this.#captured = { names, starts: new Int32Array(0), at: 0, start: 0, end: 0 }
    this.#memory = tables.take(FIRST_ROWS * this.#rowLength * BYTES_PER_NUMBER)
    this.#table = numbersIn(this.#memory)
  }

  get isEmpty(): boolean {
    return this.records === 0 && this.states.length === 0
  }

  get isFull(): boolean {
    return this.#inputBytes >= this.#limits.bytes || this.records >= this.#limits.records
  }

  /** Bytes of its commands, about, and of its states. */
  get size(): number {
    return this.#size
  }

  /** Bytes of memory that it uses while it is under way. */
  get memory(): number {
    return this.#size + this.#addedMemory
  }

  /** Counts memory that others use for the batch while it is under way. */
  addMemory(bytes: number): void {
    this.#addedMemory += bytes
  }

  /** Returns the number of records of each stream that has any. */
  countByStream(): Map<StreamSession, number> {
    const counts = new Map<StreamSession, number>()
    for (const [index, stream] of this.#streams.entries())
      if (this.#counts[index]! > 0) counts.set(stream, this.#counts[index]!)
    return counts
  }

  countOf({ plan }: StreamSession): number {
    return this.#counts[plan.index]!
  }

  /**
   * Adds the record that was read last. It is in `block`, as those before it are. Returns whether its emission time was in
   * seconds, which become milliseconds.
   */
  addRecord({ plan, layout }: StreamSession, block: InputBlock, message: Message): boolean {
    if (this.#block === undefined) {
      block.use()
      this.#block = block
    }
    const { bytes } = block.scanner
    const { data, dataHasSpace, emittedAt, lineStart } = message
    if (plan.settings.keepMeta) this.#keepChanges(bytes, message)
    const row = this.#addRow()
    const table = this.#table
    table[row] = plan.index
    table[row + 1] = emittedAt.start
    table[row + 2] = endOfInteger(bytes, emittedAt.start, emittedAt.end)
    table[row + 3] = data.start
    table[row + 4] = dataHasSpace ? compactJson(bytes, data.start, data.end) : data.end
    table[row + 5] = message.lineNumber
    table[row + 6] = NO_GROUP
    for (let at = COLUMNS; at < this.#rowLength; at++)
      table[row + at] = dataHasSpace ? UNKNOWN : message.captured[at - COLUMNS]!
    const isInSeconds = isSeconds(bytes, emittedAt.start, emittedAt.end, table[row + 2]!)
    if (isInSeconds || table[row + 2] === -1) this.#writeDigits(row, bytes, message, isInSeconds)
    this.#size += layout.overhead + table[row + 2]! - table[row + 1]! + table[row + 4]! - data.start
    this.#inputBytes += data.end - lineStart
    this.#counts[plan.index]!++
    return isInSeconds
  }

  /** Adds a record whose line was too long to be kept: it is never encoded. */
  addLongRecord({ plan }: StreamSession, line: number, bytes: number): void {
    this.longRecords.push({ record: this.records, bytes })
    const row = this.#addRow()
    this.#table.fill(0, row, row + this.#rowLength)
    this.#table[row] = plan.index
    this.#table[row + 5] = line
    this.#table[row + 6] = LEFT_OUT
    this.#counts[plan.index]!++
  }

  addState(state: StateMessage, plan: StreamPlan | undefined, received: Received): void {
    this.states.push({ state, plan, after: this.records, received })
    this.#size += state.size
    this.#inputBytes += state.size
  }

  /** Leaves a record out from now on. */
  leaveOut(record: number): void {
    this.#table[record * this.#rowLength + 6] = LEFT_OUT
  }

  /** Records which index entry a record has. */
  setEntry(record: number, entry: number): void {
    this.#table[record * this.#rowLength + 6] = FIRST_ENTRY - entry
  }

  /** Calls `encode` with one record after the other, of the streams that are chosen, and keeps the group it returns. `entry`: the number of its index entry, -1 if it has none. */
  encodeEach(
    isChosen: (stream: StreamSession) => boolean,
    encode: (stream: StreamSession, view: RecordView, record: number, entry: number) => number,
  ): void {
    if (this.#block === undefined) return
    const { scanner } = this.#block
    const view = newRecordView(scanner.bytes, Date.now())
    const table = this.#table
    const rowLength = this.#rowLength
    let last = -1
    let isLastChosen = false
    for (let record = 0, row = 0; record < this.records; record++, row += rowLength) {
      const index = table[row]!
      const group = table[row + 6]!
      if (group === LEFT_OUT) continue
      const stream = this.#streams[index]!
      if (index !== last) {
        last = index
        isLastChosen = isChosen(stream)
      }
      if (!isLastChosen) continue
      view.emittedAtStart = table[row + 1]!
      view.emittedAtEnd = table[row + 2]!
      view.dataStart = table[row + 3]!
      view.dataEnd = table[row + 4]!
      view.result = 'written'
      this.#captured.at = row + COLUMNS
      if (this.#changes.size > 0) view.changes = this.#changes.get(record) ?? NO_CHANGES
      view.bytes = scanner.bytes
      table[row + 6] = encode(stream, view, record, group <= FIRST_ENTRY ? FIRST_ENTRY - group : NO_ENTRY)
    }
  }

  /** Finds the columns of the record that `encodeEach` has called with. */
  readColumns(view: RecordView): void {
    const { scanner } = this.#block!
    const captured = this.#captured
    const index = this.#table[captured.at - COLUMNS]!
    if (this.#areEnough[index] === true && this.#table[captured.at] !== UNKNOWN) {
      captured.starts = this.#table
      captured.start = view.dataStart
      captured.end = view.dataEnd
      return view.columns.take(scanner, captured)
    }
    view.columns.read(scanner, view.dataStart, view.dataEnd)
    view.bytes = scanner.bytes
  }

  streamOf(record: number): StreamSession {
    return this.#streams[this.#table[record * this.#rowLength]!]!
  }

  planOf(record: number): StreamPlan {
    return this.streamOf(record).plan
  }

  lineOf(record: number): number {
    return this.#table[record * this.#rowLength + 5]!
  }

  /** Returns the record's data, a view of memory that is valid until the batch releases its block. */
  dataOf(record: number): Buffer {
    const row = record * this.#rowLength
    return this.#block!.scanner.bytes.subarray(this.#table[row + 3], this.#table[row + 4])
  }

  /** Returns the records of each group. */
  recordsByGroup(): Map<number, number[]> {
    const groups = new Map<number, number[]>()
    for (let record = 0; record < this.records; record++) {
      const group = this.#table[record * this.#rowLength + 6]!
      const records = groups.get(group)
      if (records === undefined) groups.set(group, [record])
      else records.push(record)
    }
    return groups
  }

  /** Releases the block: the records are encoded, and their memory may be used for others. */
  release(): void {
    this.#block?.letGo()
    this.#block = undefined
  }

  /** Returns the memory for the numbers of the records: nobody will ask for a record any more. */
  dispose(): void {
    this.#tables.give(this.#memory)
    this.#memory = Buffer.alloc(0)
    this.#table = new Int32Array(0)
  }

  /** Copies the changes of the next record, as digits may be written over them. */
  #keepChanges(bytes: Buffer, { changes: { start, end } }: Message): void {
    if (end === start) return
    const changes = Buffer.from(bytes.subarray(start, compactJson(bytes, start, end)))
    this.#changes.set(this.records, changes)
    this.#size += changes.length
  }

  /** Writes the digits over the rest of the line, which has been read: there is room on one side of the data. */
  #writeDigits(
    row: number,
    bytes: Buffer,
    { emittedAt, data, lineStart }: Message,
    isInSeconds: boolean,
  ): void {
    const integer = integerText(bytes, emittedAt.start, emittedAt.end)
    const digits = isInSeconds ? `${integer}000` : integer
    const start = data.start - lineStart < MOST_DIGITS ? data.end : lineStart
    this.#table[row + 1] = start
    this.#table[row + 2] = start + bytes.write(digits, start, 'latin1')
  }

  #addRow(): number {
    const row = this.records++ * this.#rowLength
    if (row + this.#rowLength > this.#table.length) {
      const larger = this.#tables.take(2 * this.#memory.length)
      this.#memory.copy(larger)
      this.#tables.give(this.#memory)
      this.#memory = larger
      this.#table = numbersIn(larger)
    }
    return row
  }
}

/** Views memory as numbers. Buffers of the pool have memory of their own, so they are aligned. */
function numbersIn({ buffer, byteOffset, length }: Buffer): Int32Array {
  return new Int32Array(buffer, byteOffset, length / BYTES_PER_NUMBER)
}
