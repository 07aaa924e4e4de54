/** The way in: every message is read, its stream looked up, and what it holds put into the batch being filled. */
import { Columns } from '../../protocol/columns/columns.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { readState, type StateMessage } from '../../protocol/airbyte/state-message.ts'
import { readStreamStatus } from '../../protocol/airbyte/stream-status.ts'
import { Batch, type BatchLimits } from '../batches/batch.ts'
import type { StateQueue } from './state-queue.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { Progress } from './progress.ts'
import { StreamRouter } from './stream-router.ts'

/** What came is on its way after this at the latest, however little it is. */
const LONGEST_WAIT_MS = 500

/** Room for some reads, so that most lines need no copying. */
const SMALLEST_BLOCK = 1 << 19

export interface IngestOptions {
  plans: readonly StreamPlan[]
  limits: BatchLimits
  stateQueue: StateQueue
  progress: Progress
}

export class Ingest {
  readonly #reader: MessageReader
  readonly #columns = new Columns()
  readonly #router: StreamRouter
  readonly #stateQueue: StateQueue
  readonly #progress: Progress
  readonly #newBatch: () => Batch
  #batch: Batch
  #timer: NodeJS.Timeout | undefined

  constructor({ plans, limits, stateQueue, progress }: IngestOptions) {
    this.#router = new StreamRouter(plans)
    this.#stateQueue = stateQueue
    this.#progress = progress
    this.#newBatch = () => new Batch(limits, plans)
    // A batch lies in one block, which is to be large enough for it.
    this.#reader = new MessageReader(Math.max(limits.bytes, SMALLEST_BLOCK))
    this.#batch = this.#newBatch()
  }

  /** Takes in bytes of the input; resolves when more may come. */
  async take(chunk: Uint8Array): Promise<void> {
    if (!this.#reader.hasRoomFor(chunk.length)) await this.#submitAndWait()
    this.#reader.append(chunk)
    await this.#takeMessages()
    if (!this.#batch.isEmpty) this.#timer ??= setTimeout(() => this.submit(), LONGEST_WAIT_MS)
  }

  /** The input has ended. */
  async end(): Promise<void> {
    this.#reader.finish()
    await this.#takeMessages()
  }

  /** Sends the batch being filled on its way, full or not. */
  submit(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#batch
    if (batch.isEmpty) return
    this.#batch = this.#newBatch()
    this.#stateQueue.submit(batch)
  }

  async #takeMessages(): Promise<void> {
    const reader = this.#reader
    while (reader.next()) {
      const { message, bytes, block } = reader
      if (message.kind === 'record') {
        const plan = this.#router.routeRecord(bytes, message)
        if (this.#isFiltered(plan)) this.#progress.filtered(plan)
        else {
          this.#batch.addRecord(plan, block, message)
          this.#progress.received(plan)
        }
      } else if (message.kind === 'state') this.#hold(readState(bytes, message))
      else if (message.kind === 'trace') this.#noteStatus(bytes)
      if (this.#batch.isFull) await this.#submitAndWait()
    }
  }

  #isFiltered({ filter }: StreamPlan): boolean {
    if (filter === undefined) return false
    const { message, block } = this.#reader
    this.#columns.read(block.scanner, message.data.start, message.data.end)
    return !filter(this.#columns)
  }

  async #submitAndWait(): Promise<void> {
    this.submit()
    if (!this.#stateQueue.hasRoom) await this.#stateQueue.room()
  }

  #hold(state: StateMessage): void {
    const { scope } = state
    const plan =
      scope.kind === 'stream'
        ? this.#router.routeState(scope.stream, this.#reader.message.lineNumber)
        : undefined
    this.#batch.addState(state, plan, this.#progress.takeReceived(plan))
  }

  #noteStatus(bytes: Buffer): void {
    const status = readStreamStatus(bytes, this.#reader.message)
    const plan = status && this.#router.routeStatus(status.stream)
    if (status && plan) this.#progress.status(plan, status.status)
  }
}
