/** The connector's input: chunks of bytes in, one message after the other out. */
import { isUtf8 } from 'node:buffer'
import { problem, SystemError } from '../../errors.ts'
import { InputBlocks, type InputBlock } from './input-block.ts'
import { Message } from './message.ts'

const LF = 0x0a

/** Holds several reads from a pipe (64 KiB each), so that most lines need no copying. */
const USUAL_SIZE = 1 << 19

export class MessageReader {
  /** What the last `next` found. */
  readonly message = new Message()
  readonly #blocks: InputBlocks
  #block: InputBlock
  /** Rows of the scanner's table that were filled, and how many of them have been taken. */
  #rows = 0
  #taken = 0

  /** `blockSize`: bytes that are gathered in one place. */
  constructor(blockSize = USUAL_SIZE) {
    this.#blocks = new InputBlocks(blockSize)
    this.#block = this.#blocks.take()
    this.#block.use()
  }

  /** Where the message lies: good until the next `append`, and as long as somebody uses it. */
  get block(): InputBlock {
    return this.#block
  }

  /** The memory that the message's ranges point into. */
  get bytes(): Buffer {
    return this.#block.scanner.bytes
  }

  /** Whether so much more goes into the block at hand, behind what is there. */
  hasRoomFor(size: number): boolean {
    return this.#block.hasRoomFor(size) && this.#blocks.suits(this.#block, this.#block.rest + size)
  }

  /** Takes in more; every message that was complete before must have been taken. */
  append(chunk: Uint8Array): void {
    if (!this.hasRoomFor(chunk.length)) this.#turnOver(chunk.length)
    this.#block.append(chunk)
  }

  /** There is no more: a last line without a line feed counts as complete. */
  finish(): void {
    if (this.#block.rest > 0) this.append(Buffer.of(LF))
  }

  /** Moves on to the next message that is complete; false when more input is needed. */
  next(): boolean {
    if (this.#taken === this.#rows && !this.#scan()) return false
    this.message.take(this.#block.scanner, this.#taken++)
    return true
  }

  /** Goes on at the front of a block, with the line that is not all there. */
  #turnOver(size: number): void {
    const old = this.#block
    const mayStay = !old.isShared && this.#blocks.suits(old, old.rest + size)
    if (!mayStay) {
      this.#block = this.#blocks.take()
      this.#block.use()
    }
    this.#block.startWith(old, size)
    if (!mayStay) old.letGo()
  }

  /** Has the scanner read more lines; false when there are none. Throws where the next line is no message. */
  #scan(): boolean {
    const block = this.#block
    const { scanner } = block
    if (!block.hasLine) return false
    this.#taken = 0
    this.#rows = scanner.scan(block.position, block.isUtf8 ? block.end : this.#endOfGoodLine())
    if (this.#rows === 0) throw this.message.failure(scanner, 0)
    block.position = scanner.position
    return true
  }

  /** Somewhere in the lines at hand is a byte that is not UTF-8: they are read one by one up to there. */
  #endOfGoodLine(): number {
    const { scanner, position } = this.#block
    const end = scanner.bytes.indexOf(LF, position) + 1
    if (isUtf8(scanner.bytes.subarray(position, end))) return end
    const line = this.message.lineNumber + 1
    throw new SystemError(
      problem('line-not-utf8', `Line ${line}: the line is not valid UTF-8.`, { params: { line } }),
    )
  }
}
