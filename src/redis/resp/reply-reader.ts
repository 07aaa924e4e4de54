/**
 * Reads RESP2 replies to commands of which only two things matter: whether they are good, and how much they did.
 */

const LF = 0x0a
const PLUS = 0x2b
const MINUS = 0x2d
const COLON = 0x3a
const DOLLAR = 0x24
const STAR = 0x2a

/** How much a command did: the number it answered, 0 for a null, 1 for anything else; or the text of its error. */
export type ReplyOutcome = number | string

export interface ReplyListener {
  /** A reply that is not an array, in the bytes from `start` to `end`. */
  one(outcome: ReplyOutcome, bytes: Buffer, start: number, end: number): void
  /**
   * An array: what a transaction gives, one outcome for each of its commands; or what is read, of which `reply` has the
   * bytes, good until the next reply.
   */
  many(outcomes: ReplyOutcome[], reply: Buffer): void
}

/** What is read is not RESP: the other side is not a Redis server. */
export class ProtocolError extends Error {}

export class ReplyReader {
  readonly #listener: ReplyListener
  #rest: Buffer | undefined
  /** Of the reply read last; an array's elements are in `#elements`. */
  #outcome: ReplyOutcome = 0
  #elements: ReplyOutcome[] | undefined

  constructor(listener: ReplyListener) {
    this.#listener = listener
  }

  read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let start = 0
    while (start < bytes.length) {
      this.#elements = undefined
      const end = this.#endOfReply(bytes, start)
      if (end === -1) break
      if (this.#elements === undefined) this.#listener.one(this.#outcome, bytes, start, end)
      else this.#listener.many(this.#elements, bytes.subarray(start, end))
      start = end
    }
    // A copy, as the chunk may be much larger than what is left of it.
    this.#rest = start === bytes.length ? undefined : Buffer.from(bytes.subarray(start))
  }

  /** The offset behind the reply at `start`, or -1 if it is not all there. */
  #endOfReply(bytes: Buffer, start: number): number {
    const kind = bytes[start]
    this.#outcome = 1
    // `+OK`, by far the most common reply.
    if (kind === PLUS && bytes[start + 4] === LF) return start + 5
    // `$-1`, which is most of what is read of new rows.
    if (kind === DOLLAR && bytes[start + 1] === MINUS && bytes[start + 4] === LF) {
      this.#outcome = 0
      return start + 5
    }
    const feed = bytes.indexOf(LF, start)
    if (feed === -1) return -1
    switch (kind) {
      case PLUS:
        return feed + 1
      case COLON:
        this.#outcome = Number(bytes.toString('latin1', start + 1, feed - 1))
        return feed + 1
      case MINUS:
        this.#outcome = bytes.toString('utf8', start + 1, feed - 1)
        return feed + 1
      case DOLLAR: {
        const size = sizeIn(bytes, start, feed)
        if (size === -1) this.#outcome = 0
        const end = size === -1 ? feed + 1 : feed + 1 + size + 2
        return end <= bytes.length ? end : -1
      }
      case STAR:
        return this.#endOfArray(bytes, feed + 1, sizeIn(bytes, start, feed))
      default:
        throw new ProtocolError('the reply is not RESP')
    }
  }

  /** An array within the array counts as one outcome: its first error, if there is one. */
  #endOfArray(bytes: Buffer, start: number, size: number): number {
    const elements: ReplyOutcome[] = []
    let end = start
    for (let left = size; left > 0; left--) {
      end = end < bytes.length ? this.#endOfReply(bytes, end) : -1
      if (end === -1) return -1
      elements.push(this.#outcome)
    }
    this.#elements = elements
    this.#outcome = elements.find((element) => typeof element === 'string') ?? 1
    return end
  }
}

/** Returns the text of a simple string or a bulk string; null where that is null. */
export function textIn(bytes: Buffer, start: number, end: number): string | null {
  if (bytes[start] !== DOLLAR) return bytes.toString('latin1', start + 1, end - 2)
  const feed = bytes.indexOf(LF, start)
  return bytes[start + 1] === MINUS ? null : bytes.toString('utf8', feed + 1, end - 2)
}

/** The elements of an array of bulk strings, which `reply` holds. */
export function valuesIn(reply: Buffer): (string | null)[] {
  const values: (string | null)[] = []
  for (let at = reply.indexOf(LF) + 1; at < reply.length;) {
    const feed = reply.indexOf(LF, at)
    const size = sizeIn(reply, at, feed)
    if (size === -1) values.push(null)
    else values.push(reply.toString('utf8', feed + 1, feed + 1 + size))
    at = feed + 1 + (size === -1 ? 0 : size + 2)
  }
  return values
}

/** The number between a reply's first byte and its line end; -1 stands for a null, which has no body. */
function sizeIn(bytes: Buffer, start: number, feed: number): number {
  const size = Number(bytes.toString('latin1', start + 1, feed - 1))
  if (!Number.isInteger(size)) throw new ProtocolError('the reply is not RESP')
  return size
}
