/**
 * Finds the lines of a byte stream. Chunks are gathered in one buffer that is used again and again; it grows for
 * a line that does not fit, and shrinks back once that line has been taken.
 */
import { isUtf8 } from 'node:buffer'

const LF = 0x0a

/** Holds several reads from a pipe (64 KiB each), so that most lines need no copying to the front. */
const USUAL_SIZE = 1 << 18

export class LineBuffer {
  bytes: Buffer = Buffer.allocUnsafe(USUAL_SIZE)
  /** Where the next line starts; the reader moves it on. */
  position = 0
  /** Behind the last line feed: lines from `position` up to here are complete. */
  end = 0
  /** Whether all complete lines that were there after the last `append` are valid UTF-8. */
  isUtf8 = true
  /** Behind the last byte that came. */
  #filled = 0

  get hasLine(): boolean {
    return this.position < this.end
  }

  /** Takes a chunk in; all complete lines before it must have been read. Ranges found earlier are void. */
  append(chunk: Uint8Array): void {
    this.#makeRoom(chunk.length)
    this.bytes.set(chunk, this.#filled)
    const chunkStart = this.#filled
    this.#filled += chunk.length
    const lastFeed = chunk.lastIndexOf(LF)
    if (lastFeed !== -1) this.#complete(chunkStart + lastFeed + 1)
  }

  /** The input has ended: what is left is a line that lacks its line feed. */
  finish(): void {
    if (this.#filled > this.position) this.append(Buffer.of(LF))
  }

  #complete(end: number): void {
    this.end = end
    this.isUtf8 = isUtf8(this.bytes.subarray(this.position, end))
  }

  #makeRoom(wanted: number): void {
    const rest = this.#filled - this.position
    let size = USUAL_SIZE
    while (size < rest + wanted) size *= 2
    if (this.#filled + wanted <= this.bytes.length && size >= this.bytes.length) return
    const target = size === this.bytes.length ? this.bytes : Buffer.allocUnsafe(size)
    this.bytes.copy(target, 0, this.position, this.#filled)
    this.bytes = target
    this.position = this.end = 0
    this.#filled = rest
  }
}
