/**
 * The scanner that reads lines as messages, a WebAssembly module (`assembly/`), and the memory it shares with us:
 * the input lies in it, and the scanner writes a table of what it found, a row a line.
 */
import { readFileSync } from 'node:fs'

/** Where the fields of a row stand, in the order of `Row` in assembly/scan.ts. All are 32-bit numbers. */
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

/** In the order of `Reason` in assembly/failure.ts. */
const REASONS = [
  '',
  'expected a value',
  'expected a name in quotes',
  'expected :',
  'expected , or }',
  'expected , or ]',
  'expected the end of a string',
  'a string holds a bare control character',
  'a backslash is followed by a character that cannot be escaped',
  '\\u is not followed by four hexadecimal digits',
  'a number lacks a digit',
  'nested more than 65536 levels deep',
  'expected a JSON object',
  'expected the end of the line',
  'record.stream is not a string',
  'record.namespace is not a string',
  'record.data is not an object',
  'record.emitted_at is not a number',
]

const LF = 0x0a
const PAGE = 65_536

/** The scanner looks at 16 bytes at a time, and so a little beyond the end of a line. */
const PADDING = 64

interface Exports {
  memory: WebAssembly.Memory
  position: WebAssembly.Global
  reason: WebAssembly.Global
  failedAt: WebAssembly.Global
  tableStart(): number
  rowSize(): number
  inputStart(): number
  scan(start: number, end: number): number
}

let compiled: WebAssembly.Module | undefined

export class Scanner {
  /** All of the memory; another object after `reserve`. */
  bytes: Buffer = Buffer.alloc(0)
  /** The table, as 32-bit numbers; another object after `reserve`. */
  table: Int32Array = new Int32Array(0)
  /** Numbers in a row of the table. */
  readonly rowLength: number
  /** The input may lie anywhere from here on. */
  readonly inputStart: number
  readonly #module: Exports

  constructor(inputSize: number) {
    // Built beside the connector; the path is the same from src/ and from dist/.
    compiled ??= new WebAssembly.Module(
      readFileSync(new URL('../../dist/protocol/scan.wasm', import.meta.url)),
    )
    const { exports } = new WebAssembly.Instance(compiled, { env: { abort: () => {} } })
    // What the module exports is fixed by assembly/scan.ts.
    this.#module = exports as unknown as Exports
    this.rowLength = this.#module.rowSize() / Int32Array.BYTES_PER_ELEMENT
    this.inputStart = this.#module.inputStart()
    this.reserve(inputSize)
  }

  /** How many bytes of input there is room for. */
  get capacity(): number {
    return this.bytes.length - PADDING - this.inputStart
  }

  /** Makes room for `size` bytes of input; what lies there stays. */
  reserve(size: number): void {
    const { memory } = this.#module
    const missing = this.inputStart + size + PADDING - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
    this.bytes = Buffer.from(memory.buffer)
    this.table = new Int32Array(memory.buffer, this.#module.tableStart())
  }

  /**
   * Reads lines from `start` on, up to `end`, which is behind a line feed: as many as the table takes, or up to a
   * line that is no message. Gives how many rows were filled.
   */
  scan(start: number, end: number): number {
    return this.#module.scan(start, end)
  }

  /** Behind the lines that the last `scan` has read. */
  get position(): number {
    return this.#module.position.value
  }

  /** Why the line behind those is no message, and where; undefined if that has not been found. */
  get failure(): { reason: string; offset: number } | undefined {
    const reason = this.#module.reason.value
    if (reason === 0) return undefined
    const offset = this.#module.failedAt.value
    return { reason: reasonText(reason) + (this.bytes[offset] === LF ? ', but the line ends' : ''), offset }
  }
}

export function reasonText(reason: number): string {
  return REASONS[reason] ?? 'not a message'
}
