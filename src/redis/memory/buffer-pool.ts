/** Memory that is used again and again, so that a long run leaves no garbage behind. */

/** Sizes are rounded up to this, so that buffers for batches that differ a little can replace each other. */
const STEP = 1 << 16

export class BufferPool {
  readonly #most: number
  /** No buffer is smaller, so that those of batches with few records can replace others, too. */
  readonly least: number
  readonly #spare: Buffer[] = []
  /** Bytes of all buffers, in use or not. */
  #total = 0

  /** `most`: bytes of all buffers, those in use included, up to which buffers are kept for later. */
  constructor(most: number, least = STEP) {
    this.#most = most
    this.least = least
  }

  /** Returns a buffer of `size` bytes or more. */
  take(size: number): Buffer {
    const index = this.#spare.findLastIndex((buffer) => buffer.length >= size)
    if (index !== -1) return this.#spare.splice(index, 1)[0]!
    const rounded = Math.ceil(Math.max(size, this.least) / STEP) * STEP
    this.#total += rounded
    // Buffers that are too small make room.
    while (this.#total > this.#most && this.#spare.length > 0) this.#total -= this.#spare.shift()!.length
    return Buffer.allocUnsafeSlow(rounded)
  }

  /** Takes a buffer back that nobody uses any more. */
  give(buffer: Buffer): void {
    if (this.#total <= this.#most) this.#spare.push(buffer)
    else this.#total -= buffer.length
  }
}
