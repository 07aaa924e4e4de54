/**
 * A block of the input in the memory of a scanner. Records are encoded from here without being copied, so a block is
 * reused only when nothing refers to it any more.
 */
import { isUtf8 } from 'node:buffer'
import { Scanner } from '../scanner/scanner.ts'

const LF = 0x0a

export class InputBlock {
  readonly scanner: Scanner
  /** The offset of the next line; the reader advances it. */
  position: number
  /** The offset behind the last line feed: lines from `position` up to here are complete. */
  end: number
  /** Whether all complete lines were valid UTF-8 after the last `append`. */
  isUtf8 = true
  /** The offset behind the last byte of the input. */
  #filled: number
  #users = 0
  readonly #free: (block: InputBlock) => void

  /** `free` is called when the last user has released the block. */
  constructor(size: number, free: (block: InputBlock) => void, capturedColumns: readonly string[] = []) {
    this.scanner = new Scanner(size, capturedColumns)
    this.position = this.end = this.#filled = this.scanner.inputStart
    this.#free = free
  }

  get hasLine(): boolean {
    return this.position < this.end
  }

  /** Whether a batch uses the block, besides the reader: then its bytes must not move. */
  get isShared(): boolean {
    return this.#users > 1
  }

  use(): void {
    this.#users++
  }

  letGo(): void {
    if (--this.#users === 0) this.#free(this)
  }

  /** The number of bytes of the incomplete line. */
  get rest(): number {
    return this.#filled - this.position
  }

  hasRoomFor(size: number): boolean {
    return this.#filled + size <= this.scanner.inputStart + this.scanner.capacity
  }

  /** Returns the memory behind the input, where a chunk of this size would be appended. */
  room(size: number): Uint8Array {
    return this.scanner.bytes.subarray(this.#filled, this.#filled + size)
  }

  /** Appends a chunk, which may be in its `room` already; `hasRoomFor` must be true for its size. */
  append(chunk: Uint8Array): void {
    const { bytes } = this.scanner
    if (chunk.buffer !== bytes.buffer || chunk.byteOffset !== this.#filled) bytes.set(chunk, this.#filled)
    const lastFeed = chunk.lastIndexOf(LF)
    if (lastFeed !== -1) this.#complete(this.#filled + lastFeed + 1)
    this.#filled += chunk.length
  }

  /** Forgets the incomplete line. */
  dropRest(): void {
    this.#filled = this.position
  }

  /** Starts with the incomplete line of `from`, which may be this block, and makes room for `size` bytes behind it. */
  startWith(from: InputBlock, size: number): void {
    const { rest, scanner } = from
    const { inputStart, capacity } = this.scanner
    if (rest + size > capacity) this.scanner.reserve(Math.max(rest + size, 2 * capacity))
    scanner.bytes.copy(this.scanner.bytes, inputStart, from.position, from.position + rest)
    this.position = this.end = inputStart
    this.#filled = inputStart + rest
  }

  #complete(end: number): void {
    this.end = end
    this.isUtf8 = isUtf8(this.scanner.bytes.subarray(this.position, end))
  }
}

/** A pool of blocks of one size. */
export class InputBlocks {
  readonly #size: number
  readonly #capturedColumns: readonly string[]
  readonly #spare: InputBlock[] = []

  /** `size`: the bytes of input that a block usually has room for. `capturedColumns`: see `Scanner`. */
  constructor(size: number, capturedColumns: readonly string[] = []) {
    this.#size = size
    this.#capturedColumns = capturedColumns
  }

  take(): InputBlock {
    return (
      this.#spare.pop() ?? new InputBlock(this.#size, (block) => this.#keep(block), this.#capturedColumns)
    )
  }

  /** Returns whether a block is not much larger than this size requires. */
  suits(block: InputBlock, size: number): boolean {
    return block.scanner.capacity <= 2 * this.#size || size > this.#size
  }

  /** Leaves a block that has grown for a long line to the garbage collector. */
  #keep(block: InputBlock): void {
    if (this.suits(block, 0)) this.#spare.push(block)
  }
}
