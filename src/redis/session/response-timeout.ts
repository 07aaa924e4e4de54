/** Limits how long a server may owe a reply on one connection, whatever the socket reports and other connections read. */
import { monotonicMs } from '../../clock.ts'
import { problem, TransientError } from '../../errors.ts'
import type { Where } from '../transport/address.ts'

/** A reply may take so many limits from its first byte to its last, however often some of its bytes arrive. */
const MOST_LIMITS = 6

export class ResponseTimeout {
  readonly #where: Where
  readonly #limitMs: number
  readonly #expired: (reason: TransientError) => void
  #owed = 0
  #progressAt = 0
  /** When the server owed nothing, or had answered a command in full. */
  #answeredAt = 0
  #timer: NodeJS.Timeout | undefined
  #isEnded = false

  /** `expired` runs at most once. */
  constructor(where: Where, limitMs: number, expired: (reason: TransientError) => void) {
    this.#where = where
    this.#limitMs = limitMs
    this.#expired = expired
  }

  /** Counts one more reply that the server owes. */
  expect(): void {
    // The time before the command was sent says nothing about the server.
    if (this.#owed++ === 0) this.#startAnew()
    if (this.#timer === undefined && !this.#isEnded) this.#wait(this.#limitMs)
  }

  /** Counts one reply that has arrived in full. */
  received(): void {
    this.#owed--
    this.#startAnew()
  }

  /** Starts the limit anew, as bytes of a reply have arrived; a server that sends a few of them at a time gets no more. */
  receivedBytes(): void {
    if (monotonicMs() - this.#answeredAt < MOST_LIMITS * this.#limitMs) this.progress()
  }

  /** Starts the limit anew, as the connection has moved bytes. */
  progress(): void {
    this.#progressAt = monotonicMs()
  }

  #startAnew(): void {
    this.progress()
    this.#answeredAt = this.#progressAt
  }

  end(): void {
    this.#isEnded = true
    clearTimeout(this.#timer)
  }

  /** Returns whether some of the limit is left. */
  #waitForRest(): boolean {
    const leftMs = this.#limitMs - (monotonicMs() - this.#progressAt)
    if (leftMs > 0) this.#wait(leftMs)
    return leftMs > 0
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms).unref()
  }

  #look(): void {
    this.#timer = undefined
    if (this.#owed === 0 || this.#waitForRest()) return
    // A process that was frozen runs its timers before it reads the replies that have arrived meanwhile.
    setImmediate(() => {
      if (this.#isEnded || this.#owed === 0 || this.#waitForRest()) return
      this.end()
      this.#expired(this.#timeoutError())
    })
  }

  #timeoutError(): TransientError {
    const seconds = Number((this.#limitMs / 1000).toFixed(1))
    const sentence = `${this.#where} has not answered for ${seconds} seconds. Check the server, and the network in between.`
    return new TransientError(problem('reply-timeout', sentence, { params: { where: this.#where, seconds } }))
  }
}
