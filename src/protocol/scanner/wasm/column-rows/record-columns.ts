/**
 * Finds the columns of a record: the members of an object that `scan` has validated, and of the objects in it, in the
 * order of the text. An array is one value, whatever is nested in it.
 */
import {
  CLOSE_OBJECT,
  COLON,
  COMMA,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
} from '../bytes'
import { passSpace } from '../json'
import { markOverridden } from './overridden'
import { Column, COLUMN_SIZE, ColumnFlag, ColumnKind, columnAt, DEPTH_SHIFT } from './column-slice'
import { expectedRows, expectedSize, expectNames, markExpected } from './expected-names'
import { closingQuote, forgetEscape, hasDot, sawEscape } from '../json-string'

/** The rows that always fit. */
const USUAL_ROWS = 512

/** The size of a row, and 32 bytes for finding repeated names: see overridden.ts. */
const ROOM: usize = 24 + 32
const usual = memory.data(USUAL_ROWS * 56)

export function columnsStart(): usize {
  return usual
}

export function columnsRoom(): i32 {
  return USUAL_ROWS
}

export function columnRoom(): usize {
  return ROOM
}

/**
 * Fills the table at `table`, which has room for `most` rows, with one row for each member of the object at `start`;
 * the members of an object follow its own row. Returns the number of rows; as a negative number if they do not fit,
 * and then the table is incomplete.
 */
export function columns(start: usize, end: usize, table: usize, most: i32): i32 {
  if (load<u8>(start) != OPEN_OBJECT) return 0
  let at = passSpace(start + 1)
  if (load<u8>(at) == CLOSE_OBJECT) return 0
  let rows: i32 = 0
  let parent: i32 = -1
  let depth: i32 = 0
  let seen: i32 = 0
  let areExpected = true
  while (true) {
    if (rows == most) return -countMembers(start, end)
    const column = columnAt(table, rows)
    column.nameStart = at + 1
    const size = expectedSize(rows++, depth, at + 1)
    let hasEscape: i32 = 0
    if (size >= 0) {
      column.nameEnd = at + 1 + size
      at = passSpace(at + size + 3)
    } else {
      areExpected = false
      forgetEscape()
      at = closingQuote(at + 1)
      column.nameEnd = at
      if (sawEscape) hasEscape = ColumnFlag.NameHasEscape
      if (sawEscape || hasDot(column.nameStart, at)) seen = ColumnFlag.SeenDotOrEscape
      at = passSpace(passSpace(at + 1) + 1)
    }
    const flags = (depth << DEPTH_SHIFT) | seen | hasEscape
    column.valueStart = at

    if (load<u8>(at) == OPEN_OBJECT) {
      const inner = passSpace(at + 1)
      if (load<u8>(inner) != CLOSE_OBJECT) {
        column.flags = flags | ColumnKind.Object
        // Until the object is closed, this is the row of the object around it.
        column.next = parent
        parent = rows - 1
        depth++
        at = inner
        continue
      }
      column.flags = flags | ColumnKind.EmptyObject
      at = inner + 1
    } else at = passValue(at, column, flags)
    column.valueEnd = at
    column.next = rows

    at = passSpace(at)
    while (load<u8>(at) == CLOSE_OBJECT) {
      if (parent < 0) {
        if (areExpected && rows == expectedRows) markExpected(table)
        else {
          markOverridden(table, rows, table + <usize>most * COLUMN_SIZE)
          expectNames(table, rows)
        }
        return rows
      }
      const object = columnAt(table, parent)
      object.valueEnd = at + 1
      parent = object.next
      object.next = rows
      depth--
      at = passSpace(at + 1)
    }
    at = passSpace(at + 1)
  }
}

/** Skips a value that is not an object, and sets the flags of its column. */
export function passValue(at: usize, column: Column, flags: i32): usize {
  const byte = load<u8>(at)
  if (byte == QUOTE) {
    forgetEscape()
    at = closingQuote(at + 1) + 1
    column.flags = flags | ColumnKind.Text | (sawEscape ? ColumnFlag.TextHasEscape : 0)
  } else if (byte == LOWER_N) {
    column.flags = flags | ColumnKind.Null
    at += 4
  } else if (byte == LOWER_T) {
    column.flags = flags | ColumnKind.True
    at += 4
  } else if (byte == LOWER_F) {
    column.flags = flags | ColumnKind.False
    at += 5
  } else if (byte == OPEN_ARRAY) {
    column.flags = flags | ColumnKind.Array
    at = passArray(at)
  } else {
    column.flags = flags | ColumnKind.Number
    at = passNumber(at)
  }
  return at
}

function passNumber(at: usize): usize {
  while (true) {
    const bytes = v128.load(at)
    const stops = v128.or(
      i8x16.le_u(bytes, i8x16.splat(SPACE)),
      v128.or(i8x16.eq(bytes, i8x16.splat(COMMA)), i8x16.eq(bytes, i8x16.splat(CLOSE_OBJECT))),
    )
    const mask = i8x16.bitmask(stops)
    if (mask != 0) return at + ctz(mask)
    at += 16
  }
}

/** Returns the address behind the array or object at `at`: only brackets of both kinds and strings matter in it. */
export function passArray(at: usize): usize {
  let depth: i32 = 0
  while (true) {
    // This bit is the only difference between [ and {, and between ] and }. It turns no other byte into a quote.
    const bytes = v128.or(v128.load(at), i8x16.splat(0x20))
    const stops = v128.or(
      i8x16.eq(bytes, i8x16.splat(QUOTE)),
      v128.or(i8x16.eq(bytes, i8x16.splat(OPEN_OBJECT)), i8x16.eq(bytes, i8x16.splat(CLOSE_OBJECT))),
    )
    const mask = i8x16.bitmask(stops)
    if (mask == 0) {
      at += 16
      continue
    }
    at += ctz(mask)
    const byte = load<u8>(at)
    if (byte == QUOTE) at = closingQuote(at + 1)
    else if ((byte | 0x20) == OPEN_OBJECT) depth++
    else if (--depth == 0) return at + 1
    at++
  }
}

/** Returns the number of rows that the object at `start` requires. */
function countMembers(start: usize, end: usize): i32 {
  let members: i32 = 0
  for (let at = start; at < end;) {
    const byte = load<u8>(at)
    if (byte == OPEN_ARRAY) at = passArray(at)
    else {
      if (byte == QUOTE) at = closingQuote(at + 1)
      else if (byte == COLON) members++
      at++
    }
  }
  return members
}
