/** How far the run is: counts and statuses of each stream, told in the log now and then and at the end. */
import { TransientError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { StreamStatus } from '../protocol/traces.ts'
import type { StreamPlan } from './plan.ts'

const LOG_EVERY_MS = 30_000

export class Progress {
  readonly #log: Log
  readonly #plans: readonly StreamPlan[]
  /** By stream index: records since the stream's last state, and records confirmed. */
  readonly #sinceState: number[]
  readonly #confirmed: number[]
  readonly #failedSources = new Set<StreamPlan>()
  readonly #startedAt = performance.now()
  #loggedAt = this.#startedAt

  constructor(plans: readonly StreamPlan[], log: Log) {
    this.#plans = plans
    this.#log = log
    this.#sinceState = plans.map(() => 0)
    this.#confirmed = plans.map(() => 0)
  }

  /** A record came in. */
  received(plan: StreamPlan): void {
    this.#sinceState[plan.index]!++
  }

  /** How many records came since the last state of one stream, or of all of them; counting starts anew. */
  takeCount(plan?: StreamPlan): number {
    let count = 0
    for (const { index } of plan === undefined ? this.#plans : [plan]) {
      count += this.#sinceState[index]!
      this.#sinceState[index] = 0
    }
    return count
  }

  /** Records are in Redis. */
  confirmed(counts: ReadonlyMap<StreamPlan, number>): void {
    for (const [{ index }, count] of counts) this.#confirmed[index]! += count
    if (performance.now() - this.#loggedAt < LOG_EVERY_MS) return
    this.#loggedAt = performance.now()
    this.#log('INFO', `${this.#total()} so far.`)
  }

  /** The last word on a stream holds: a source that tries again may complete what it could not before. */
  status(plan: StreamPlan, status: StreamStatus['status']): void {
    if (status === 'INCOMPLETE') this.#failedSources.add(plan)
    else this.#failedSources.delete(plan)
  }

  /** Throws if the source has said that a stream is not all there. */
  requireComplete(): void {
    if (this.#failedSources.size === 0) return
    const names = [...this.#failedSources].map(({ name }) => name).join(', ')
    throw new TransientError(
      `The source could not read everything of ${names}. What came is written; nothing older was removed.`,
    )
  }

  summarize(): void {
    for (const { name, index } of this.#plans)
      this.#log('INFO', `${name}: ${this.#confirmed[index]} records written.`)
    this.#log('INFO', `Done: ${this.#total()}.`)
  }

  #total(): string {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const records = this.#confirmed.reduce((sum, count) => sum + count, 0)
    return `${records} records in ${seconds.toFixed(1)} s, ${Math.round(records / Math.max(seconds, 0.001))} a second`
  }
}
