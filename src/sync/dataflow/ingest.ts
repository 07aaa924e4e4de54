/** Reads the messages of the input, finds the stream of each, and adds records and states to the batch being filled. */
import { Columns } from '../../protocol/columns/columns.ts'
import type { Message } from '../../protocol/input/message.ts'
import { MessageReader, type LineLimits } from '../../protocol/input/message-reader.ts'
import { readState, type StateMessage } from '../../protocol/airbyte/state-message.ts'
import { readStreamStatus } from '../../protocol/airbyte/stream-status.ts'
import { Batch, type BatchLimits } from '../batches/batch.ts'
import { capturedColumnsOf } from '../streams/captured-columns.ts'
import type { StateQueue } from './state-queue.ts'
import type { BufferPool } from '../../redis/memory/buffer-pool.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import type { Progress } from './record-counts.ts'
import { StreamRouter } from './stream-router.ts'

/** A batch is submitted after this time at the latest, however few records it has. */
const LONGEST_WAIT_MS = 500

/** Holds several reads, so that most lines need no copying. */
const SMALLEST_BLOCK = 1 << 19

type BatchQueue = Pick<StateQueue, 'hasRoom' | 'room' | 'submit'>

export interface IngestOptions {
  sessions: readonly StreamSession[]
  limits: BatchLimits
  /** Memory for the tables that batches keep of their records. */
  tables: BufferPool
  stateQueue: BatchQueue
  progress: Progress
  lines: LineLimits
}

export class Ingest {
  readonly #reader: MessageReader
  readonly #columns = new Columns()
  readonly #router: StreamRouter
  readonly #stateQueue: BatchQueue
  readonly #progress: Progress
  readonly #newBatch: () => Batch
  #batch: Batch
  #timer: NodeJS.Timeout | undefined

  constructor({ sessions, limits, tables, stateQueue, progress, lines }: IngestOptions) {
    this.#router = new StreamRouter(sessions)
    this.#stateQueue = stateQueue
    this.#progress = progress
    const captured = capturedColumnsOf(sessions.map(({ plan }) => plan))
    this.#newBatch = () => new Batch(limits, sessions, tables, captured)
    // All records of a batch are in one block.
    this.#reader = new MessageReader(Math.max(limits.bytes, SMALLEST_BLOCK), lines, captured.names)
    this.#batch = this.#newBatch()
  }

  /** Returns memory for the next bytes of the input, from where they need not be copied; undefined if there is none. */
  room(size: number): Uint8Array | undefined {
    return this.#reader.room(size)
  }

  /** Takes bytes of the input; resolves when more may come. */
  async take(chunk: Uint8Array): Promise<void> {
    if (!this.#reader.hasRoomFor(chunk.length)) await this.#submitAndWait()
    this.#reader.append(chunk)
    await this.#takeMessages()
    if (!this.#batch.isEmpty) this.#timer ??= setTimeout(() => this.submit(), LONGEST_WAIT_MS)
  }

  /** Takes the last message: the input has ended. */
  async end(): Promise<void> {
    this.#reader.finish()
    await this.#takeMessages()
  }

  /** Submits the batch being filled, full or not. */
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
    let last: StreamSession | undefined
    while (reader.next()) {
      const { message, bytes, block } = reader
      if (message.kind === 'record') {
        const session = this.#router.routeRecord(bytes, message)
        const { plan } = session
        if (this.#isFiltered(plan)) this.#progress.addFiltered(plan)
        else {
          // Before the record is added, which may write over the changes.
          if (message.changes.end > message.changes.start)
            this.#progress.addNulled(plan, nulledIn(bytes, message))
          if (this.#batch.addRecord(session, block, message)) this.#progress.warnOfSeconds(plan)
          this.#progress.addReceived(plan)
          if (session === last) this.#takeAlike(session)
          last = session
        }
      } else if (message.kind === 'long record') this.#takeLong(message)
      else if (message.kind === 'state') this.#takeState(readState(bytes, message))
      else if (message.kind === 'trace') this.#takeStatus(bytes)
      if (this.#batch.isFull) await this.#submitAndWait()
    }
  }

  /** Takes the records that follow one of the same stream: they are added without being looked at one by one. */
  #takeAlike(session: StreamSession): void {
    const { plan } = session
    if (plan.filter !== undefined && !plan.removesFiltered) return
    const taken = this.#reader.takeRecords(this.#batch.room, plan.index)
    if (taken.count === 0) return
    this.#batch.addRecords(session, taken)
    this.#progress.addReceived(plan, taken.count)
  }

  #takeLong({ head, lineNumber, lineBytes }: Message): void {
    const session = this.#router.routeLongRecord(head!, lineNumber)
    this.#batch.addLongRecord(session, lineNumber, lineBytes)
    this.#progress.addReceived(session.plan)
  }

  /** Returns whether the record has no effect; one that removes its row is decided upon with its batch. */
  #isFiltered({ filter, removesFiltered }: StreamPlan): boolean {
    if (filter === undefined || removesFiltered) return false
    const { message, block } = this.#reader
    this.#columns.read(block.scanner, message.data.start, message.data.end)
    return !filter(this.#columns)
  }

  async #submitAndWait(): Promise<void> {
    this.submit()
    if (!this.#stateQueue.hasRoom) await this.#stateQueue.room()
  }

  #takeState(state: StateMessage): void {
    const { scope } = state
    const plan =
      scope.kind === 'stream'
        ? this.#router.routeState(scope.stream, this.#reader.message.lineNumber).plan
        : undefined
    this.#batch.addState(state, plan, this.#progress.takeReceived(plan))
  }

  #takeStatus(bytes: Buffer): void {
    const status = readStreamStatus(bytes, this.#reader.message)
    const session = status && this.#router.routeStatus(status.stream, this.#reader.message.lineNumber)
    if (status && session) this.#progress.setStatus(session.plan, status.status)
  }
}

/** Returns how many values the source says it has replaced with null. */
function nulledIn(bytes: Buffer, { changes: { start, end } }: Message): number {
  const changes = JSON.parse(bytes.toString('utf8', start, end)) as unknown[]
  return changes.filter((change) => (change as { change?: unknown } | null)?.change === 'NULLED').length
}
