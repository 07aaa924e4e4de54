/**
 * Gathers chunks of input in the scanner's memory and tells where lines are complete. The memory is used again and
 * again; it grows for a line that does not fit, and is given back once that line has been taken.
 */
import { isUtf8 } from 'node:buffer'
import { Scanner } from './scanner.ts'

const LF = 0x0a

/** Holds several reads from a pipe (64 KiB each), so that most lines need no copying to the front. */
const USUAL_SIZE = 1 << 19

/** Memory grown beyond this is given back; below it, lines of a megabyte may come and go at no cost. */
const MOST_KEPT = 8 << 20

export class LineBuffer {
  scanner = new Scanner(USUAL_SIZE)
  /** Where the next line starts; the reader moves it on. */
  position = this.scanner.inputStart
  /** Behind the last line feed: lines from `position` up to here are complete. */
  end = this.position
  /** Whether all complete lines that were there after the last `append` are valid UTF-8. */
  isUtf8 = true
  /** Behind the last byte that came. */
  #filled = this.position

  get hasLine(): boolean {
    return this.position < this.end
  }

  /** Takes a chunk in; all complete lines before it must have been read. Offsets found earlier are void. */
  append(chunk: Uint8Array): void {
    this.#makeRoom(chunk.length)
    this.scanner.bytes.set(chunk, this.#filled)
    const lastFeed = chunk.lastIndexOf(LF)
    if (lastFeed !== -1) this.#complete(this.#filled + lastFeed + 1)
    this.#filled += chunk.length
  }

  /** The input has ended: what is left is a line that lacks its line feed. */
  finish(): void {
    if (this.#filled > this.position) this.append(Buffer.of(LF))
  }

  #complete(end: number): void {
    this.end = end
    this.isUtf8 = isUtf8(this.scanner.bytes.subarray(this.position, end))
  }

  /** Where the chunk does not fit, what is left of an incomplete line moves to the front. */
  #makeRoom(size: number): void {
    const { scanner } = this
    const { inputStart, capacity } = scanner
    const rest = this.#filled - this.position
    const isOversized = capacity > MOST_KEPT && rest + size <= USUAL_SIZE
    if (this.#filled + size <= inputStart + capacity && !isOversized) return
    if (isOversized) this.scanner = new Scanner(USUAL_SIZE)
    else if (rest + size > capacity) scanner.reserve(Math.max(rest + size, 2 * capacity))
    scanner.bytes.copy(this.scanner.bytes, inputStart, this.position, this.#filled)
    this.position = this.end = inputStart
    this.#filled = inputStart + rest
  }
}
