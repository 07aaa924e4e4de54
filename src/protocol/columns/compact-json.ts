/** Compacts JSON text in place, cuts numbers to integers, and recognizes times in seconds. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DOT = 0x2e
const SPACE = 0x20
const MINUS = 0x2d

/** Whole numbers in this range are seconds: as milliseconds they would be times before 1973. */
const LEAST_SECONDS = 1e8
const SECONDS_END = 1e11

/** `100000000` and `99999999999`. */
const LEAST_SECONDS_DIGITS = 9
const MOST_SECONDS_DIGITS = 11

/** Times with a fraction of zeros or an exponent are no longer than this. */
const MOST_NUMBER_BYTES = 24

/** Removes white space outside strings from valid JSON, in place. Returns the offset behind the result. */
export function compactJson(bytes: Buffer, start: number, end: number): number {
  let to = start
  let inString = false
  for (let from = start; from < end; from++) {
    const byte = bytes[from]!
    if (!inString && byte <= SPACE) continue
    bytes[to++] = byte
    if (byte === QUOTE) inString = !inString
    else if (byte === BACKSLASH) bytes[to++] = bytes[++from]!
  }
  return to
}

/** Returns the offset where the integer part of a JSON number ends, or -1 if the number has an exponent. */
export function endOfInteger(source: Buffer, start: number, end: number): number {
  let integerEnd = end
  for (let at = start; at < end; at++) {
    const byte = source[at]!
    if (byte === DOT) integerEnd = at
    else if (byte === 0x65 || byte === 0x45) return -1
  }
  return integerEnd
}

/** Returns the integer part of a JSON number with an exponent, as at most 22 decimal digits. */
export function integerText(source: Buffer, start: number, end: number): string {
  const value = Math.trunc(Number(source.toString('latin1', start, end)))
  return Math.abs(value) < 1e21 ? BigInt(value).toString() : '0'
}

/**
 * Returns whether a JSON number is a time in epoch seconds: a whole number from 10^8 to below 10^11. `integerEnd` is the
 * result of `endOfInteger`.
 */
export function isSeconds(source: Buffer, start: number, end: number, integerEnd: number): boolean {
  const size = end - start
  if (source[start] === MINUS) return false
  if (integerEnd === end) return size >= LEAST_SECONDS_DIGITS && size <= MOST_SECONDS_DIGITS
  if (size > MOST_NUMBER_BYTES) return false
  const value = Number(source.toString('latin1', start, end))
  return Number.isInteger(value) && value >= LEAST_SECONDS && value < SECONDS_END
}
