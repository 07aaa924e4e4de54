/**
 * ISO 8601 timestamps and dates, read where they lie between the quotes of a JSON string. Everything up to the
 * seconds has a fixed place, so that reading allocates nothing.
 */
const ZERO = 0x30
const NINE = 0x39
const SPACE = 0x20
const DASH = 0x2d
const PLUS = 0x2b
const COLON = 0x3a
const DOT = 0x2e
const LOWER_CASE = 0x20
const T = 0x74
const Z = 0x7a

const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The minute a string's timestamp falls in, counted in UTC on the calendar of today; NaN if it is none. */
export function minuteOf(quoted: string): number {
  const isBeforeChrist = quoted.charCodeAt(quoted.length - 2) === 0x43 && quoted.endsWith(' BC"')
  const end = quoted.length - (isBeforeChrist ? 4 : 1)
  if (quoted.charCodeAt(5) !== DASH || quoted.charCodeAt(8) !== DASH) return Number.NaN
  const writtenYear = pairAt(quoted, 1) * 100 + pairAt(quoted, 3)
  if (!(writtenYear >= 1)) return Number.NaN
  const day = dayNumber(isBeforeChrist ? 1 - writtenYear : writtenYear, pairAt(quoted, 6), pairAt(quoted, 9))
  return end === 11 ? day * 1440 : day * 1440 + clockAt(quoted, end)
}

/** Within a minute the digits of the seconds decide, however many there are; a leap second is the 61st. */
export function compareInstants(a: string, aMinute: number, b: string, bMinute: number): number {
  if (aMinute !== bMinute) return aMinute - bMinute
  const aEnd = endOfSeconds(a)
  const bEnd = endOfSeconds(b)
  for (let at = 18; at < aEnd || at < bEnd; at++) {
    if (at === 20) continue
    const difference = (at < aEnd ? a.charCodeAt(at) : ZERO) - (at < bEnd ? b.charCodeAt(at) : ZERO)
    if (difference !== 0) return difference
  }
  return 0
}

/** NaN where the calendar has no such day. */
function dayNumber(year: number, month: number, day: number): number {
  if (!(day >= 1 && day <= (LONGEST_MONTHS[month - 1] ?? 0))) return Number.NaN
  if (month === 2 && day === 29 && !isLeapYear(year)) return Number.NaN
  // A year that begins in March ends with its leap day, and its months follow a pattern of 153 days in five.
  const from = month > 2 ? year : year - 1
  const leapDays = Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400)
  return from * 365 + leapDays + Math.floor((((month + 9) % 12) * 153 + 2) / 5) + day
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** The minute of the day in UTC, which an offset may put before or behind the day. */
function clockAt(quoted: string, end: number): number {
  const separator = quoted.charCodeAt(11)
  if (separator !== SPACE && (separator | LOWER_CASE) !== T) return Number.NaN
  const hour = pairAt(quoted, 12)
  const minute = pairAt(quoted, 15)
  if (!(hour <= 23 && minute <= 59) || quoted.charCodeAt(14) !== COLON) return Number.NaN
  const zoneAt = endOfSeconds(quoted)
  if (zoneAt > 17 && !(pairAt(quoted, 18) <= 60)) return Number.NaN
  return hour * 60 + minute - offsetAt(quoted, zoneAt, end)
}

function offsetAt(quoted: string, zoneAt: number, end: number): number {
  if (zoneAt === end) return 0
  const at = quoted.charCodeAt(zoneAt) === SPACE ? zoneAt + 1 : zoneAt
  const length = end - at
  const first = quoted.charCodeAt(at)
  if ((first | LOWER_CASE) === Z && length === 1) return 0
  if (first !== PLUS && first !== DASH) return Number.NaN
  const hours = pairAt(quoted, at + 1)
  let minutes = Number.NaN
  if (length === 3) minutes = 0
  else if (length === 5) minutes = pairAt(quoted, at + 3)
  else if (length === 6 && quoted.charCodeAt(at + 3) === COLON) minutes = pairAt(quoted, at + 4)
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN
  return first === PLUS ? hours * 60 + minutes : -hours * 60 - minutes
}

/** Where the seconds end, or would begin. */
function endOfSeconds(quoted: string): number {
  if (quoted.charCodeAt(17) !== COLON) return 17
  if (quoted.charCodeAt(20) !== DOT) return 20
  let at = 21
  while (isDigit(quoted.charCodeAt(at))) at++
  return at === 21 ? 20 : at
}

/** A number of two digits, or NaN. */
function pairAt(text: string, at: number): number {
  const tens = text.charCodeAt(at)
  const units = text.charCodeAt(at + 1)
  return isDigit(tens) && isDigit(units) ? (tens - ZERO) * 10 + units - ZERO : Number.NaN
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}
