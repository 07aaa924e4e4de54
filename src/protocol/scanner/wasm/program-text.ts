/** The texts that the arguments of a record program are put together from. */
import { COLON, DOT, isDigit, MINUS, ZERO } from './bytes'
import { writeDigits } from './column-rows/arguments'
import { capturedRow, capturedRowStart } from './column-rows/captured-row'
import { columnAt, ColumnFlag, ColumnKind, KIND_BITS } from './column-rows/column-slice'

/** The kinds of texts; `TextKind` in sync/batches/compiled-program.ts has the same numbers. */
export const enum TextKind {
  Literal = 1,
  Id,
  EmittedAt,
  Data,
  Column,
}

/** Says what a column's text may be. */
export const enum Written {
  /** A text, or a whole number. */
  Plain = 0,
  /** The same without `%` and `:`, which JavaScript escapes. */
  Escaped,
  /** A number without an exponent. */
  Number,
}

/** JavaScript writes longer numbers with an exponent. */
const MOST_DIGITS: usize = 40

const PERCENT: u8 = 0x25

/** The digits of the id of the record. */
const id = memory.data(24)
let idEnd: usize = id

/** The text that was found last. */
export let textStart: usize = 0
export let textSize: usize = 0

/** Sets the id of the record, whose digits are written once. */
export function setId(value: u64): void {
  idEnd = writeDigits(id, value)
}

export function findId(): void {
  findRange(id, idEnd)
}

export function findRange(start: usize, end: usize): void {
  textStart = start
  textSize = end - start
}

/**
 * Finds the text of the captured column whose value begins at `at`. Returns false where JavaScript has to find it: the
 * column is missing, empty or no plain text, or it has to be escaped.
 */
export function findColumn(at: i32, written: u32): bool {
  if (at <= 0) return false
  capturedRow(0, at)
  const column = columnAt(capturedRowStart(), 0)
  const kind = column.flags & KIND_BITS
  if (kind == ColumnKind.Text) {
    if (written == Written.Number || (column.flags & ColumnFlag.TextHasEscape) != 0) return false
    findRange(column.valueStart + 1, column.valueEnd - 1)
    return textSize > 0 && (written != Written.Escaped || !hasSeparator())
  }
  if (kind != ColumnKind.Number) return false
  findRange(column.valueStart, column.valueEnd)
  return written == Written.Number ? isDecimal() : isPlain()
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

/** Tells whether a number has no exponent. One of moderate size is a double other than infinity, and is 0 only if it says so. */
function isDecimal(): bool {
  if (textSize > MOST_DIGITS) return false
  for (let at = textStart; at < textStart + textSize; at++) {
    const byte = load<u8>(at)
    if (!isDigit(byte) && byte != DOT && byte != MINUS) return false
  }
  return true
}
