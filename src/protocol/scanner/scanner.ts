/**
 * The scanner that reads lines as messages, a WebAssembly module (`wasm/`), and the memory that it shares with
 * JavaScript: the input is in this memory, and the scanner writes a table with one row for each line. For a record,
 * it also writes a table of the columns.
 */
import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { NullFields } from './scan-tables.ts'
import type { ScannerExports } from './scanner-module.ts'
import { failureOf, type ScanFailure } from './scan-failure.ts'

const LF = 0x0a
const PAGE = 65_536

/** The scanner reads up to 64 bytes at a time, so it reads a little beyond the end of a line. */
const PADDING = 64

/** The rows of a batch's table that fit into the memory. */
const MOST_ROWS = 256

/** The size of the key that the hashes of column names depend on. */
const KEY_SIZE = 16

/** Records that `takeRecords` has taken. */
export interface TakenRecords {
  readonly count: number
  /** Their rows in a batch's table (sync/batches/record-table.ts). */
  readonly rows: Int32Array
  /** The bytes of their emission times and data, and those of their lines up to the end of the data. */
  readonly bytes: number
  readonly inputBytes: number
}

export interface TakeLimits {
  /** The most records, and the bytes of lines from which on no more are taken. */
  readonly records: number
  readonly inputBytes: number
  /** The count of numbers in a row of the batch's table. */
  readonly rowLength: number
}

/** Commands that `encodeRows` has written to the memory. */
interface EncodedRows {
  /** The count of rows that are done. */
  done: number
  commands: number
  start: number
  end: number
  /** For each command where it begins, and where its key begins and ends. */
  offsets: Int32Array
  /** Counts the nodes that they go to; 0 without owners. Commands are sorted by node, and those of a node keep their order. */
  pieces: number
  /** For each of these nodes four numbers: its own, how many commands it gets, and two others. */
  pieceTable: Int32Array
  /** Has the number that sorting has given to each command, in the order of the rows; valid for several nodes only. */
  numbers: Int32Array
}

// The build writes it beside the connector; the path is the same from src/ and from dist/.
const compiled = new WebAssembly.Module(
  readFileSync(new URL('../../../dist/protocol/scanner/scan.wasm', import.meta.url)),
)

export class Scanner {
  /** The whole memory; a different object after `reserve`. */
  bytes: Buffer = Buffer.alloc(0)
  /** The table of lines, as 32-bit numbers; a different object after `reserve`. */
  table: Int32Array = new Int32Array(0)
  /** The table of columns, as 32-bit numbers; a different object after `reserve` and after `columns`. */
  columnTable: Int32Array = new Int32Array(0)
  /** The table of the columns that are captured, as 32-bit numbers; a different object after `reserve` and after `columns`. */
  capturedTable: Int32Array = new Int32Array(0)
  /** The count of numbers in a row of the table of lines. */
  readonly rowLength: number
  /** The offset from which the memory is free for input. */
  readonly inputStart: number
  /** The offset at which `writeFields` begins. */
  readonly fieldsStart: number
  readonly #module: ScannerExports
  /** The position in `table` from which on there is memory for rows of a batch. */
  readonly #rowsAt: number
  /** The number of columns that fit: into memory of their own, or, if there are more, at the end of the memory. */
  #columnsRoom: number
  #bytesForColumns = 0
  /** The offsets of the commands that `encodeRows` has written. */
  #commands: Int32Array = new Int32Array(0)
  #pieceTable: Int32Array = new Int32Array(0)
  #numbers: Int32Array = new Int32Array(0)
  /** The program that is in the memory. */
  #program: Buffer | undefined
  /** The owners that are in the memory. */
  #owners: Uint16Array | undefined

