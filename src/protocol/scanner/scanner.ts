/**
 * The scanner that reads lines as messages, a WebAssembly module (`wasm/`), and the memory it shares with us:
 * the input lies in it, and the scanner writes a table of what it found, a row a line. Of a record it can be asked
 * for the columns, which are in a table of their own.
 */
import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Where the fields of a row stand, in the order of `Row` in wasm/scan.ts. All are 32-bit numbers. */
export const Field = {
  kind: 0,
  hasType: 1,
  text: 2,
  stream: 4,
  namespace: 6,
  hash: 8,
  emittedAt: 9,
  data: 11,
  dataHasSpace: 13,
  state: 14,
  stateIsEmpty: 16,
  destinationStats: 17,
  hasTrace: 19,
  problem: 20,
  problemAt: 21,
  lineStart: 22,
} as const

/** Where the fields of a row stand in the table of columns, in the order of `Column` in wasm/column.ts. */
export const ColumnField = {
  nameStart: 0,
  nameEnd: 1,
  valueStart: 2,
  valueEnd: 3,
  flags: 4,
  next: 5,
} as const

/** Numbers in a row of the table of columns. */
export const COLUMN_LENGTH = 6

/** The lowest three bits of a column's flags. */
export const ColumnKind = {
  null: 0,
  false: 1,
  true: 2,
  number: 3,
  string: 4,
  array: 5,
  object: 6,
  emptyObject: 7,
} as const

export type ColumnKind = (typeof ColumnKind)[keyof typeof ColumnKind]

/** The other bits; those from `depth` on count the objects of the record that are around the column. */
export const ColumnFlag = {
  kind: 7,
  nameHasEscape: 8,
  valueHasEscape: 16,
  overridden: 32,
  /** The name of this column, or of one before it, holds a dot or a backslash. */
  seenDotOrEscape: 64,
  depthShift: 8,
} as const

export interface ScanFailure {
  code: string
  reason: string
  offset: number
}

/** Codes and reasons, in the order of `Reason` in wasm/failure.ts. */
const FAILURES: readonly (readonly [code: string, reason: string])[] = [
  ['', ''],
  ['json-value-expected', 'expected a value'],
  ['json-name-expected', 'expected a name in quotes'],
  ['json-colon-expected', 'expected :'],
  ['json-object-unfinished', 'expected , or }'],
  ['json-array-unfinished', 'expected , or ]'],
  ['json-string-unfinished', 'expected the end of a string'],
  ['json-control-character', 'a string contains a control character that is not escaped'],
  ['json-escape-unknown', 'a backslash is followed by a character that cannot be escaped'],
  ['json-unicode-escape-invalid', '\\u is not followed by four hexadecimal digits'],
  ['json-digit-expected', 'a digit is missing in a number'],
  ['json-too-deep', 'it is nested more than 65536 levels deep'],
  ['json-object-expected', 'expected a JSON object'],
  ['json-text-behind-object', 'expected the end of the line'],
  ['record-stream-not-text', 'record.stream is not a string'],
  ['record-namespace-not-text', 'record.namespace is not a string'],
  ['record-data-not-object', 'record.data is not an object'],
  ['record-emitted-at-not-number', 'record.emitted_at is not a number'],
]

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

/** Returns the failure with that number in the table of the scanner. */
export function failureOf(number: number, offset: number): ScanFailure {
  const [code, reason] = FAILURES[number]!
  return { code, reason, offset }
}
