/** Compacts JSON text in place, and cuts numbers to integers, without parsing either. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DOT = 0x2e
const SPACE = 0x20

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
