/**
 * The durability rule: a state leaves when every reply to its batch, and to all batches before it, has been read and
 * is good. Batches overlap in a window bounded by bytes; results are taken in order.
 */
import { ConfigError } from '../errors.ts'
import type { Output } from '../protocol/output.ts'
import type { Rejection } from '../redis/lane.ts'
import type { Link } from '../redis/link.ts'
import { CommandBuffer, keyOfCommand } from '../redis/resp.ts'
import type { Batch, HeldState } from './batch.ts'
import type { IdRange, Ids } from './ids.ts'
import type { StreamPlan } from './plan.ts'
import type { Progress } from './progress.ts'
import type { Slabs } from './slabs.ts'

interface Entry {
  readonly states: readonly HeldState[]
  readonly counts: ReadonlyMap<StreamPlan, number>
  /** Bytes it takes until it is released. */
  readonly size: number
  isConfirmed: boolean
}

export interface LedgerParts {
  link: Link
  ids: Ids
  progress: Progress
  output: Output
  slabs: Slabs
  /** The most that batches may take between submission and release. */
  maxBytes: number
}

/** Batches whose ids are not known yet: more would only take memory, as one asks for its ids when it is submitted. */
const MOST_WAITING = 8

export class Ledger {
  readonly #link: Link
  readonly #ids: Ids
  readonly #progress: Progress
  readonly #output: Output
  readonly #maxBytes: number
  /** Submitted and not released, in order of submission. */
  readonly #entries: Entry[] = []
  readonly #slabs: Slabs
  #size = 0
  /** Batches submitted and not laid out yet. */
  #waiting = 0
  #failure: Error | undefined
  /** Ends when the batch submitted last has been handed to the link. */
  #handedOver: Promise<void> = Promise.resolve()
  #changed = Promise.withResolvers<void>()

  constructor(parts: LedgerParts) {
    this.#link = parts.link
    this.#ids = parts.ids
    this.#progress = parts.progress
    this.#output = parts.output
    this.#slabs = parts.slabs
    this.#maxBytes = parts.maxBytes
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
    const { states, size } = batch
    const counts = batch.countByStream()
    const entry: Entry = { states, counts, size, isConfirmed: false }
    this.#entries.push(entry)
    this.#size += size
    this.#waiting++
    // Ids are asked for at once, while batches before this one are still on their way.
    const reserved = this.#reserve(counts)
    reserved.catch((error: unknown) => this.#fail(error))
    this.#handedOver = this.#handedOver
      .then(async () => this.#handOver(entry, batch, await reserved))
      .catch((error: unknown) => this.#fail(error))
  }

  /** Resolves when all that was submitted is confirmed and acknowledged; rejects when the run has failed. */
  async settled(): Promise<void> {
    while (this.#entries.length > 0 && this.#failure === undefined) await this.#changed.promise
    if (this.#failure !== undefined) throw this.#failure
  }

  async #reserve(counts: ReadonlyMap<StreamPlan, number>): Promise<Map<StreamPlan, IdRange[]>> {
    const reservations = [...counts].map(
      async ([plan, count]) => [plan, await this.#ids.reserve(plan, count)] as const,
    )
    return new Map(await Promise.all(reservations))
  }

  #handOver(entry: Entry, batch: Batch, ids: Map<StreamPlan, IdRange[]>): void {
    this.#waiting--
    this.#wake()
    if (batch.records === 0) return this.#confirm(entry)
    const commands = new CommandBuffer(this.#slabs.take(batch.size))
    batch.layOut(commands, ids)
    batch.release()
    const bytes = commands.bytes.subarray(0, commands.length)
    this.#link.send(bytes, commands.commands).then(
      (rejections) => {
        if (rejections.length > 0) return this.#fail(refusal(rejections[0]!, bytes))
        this.#slabs.give(commands.bytes)
        this.#confirm(entry)
      },
      (error: unknown) => this.#fail(error),
    )
  }

  #confirm(entry: Entry): void {
    entry.isConfirmed = true
    while (this.#entries[0]?.isConfirmed === true) {
      const { states, counts, size } = this.#entries.shift()!
      this.#progress.confirmed(counts)
      for (const state of states) this.#output.line(state)
      this.#size -= size
    }
    this.#wake()
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

function refusal({ index, error }: Rejection, commands: Buffer): ConfigError {
  return new ConfigError(`Redis refused to write the key ${keyOfCommand(commands, index)}. ${error.message}`)
}
