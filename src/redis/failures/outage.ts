/** How long a server that cannot take writes is waited for, and at what pace it is tried again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

/** From the first failure until something was confirmed again; attempts that only get a connection do not end it. */
export class Outage {
  readonly #maxSeconds: number
  readonly #log: Log
  readonly #over: string
  #began: number | undefined
  #attempts = 0

  /** `over`: what is said when it has ended. */
  constructor(maxSeconds: number, log: Log, over = 'Redis takes writes again') {
    this.#maxSeconds = maxSeconds
    this.#log = log
    this.#over = over
  }

  /** The server works. */
  end(): void {
    if (this.#began === undefined) return
    this.#log('INFO', `${this.#over}, after ${this.#seconds().toFixed(1)} seconds.`)
    this.#began = undefined
    this.#attempts = 0
  }

  /** Waits before another attempt, longer each time; throws `cause` once the time is used up. */
  async pause(cause: TransientError, signal: AbortSignal): Promise<void> {
    this.#began ??= performance.now()
    const left = this.#maxSeconds * 1000 - (performance.now() - this.#began)
    if (left <= 0) throw gaveUp(cause, this.#maxSeconds)
    const pause = Math.min(left, pauseBefore(this.#attempts++))
    this.#log('WARN', `${cause.message} Trying again in ${(pause / 1000).toFixed(1)} seconds.`)
    await sleep(pause, undefined, { signal })
  }

  #seconds(): number {
    return (performance.now() - this.#began!) / 1000
  }
}

/** Doubles with each attempt; jittered, so that many connectors do not come back at the same moment. */
function pauseBefore(attempt: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.5 + Math.random() / 2)
}

/** The time is used up: nothing more is tried. */
export class GaveUpError extends TransientError {}

function gaveUp(cause: TransientError, seconds: number): GaveUpError {
  return new GaveUpError(
    `${cause.message} Gave up after ${seconds} seconds (max_outage_seconds); what was confirmed before is safe.`,
    { cause },
  )
}
