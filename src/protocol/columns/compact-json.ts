/** Parts of a line that stay text on their way: JSON without insignificant white space, whole numbers. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DOT = 0x2e
const SPACE = 0x20

/** Takes white space outside strings out of valid JSON, where it lies; gives the offset behind what is left. */
export function compact(bytes: Buffer, start: number, end: number): number {
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

/**
 * Where the integer part of a JSON number ends, if that is how the number begins; -1 where it has an exponent and
 * the digits have to be worked out.
 */
export function endOfInteger(source: Buffer, start: number, end: number): number {
  let integerEnd = end
  for (let at = start; at < end; at++) {
    const byte = source[at]!
    if (byte === DOT) integerEnd = at
    else if (byte === 0x65 || byte === 0x45) return -1
  }
  return integerEnd
}

/** The integer part of a JSON number that has an exponent, as at most 22 decimal digits. */
export function integerText(source: Buffer, start: number, end: number): string {
  const value = Math.trunc(Number(source.toString('latin1', start, end)))
  return Math.abs(value) < 1e21 ? BigInt(value).toString() : '0'
}
