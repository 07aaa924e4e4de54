/** A server that owes an answer for too long is taken for unreachable, whatever the socket says. */
import { TransientError } from '../../errors.ts'
import type { Where } from '../transport/address.ts'

const LONGEST_S = 60
const SHORTEST_S = 10

export interface ResponseTimeoutEvents {
  /** Whether the server owes an answer. */
  isWaiting(): boolean
  /** It has owed one for too long. */
  tooLong(reason: TransientError): void
}

export class ResponseTimeout {
  readonly #where: Where
  readonly #events: ResponseTimeoutEvents
  readonly #seconds: number
  readonly #watch: NodeJS.Timeout
  #heardAt = 0

  constructor(where: Where, maxOutageSeconds: number, events: ResponseTimeoutEvents) {
    this.#where = where
    this.#events = events
    this.#seconds = Math.min(LONGEST_S, Math.max(SHORTEST_S, maxOutageSeconds))
    this.#watch = setInterval(() => this.#look(), 1000).unref()
  }

  /** Something is about to be asked: a silence before that meant nothing. */
  asks(): void {
    if (!this.#events.isWaiting()) this.heard()
  }

  heard(): void {
    this.#heardAt = performance.now()
  }

  end(): void {
    clearInterval(this.#watch)
  }

  #look(): void {
    if (!this.#events.isWaiting() || performance.now() - this.#heardAt < this.#seconds * 1000) return
    const reason = `Redis at ${this.#where} has not answered for ${this.#seconds} seconds.`
    this.#events.tooLong(new TransientError(reason))
  }
}
