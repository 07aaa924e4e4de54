/**
 * Writes buffers to a socket in order, a large one in slices. A server answers a command only when all of it has
 * arrived, so on a slow network each slice that leaves is the only sign that a large command still makes progress.
 */
import type { Socket } from 'node:net'

const SLICE_BYTES = 256 * 1024

/** Transactions are a little larger than a slice, and what is left of them is not worth another write. */
const MOST_AT_ONCE = 1.5 * SLICE_BYTES

export class SlicedWriter {
  readonly #socket: Socket
  readonly #progress: () => void
  /** Buffers behind a slice that is on its way. */
  readonly #waiting: Buffer[] = []
  #isSlicing = false

  /** `progress` runs for each slice that has left, except the last of a buffer. */
  constructor(socket: Socket, progress: () => void) {
    this.#socket = socket
    this.#progress = progress
  }

  /** Bytes that the system has not taken yet. */
  get unsentBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, this.#socket.writableLength)
  }

  write(...buffers: Buffer[]): void {
    this.#socket.cork()
    for (const bytes of buffers)
      if (this.#isSlicing) this.#waiting.push(bytes)
      else this.#put(bytes)
    this.#socket.uncork()
  }

  #put(bytes: Buffer): void {
    if (bytes.length <= MOST_AT_ONCE) return void this.#socket.write(bytes)
    this.#isSlicing = true
    this.#waiting.unshift(bytes.subarray(SLICE_BYTES))
    this.#socket.write(bytes.subarray(0, SLICE_BYTES), (error) => {
      if (error) return
      this.#progress()
      this.#isSlicing = false
      while (!this.#isSlicing && this.#waiting.length > 0) this.#put(this.#waiting.shift()!)
    })
  }
}
