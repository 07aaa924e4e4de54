/** Counts the records of each stream, keeps the status of each, and logs both now and then and at the end. */
import { monotonicMs } from '../../clock.ts'
import { problem, textOf, type Problem } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { DestinationStats } from '../../protocol/airbyte/state-message.ts'
import type { StreamStatus } from '../../protocol/airbyte/stream-status.ts'
import type { StreamReceipt } from './completion.ts'
import type { RecordOutcome } from './outcomes.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import type { Received } from '../batches/waiting-state.ts'

const LOG_EVERY_MS = 30_000

/** A filter that lets nothing through of fewer records is nothing unusual. */
const MANY = 100

/** `nulled`: values, not records; `leftOut`: filtered while records are read; `filtered`: found to be filtered when their batch is decided upon. */
type Counted = 'records' | 'leftOut' | 'nulled' | RecordOutcome['kind']

type Counts = Record<Counted, number>

export class Progress {
  readonly #log: Log
  readonly #plans: readonly StreamPlan[]
  /** Counts since the last state of a stream, by stream index. */
  readonly #sinceState: Counts[]
  /** Counts of the run, by stream index. */
  readonly #total: Counts[]
  /** The last status that the source sent of a stream. */
  readonly #statuses = new Map<StreamPlan, StreamStatus['status']>()
  /** The streams whose emission times came in seconds. */
  readonly #inSeconds = new Set<StreamPlan>()
  readonly #startedAt = monotonicMs()
  #loggedAt = this.#startedAt

  constructor(plans: readonly StreamPlan[], log: Log) {
    this.#plans = plans
    this.#log = log
    this.#sinceState = plans.map(none)
    this.#total = plans.map(none)
  }

  /** Counts records that are added to a batch. */
  addReceived(plan: StreamPlan, records = 1): void {
    this.#sinceState[plan.index]!.records += records
  }

  /** Counts values that the source says it has replaced with null. */
  addNulled({ index }: StreamPlan, values: number): void {
    this.#sinceState[index]!.nulled += values
    this.#total[index]!.nulled += values
  }

  /** Counts a record that a filter leaves out. */
  addFiltered(plan: StreamPlan): void {
    this.addReceived(plan)
    this.#sinceState[plan.index]!.leftOut++
    this.#total[plan.index]!.records++
    this.#total[plan.index]!.filtered++
  }

  /** Returns the counts since the last state of one stream, or of all of them, and starts to count anew. */
  takeReceived(plan?: StreamPlan): Received {
    return {
      records: this.#take('records', plan),
      filtered: this.#take('leftOut', plan),
      nulled: this.#take('nulled', plan),
    }
  }

  /** Counts records that are in Redis, or are rightly left out. */
  addConfirmed(counts: ReadonlyMap<StreamSession, number>): void {
    for (const [
      {
        plan: { index },
      },
      count,
    ] of counts)
      this.#total[index]!.records += count
    if (monotonicMs() - this.#loggedAt < LOG_EVERY_MS) return
    this.#loggedAt = monotonicMs()
    this.#log('INFO', `${this.#speed()} so far.`)
  }

  /** Counts a record that was not written. */
  addUnwritten(plan: StreamPlan, kind: RecordOutcome['kind']): void {
    this.#sinceState[plan.index]![kind]++
    this.#total[plan.index]![kind]++
  }

  /** Returns what a state reports, and starts to count records anew that were not written. */
  takeStats({ records, filtered: leftOut, nulled }: Received, plan?: StreamPlan): DestinationStats {
    const filtered = leftOut + this.#take('filtered', plan)
    const rejected = this.#take('rejected', plan)
    const skipped = this.#take('skipped', plan)
    const deduplicated = this.#take('deduplicated', plan)
    const deleted = this.#take('deleted', plan)
    const expired = this.#take('expired', plan)
    const empty = this.#take('empty', plan)
    return {
      // Records that are rightly left out have arrived as well.
      recordCount: records - rejected,
      rejectedRecordCount: rejected,
      additionalStats: {
        filtered,
        skipped,
        deduplicated,
        deleted,
        expired,
        empty,
        rejected,
        nulled_by_source: nulled,
      },
    }
  }

  /** Keeps the last status of a stream: a source that tries again may complete what it could not before. */
  setStatus(plan: StreamPlan, status: StreamStatus['status']): void {
    this.#statuses.set(plan, status)
  }

  /** Warns once per stream. */
  warnOfSeconds(plan: StreamPlan): void {
    if (this.#inSeconds.has(plan)) return
    this.#inSeconds.add(plan)
    this.#log('WARN', textOf(emittedInSeconds(plan)))
  }

  /** Returns what the run has received of each stream. */
  get receipts(): StreamReceipt[] {
    return this.#plans.map((plan) => ({
      plan,
      status: this.#statuses.get(plan),
      records: this.recordsOf(plan),
    }))
  }

  /** Returns how many records of a stream the source has sent. */
  recordsOf({ index }: StreamPlan): number {
    return this.#total[index]!.records
  }

  /** Returns the counts of each stream: all confirmed records, and those that were not written, by reason. */
  get totals(): { name: string; records: number; others: Record<string, number> }[] {
    return this.#plans.map(({ name, index }) => {
      const { records, ...others } = this.#total[index]!
      return { name, records, others }
    })
  }

  summarize(): void {
    for (const { name, index } of this.#plans)
      this.#log('INFO', `${name}: ${summaryOf(this.#total[index]!)}.`)
    for (const plan of this.#plans) this.#warnOfFilter(plan)
    this.#log('INFO', `Done: ${this.#speed()}.`)
  }

  /** A misspelt column or value would otherwise look like an empty source. */
  #warnOfFilter({ name, index, settings: { recordFilter } }: StreamPlan): void {
    const { records, filtered } = this.#total[index]!
    if (records < MANY || filtered < records) return
    const option = recordFilter === undefined ? 'root_field' : 'record_filter'
    this.#log(
      'WARN',
      `${name}: ${option} left out all of ${countOf(records)}. Check its column and its value.`,
    )
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
    const seconds = (monotonicMs() - this.#startedAt) / 1000
    const records = this.#total.reduce((sum, counts) => sum + counts.records, 0)
    const speed = Math.round(records / Math.max(seconds, 0.001))
    return `${countOf(records)} in ${seconds.toFixed(1)} s, ${speed} records/s`
  }
}

function emittedInSeconds({ name }: StreamPlan): Problem {
  const sentence = `${name}: emitted_at is in seconds, and is written as milliseconds.`
  return problem('emitted-at-in-seconds', sentence, { params: { stream: name } })
}

function countOf(records: number): string {
  return records === 1 ? '1 record' : `${records} records`
}

function none(): Counts {
  return {
    records: 0,
    leftOut: 0,
    nulled: 0,
    filtered: 0,
    rejected: 0,
    skipped: 0,
    deduplicated: 0,
    deleted: 0,
    expired: 0,
    empty: 0,
  }
}

function summaryOf({ records, nulled, ...others }: Counts): string {
  const counts = Object.entries(others).filter(([, count]) => count > 0)
  const written = counts.reduce((rest, [, count]) => rest - count, records)
  const nulls = nulled === 0 ? '' : `, ${nulled === 1 ? '1 value' : `${nulled} values`} nulled by the source`
  return `${countOf(written)} written${counts.map(([kind, count]) => `, ${count} ${kind}`).join('')}${nulls}`
}
