/** The texts that the arguments of a record program are put together from. */
import { COLON, isDigit, MINUS, ZERO } from './bytes'
import { capturedRow, capturedRowStart } from './column-rows/captured-row'
import { columnAt, ColumnFlag, ColumnKind, KIND_BITS } from './column-rows/column-slice'

/** The kinds of texts; `TextKind` in ../program-format.ts has the same numbers. */
export const enum TextKind {
  Literal = 1,
  Id,
  EmittedAt,
  Data,
  Column,
}

/** Says that a column's text may have neither `%` nor `:`, which JavaScript escapes. */
const ESCAPED: u32 = 1

/** JavaScript writes longer numbers with an exponent. */
const MOST_DIGITS: usize = 40

const PERCENT: u8 = 0x25

const ID_ROOM: usize = 24
const id = memory.data(24)
let idStart: usize = id

/** The text that was found last. */
export let textStart: usize = 0
export let textSize: usize = 0

/** Sets the id of the record, whose digits are written once. */
export function setId(value: u64): void {
  idStart = id + ID_ROOM
  do {
    const quotient = value / 10
    store<u8>(--idStart, ZERO + <u8>(value - quotient * 10))
    value = quotient
  } while (value > 0)
}

export function findId(): void {
  textStart = idStart
  textSize = id + ID_ROOM - idStart
}

export function findRange(start: usize, end: usize): void {
  textStart = start
  textSize = end - start
}

/**
 * Finds the text of the captured column whose value begins at `at`. Returns false where JavaScript has to find it: the
 * column is missing, empty or no plain text, or it has to be escaped.
 */
export function findColumn(at: i32, flags: u32): bool {
  if (at <= 0) return false
  capturedRow(0, at)
  const column = columnAt(capturedRowStart(), 0)
  const kind = column.flags & KIND_BITS
  if (kind == ColumnKind.Text) {
    if ((column.flags & ColumnFlag.TextHasEscape) != 0) return false
    findRange(column.valueStart + 1, column.valueEnd - 1)
    return textSize > 0 && ((flags & ESCAPED) == 0 || !hasSeparator())
  }
  if (kind != ColumnKind.Number) return false
  findRange(column.valueStart, column.valueEnd)
  return isPlain()
}

function hasSeparator(): bool {
  for (let at = textStart; at < textStart + textSize; at++) {
    const byte = load<u8>(at)
    if (byte == PERCENT || byte == COLON) return true
  }
  return false
}

/** Tells whether a number is written as it is: a whole one of moderate size. */
function isPlain(): bool {
  const first = load<u8>(textStart) == MINUS ? textStart + 1 : textStart
  const end = textStart + textSize
  if (end - first > MOST_DIGITS || (textSize > 1 && load<u8>(first) == ZERO)) return false
  for (let at = first; at < end; at++) if (!isDigit(load<u8>(at))) return false
  return true
}
