/**
 * Compares cursors where they lie, as bytes of UTF-8, so that no string is made of them: cursors that are the same,
 * natural numbers, and timestamps that are written in the same way. For all others the comparison of texts decides.
 */
import { compareCursors } from './cursor.ts'

/** The JSON text of a cursor; empty where there is none. */
export interface CursorBytes {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

const QUOTE = 0x22
const SPACE = 0x20
const PLUS = 0x2b
const DASH = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const LOWER_CASE = 0x20
const T = 0x74
const Z = 0x7a

/** The parts of a timestamp begin at these offsets from its quote. */
const At = {
  year: 1,
  month: 6,
  day: 9,
  separator: 11,
  hour: 12,
  minute: 15,
  second: 18,
  fraction: 21,
} as const

/** The days that a month has in every year. */
const SHORTEST_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Returns what `compareCursors` returns for the texts, but for the size of the number. */
export function compareCursorBytes(a: CursorBytes, b: CursorBytes, isNumeric: boolean): number {
  const order = simpleOrder(a, b)
  return Number.isNaN(order) ? compareCursors(textOf(a), textOf(b), isNumeric) : order
}

/** NaN where the cursors are not of the same simple form. */
function simpleOrder(a: CursorBytes, b: CursorBytes): number {
  const size = a.end - a.start
  const areNatural = isNatural(a) && isNatural(b)
  if (size !== b.end - b.start) return areNatural ? size - (b.end - b.start) : Number.NaN
  let at = 0
  while (at < size && a.bytes[a.start + at] === b.bytes[b.start + at]) at++
  if (at === size) return 0
  return areNatural || areSimilarTimes(a, b) ? a.bytes[a.start + at]! - b.bytes[b.start + at]! : Number.NaN
}

/** Digits only, and no leading zero. */
function isNatural({ bytes, start, end }: CursorBytes): boolean {
  if (start === end || (bytes[start] === ZERO && end - start > 1)) return false
  for (let at = start; at < end; at++) if (!isDigit(bytes[at]!)) return false
  return true
}

/**
 * Returns whether two cursors of one length are timestamps with the same parts and in the same zone. Then they differ in
 * digits alone, and the first digit that differs decides.
 */
function areSimilarTimes(a: CursorBytes, b: CursorBytes): boolean {
  const zone = zoneIn(a)
  if (zone === -1 || zoneIn(b) !== zone) return false
  const size = a.end - a.start
  for (let at = zone; at < size; at++) if (a.bytes[a.start + at] !== b.bytes[b.start + at]) return false
  return a.bytes[a.start + At.separator] === b.bytes[b.start + At.separator]
}

/** Returns where the zone of a timestamp begins, or its last quote; -1 for all but timestamps that are valid in every year. */
function zoneIn({ bytes, start, end }: CursorBytes): number {
  if (end - start < 12 || bytes[start] !== QUOTE || bytes[end - 1] !== QUOTE) return -1
  if (bytes[start + 5] !== DASH || bytes[start + 8] !== DASH) return -1
  const year = pairIn(bytes, start + At.year) * 100 + pairIn(bytes, start + At.year + 2)
  const day = pairIn(bytes, start + At.day)
  // A comparison with NaN is false.
  if (!(year >= 1 && day >= 1 && day <= (SHORTEST_MONTHS[pairIn(bytes, start + At.month) - 1] ?? 0)))
    return -1
  if (end - start === 12) return At.separator
  const separator = bytes[start + At.separator]!
  if (separator !== SPACE && (separator | LOWER_CASE) !== T) return -1
  if (!(pairIn(bytes, start + At.hour) <= 23 && pairIn(bytes, start + At.minute) <= 59)) return -1
  if (bytes[start + 14] !== COLON) return -1
  const zone = endOfSeconds(bytes, start)
  return zone !== -1 && isZone(bytes, start + zone, end - 1) ? zone : -1
}

/** Returns where the seconds end, or would begin; -1 where they are not valid. */
function endOfSeconds(bytes: Uint8Array, start: number): number {
  if (bytes[start + 17] !== COLON) return 17
  if (!(pairIn(bytes, start + At.second) <= 59)) return -1
  if (bytes[start + 20] !== DOT) return 20
  let at: number = At.fraction
  while (isDigit(bytes[start + at]!)) at++
  return at === At.fraction ? -1 : at
}

/** Accepts no zone, `Z`, and an offset in the form `+01:00`. */
function isZone(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true
  const first = bytes[start]!
  if (end - start === 1) return (first | LOWER_CASE) === Z
  if (end - start !== 6 || (first !== PLUS && first !== DASH) || bytes[start + 3] !== COLON) return false
  return pairIn(bytes, start + 1) <= 23 && pairIn(bytes, start + 4) <= 59
}

/** A number of two digits, or NaN. */
function pairIn(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]!
  const units = bytes[at + 1]!
  return isDigit(tens) && isDigit(units) ? (tens - ZERO) * 10 + units - ZERO : Number.NaN
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}

function textOf({ bytes, start, end }: CursorBytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}
