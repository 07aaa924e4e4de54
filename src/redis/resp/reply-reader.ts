/**
 * Reads RESP2 replies, and believes none that the command cannot have. Of a reply only two things matter here: whether it
 * is good, and how much the command did.
 */
import { GoodReplies } from './good-replies.ts'
import { KeptBytes } from '../memory/kept-bytes.ts'
import { ProtocolError } from './protocol-error.ts'
import { MOST_REPLY_BYTES, type ReplyShape } from './reply-shape.ts'

const CR = 0x0d
const LF = 0x0a
const PLUS = 0x2b
const MINUS = 0x2d
const COLON = 0x3a
const DOLLAR = 0x24
const STAR = 0x2a
const ZERO = 0x30
const NINE = 0x39
const OK = Buffer.from('+OK\r\n')

/** An error of a script has the text of its own error, and its line. */
const MOST_LINE_BYTES = 64 << 10

/** More bytes than the largest number has. */
const MOST_NUMBER_BYTES = 24

/** How much a command did: the number it answered, 0 for a null, 1 for anything else; or the text of its error. */
export type ReplyOutcome = number | string

/** The replies that a command can have, and its name for errors. */
export interface ExpectedReply {
  readonly shape: ReplyShape
  readonly command: string
}

export interface ReplyListener {
  /** Returns the next reply to read; undefined where no command is waiting for one. */
  expected(): ExpectedReply | undefined
  /** Returns how many replies, from the next one on, can be the same and say nothing but that they are good. */
  alike?(): number
  /** Takes so many good replies of those that are alike. */
  good?(count: number): void
  /** Takes a reply that is not an array, in the bytes from `start` to `end`. */
  one(outcome: ReplyOutcome, bytes: Buffer, start: number, end: number): void
  /**
   * Takes an array: what a transaction gives, one outcome for each of its commands; or what is read, of which `reply` has
   * the bytes, good until the next reply.
   */
  many(outcomes: ReplyOutcome[], reply: Buffer): void
  /** Takes the bytes of all complete replies of one `read`, good until the next. */
  passed?(bytes: Buffer): void
  /** Whether nothing has been read from the server before. */
  readonly isFirst?: boolean
}

export class ReplyReader {
  readonly #listener: ReplyListener
  readonly #good = new GoodReplies()
  readonly #kept = new KeptBytes()
  /** The bytes that the reply at hand has at least. */
  #least = 0
  #replyStart = 0
  #command = ''
  #isFirst: boolean
  /** Of the reply read last; an array's elements are in `#elements`. */
  #outcome: ReplyOutcome = 0
  #elements: ReplyOutcome[] | undefined

  constructor(listener: ReplyListener) {
    this.#listener = listener
    this.#isFirst = listener.isFirst === true
  }

  /** Reads a chunk; throws a `ProtocolError` behind the last reply that is good. */
  read(chunk: Buffer): void {
    const bytes = this.#kept.joinedWith(chunk)
    if (bytes.length < this.#least) return this.#kept.keep(bytes, 0)
    let start = 0
    try {
      while (start < bytes.length) {
        const end = this.#readReply(bytes, start)
        if (end === -1) break
        start = end
      }
    } finally {
      if (start > 0) this.#listener.passed?.(bytes.subarray(0, start))
    }
    this.#kept.keep(bytes, start)
  }

  /** Returns the offset behind the reply at `start`, or -1 if it is not all there. */
  #readReply(bytes: Buffer, start: number): number {
    const expected = this.#listener.expected()
    if (expected === undefined) throw this.#unasked(bytes[start])
    const passed = this.#passGood(bytes, start, expected.shape)
    if (passed > start) return passed
    this.#command = expected.command
    this.#replyStart = start
    this.#least = 0
    this.#elements = undefined
    const end = this.#endOfReply(bytes, start, expected.shape, true)
    if (end === -1) return -1
    this.#isFirst = false
    if (this.#elements === undefined) this.#listener.one(this.#outcome, bytes, start, end)
    else this.#listener.many(this.#elements, bytes.subarray(start, end))
    return end
  }

  /** Returns the offset behind the good replies of which nothing else matters. */
  #passGood(bytes: Buffer, start: number, shape: ReplyShape): number {
    const alike = this.#listener.alike?.() ?? 1
    if (alike < 2) return start
    const good = this.#good
    good.pass(bytes, start, shape, alike)
    if (good.count === 0) return start
    this.#isFirst = false
    this.#listener.good?.(good.count)
    return good.end
  }

  #endOfReply(bytes: Buffer, start: number, shape: ReplyShape, mayFail: boolean): number {
    const kind = bytes[start]
    this.#outcome = 1
    // Most replies are this one, so it is recognised without a search for its end.
    if (kind === PLUS && isOk(bytes, start) && shape.status !== undefined) return start + OK.length
    const feed = this.#endOfLine(bytes, start, kind === PLUS || kind === MINUS)
    if (feed === -1) return -1
    switch (kind) {
      case PLUS:
        if (feed - start - 2 > this.#limit(shape.status)) throw this.#error('too long')
        return feed + 1
      case COLON: {
        const [least, most] = shape.integer ?? this.#refuse()
        const number = this.#number(bytes, start, feed)
        if (number < least || number > most) throw this.#error('other type')
        this.#outcome = number
        return feed + 1
      }
      case MINUS:
        if (!mayFail) throw this.#error('other type')
        this.#outcome = bytes.toString('utf8', start + 1, feed - 1)
        return feed + 1
      case DOLLAR:
        return this.#endOfBulk(bytes, feed + 1, this.#number(bytes, start, feed), shape)
      case STAR:
        return this.#endOfArray(bytes, feed + 1, this.#number(bytes, start, feed), shape)
      default:
        throw this.#error('not RESP')
    }
  }

