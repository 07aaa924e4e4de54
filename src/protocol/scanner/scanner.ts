/**
 * The scanner that reads lines as messages, a WebAssembly module (`wasm/`), and the memory it shares with us:
 * the input lies in it, and the scanner writes a table of what it found, a row a line. Of a record it can be asked
 * for the columns, which are in a table of their own.
 */
import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { failureOf, type ScanFailure } from './scan-failure.ts'

const LF = 0x0a
const PAGE = 65_536

/** The scanner looks at 16 bytes at a time, and so a little beyond the end of a line. */
const PADDING = 64

/** Bytes of the key that the hashes of columns' names depend on. */
const KEY_SIZE = 16

interface Exports {
  memory: WebAssembly.Memory
  position: WebAssembly.Global
  reason: WebAssembly.Global
  failedAt: WebAssembly.Global
  tableStart(): number
  rowSize(): number
  inputStart(): number
  scan(start: number, end: number): number
  columnsStart(): number
  columnsRoom(): number
  columnRoom(): number
  keyStart(): number
  columns(start: number, end: number, table: number, most: number): number
}

let compiled: WebAssembly.Module | undefined

export class Scanner {
  /** All of the memory; another object after `reserve`. */
  bytes: Buffer = Buffer.alloc(0)
  /** The table, as 32-bit numbers; another object after `reserve`. */
  table: Int32Array = new Int32Array(0)
  /** The table of columns, as 32-bit numbers; another object after `reserve` and after `columns`. */
  columnTable: Int32Array = new Int32Array(0)
  /** Numbers in a row of the table. */
  readonly rowLength: number
  /** The input may lie anywhere from here on. */
  readonly inputStart: number
  readonly #module: Exports
  /** How many columns there is room for: in a place of their own, or for more at the end of the memory. */
  #columnsRoom: number
  #bytesForColumns = 0

  constructor(inputSize: number) {
    // Built beside the connector; the path is the same from src/ and from dist/.
    compiled ??= new WebAssembly.Module(
      readFileSync(new URL('../../../dist/protocol/scanner/scan.wasm', import.meta.url)),
    )
    const { exports } = new WebAssembly.Instance(compiled, { env: { abort: () => {} } })
    // What the module exports is fixed by wasm/scan.ts.
    this.#module = exports as unknown as Exports
    this.rowLength = this.#module.rowSize() / Int32Array.BYTES_PER_ELEMENT
    this.inputStart = this.#module.inputStart()
    this.#columnsRoom = this.#module.columnsRoom()
    this.reserve(inputSize)
    randomFillSync(this.bytes, this.#module.keyStart(), KEY_SIZE)
  }

  /** How many bytes of input there is room for. */
  get capacity(): number {
    return this.bytes.length - this.#bytesForColumns - PADDING - this.inputStart
  }

  /** Makes room for `size` bytes of input; what lies there stays. */
  reserve(size: number): void {
    this.#arrange(size, this.#bytesForColumns)
  }

  /**
   * Reads lines from `start` on, up to `end`, which is behind a line feed: as many as the table takes, or up to a
   * line that is no message. Gives how many rows were filled.
   */
  scan(start: number, end: number): number {
    return this.#module.scan(start, end)
  }

  /**
   * Finds the columns of the object at `start`, which a `scan` has read: all its members in the order of the text,
   * each object followed by its own. Gives how many rows of `columnTable` were filled, 0 if it is no object. They are
   * good until the next call. For many columns the memory grows, and `bytes` is another object.
   */
  columns(start: number, end: number): number {
    const rows = this.#module.columns(start, end, this.#columnsStart, this.#columnsRoom)
    if (rows >= 0) return rows
    const room = Math.max(-rows, 2 * this.#columnsRoom)
    this.#arrange(this.capacity, room * this.#module.columnRoom())
    this.#columnsRoom = room
    return this.#module.columns(start, end, this.#columnsStart, room)
  }

  /** Behind the lines that the last `scan` has read. */
  get position(): number {
    return this.#module.position.value
  }

  /** Why the line behind those is no message, and where; undefined if that has not been found. */
  get failure(): ScanFailure | undefined {
    const number = this.#module.reason.value
    if (number === 0) return undefined
    const offset = this.#module.failedAt.value
    const failure = failureOf(number, offset)
    return this.bytes[offset] === LF
      ? { ...failure, reason: `${failure.reason}, but the line ends` }
      : failure
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
  }

  get #columnsStart(): number {
    return this.#bytesForColumns === 0
      ? this.#module.columnsStart()
      : this.bytes.length - this.#bytesForColumns
  }
}
