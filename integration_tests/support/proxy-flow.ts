// One direction of a proxied connection. Chunks wait in a queue until they are due; reading pauses while the other side
// does not drain, so that back-pressure passes through the proxy as through a network.
import type { Socket } from 'node:net'

// The bytes in flight at a gigabyte a second with 100 ms of delay.
const queueLimit = 100 * 1024 * 1024

type Queued = { due: number; bytes: Buffer | 'end' }

export class Flow {
  readonly #from: Socket
  readonly #to: Socket
  #queue: Queued[] = []
  #queuedBytes = 0
  #isFrozen = false
  #isFull = false
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
    to.on('drain', () => {
      this.#isFull = false
      this.#deliver()
    })
    to.once('close', () => this.#deliver())
  }

  push(bytes: Buffer | 'end', delayMs: number): void {
    this.#queue.push({ bytes, due: performance.now() + delayMs })
    this.#queuedBytes += sizeOf(bytes)
    this.#deliver()
  }

  freeze(): void {
    this.#isFrozen = true
    this.#deliver()
  }

  thaw(): void {
    this.#isFrozen = false
    this.#deliver()
  }

  #deliver(): void {
    clearTimeout(this.#timer)
    for (let next = this.#takeDue(); next; next = this.#takeDue()) this.#send(next.bytes)

    const isHeldUp = this.#isHeldUp()
    const waiting = this.#queue[0]
    if (waiting && !isHeldUp)
      this.#timer = setTimeout(() => this.#deliver(), Math.max(1, waiting.due - performance.now()))
    if (isHeldUp || this.#queuedBytes > queueLimit) this.#from.pause()
    else this.#from.resume()
  }

  #takeDue(): Queued | undefined {
    const first = this.#queue[0]
    if (!first || this.#isHeldUp() || (first.due > performance.now() && !this.#to.destroyed)) return undefined
    return this.#queue.shift()
  }

  /** When the other side is closed, nothing is held back: all bytes are dropped. */
  #isHeldUp(): boolean {
    return !this.#to.destroyed && (this.#isFrozen || this.#isFull)
  }

  #send(bytes: Buffer | 'end'): void {
    this.#queuedBytes -= sizeOf(bytes)
    if (this.#to.destroyed || this.#to.writableEnded) return
    if (bytes === 'end') this.#to.end()
    else this.#isFull = !this.#to.write(bytes)
  }
}

function sizeOf(bytes: Buffer | 'end'): number {
  return bytes === 'end' ? 0 : bytes.length
}
