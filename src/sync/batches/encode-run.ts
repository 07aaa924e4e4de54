/** Encodes consecutive records of one stream by the program of its layout, in the memory where they were read. */
import type { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { InputBlock } from '../../protocol/input/input-block.ts'
import type { SlotOwners } from '../../redis/resp/command-pieces.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import type { CompiledProgram, CompiledPrograms } from './compiled-program.ts'
import { LEFT_OUT, RecordNumber, type RecordTable } from './record-table.ts'

/** The records of a batch from `first` up to `end`. */
export interface RecordRows {
  readonly scanner: InputBlock['scanner']
  readonly table: RecordTable
  first: number
  readonly end: number
}

/** So many rows were done. Those that are not left out are in `groups` groups, from `firstGroup` on, as many in each. */
export interface EncodedRun {
  readonly rows: number
  readonly records: number
  readonly firstGroup: number
  readonly groups: number
}

/** The next ids of a stream: `left` of them follow each other. */
interface NextIds {
  readonly next: number
  readonly left: number
  skip(count: number): void
}

export interface RunOptions {
  readonly out: CommandGroups
  readonly programs: CompiledPrograms
  /** The columns that the scanner captures. */
  readonly captured: readonly string[]
  /** Returns the ids of a stream whose records have some. */
  readonly idsOf: (stream: StreamSession) => NextIds | undefined
  /** Tells whether all records of a stream are simply written. */
  readonly isUsual: (stream: StreamSession) => boolean
  /** The owners of the slots of a cluster, as far as they are known. */
  readonly owners: SlotOwners | undefined
}

/** Fewer records of a stream that alternates with others are not worth a run, nor a command of their own. */
const LEAST_ROWS = 8

/** After a record that has to be encoded otherwise, so many others are, too: they may well be like it. */
const FIRST_PAUSE = LEAST_ROWS
const LONGEST_PAUSE = 1024

export class RunEncoder {
  readonly #options: RunOptions
  /** The stream of the last run, and its program. */
  #stream: StreamSession | undefined
  #program: CompiledProgram | undefined
  /** The record that was asked for last: where a lower one is, another stream is encoded from the beginning. */
  #last = 0
  /** No run begins before this record. */
  #resumesAt = 0
  #pause = FIRST_PAUSE

  constructor(options: RunOptions) {
    this.#options = options
  }

  /**
   * Adds the commands of the first rows, up to `most`, as many as fit into the scanner's memory. Returns undefined where the
   * first record has to be encoded otherwise.
   */
  encode(stream: StreamSession, rows: RecordRows, most = Infinity): EncodedRun | undefined {
    if (rows.first < this.#last) this.#resumesAt = 0
    this.#last = rows.first
    if (rows.first < this.#resumesAt) return undefined
    if (!isLong(rows)) return this.#pauseAt(rows.first)
    const { programs, captured, idsOf, isUsual } = this.#options
    if (stream !== this.#stream) {
      this.#stream = stream
      this.#program = isUsual(stream) ? programs.of(stream.layout, captured) : undefined
    }
    if (this.#program === undefined) return undefined
    const ids = idsOf(stream)
    const count = Math.min(rows.end - rows.first, most, ids?.left ?? Infinity)
    const run = this.#encodeRows(stream, rows, count, this.#program, ids?.next ?? 0)
    ids?.skip(run.records)
    if (run.rows === 0) return this.#pauseAt(rows.first)
    this.#pause = FIRST_PAUSE
    return run
  }

  #pauseAt(record: number): undefined {
    this.#resumesAt = record + this.#pause
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE)
  }

  #encodeRows(
    { layout }: StreamSession,
    { scanner, table: { numbers, rowLength }, first }: RecordRows,
    count: number,
    { bytes, command, fixedArgs, recordArgs, mostRecords }: CompiledProgram,
    firstId: number,
  ): EncodedRun {
    const { out, owners } = this.#options
    // Records before these may be waiting for their command.
    layout.flush(out)
    const rows = numbers.subarray(first * rowLength, (first + count) * rowLength)
    const encoded = scanner.encodeRows(bytes, rows, rowLength, firstId, owners)
    const { done, commands, start, end, offsets, pieces, pieceTable, numbers: moved } = encoded
    const firstGroup = out.groups
    let records = 0
    const isOneEach = mostRecords === 1
    for (let at: number = RecordNumber.group; at < done * rowLength; at += rowLength) {
      if (rows[at] === LEFT_OUT) continue
      const number = pieces > 1 ? moved[records]! : records
      rows[at] = isOneEach ? firstGroup + number : firstGroup
      records++
    }
    if (commands > 0) {
      const args = fixedArgs + recordArgs * (isOneEach ? 1 : records)
      const range = { bytes: scanner.bytes, start, end, offsets, count: commands }
      const byOwner = owners && { owners, table: pieceTable, count: pieces }
      out.addEncoded(command, args, { ...range, pieces: byOwner })
    }
    return { rows: done, records, firstGroup, groups: commands }
  }
}

function isLong({ table: { numbers, rowLength }, first, end }: RecordRows): boolean {
  if (end - first < LEAST_ROWS) return false
  const start = first * rowLength + RecordNumber.stream
  for (let at = start; at < start + LEAST_ROWS * rowLength; at += rowLength)
    if (numbers[at] !== numbers[start]) return false
  return true
}
