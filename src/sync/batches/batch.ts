/**
 * A batch: records in the order they came, and the state messages that arrived behind them. The records stay where
 * they were read until their ids are known and they can be encoded as commands.
 */
import type { RecordView } from '../../layout/encoding/layout.ts'
import { newRecordView, NO_CHANGES } from '../../layout/encoding/record-view.ts'
import { NO_GROUP } from '../../layout/encoding/command-groups.ts'
import type { InputBlock } from '../../protocol/input/input-block.ts'
import { compactJson, endOfInteger, isSeconds } from '../../protocol/columns/compact-json.ts'
import type { Message } from '../../protocol/input/message.ts'
import type { TakeLimits, TakenRecords } from '../../protocol/input/message-reader.ts'
import type { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { writeDigits } from './emission-digits.ts'
import type { RecordRows } from './encode-run.ts'
import { entryIn, LEFT_OUT, RecordNumber, RecordTable } from './record-table.ts'
import { BatchColumns, UNKNOWN } from './batch-columns.ts'
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

/** Encodes records of a stream from the first row on, and returns how many rows are done. */
export type EncodeRun = (stream: StreamSession, rows: RecordRows) => number

export class Batch {
  records = 0
  readonly states: WaitingState[] = []
  /** Records whose lines were too long to be kept. */
  readonly longRecords: LongRecord[] = []
  readonly #limits: BatchLimits
  readonly #streams: readonly StreamSession[]
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
  readonly #table: RecordTable
  readonly #columns: BatchColumns

  /** `tables`: memory for the numbers of the records, which later batches use again. */
  constructor(
    limits: BatchLimits,
    streams: readonly StreamSession[],
    tables: BufferPool,
    captured: CapturedColumns = NOTHING_CAPTURED,
  ) {
    this.#limits = limits
    this.#streams = streams
    this.#counts = new Int32Array(streams.length)
    this.#columns = new BatchColumns(captured)
    this.#table = new RecordTable(tables, captured.names.length)
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
    const row = this.#table.addRow(this.records++)
    const { numbers, rowLength } = this.#table
    numbers[row + RecordNumber.stream] = plan.index
    numbers[row + RecordNumber.emittedAtStart] = emittedAt.start
    const integerEnd = endOfInteger(bytes, emittedAt.start, emittedAt.end)
    numbers[row + RecordNumber.emittedAtEnd] = integerEnd
    numbers[row + RecordNumber.dataStart] = data.start
    const dataEnd = dataHasSpace ? compactJson(bytes, data.start, data.end) : data.end
    numbers[row + RecordNumber.dataEnd] = dataEnd
    numbers[row + RecordNumber.line] = message.lineNumber
    numbers[row + RecordNumber.group] = NO_GROUP
    for (let at: number = RecordNumber.captured; at < rowLength; at++)
      numbers[row + at] = dataHasSpace ? UNKNOWN : message.captured[at - RecordNumber.captured]!
    const isInSeconds = isSeconds(bytes, emittedAt.start, emittedAt.end, integerEnd)
    if (isInSeconds || integerEnd === -1) {
      const digits = writeDigits(bytes, message, isInSeconds)
      numbers[row + RecordNumber.emittedAtStart] = digits.start
      numbers[row + RecordNumber.emittedAtEnd] = digits.end
    }
    const emittedAtSize =
      numbers[row + RecordNumber.emittedAtEnd]! - numbers[row + RecordNumber.emittedAtStart]!
    this.#size += layout.overhead + emittedAtSize + dataEnd - data.start
    this.#inputBytes += data.end - lineStart
    this.#counts[plan.index]!++
    return isInSeconds
  }

  /** Counts the records, and the bytes of input, that the batch has room for. */
  get room(): TakeLimits {
    const { records, bytes } = this.#limits
    return {
      records: records - this.records,
      inputBytes: bytes - this.#inputBytes,
      rowLength: this.#table.rowLength,
    }
  }

  /** Adds records that are like the one that was added last. */
  addRecords({ plan, layout }: StreamSession, { count, rows, bytes, inputBytes }: TakenRecords): void {
    this.#table.addRows(this.records, rows)
    this.records += count
    this.#size += count * layout.overhead + bytes
    this.#inputBytes += inputBytes
    this.#counts[plan.index]! += count
  }

  /** Adds a record whose line was too long to be kept: it is never encoded. */
  addLongRecord({ plan }: StreamSession, line: number, bytes: number): void {
    this.longRecords.push({ record: this.records, bytes })
    const row = this.#table.addRow(this.records++)
    const { numbers, rowLength } = this.#table
    numbers.fill(0, row, row + rowLength)
    numbers[row + RecordNumber.stream] = plan.index
    numbers[row + RecordNumber.line] = line
    numbers[row + RecordNumber.group] = LEFT_OUT
    this.#counts[plan.index]!++
  }

  addState(state: StateMessage, plan: StreamPlan | undefined, received: Received): void {
    this.states.push({ state, plan, after: this.records, received })
    this.#size += state.size
    this.#inputBytes += state.size
  }

  /** Leaves a record out from now on. */
  leaveOut(record: number): void {
    this.#table.setGroup(record, LEFT_OUT)
  }

  /** Leaves out all records but some, which are encoded anew. */
  encodeOnly(records: Iterable<number>): void {
    for (let record = 0; record < this.records; record++) this.leaveOut(record)
    for (const record of records) this.#table.setGroup(record, NO_GROUP)
  }

  /** Records which index entry a record has. */
  setEntry(record: number, entry: number): void {
    this.#table.setEntry(record, entry)
  }

  /**
   * Calls `encode` with one record after the other, of the streams that are chosen, and keeps the group it returns.
   * `entry`: the number of its index entry, -1 if it has none. `encodeRun` may encode several records from one on; it returns
   * how many rows it has done.
   */
  encodeEach(
    isChosen: (stream: StreamSession) => boolean,
    encode: (stream: StreamSession, view: RecordView, record: number, entry: number) => number,
    encodeRun: EncodeRun = () => 0,
  ): void {
    if (this.#block === undefined) return
    const { scanner } = this.#block
    const view = newRecordView(scanner.bytes, Date.now())
    const { numbers, rowLength } = this.#table
    const rows: RecordRows = { scanner, table: this.#table, first: 0, end: this.records }
    let last = -1
    let isLastChosen = false
    for (let record = 0, row = 0; record < this.records; record++, row += rowLength) {
      const index = numbers[row + RecordNumber.stream]!
      const group = numbers[row + RecordNumber.group]!
      if (group === LEFT_OUT) continue
      const stream = this.#streams[index]!
      if (index !== last) {
        last = index
        isLastChosen = isChosen(stream)
      }
      if (!isLastChosen) continue
      rows.first = record
      const done = encodeRun(stream, rows)
      if (done > 0) {
        record += done - 1
        row += (done - 1) * rowLength
        continue
      }
      view.emittedAtStart = numbers[row + RecordNumber.emittedAtStart]!
      view.emittedAtEnd = numbers[row + RecordNumber.emittedAtEnd]!
      view.dataStart = numbers[row + RecordNumber.dataStart]!
      view.dataEnd = numbers[row + RecordNumber.dataEnd]!
      view.result = 'written'
      this.#columns.row = row
      if (this.#changes.size > 0) view.changes = this.#changes.get(record) ?? NO_CHANGES
      view.bytes = scanner.bytes
      numbers[row + RecordNumber.group] = encode(stream, view, record, entryIn(group))
    }
  }

  /** The columns that the scanner captures. */
  get capturedColumns(): readonly string[] {
    return this.#columns.captured
  }

  /** Finds the columns of the record that `encodeEach` has called with. */
  readColumns(view: RecordView): void {
    this.#columns.read(view, this.#block!.scanner, this.#table.numbers)
  }

  streamOf(record: number): StreamSession {
    return this.#streams[this.#table.numberOf(record, RecordNumber.stream)]!
  }

  planOf(record: number): StreamPlan {
    return this.streamOf(record).plan
  }

  lineOf(record: number): number {
    return this.#table.numberOf(record, RecordNumber.line)
  }

  /** Returns the record's data, a view of memory that is valid until the batch releases its block. */
  dataOf(record: number): Buffer {
    const [start, end] = [RecordNumber.dataStart, RecordNumber.dataEnd].map((at) =>
      this.#table.numberOf(record, at),
    )
    return this.#block!.scanner.bytes.subarray(start, end)
  }

  /** Returns the records of each group. */
  recordsByGroup(): Map<number, number[]> {
    return this.#table.recordsByGroup(this.records)
  }

  /** Releases the block: the records are encoded, and their memory may be used for others. */
  release(): void {
    this.#block?.letGo()
    this.#block = undefined
  }

  /** Returns the memory for the numbers of the records: nobody will ask for a record any more. */
  dispose(): void {
    this.#table.dispose()
  }

  /** Copies the changes of the next record, as digits may be written over them. */
  #keepChanges(bytes: Buffer, { changes: { start, end } }: Message): void {
    if (end === start) return
    const changes = Buffer.from(bytes.subarray(start, compactJson(bytes, start, end)))
    this.#changes.set(this.records, changes)
    this.#size += changes.length
  }
}
