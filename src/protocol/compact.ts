/** Copies parts of a line that stay text on their way: JSON without insignificant white space, whole numbers. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DOT = 0x2e
const SPACE = 0x20

/** Copies valid JSON, leaving out white space outside strings; gives the offset behind what was written. */
export function copyCompact(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  let to = at
  let inString = false
  for (let from = start; from < end; from++) {
    const byte = source[from]!
    if (!inString && byte <= SPACE) continue
    target[to++] = byte
    if (byte === QUOTE) inString = !inString
    else if (byte === BACKSLASH) target[to++] = source[++from]!
  }
  return to
}

/**
 * Copies the integer part of a JSON number as decimal digits: as they were sent, or worked out where the number
 * has an exponent. Gives the offset behind what was written, which is at most 24 bytes more than the number.
 */
export function copyInteger(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  let to = at
  for (let from = start; from < end; from++) {
    const byte = source[from]!
    if (byte === DOT && !hasExponent(source, from, end)) return to
    if (byte === 0x65 || byte === 0x45) {
      const value = Math.trunc(Number(source.toString('latin1', start, end)))
      return at + target.write(Math.abs(value) < 1e21 ? BigInt(value).toString() : '0', at, 'latin1')
    }
    target[to++] = byte
  }
  return to
}

function hasExponent(source: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (source[at] === 0x65 || source[at] === 0x45) return true
  return false
}
