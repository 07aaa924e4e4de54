/** How far the run is: counts and statuses of each stream, told in the log now and then and at the end. */
import { TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { DestinationStats } from '../../protocol/airbyte/state-message.ts'
import type { StreamStatus } from '../../protocol/airbyte/stream-status.ts'
import type { RecordOutcome } from './outcomes.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { Received } from '../batches/batch.ts'

const LOG_EVERY_MS = 30_000

type Counted = 'records' | 'filtered' | RecordOutcome['kind']

type Counts = Record<Counted, number>

export class Progress {
  readonly #log: Log
  readonly #plans: readonly StreamPlan[]
  /** By stream index: since the stream's last state, and in all. */
  readonly #sinceState: Counts[]
  readonly #total: Counts[]
  /** What the source said last of a stream. */
  readonly #statuses = new Map<StreamPlan, StreamStatus['status']>()
  readonly #startedAt = performance.now()
  #loggedAt = this.#startedAt

  constructor(plans: readonly StreamPlan[], log: Log) {
    this.#plans = plans
    this.#log = log
    this.#sinceState = plans.map(none)
    this.#total = plans.map(none)
  }

  /** A record came in, and goes into a batch. */
  received(plan: StreamPlan): void {
    this.#sinceState[plan.index]!.records++
  }

  /** A record came in, and is not to be written. */
  filtered(plan: StreamPlan): void {
    this.received(plan)
    this.#sinceState[plan.index]!.filtered++
    this.#total[plan.index]!.records++
    this.#total[plan.index]!.filtered++
  }

  /** What came since the last state of one stream, or of all of them; counting starts anew. */
  takeReceived(plan?: StreamPlan): Received {
    return { records: this.#take('records', plan), filtered: this.#take('filtered', plan) }
  }

  /** Records are in Redis, or rightly are not. */
  confirmed(counts: ReadonlyMap<StreamPlan, number>): void {
    for (const [{ index }, count] of counts) this.#total[index]!.records += count
    if (performance.now() - this.#loggedAt < LOG_EVERY_MS) return
    this.#loggedAt = performance.now()
    this.#log('INFO', `${this.#speed()} so far.`)
  }

  /** A record was not written. */
  missed(plan: StreamPlan, kind: RecordOutcome['kind']): void {
    this.#sinceState[plan.index]![kind]++
    this.#total[plan.index]![kind]++
  }

  /** What a state reports, given what came before it; what was missed is counted anew from here on. */
  takeStats({ records, filtered }: Received, plan?: StreamPlan): DestinationStats {
    const rejected = this.#take('rejected', plan)
    const skipped = this.#take('skipped', plan)
    const deduplicated = this.#take('deduplicated', plan)
    const deleted = this.#take('deleted', plan)
    return {
      // What is rightly not written has arrived as well.
      recordCount: records - rejected,
      rejectedRecordCount: rejected,
      additionalStats: { filtered, skipped, deduplicated, deleted, rejected },
    }
  }

  /** The last word on a stream holds: a source that tries again may complete what it could not before. */
  status(plan: StreamPlan, status: StreamStatus['status']): void {
    this.#statuses.set(plan, status)
  }

  /**
   * Throws if the source has not said that every stream is all there. A host that knows no generations may say nothing
   * of a stream, and then the end of the input is its end.
   */
  requireComplete(): void {
    const failed = this.#plans.filter((plan) => this.#statuses.get(plan) === 'INCOMPLETE')
    if (failed.length > 0)
      throw new TransientError(
        `The source could not read everything of ${namesOf(failed)}. What came is written; nothing older was removed.`,
      )
    const open = this.#plans.filter(
      (plan) => plan.stream.generation !== undefined && !this.#statuses.has(plan),
    )
    if (open.length > 0)
      throw new TransientError(
        `The input ended before the source had said that ${namesOf(open)} is complete. What came is written; ` +
          'nothing older was removed.',
      )
  }

  summarize(): void {
    for (const { name, index } of this.#plans)
      this.#log('INFO', `${name}: ${summaryOf(this.#total[index]!)}.`)
    this.#log('INFO', `Done: ${this.#speed()}.`)
  }

  #take(kind: Counted, plan: StreamPlan | undefined): number {
    let count = 0
    for (const { index } of plan === undefined ? this.#plans : [plan]) {
      count += this.#sinceState[index]![kind]
      this.#sinceState[index]![kind] = 0
    }
    return count
  }

  #speed(): string {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const records = this.#total.reduce((sum, counts) => sum + counts.records, 0)
    return `${records} records in ${seconds.toFixed(1)} s, ${Math.round(records / Math.max(seconds, 0.001))} a second`
  }
}

function namesOf(plans: readonly StreamPlan[]): string {
  return plans.map(({ name }) => name).join(', ')
}

function none(): Counts {
  return { records: 0, filtered: 0, rejected: 0, skipped: 0, deduplicated: 0, deleted: 0 }
}

function summaryOf({ records, ...others }: Counts): string {
  const counts = Object.entries(others).filter(([, count]) => count > 0)
  const written = counts.reduce((rest, [, count]) => rest - count, records)
  return `${written} records written${counts.map(([kind, count]) => `, ${count} ${kind}`).join('')}`
}
