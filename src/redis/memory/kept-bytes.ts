/** Keeps the beginning of a reply until the rest of it is there. */

/** Memory up to this size is used again. */
const SMALL_STORE = 64 << 10

export class KeptBytes {
  /** Has room for more. */
  #store = Buffer.alloc(0)
  #size = 0

  /** Returns what is kept, and the chunk behind it. */
  joinedWith(chunk: Buffer): Buffer {
    if (this.#size === 0) return chunk
    const size = this.#size + chunk.length
    if (size > this.#store.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#store.length))
      this.#store.copy(larger, 0, 0, this.#size)
      this.#store = larger
    }
    chunk.copy(this.#store, this.#size)
    return this.#store.subarray(0, size)
  }

  /**
   * Keeps the bytes from `start` on, of what `joinedWith` has returned. A copy, as the chunk may be used again, or be
   * much larger than what is left of it.
   */
  keep(bytes: Buffer, start: number): void {
    const size = bytes.length - start
    if (start === 0 && bytes.buffer === this.#store.buffer) this.#size = size
    else if (size === 0) {
      this.#size = 0
      if (this.#store.length > SMALL_STORE) this.#store = Buffer.alloc(0)
    } else {
      const rest = Buffer.allocUnsafeSlow(Math.max(size, 256))
      bytes.copy(rest, 0, start)
      this.#store = rest
      this.#size = size
    }
  }
}
