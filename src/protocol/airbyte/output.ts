/** Writes to stdout, as the only one: whole lines, in order. */
import type { Writable } from 'node:stream'
import { ConnectorError, failureTypeOf, problem, SystemError, TransientError } from '../../errors.ts'
import { shownStack, shownText, withoutHidden, type HiddenText } from '../../shown-text.ts'
import type { Log } from '../../log.ts'

/** Lines of about this size are written at a time. */
const WRITE_BYTES = 64 << 10

export class Output {
  readonly #stream: Writable
  readonly #closed = new AbortController()
  /** Whether the last message has been printed. */
  #hasEnded = false
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #hidden: readonly HiddenText[] = []

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
    return this.closed.aborted ? 0 : this.#stream.writableLength + this.#gatheredBytes
  }

  /** Shows something else from now on, in messages of ours, wherever they have one of these texts. */
  hide(texts: readonly HiddenText[]): void {
    // A text may be part of another one.
    this.#hidden = texts.toSorted((one, other) => other.text.length - one.text.length)
  }

  #shown(text: string): string {
    return shownText(withoutHidden(text, this.#hidden))
  }

  /** Lines that are printed at the same time leave together: each write takes more memory than most states. */
  line(line: Buffer): void {
    if (this.closed.aborted || this.#hasEnded) return
    if (this.#gathered.length === 0) queueMicrotask(() => this.#flush())
    this.#gathered.push(line)
    this.#gatheredBytes += line.length
    if (this.#gatheredBytes >= WRITE_BYTES) this.#flush()
  }

  #flush(): void {
    const lines = this.#gathered
    if (lines.length === 0) return
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#stream.write(lines.length === 1 ? lines[0]! : Buffer.concat(lines))
  }

  message(message: Record<string, unknown>): void {
    this.line(Buffer.from(`${JSON.stringify(message)}\n`))
  }

  readonly log: Log = (level, message) =>
    this.message({ type: 'LOG', log: { level, message: this.#shown(message) } })

  /** Prints the result of a check, as its last message: FAILED if there is a reason. */
  status(reason?: string): void {
    const result =
      reason === undefined ? { status: 'SUCCEEDED' } : { status: 'FAILED', message: this.#shown(reason) }
    this.message({ type: 'CONNECTION_STATUS', connectionStatus: result })
    this.#hasEnded = true
  }

  /** Prints that a check has failed, and why. */
  failedStatus(error: unknown): void {
    this.status(presentable(error).message)
  }

  /** Prints the trace message that tells the platform why the run failed. It is the last message. */
  error(error: unknown): void {
    const shown = presentable(error)
    const text = withoutHidden(`${shown.name}: ${shown.message}`, this.#hidden)
    const stack = error instanceof Error ? withoutHidden(error.stack ?? '', this.#hidden) : ''
    this.message({
      type: 'TRACE',
      trace: {
        type: 'ERROR',
        emitted_at: Date.now(),
        error: {
          message: this.#shown(shown.message),
          internal_message: shownText(text),
          stack_trace: shownStack(text, stack),
          failure_type: failureTypeOf(error),
        },
      },
    })
    this.#hasEnded = true
  }

  /** Resolves when the reader has taken everything, or has closed its end. */
  async drained(): Promise<void> {
    if (this.closed.aborted) return
    this.#flush()
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

/** Returns an error of ours. The message of any other error may quote what it was given. */
function presentable(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error
  const kind = error instanceof Error ? error.name : typeof error
  return new SystemError(
    problem(
      'internal-error',
      `The connector has failed in a way that it does not provide for (${kind}). Report it with the lines of the stack trace.`,
      { params: { kind } },
    ),
  )
}
