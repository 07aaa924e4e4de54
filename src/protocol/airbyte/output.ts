/** The only writer to stdout: whole lines, in order, and a way to wait until they have left. */
import type { Writable } from 'node:stream'
import { failureTypeOf, messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'

export class Output {
  readonly #stream: Writable
  #isClosed = false

  constructor(stream: Writable) {
    this.#stream = stream
    // The host may stop listening early (EPIPE); the work goes on, there is just nobody left to tell.
    stream.on('error', () => (this.#isClosed = true))
  }

  /** Bytes written that the host has not taken yet. */
  get pending(): number {
    return this.#isClosed ? 0 : this.#stream.writableLength
  }

  line(line: Buffer): void {
    if (!this.#isClosed) this.#stream.write(line)
  }

  message(message: Record<string, unknown>): void {
    this.line(Buffer.from(`${JSON.stringify(message)}\n`))
  }

  readonly log: Log = (level, message) => this.message({ type: 'LOG', log: { level, message } })

  /** The one trace message that tells the host why the run failed. */
  error(error: unknown): void {
    this.message({
      type: 'TRACE',
      trace: {
        type: 'ERROR',
        emitted_at: Date.now(),
        error: {
          message: messageOf(error),
          internal_message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
          stack_trace: error instanceof Error ? (error.stack ?? '') : '',
          failure_type: failureTypeOf(error),
        },
      },
    })
  }

  /** Resolves when everything written has been handed over, or the host has gone. */
  async drained(): Promise<void> {
    if (this.#isClosed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stream.once('close', resolve)
    this.#stream.write('', () => resolve())
    await promise
    this.#stream.off('close', resolve)
  }
}
