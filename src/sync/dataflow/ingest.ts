/** The way in: every message is read, its stream looked up, and what it holds put into the batch being filled. */
import { Columns } from '../../protocol/columns/columns.ts'
import { Input } from '../../protocol/input/message-reader.ts'
import { readState, type StateMessage } from '../../protocol/airbyte/state-message.ts'
import { readStreamStatus } from '../../protocol/airbyte/stream-status.ts'
import { Batch, type BatchLimits } from '../batches/batch.ts'
import type { Ledger } from './state-queue.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { Progress } from './progress.ts'
import { Router } from './stream-router.ts'

/** What came is on its way after this at the latest, however little it is. */
const LONGEST_WAIT_MS = 500

/** Room for some reads, so that most lines need no copying. */
const SMALLEST_BLOCK = 1 << 19

export interface IntakeParts {
  plans: readonly StreamPlan[]
  limits: BatchLimits
  ledger: Ledger
  progress: Progress
}

export class Intake {
  readonly #input: Input
  readonly #columns = new Columns()
  readonly #router: Router
  readonly #ledger: Ledger
  readonly #progress: Progress
  readonly #newBatch: () => Batch
  #batch: Batch
  #timer: NodeJS.Timeout | undefined

  constructor({ plans, limits, ledger, progress }: IntakeParts) {
    this.#router = new Router(plans)
    this.#ledger = ledger
    this.#progress = progress
    this.#newBatch = () => new Batch(limits, plans)
    // A batch lies in one block, which is to be large enough for it.
    this.#input = new Input(Math.max(limits.bytes, SMALLEST_BLOCK))
    this.#batch = this.#newBatch()
  }

  /** Takes in bytes of the input; resolves when more may come. */
  async take(chunk: Uint8Array): Promise<void> {
    if (!this.#input.hasRoomFor(chunk.length)) await this.#submitAndWait()
    this.#input.append(chunk)
    await this.#takeMessages()
    if (!this.#batch.isEmpty) this.#timer ??= setTimeout(() => this.submit(), LONGEST_WAIT_MS)
  }

  /** The input has ended. */
  async end(): Promise<void> {
    this.#input.finish()
    await this.#takeMessages()
  }

  /** Sends the batch being filled on its way, full or not. */
  submit(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#batch
    if (batch.isEmpty) return
    this.#batch = this.#newBatch()
    this.#ledger.submit(batch)
  }

  async #takeMessages(): Promise<void> {
    const input = this.#input
    while (input.next()) {
      const { message, bytes, block } = input
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
    const { message, block } = this.#input
    this.#columns.read(block.scanner, message.data.start, message.data.end)
    return !filter(this.#columns)
  }

  async #submitAndWait(): Promise<void> {
    this.submit()
    if (!this.#ledger.hasRoom) await this.#ledger.room()
  }

  #hold(state: StateMessage): void {
    const { scope } = state
    const plan =
      scope.kind === 'stream'
        ? this.#router.routeState(scope.stream, this.#input.message.lineNumber)
        : undefined
    this.#batch.addState(state, plan, this.#progress.takeReceived(plan))
  }

  #noteStatus(bytes: Buffer): void {
    const status = readStreamStatus(bytes, this.#input.message)
    const plan = status && this.#router.routeStatus(status.stream)
    if (status && plan) this.#progress.status(plan, status.status)
  }
}
