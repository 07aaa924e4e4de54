/**
 * Reads RESP2 replies to commands whose answers only matter by being good or bad: a reply is reported as fine, or
 * with the text of the first error in it (the replies in a transaction's array count as one reply).
 */

const LF = 0x0a
const PLUS = 0x2b
const MINUS = 0x2d
const COLON = 0x3a
const DOLLAR = 0x24
const STAR = 0x2a

export interface ReplyListener {
  fine(): void
  error(message: string): void
}

/** What is read is not RESP: the other side is not a Redis server. */
export class ProtocolError extends Error {}

export class ReplyReader {
  readonly #listener: ReplyListener
  #rest: Buffer | undefined
  #error: string | undefined

  constructor(listener: ReplyListener) {
    this.#listener = listener
  }

  read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let start = 0
    while (start < bytes.length) {
      this.#error = undefined
      const end = this.#endOfReply(bytes, start)
      if (end === -1) break
      start = end
      if (this.#error === undefined) this.#listener.fine()
      else this.#listener.error(this.#error)
    }
    // A copy, as the chunk may be much larger than what is left of it.
    this.#rest = start === bytes.length ? undefined : Buffer.from(bytes.subarray(start))
  }

  /** The offset behind the reply at `start`, or -1 if it is not all there. */
  #endOfReply(bytes: Buffer, start: number): number {
    const kind = bytes[start]
    // `+OK`, by far the most common reply.
    if (kind === PLUS && bytes[start + 4] === LF) return start + 5
    const feed = bytes.indexOf(LF, start)
    if (feed === -1) return -1
    switch (kind) {
      case PLUS:
      case COLON:
        return feed + 1
      case MINUS:
        this.#error ??= bytes.toString('utf8', start + 1, feed - 1)
        return feed + 1
      case DOLLAR: {
        const end = feed + 1 + Math.max(0, sizeIn(bytes, start, feed) + 2)
        return end <= bytes.length ? end : -1
      }
      case STAR: {
        let end = feed + 1
        for (let left = sizeIn(bytes, start, feed); left > 0 && end !== -1; left--)
          end = end < bytes.length ? this.#endOfReply(bytes, end) : -1
        return end
      }
      default:
        throw new ProtocolError('the reply is not RESP')
    }
  }
}

/** The number between a reply's first byte and its line end; -1 stands for a null, which has no body. */
function sizeIn(bytes: Buffer, start: number, feed: number): number {
  const size = Number(bytes.toString('latin1', start + 1, feed - 1))
  if (!Number.isInteger(size)) throw new ProtocolError('the reply is not RESP')
  return size === -1 ? -2 : size
}