  #endOfBulk(bytes: Buffer, start: number, size: number, shape: ReplyShape): number {
    if (size === -1) return this.#null(start, shape)
    if (size > this.#limit(shape.bulk)) throw this.#error('too long')
    const end = this.#within(start + size + 2)
    if (end > bytes.length) {
      this.#least = end - this.#replyStart
      return -1
    }
    if (bytes[end - 2] !== CR || bytes[end - 1] !== LF) throw this.#error('not RESP')
    return end
  }

  /** An array within the array counts as one outcome: its first error, if there is one. */
  #endOfArray(bytes: Buffer, start: number, size: number, shape: ReplyShape): number {
    if (size === -1) return this.#null(start, shape, [])
    const { sizes, isOfPairs, hasErrors, of } = shape.array ?? this.#refuse()
    if (size > sizes[1]) throw this.#error('too long')
    if (size < sizes[0] || (isOfPairs === true && size % 2 !== 0)) throw this.#error('other type')
    const elements: ReplyOutcome[] = []
    let end = start
    for (let index = 0; index < size; index++) {
      const element = of[index] ?? of.at(-1)!
      end = end < bytes.length ? this.#endOfReply(bytes, end, element, hasErrors === true) : -1
      if (end === -1) return -1
      this.#within(end)
      elements.push(this.#outcome)
    }
    this.#elements = elements
    this.#outcome = elements.find((element) => typeof element === 'string') ?? 1
    return end
  }

  #null(end: number, { isNullable }: ReplyShape, elements?: ReplyOutcome[]): number {
    if (isNullable !== true) throw this.#error('other type')
    this.#outcome = 0
    this.#elements = elements
    return end
  }

  /** Returns the offset of the line feed, or -1 if it is not there yet. */
  #endOfLine(bytes: Buffer, start: number, isText: boolean): number {
    if (!isKind(bytes[start])) throw this.#error('not RESP')
    const most = isText ? MOST_LINE_BYTES : MOST_NUMBER_BYTES
    const feed = isText ? bytes.indexOf(LF, start) : feedWithin(bytes, start, most)
    if (feed === -1 ? bytes.length - start > most : feed - start > most)
      throw this.#error(isText ? 'too long' : 'not RESP')
    // ioredis would take a carriage return before that for the end, and the bytes behind it for another reply.
    if (feed !== -1 && bytes.indexOf(CR, start) !== feed - 1) throw this.#error('not RESP')
    return feed
  }

  /** Returns the number of a line: digits without a leading zero, behind a sign if it is not zero. */
  #number(bytes: Buffer, start: number, feed: number): number {
    const isNegative = bytes[start + 1] === MINUS
    const first = start + (isNegative ? 2 : 1)
    let number = 0
    for (let at = first; at < feed - 1; at++) {
      const digit = bytes[at]!
      if (digit < ZERO || digit > NINE) throw this.#error('not RESP')
      number = number * 10 + digit - ZERO
    }
    const digits = feed - 1 - first
    const isPadded = bytes[first] === ZERO && (digits > 1 || isNegative)
    if (digits === 0 || isPadded) throw this.#error('not RESP')
    if (isNegative && number > 1 && bytes[start] !== COLON) throw this.#error('not RESP')
    return isNegative ? -number : number
  }

  #unasked(kind: number | undefined): ProtocolError {
    if (this.#isFirst && !isKind(kind)) return new ProtocolError('not RESP')
    return new ProtocolError(kind === MINUS ? 'unasked error' : 'unasked')
  }

  #limit(most: number | undefined): number {
    return most ?? this.#refuse()
  }

  #within(end: number): number {
    if (end - this.#replyStart > MOST_REPLY_BYTES) throw this.#error('too long')
    return end
  }

  #refuse(): never {
    throw this.#error('other type')
  }

  #error(violation: ProtocolError['violation']): ProtocolError {
    const isGarbled = violation === 'not RESP' && !this.#isFirst
    return new ProtocolError(isGarbled ? 'garbled' : violation, this.#command)
  }
}

function isOk(bytes: Buffer, start: number): boolean {
  for (let index = 1; index < OK.length; index++) if (bytes[start + index] !== OK[index]) return false
  return true
}

/** Returns the offset of a line feed not far from `start`, or -1. */
function feedWithin(bytes: Buffer, start: number, most: number): number {
  const end = Math.min(bytes.length, start + most + 1)
  for (let at = start; at < end; at++) if (bytes[at] === LF) return at
  return -1
}

function isKind(byte: number | undefined): boolean {
  return byte === PLUS || byte === MINUS || byte === COLON || byte === DOLLAR || byte === STAR
}
