/** The connector's input: chunks of bytes in, one message after the other out. */
import { isUtf8 } from 'node:buffer'
import { SystemError } from '../errors.ts'
import { LineBuffer } from './lines.ts'
import { MessageReader } from './messages.ts'

export class Input {
  /** What the last `next` found. */
  readonly message = new MessageReader()
  readonly #lines = new LineBuffer()

  /** The buffer that the message's ranges point into. */
  get bytes(): Buffer {
    return this.#lines.bytes
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
    const lines = this.#lines
    if (!lines.hasLine) return false
    const start = lines.position
    lines.position = this.message.read(lines.bytes, start)
    if (!lines.isUtf8 && !isUtf8(lines.bytes.subarray(start, lines.position)))
      throw new SystemError(`Line ${this.message.lineNumber}: not valid UTF-8.`)
    return true
  }
}
