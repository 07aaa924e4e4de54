/**
 * The durability rule: a state leaves when every reply to its batch, and to all batches before it, has been read and
 * is good. Batches overlap in a window bounded by bytes; results are taken in order.
 */
import type { Output } from '../../protocol/airbyte/output.ts'
import type { Batch } from '../batches/batch.ts'
import type { Deliver } from './deliver.ts'
import type { RecordOutcome } from './outcomes.ts'
import type { Prepare, Prepared } from './prepare.ts'
import type { Progress } from './progress.ts'

interface Entry {
  readonly batch: Batch
  /** Bytes it takes until it is released. */
  readonly size: number
  /** Once it is confirmed. */
  outcomes: readonly RecordOutcome[] | undefined
}

export interface StateQueueOptions {
  deliver: Deliver
  prepare: Prepare
  progress: Progress
  output: Output
  /** The most that batches may take between submission and release. */
  maxBytes: number
  /** What a batch with records takes at least, however few they are. */
  leastBytes: number
}

/** Batches that are being prepared: more would only take memory, as one asks for what it needs when it is submitted. */
const MOST_WAITING = 8

export class StateQueue {
  readonly #deliver: Deliver
  readonly #prepare: Prepare
  readonly #progress: Progress
  readonly #output: Output
  readonly #maxBytes: number
  readonly #leastBytes: number
  /** Submitted and not released, in order of submission. */
  readonly #entries: Entry[] = []
  #size = 0
  /** Batches submitted and not laid out yet. */
  #waiting = 0
  #failure: Error | undefined
  /** Ends when the batch submitted last has been handed to the link. */
  #handedOver: Promise<void> = Promise.resolve()
  #changed = Promise.withResolvers<void>()

  constructor(ranges: StateQueueOptions) {
    this.#deliver = ranges.deliver
    this.#prepare = ranges.prepare
    this.#progress = ranges.progress
    this.#output = ranges.output
    this.#maxBytes = ranges.maxBytes
    this.#leastBytes = ranges.leastBytes
  }

  /** Whether another batch may be filled at once. */
  get hasRoom(): boolean {
    return (
      this.#failure === undefined &&
      this.#waiting < MOST_WAITING &&
      this.#size + this.#output.pending < this.#maxBytes
    )
  }

  /** Resolves when there is room; rejects when the run has failed. */
  async room(): Promise<void> {
    while (!this.hasRoom) {
      if (this.#failure !== undefined) throw this.#failure
      await (this.#entries.length > 0 ? this.#changed.promise : this.#output.drained())
    }
  }

  /** Takes a batch on its way. */
  submit(batch: Batch): void {
    // At once, while batches before this one are still on their way.
    const prepared = this.#prepare(batch)
    prepared.catch((error: unknown) => this.#fail(error))
    const size = batch.records === 0 ? batch.weight : Math.max(batch.weight, this.#leastBytes)
    const entry: Entry = { batch, size, outcomes: undefined }
    this.#entries.push(entry)
    this.#size += entry.size
    this.#waiting++
    this.#handedOver = this.#handedOver
      .then(async () => this.#handOver(entry, await prepared))
      .catch((error: unknown) => this.#fail(error))
  }

  /** Resolves when all that was submitted is confirmed and acknowledged; rejects when the run has failed. */
  async settled(): Promise<void> {
    while (this.#entries.length > 0 && this.#failure === undefined) await this.#changed.promise
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Sends a batch, and does not wait for the answers. */
  #handOver(entry: Entry, prepared: Prepared): void {
    this.#waiting--
    this.#wake()
    if (entry.batch.records === 0) return this.#confirm(entry, [])
    this.#deliver(entry.batch, prepared).then(
      (outcomes) => this.#confirm(entry, outcomes),
      (error: unknown) => this.#fail(error),
    )
  }

  #confirm(entry: Entry, outcomes: readonly RecordOutcome[]): void {
    entry.outcomes = outcomes
    for (let first = this.#entries[0]; first?.outcomes !== undefined; first = this.#entries[0]) {
      this.#entries.shift()
      this.#size -= first.size
      this.#release(first.batch, first.outcomes)
    }
    this.#wake()
  }

  /** Everything of the batch is in Redis, or rightly is not: its states say so. */
  #release(batch: Batch, outcomes: readonly RecordOutcome[]): void {
    const progress = this.#progress
    progress.confirmed(batch.countByStream())
    let next = 0
    const countUpTo = (record: number): void => {
      for (; next < outcomes.length && outcomes[next]!.record < record; next++)
        progress.missed(batch.planOf(outcomes[next]!.record), outcomes[next]!.kind)
    }
    for (const { state, plan, after, received } of batch.states) {
      countUpTo(after)
      this.#output.line(state.acknowledge(progress.takeStats(received, plan)))
    }
    countUpTo(batch.records)
    batch.forget()
  }

  /** From here on nothing is acknowledged. */
  #fail(error: unknown): void {
    this.#failure ??= error as Error
    this.#wake()
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}