  /**
   * `capturedColumns`: names of columns whose values' offsets `scan` writes into the table of lines, in this order. They
   * are ASCII without dots, at most `MOST_CAPTURED` of at most `LONGEST_CAPTURED` bytes.
   */
  constructor(inputSize: number, capturedColumns: readonly string[] = []) {
    const { exports } = new WebAssembly.Instance<ScannerExports>(compiled, { env: { abort: () => {} } })
    this.#module = exports
    this.rowLength = this.#module.rowSize() / Int32Array.BYTES_PER_ELEMENT
    this.#rowsAt = (exports.rowsStart() - exports.tableStart()) / Int32Array.BYTES_PER_ELEMENT
    this.inputStart = this.#module.inputStart()
    this.fieldsStart = this.#module.fieldsStart()
    this.#columnsRoom = this.#module.columnsRoom()
    this.reserve(inputSize)
    randomFillSync(this.bytes, this.#module.keyStart(), KEY_SIZE)
    for (const name of capturedColumns)
      this.bytes.write(name, this.#module.captureColumn(name.length), 'latin1')
  }

  /** The number of bytes of input that fit. */
  get capacity(): number {
    return this.bytes.length - this.#bytesForColumns - PADDING - this.inputStart
  }

  /** Makes room for `size` bytes of input, and keeps the input that is there. */
  reserve(size: number): void {
    this.#arrange(size, this.#bytesForColumns)
  }

  /**
   * Reads lines from `start` to `end`, which is behind a line feed: as many as fit into the table, or up to a line
   * that is not a message. Returns the number of rows.
   */
  scan(start: number, end: number): number {
    return this.#module.scan(start, end)
  }

  /**
   * Finds the columns of the object at `start`, which a `scan` has read: all members in the order of the text, each
   * object followed by its own members. Returns the number of rows of `columnTable`, 0 if there is no object at
   * `start`. The rows are valid until the next call. For many columns the memory grows, and `bytes` is a new object.
   */
  columns(start: number, end: number): number {
    const rows = this.#module.columns(start, end, this.#columnsStart, this.#columnsRoom)
    if (rows >= 0) return rows
    const room = Math.max(-rows, 2 * this.#columnsRoom)
    this.#arrange(this.capacity, room * this.#module.columnRoom())
    this.#columnsRoom = room
    return this.#module.columns(start, end, this.#columnsStart, room)
  }

  /** Fills the row `index` of `capturedTable` for a column that is captured, from the offset of its value. It gets no name. */
  captureRow(index: number, start: number): void {
    this.#module.capturedRow(index, start)
  }

  /**
   * Writes the leaves among rows of `columnTable` as arguments of a Redis command, name and text of each, from `fieldsStart`
   * to `fieldsEnd`. Returns how many leaves there are; -1 where names may be the same once joined, or the record is large.
   */
  writeFields(first: number, end: number, nulls: NullFields): number {
    return this.#module.writeFields(this.#columnsStart, first, end, nulls)
  }

  /**
   * Takes records from the row `first` of the table of lines on, up to `end`, that are of the same stream as the row before
   * it, and of which nothing else has to be known. `stream` and `line` are the numbers of the stream and of the first line.
   */
  takeRecords(first: number, end: number, limits: TakeLimits, stream: number, line: number): TakenRecords {
    const exports = this.#module
    const { records, inputBytes, rowLength } = limits
    const most = Math.min(end - first, records, MOST_ROWS)
    const rowSize = rowLength * Int32Array.BYTES_PER_ELEMENT
    const count = exports.takeRecords(first, most, inputBytes, rowSize, stream, line)
    return {
      count,
      rows: this.table.subarray(this.#rowsAt, this.#rowsAt + count * rowLength),
      bytes: exports.takenBytes.value,
      inputBytes: exports.takenInput.value,
    }
  }

  /**
   * Encodes records as commands: those of the first `rows`, which are rows of a batch's table (sync/batches/record-table.ts), by
   * `program` (sync/batches/compiled-program.ts). `owners`: of a cluster, the number of the node that owns each slot. The
   * result is valid until the next call.
   */
  encodeRows(
    program: Buffer,
    rows: Int32Array,
    rowLength: number,
    firstId: number,
    owners?: Uint16Array,
  ): EncodedRows {
    const exports = this.#module
    if (program !== this.#program) {
      program.copy(this.bytes, exports.programStart())
      this.#program = program
    }
    if (owners !== this.#owners) this.#takeOwners(owners)
    const some = rows.subarray(0, MOST_ROWS * rowLength)
    this.table.set(some, this.#rowsAt)
    const rowSize = rowLength * Int32Array.BYTES_PER_ELEMENT
    const done = exports.encodeRows(some.length / rowLength, rowSize, firstId)
    return {
      done,
      commands: exports.encodedCommands.value,
      start: exports.encodedStart.value,
      end: exports.encodedEnd.value,
      offsets: this.#commands,
      pieces: exports.pieceCount.value,
      pieceTable: this.#pieceTable,
      numbers: this.#numbers,
    }
  }

  get fieldsEnd(): number {
    return this.#module.fieldsEnd.value
  }

  /** The offset behind the lines that the last `scan` read. */
  get position(): number {
    return this.#module.position.value
  }

  /** The reason why the line at `position` is not a message, and the offset; undefined if `scan` found none. */
  get failure(): ScanFailure | undefined {
    const number = this.#module.reason.value
    if (number === 0) return undefined
    const offset = this.#module.failedAt.value
    const failure = failureOf(number, offset)
    return this.bytes[offset] === LF
      ? { ...failure, reason: `${failure.reason}, but the line ends` }
      : failure
  }

  #takeOwners(owners: Uint16Array | undefined): void {
    const exports = this.#module
    if (owners !== undefined) new Uint16Array(exports.memory.buffer, exports.ownersStart()).set(owners)
    exports.useOwners(owners !== undefined)
    this.#owners = owners
  }

  /** Makes room for the input and, behind it, for columns. */
  #arrange(inputSize: number, bytesForColumns: number): void {
    const { memory } = this.#module
    const missing = this.inputStart + inputSize + PADDING + bytesForColumns - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
    this.#bytesForColumns = bytesForColumns
    this.bytes = Buffer.from(memory.buffer)
    this.table = new Int32Array(memory.buffer, this.#module.tableStart())
    this.columnTable = new Int32Array(memory.buffer, this.#columnsStart)
    this.capturedTable = new Int32Array(memory.buffer, this.#module.capturedRowStart())
    this.#commands = new Int32Array(memory.buffer, this.#module.commandsStart())
    this.#pieceTable = new Int32Array(memory.buffer, this.#module.piecesStart())
    this.#numbers = new Int32Array(memory.buffer, this.#module.numbersStart())
  }

  get #columnsStart(): number {
    return this.#bytesForColumns === 0
      ? this.#module.columnsStart()
      : this.bytes.length - this.#bytesForColumns
  }
}
