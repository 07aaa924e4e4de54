/**
 * Which of two cursors is the higher one: of the records of one row, that with the highest cursor is the row.
 *
 * Kinds rank as `Rank` says. A string that is a timestamp is above every string that is none, whatever they spell:
 * the order stays total in a column that mixes them, and a cursor nobody can read never keeps a newer row out.
 */
import { compareNumbers, isDecimal, isNatural } from './cursor-number.ts'
import { compareInstants, minuteOf } from './cursor-time.ts'

const Rank = { null: 0, false: 1, true: 2, number: 3, text: 4, timestamp: 5, structure: 6 } as const
type Rank = (typeof Rank)[keyof typeof Rank]

const QUOTE = 0x22

/**
 * Compares two cursors given as compact JSON texts; '' and 'null' are null. <0, 0, >0.
 * `isNumeric`: strings of this column that hold a decimal number are that number.
 */
export function compareCursors(a: string, b: string, isNumeric = false): number {
  if (a === b) return 0
  if (isNumeric) return compareValues(withoutQuotes(a), withoutQuotes(b))
  return compareValues(a, b)
}

function compareValues(a: string, b: string): number {
  if (isNatural(a) && isNatural(b)) return a.length - b.length || (a < b ? -1 : Number(a > b))
  if (a.charCodeAt(0) === QUOTE && b.charCodeAt(0) === QUOTE) {
    const minute = minuteOf(a)
    const other = minuteOf(b)
    if (!Number.isNaN(minute) && !Number.isNaN(other)) return compareInstants(a, minute, b, other)
  }
  return compareByRank(unescaped(a), unescaped(b))
}

function compareByRank(a: string, b: string): number {
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  if (difference !== 0) return difference
  switch (rank) {
    case Rank.number:
      return compareNumbers(a, b)
    case Rank.text:
      return compareText(a, a.length - 1, b, b.length - 1)
    case Rank.timestamp:
      return compareInstants(a, minuteOf(a), b, minuteOf(b))
    case Rank.structure:
      return compareText(a, a.length, b, b.length)
    default:
      return 0
  }
}

function rankOf(text: string): Rank {
  switch (text[0]) {
    case undefined:
    case 'n':
      return Rank.null
    case 'f':
      return Rank.false
    case 't':
      return Rank.true
    case '"':
      return Number.isNaN(minuteOf(text)) ? Rank.text : Rank.timestamp
    case '{':
    case '[':
      return Rank.structure
    default:
      return Rank.number
  }
}

/** By code point, which is the order of the UTF-8 bytes but not that of UTF-16. */
function compareText(a: string, aEnd: number, b: string, bEnd: number): number {
  const end = Math.min(aEnd, bEnd)
  for (let at = 0; at < end; at++) {
    const difference = inOrder(a.charCodeAt(at)) - inOrder(b.charCodeAt(at))
    if (difference !== 0) return difference
  }
  return aEnd - bEnd
}

/** Halves of surrogate pairs stand for code points above all single units. */
function inOrder(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** A string as it is, still between quotes. */
function unescaped(json: string): string {
  if (json.charCodeAt(0) !== QUOTE || !json.includes('\\')) return json
  return `"${JSON.parse(json) as string}"`
}

function withoutQuotes(json: string): string {
  if (json.charCodeAt(0) !== QUOTE) return json
  const text = unescaped(json).slice(1, -1)
  return isDecimal(text) ? text : json
}
