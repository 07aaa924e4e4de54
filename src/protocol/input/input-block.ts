/**
 * A stretch of the input in the memory of a scanner, where lines are completed, and where they stay until nobody
 * uses them any more: records are laid out from here, without having been copied.
 */
import { isUtf8 } from 'node:buffer'
import { Scanner } from '../scanner/scanner.ts'

const LF = 0x0a

export class InputBlock {
  readonly scanner: Scanner
  /** Where the next line starts; the reader moves it on. */
  position: number
  /** Behind the last line feed: lines from `position` up to here are complete. */
  end: number
  /** Whether all complete lines that were there after the last `append` are valid UTF-8. */
  isUtf8 = true
  /** Behind the last byte that came. */
  #filled: number
  #users = 0
  readonly #free: (block: InputBlock) => void

  /** `free` is called when the last user has let go. */
  constructor(size: number, free: (block: InputBlock) => void) {
    this.scanner = new Scanner(size)
    this.position = this.end = this.#filled = this.scanner.inputStart
    this.#free = free
  }

  get hasLine(): boolean {
    return this.position < this.end
  }

  /** Whether somebody else than the one who fills it uses it: then what lies in it must stay where it is. */
  get isShared(): boolean {
    return this.#users > 1
  }

  use(): void {
    this.#users++
  }

  letGo(): void {
    if (--this.#users === 0) this.#free(this)
  }

  /** Bytes of the line that is not all there. */
  get rest(): number {
    return this.#filled - this.position
  }

  hasRoomFor(size: number): boolean {
    return this.#filled + size <= this.scanner.inputStart + this.scanner.capacity
  }

  /** Takes in a chunk that there is room for. */
  append(chunk: Uint8Array): void {
    this.scanner.bytes.set(chunk, this.#filled)
    const lastFeed = chunk.lastIndexOf(LF)
    if (lastFeed !== -1) this.#complete(this.#filled + lastFeed + 1)
    this.#filled += chunk.length
  }

  /** Forgets what lies here, but for the incomplete line of `from`, which may be this block, and makes room behind it. */
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

/** Blocks of one size, used again and again. */
export class InputBlocks {
  readonly #size: number
  readonly #spare: InputBlock[] = []

  /** `size`: bytes of input that a block usually has room for. */
  constructor(size: number) {
    this.#size = size
  }

  take(): InputBlock {
    return this.#spare.pop() ?? new InputBlock(this.#size, (block) => this.#keep(block))
  }

  /** Whether a block is no larger than need be to go on with so many bytes. */
  suits(block: InputBlock, size: number): boolean {
    return block.scanner.capacity <= 2 * this.#size || size > this.#size
  }

  /** One that has grown for a long line is left to the garbage collector. */
  #keep(block: InputBlock): void {
    if (this.suits(block, 0)) this.#spare.push(block)
  }
}
