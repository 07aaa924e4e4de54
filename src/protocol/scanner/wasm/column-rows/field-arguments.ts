/**
 * Writes the columns of a record as arguments of a Redis command: for each leaf its name, those of nested columns joined
 * with dots, and its text. Names that contain dots or escapes may join to the same name, and are left to JavaScript.
 */
import { BACKSLASH, LOWER_U } from '../bytes'
import { Column, ColumnFlag, ColumnKind, columnAt, KIND_BITS } from './column-slice'
import { copy, LINE_END, writeLineEnd, writeSize } from './arguments'
import { haveNames, nameAt } from './field-names'
import { codeUnit, simpleEscape } from '../json-string'

const LANES: usize = 16

/** Larger records are left to JavaScript, too. */
const ROOM: usize = 1 << 16
const region = memory.data(65536 + 64)

/** The text of a string with escapes, before its size is known. */
const unescaped = memory.data(65536 + 64)

const HEADER_SIZE: usize = 10

/** Says how columns that are null are written. */
const enum Nulls {
  Absent = 0,
  Empty,
  Text,
}

/** The address behind the arguments that were written last. */
export let fieldsEnd: usize = 0

export function fieldsStart(): usize {
  return region
}

/**
 * Writes the leaves among the rows `first` to `end` of the table of columns, which `columns` filled last. Returns how many
 * there are, or -1 where they are left to JavaScript.
 */
export function writeFields(table: usize, first: i32, end: i32, nulls: i32): i32 {
  fieldsEnd = region
  if (first == end) return 0
  if (!haveNames(table, first, end)) return -1
  let count: i32 = 0
  let to = region
  for (let row = first; row < end;) {
    const column = columnAt(table, row)
    if ((column.flags & ColumnFlag.Overridden) != 0) {
      row = column.next
      continue
    }
    const name = nameAt(row++)
    const kind = column.flags & KIND_BITS
    if (kind >= ColumnKind.Object || (kind == ColumnKind.Null && nulls == Nulls.Absent)) continue
    const room = name.size + (column.valueEnd - column.valueStart) + HEADER_SIZE + LINE_END
    if (to + room > region + ROOM) return -1
    copy(to, name.start, name.size)
    to = writeText(to + name.size, column, kind, nulls)
    count++
  }
  fieldsEnd = to
  return count
}

/** Strings are written without their quotes, and everything else as it is. */
function writeText(to: usize, column: Column, kind: i32, nulls: i32): usize {
  let start = column.valueStart
  let size = column.valueEnd - start
  if (kind == ColumnKind.Text) {
    start++
    size -= 2
    if ((column.flags & ColumnFlag.TextHasEscape) != 0) {
      size = unescape(start, start + size) - unescaped
      start = unescaped
    }
  } else if (kind == ColumnKind.Null && nulls == Nulls.Empty) size = 0
  to = writeSize(to, size)
  copy(to, start, size)
  return writeLineEnd(to + size)
}

/** Writes a string with its escapes resolved to `unescaped`, and returns the address behind it. */
function unescape(at: usize, end: usize): usize {
  const backslashes = i8x16.splat(BACKSLASH)
  let to: usize = unescaped
  while (at < end) {
    const bytes = v128.load(at)
    v128.store(to, bytes)
    const mask = i8x16.bitmask(i8x16.eq(bytes, backslashes))
    const plain = min<usize>(mask == 0 ? LANES : <usize>ctz(mask), end - at)
    at += plain
    to += plain
    if (at == end || plain == LANES) continue
    const escaped = load<u8>(at, 1)
    if (escaped != LOWER_U) {
      store<u8>(to++, <u8>simpleEscape(escaped))
      at += 2
      continue
    }
    let code: u32 = codeUnit(at + 2)
    at += 6
    if (code >> 10 == 0x36 && end - at >= 6 && load<u16>(at) == 0x755c && codeUnit(at + 2) >> 10 == 0x37) {
      code = 0x10000 + ((code & 0x3ff) << 10) + (codeUnit(at + 2) & 0x3ff)
      at += 6
    } else if (code >> 11 == 0x1b) code = 0xfffd
    to = writeCharacter(to, code)
  }
  return to
}

/** Writes a character as UTF-8. */
function writeCharacter(to: usize, code: u32): usize {
  if (code < 0x80) {
    store<u8>(to, <u8>code)
    return to + 1
  }
  const last = <u8>(0x80 | (code & 0x3f))
  if (code < 0x800) {
    store<u8>(to, <u8>(0xc0 | (code >> 6)))
    store<u8>(to, last, 1)
    return to + 2
  }
  const middle = <u8>(0x80 | ((code >> 6) & 0x3f))
  if (code < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (code >> 12)))
    store<u8>(to, middle, 1)
    store<u8>(to, last, 2)
    return to + 3
  }
  store<u8>(to, <u8>(0xf0 | (code >> 18)))
  store<u8>(to, <u8>(0x80 | ((code >> 12) & 0x3f)), 1)
  store<u8>(to, middle, 2)
  store<u8>(to, last, 3)
  return to + 4
}
