/**
 * Acknowledges states: a state is printed when its batch and all batches before it are confirmed. Batches are under way
 * at the same time, as many as fit in a number of bytes; their results are taken in order.
 */
import type { Output } from '../../protocol/airbyte/output.ts'
import type { Batch } from '../batches/batch.ts'
import type { BatchIntervals } from '../attempts/state-intervals.ts'
import type { Deliver } from './deliver.ts'
import type { RecordOutcome } from './outcomes.ts'
import type { BatchPreparation, Prepared } from './batch-preparation.ts'
import type { Progress } from './record-counts.ts'

interface Entry {
  readonly batch: Batch
  /** Bytes that it uses until it is acknowledged. */
  readonly size: number
  /** Undefined until it is confirmed. */
  outcomes: readonly RecordOutcome[] | undefined
  /** Undefined until it is prepared. */
  intervals: BatchIntervals | undefined
}

export interface StateQueueOptions {
  deliver: Deliver
  prepare: BatchPreparation
  /** Records that the states of some batches are acknowledged, before they are. */
  record?: (batches: readonly BatchIntervals[]) => Promise<void> | undefined
  progress: Progress
  output: Output
  /** The most bytes that batches may use between submission and acknowledgement. */
  maxBytes: number
  /** The bytes that a batch with records uses at least, however few they are. */
  leastBytes: number
  /** Returns the bytes of commands that the connection to a node has not taken yet; if there are several, on average. */
  unsentBytes: () => number
}

/** So many bytes of states wait for their reader before the next batch is acknowledged. */
const MOST_PENDING = 1 << 20

/**
 * The bytes of batches that are being prepared, and those that a connection has not taken, at which reading stops. Where the
 * server is near, more of them only use memory, and more of the processor's cache; where it is far, what matters is on its way.
 */
const MOST_WAITING = 8 << 20
const MOST_UNSENT = 2 << 20

export class StateQueue {
  readonly #deliver: Deliver
  readonly #prepare: BatchPreparation
  readonly #record: StateQueueOptions['record']
  readonly #progress: Progress
  readonly #output: Output
  readonly #maxBytes: number
  readonly #leastBytes: number
  readonly #unsentBytes: () => number
  /** Submitted and not acknowledged, in order of submission. */
  readonly #entries: Entry[] = []
  #size = 0
  /** Bytes of batches submitted and not encoded yet. */
  #waiting = 0
  #isAcknowledging = false
  readonly #failed = new AbortController()
  /** Resolves when the batch submitted last has been handed to the client. */
  #handedOver: Promise<void> = Promise.resolve()
  #changed = Promise.withResolvers<void>()

  constructor({
    deliver,
    prepare,
    record,
    progress,
    output,
    maxBytes,
    leastBytes,
    unsentBytes,
  }: StateQueueOptions) {
    this.#deliver = deliver
    this.#prepare = prepare
    this.#record = record
    this.#progress = progress
    this.#output = output
    this.#maxBytes = maxBytes
    this.#leastBytes = leastBytes
    this.#unsentBytes = unsentBytes
  }

  /** Aborts as soon as the run has failed, even if no more input comes; the reason is the error. */
  get failed(): AbortSignal {
    return this.#failed.signal
  }

