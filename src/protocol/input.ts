/** The connector's input: chunks of bytes in, one message after the other out. */
import { isUtf8 } from 'node:buffer'
import { SystemError } from '../errors.ts'
import { LineBuffer } from './lines.ts'
import { Message } from './messages.ts'

const LF = 0x0a

export class Input {
  /** What the last `next` found. */
  readonly message = new Message()
  readonly #lines = new LineBuffer()
  /** Rows of the scanner's table that were filled, and how many of them have been taken. */
  #rows = 0
  #taken = 0

  /** The memory that the message's ranges point into. */
  get bytes(): Buffer {
    return this.#lines.scanner.bytes
  }

  /** Takes in more; every message that was complete before must have been taken. */
  append(chunk: Uint8Array): void {
    this.#lines.append(chunk)
  }

  /** There is no more: a last line without a line feed counts as complete. */
  finish(): void {
    this.#lines.finish()
  }

  /** Moves on to the next message that is complete; false when more input is needed. */
  next(): boolean {
    if (this.#taken === this.#rows && !this.#scan()) return false
    this.message.take(this.#lines.scanner, this.#taken++)
    return true
  }

  /** Has the scanner read more lines; false when there are none. Throws where the next line is no message. */
  #scan(): boolean {
    const lines = this.#lines
    const { scanner } = lines
    if (!lines.hasLine) return false
    this.#taken = 0
    this.#rows = scanner.scan(lines.position, lines.isUtf8 ? lines.end : this.#endOfGoodLine())
    if (this.#rows === 0) throw this.message.failure(scanner, 0)
    lines.position = scanner.position
    return true
  }

  /** Somewhere in the lines at hand is a byte that is not UTF-8: they are read one by one up to there. */
  #endOfGoodLine(): number {
    const { scanner, position } = this.#lines
    const end = scanner.bytes.indexOf(LF, position) + 1
    if (isUtf8(scanner.bytes.subarray(position, end))) return end
    throw new SystemError(`Line ${this.message.lineNumber + 1}: not valid UTF-8.`)
  }
}
