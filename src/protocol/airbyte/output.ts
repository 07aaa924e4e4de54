/** Writes to stdout, as the only one: whole lines, in order. */
import type { Writable } from 'node:stream'
import { failureTypeOf, messageOf, problem, TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'

export class Output {
  readonly #stream: Writable
  readonly #closed = new AbortController()

  constructor(stream: Writable) {
    this.#stream = stream
    // The reader may close its end early (EPIPE): nothing that is written afterwards arrives.
    stream.on('error', (cause) => this.#closed.abort(outputClosed(cause)))
  }

  /** Aborts when the reader has closed its end; the reason is the error for a run that still has states to print. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** The number of bytes that the reader has not taken yet. */
  get pending(): number {
    return this.closed.aborted ? 0 : this.#stream.writableLength
  }

  line(line: Buffer): void {
    if (!this.closed.aborted) this.#stream.write(line)
  }

  message(message: Record<string, unknown>): void {
    this.line(Buffer.from(`${JSON.stringify(message)}\n`))
  }

  readonly log: Log = (level, message) => this.message({ type: 'LOG', log: { level, message } })

  /** Prints the trace message that tells the platform why the run failed. */
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

  /** Resolves when the reader has taken everything, or has closed its end. */
  async drained(): Promise<void> {
    if (this.closed.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stream.once('close', resolve)
    this.#stream.write('', () => resolve())
    await promise
    this.#stream.off('close', resolve)
  }
}

function outputClosed(cause: Error): TransientError {
  return new TransientError(
    problem(
      'output-closed',
      'The reader of standard output has closed it, so that states cannot be acknowledged any more.',
    ),
    { cause },
  )
}
