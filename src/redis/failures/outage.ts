/** Waits for a server that takes no writes now, and limits how long that may last. */
import { setTimeout as wait } from 'node:timers/promises'
import { monotonicMs } from '../../clock.ts'
import { problem, TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

/** Between two log messages about one outage. */
const LOG_EVERY_MS = 30_000

type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

const sleepFor: Sleep = (ms, signal) => wait(ms, undefined, { signal })

/** Lasts from the first failure until something is confirmed again; a new connection alone does not end it. */
export class Outage {
  readonly #maxSeconds: number
  readonly #log: Log
  readonly #over: string
  #beganAt: number | undefined
  #attempts = 0
  #loggedAt = 0
  readonly #sleep: Sleep

  /** `over` is logged when an outage has ended. */
  constructor(maxSeconds: number, log: Log, over = 'Redis takes writes again', sleep: Sleep = sleepFor) {
    this.#sleep = sleep
    this.#maxSeconds = maxSeconds
    this.#log = log
    this.#over = over
  }

  /** Ends the outage, if there is one. */
  end(): void {
    if (this.#beganAt === undefined) return
    const seconds = (monotonicMs() - this.#beganAt) / 1000
    this.#log('INFO', `${this.#over}, after ${seconds.toFixed(1)} seconds.`)
    this.#beganAt = undefined
    this.#attempts = 0
  }

  /** Waits before another attempt, longer each time; throws a GaveUpError when the outage has lasted too long. */
  async pause(cause: TransientError, signal: AbortSignal): Promise<void> {
    this.#beganAt ??= monotonicMs()
    const leftMs = this.#maxSeconds * 1000 - (monotonicMs() - this.#beganAt)
    if (leftMs <= 0) throw gaveUp(cause, this.#maxSeconds)
    this.#report(cause, leftMs)
    await this.#sleep(Math.min(leftMs, backoffMs(this.#attempts++)), signal)
  }

  #report(cause: TransientError, leftMs: number): void {
    const now = monotonicMs()
    if (this.#attempts > 0 && now - this.#loggedAt < LOG_EVERY_MS) return
    this.#loggedAt = now
    const seconds = Math.ceil(leftMs / 1000)
    const plan =
      this.#attempts === 0
        ? `Retrying for up to ${secondsOf(seconds)} (max_outage_seconds).`
        : `Still retrying; ${secondsOf(seconds)} ${seconds === 1 ? 'is' : 'are'} left.`
    this.#log('WARN', `${cause.message} ${plan}`)
  }
}

/** Doubles with each attempt. Half of it is random, so that many connectors do not come back at the same moment. */
function backoffMs(attempt: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (0.5 + Math.random() / 2)
}

/** An outage has lasted too long; nothing is retried any more. */
export class GaveUpError extends TransientError {}

function gaveUp(cause: TransientError, seconds: number): GaveUpError {
  const limit = problem(
    'outage-too-long',
    `Gave up after ${secondsOf(seconds)} (max_outage_seconds); everything confirmed before is safe.`,
    { options: ['max_outage_seconds'], params: { seconds } },
  )
  const lead = cause.problems.length === 0 ? { lead: cause.message } : {}
  return new GaveUpError([...cause.problems, limit], { cause, ...lead })
}

function secondsOf(count: number): string {
  return count === 1 ? '1 second' : `${count} seconds`
}
