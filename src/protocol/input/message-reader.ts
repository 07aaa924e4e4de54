/** Turns the input, chunks of bytes, into one message after the other. */
import { isUtf8 } from 'node:buffer'
import { problem, SystemError } from '../../errors.ts'
import { InputBlocks, type InputBlock } from './input-block.ts'
import { Message } from './message.ts'
import type { TakeLimits, TakenRecords } from '../scanner/scanner.ts'
import { recordHeadIn, type RecordHead } from './record-head.ts'

const LF = 0x0a

/** Room for several reads from a pipe (64 KiB each), so that few lines are cut and copied. */
const BLOCK_SIZE = 1 << 19

/** The names of a record are in the beginning of its line, if they precede its data. */
const HEAD_BYTES = 1 << 14

export type { TakeLimits, TakenRecords }

export interface LineLimits {
  /** The most bytes of a line. */
  readonly maxLineBytes: number
  /** Whether a longer record becomes a message without data, where the beginning of its line names the stream. */
  readonly skipsLongRecords: boolean
}

export class MessageReader {
  /** The message that the last `next` found. */
  readonly message = new Message()
  readonly #blocks: InputBlocks
  #block: InputBlock
  /** The rows of the scanner's table, and the number of rows that have been read. */
  #rows = 0
  #taken = 0

  readonly #limits: LineLimits
  /** The record that is being skipped: its line is too long. */
  #skipped: { readonly head: RecordHead; bytes: number; isComplete: boolean } | undefined

  /** `blockSize`: the bytes of input in one block. `capturedColumns`: see `Scanner`. */
  constructor(
    blockSize = BLOCK_SIZE,
    limits: LineLimits = { maxLineBytes: Infinity, skipsLongRecords: false },
    capturedColumns: readonly string[] = [],
  ) {
    this.#limits = limits
    this.#blocks = new InputBlocks(blockSize, capturedColumns)
    this.#block = this.#blocks.take()
    this.#block.use()
  }

  /** The block that contains the message: valid until the next `append`, and as long as it is in use. */
  get block(): InputBlock {
    return this.#block
  }

  /** The memory that the ranges of the message refer to. */
  get bytes(): Buffer {
    return this.#block.scanner.bytes
  }

  /** Returns whether `size` more bytes fit into the current block. */
  hasRoomFor(size: number): boolean {
    return this.#block.hasRoomFor(size) && this.#blocks.suits(this.#block, this.#block.rest + size)
  }

  /** Returns memory in which so many bytes of input need not be copied to be appended; undefined if there is none. */
  room(size: number): Uint8Array | undefined {
    return this.hasRoomFor(size) ? this.#block.room(size) : undefined
  }

  /** Appends input; every complete message must have been read before. */
  append(chunk: Uint8Array): void {
    const kept = this.#withoutSkipped(chunk)
    if (!this.hasRoomFor(kept.length)) this.#turnOver(kept.length)
    this.#block.append(kept)
  }

  /** Ends the input: a last line without a line feed counts as complete. */
  finish(): void {
    if (this.#block.rest > 0 || this.#skipped?.isComplete === false) this.append(Buffer.of(LF))
  }

  /** Advances to the next complete message; returns false when more input is needed. */
  next(): boolean {
    if (this.#skipped?.isComplete === true) {
      this.message.takeLong(this.#skipped.head, this.#skipped.bytes)
      this.#skipped = undefined
      return true
    }
    if (this.#taken === this.#rows && !this.#scan()) return false
    this.message.take(this.#block.scanner, this.#taken++)
    return true
  }

  /** Takes messages that follow, as long as they are records of the same stream as the current one. */
  takeRecords(limits: TakeLimits, stream: number): TakenRecords {
    const first = this.message.lineNumber + 1
    const taken = this.#block.scanner.takeRecords(this.#taken, this.#rows, limits, stream, first)
    this.#taken += taken.count
    this.message.lineNumber += taken.count
    return taken
  }

  /** Continues at the start of a block, with the incomplete line. */
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

  /** Returns what of a chunk is not part of a record that is too long. Throws at any other line that is. */
  #withoutSkipped(chunk: Uint8Array): Uint8Array {
    const { maxLineBytes } = this.#limits
    const { rest } = this.#block
    if (this.#skipped === undefined && rest + chunk.length <= maxLineBytes) return chunk
    const feed = chunk.indexOf(LF)
    const size = feed === -1 ? chunk.length : feed
    if (this.#skipped === undefined) {
      if (rest + size <= maxLineBytes) return chunk
      this.#skipped = { head: this.#headOfLongRecord(chunk, rest + size), bytes: rest, isComplete: false }
      this.#block.dropRest()
    }
    this.#skipped.bytes += size
    this.#skipped.isComplete = feed !== -1
    return chunk.subarray(feed === -1 ? chunk.length : feed + 1)
  }

  #headOfLongRecord(chunk: Uint8Array, bytes: number): RecordHead {
    const { position, rest, scanner } = this.#block
    const start = scanner.bytes.subarray(position, position + Math.min(rest, HEAD_BYTES))
    const head = this.#limits.skipsLongRecords ? recordHeadIn(Buffer.concat([start, chunk])) : undefined
    if (head !== undefined) return head
    const [line, limit] = [this.message.lineNumber + 1, this.#limits.maxLineBytes]
    throw new SystemError(
      problem(
        'line-too-long',
        `Line ${line}: the line has ${bytes} bytes or more, and a line may have ${limit} (max_line_bytes).`,
        { options: ['max_line_bytes'], params: { line, bytes, limit } },
      ),
    )
  }

  /** Lets the scanner read more lines; returns false when there are none. Throws if the next line is not a message. */
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

  /** Returns the end of the next line, as lines are read one by one where one of them is not valid UTF-8. */
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
