/** Passes over good replies of a few bytes, which are nearly all there are, without a look at each on its own. */
import type { ReplyShape } from './reply-shape.ts'

const CR = 0x0d
const LF = 0x0a
const PLUS = 0x2b
const COLON = 0x3a
const ZERO = 0x30

const OK = Buffer.from('+OK\r\n')
const QUEUED = Buffer.from('+QUEUED\r\n')

/** Longer numbers are left to the reader of single replies, as a double may not hold them exactly. */
const MOST_DIGITS = 15

export class GoodReplies {
  /** How many there are. */
  count = 0
  /** The offset behind the last one. */
  end = 0

  /** Passes over replies from `start` on, at most so many; ends before one that is longer, incomplete or not good. */
  pass(bytes: Buffer, start: number, { status, integer }: ReplyShape, most: number): void {
    const [least, greatest] = integer ?? [1, 0]
    let at = start
    let count = 0
    while (count < most) {
      const kind = bytes[at]
      let end = -1
      if (kind === COLON) end = endOfNumber(bytes, at, least, greatest)
      else if (kind === PLUS && status !== undefined)
        end = startsWith(bytes, at, OK)
          ? at + OK.length
          : startsWith(bytes, at, QUEUED)
            ? at + QUEUED.length
            : -1
      if (end === -1) break
      at = end
      count++
    }
    this.count = count
    this.end = at
  }
}

/** Returns the offset behind a number from `least` to `greatest` without a sign; -1 where there is none. */
function endOfNumber(bytes: Buffer, start: number, least: number, greatest: number): number {
  const first = start + 1
  let number = 0
  let at = first
  for (; at - first < MOST_DIGITS; at++) {
    const digit = bytes[at]! - ZERO
    if (!(digit >= 0 && digit <= 9)) break
    number = number * 10 + digit
  }
  const isPadded = at - first > 1 && bytes[first] === ZERO
  if (at === first || isPadded || bytes[at] !== CR || bytes[at + 1] !== LF) return -1
  return number < least || number > greatest ? -1 : at + 2
}

function startsWith(bytes: Buffer, start: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false
  return true
}