  /** Whether another batch may be filled at once. */
  get hasRoom(): boolean {
    if (this.failed.aborted || this.#size + this.#output.pending >= this.#maxBytes) return false
    // What is under way wakes those that wait for room.
    return this.#entries.length === 0 || (this.#waiting < MOST_WAITING && this.#unsentBytes() < MOST_UNSENT)
  }

  /** Resolves when there is room; rejects when the run has failed. */
  async room(): Promise<void> {
    while (!this.hasRoom) {
      this.failed.throwIfAborted()
      await (this.#entries.length > 0 ? this.#changed.promise : this.#output.drained())
    }
  }

  /** Prepares a batch, and sends it when all batches before it were sent. */
  submit(batch: Batch): void {
    // At once, while batches before this one are still under way.
    const prepared = this.#prepare(batch)
    prepared.catch((error: unknown) => this.#fail(error))
    const size = batch.records === 0 ? batch.memory : Math.max(batch.memory, this.#leastBytes)
    const entry: Entry = { batch, size, outcomes: undefined, intervals: undefined }
    this.#entries.push(entry)
    this.#size += entry.size
    this.#waiting += size
    this.#handedOver = this.#handedOver
      .then(async () => this.#handOver(entry, await prepared))
      .catch((error: unknown) => this.#fail(error))
  }

  /**
   * Resolves when all batches are confirmed and their states acknowledged; rejects when the run has failed, and what was
   * confirmed before is acknowledged.
   */
  async settled(): Promise<void> {
    while (this.#isAcknowledging || (this.#entries.length > 0 && !this.failed.aborted))
      await this.#changed.promise
    this.failed.throwIfAborted()
  }

  /** Sends a batch, and does not wait for the replies. */
  #handOver(entry: Entry, prepared: Prepared): void {
    this.#waiting -= entry.size
    this.#wake()
    entry.intervals = prepared.intervals
    if (entry.batch.records === 0) return this.#confirm(entry, [])
    this.#deliver(entry.batch, prepared).then(
      (outcomes) => this.#confirm(entry, outcomes),
      (error: unknown) => this.#fail(error),
    )
  }

  #confirm(entry: Entry, outcomes: readonly RecordOutcome[]): void {
    entry.outcomes = outcomes
    this.#acknowledgeConfirmed()
    this.#wake()
  }

  /** Acknowledges the batches that are confirmed, and all before them are. */
  #acknowledgeConfirmed(): void {
    if (this.#isAcknowledging) return
    const count = this.#entries.findIndex(({ outcomes }) => outcomes === undefined)
    const confirmed = this.#entries.slice(0, count === -1 ? undefined : count)
    const acknowledged = this.#acknowledgeAll(confirmed)
    if (acknowledged === undefined) return
    this.#isAcknowledging = true
    acknowledged
      .finally(() => (this.#isAcknowledging = false))
      .then(
        () => {
          this.#acknowledgeConfirmed()
          this.#wake()
        },
        (error: unknown) => this.#fail(error),
      )
  }

  /** Returns a promise only where something has to be waited for. */
  #acknowledgeAll(confirmed: readonly Entry[]): Promise<void> | undefined {
    const recorded = this.#record?.(confirmed.flatMap(({ intervals }) => intervals ?? []))
    return recorded === undefined ? this.#take(confirmed) : recorded.then(() => this.#take(confirmed))
  }

  /** The states of batches that have waited together are longer when they are printed: their reader sets the pace. */
  #take(confirmed: readonly Entry[]): Promise<void> | undefined {
    for (const [index, { batch, size, outcomes = [] }] of confirmed.entries()) {
      if (this.#output.pending > MOST_PENDING) {
        // There may be room by now.
        this.#wake()
        return this.#output.drained().then(() => this.#take(confirmed.slice(index)))
      }
      this.#entries.shift()
      this.#size -= size
      this.#acknowledge(batch, outcomes)
    }
    return undefined
  }

  /** Prints the states of a batch: all of its records are in Redis, or are rightly left out. */
  #acknowledge(batch: Batch, outcomes: readonly RecordOutcome[]): void {
    const progress = this.#progress
    progress.addConfirmed(batch.countByStream())
    let next = 0
    const countUpTo = (record: number): void => {
      for (; next < outcomes.length && outcomes[next]!.record < record; next++)
        progress.addUnwritten(batch.planOf(outcomes[next]!.record), outcomes[next]!.kind)
    }
    for (const { state, plan, after, received } of batch.states) {
      countUpTo(after)
      this.#output.line(state.acknowledge(progress.takeStats(received, plan)))
    }
    countUpTo(batch.records)
    batch.dispose()
  }

  /** Nothing is acknowledged from here on. */
  #fail(error: unknown): void {
    this.#failed.abort(error)
    this.#wake()
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}
