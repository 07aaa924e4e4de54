/**
 * Writes the columns of a record as arguments of a Redis command: for each leaf its name, those of nested columns joined
 * with dots, and its text. Names that contain dots or escapes may join to the same name, and are left to JavaScript.
 */
import { BACKSLASH, CR, DOT, LF, LOWER_U, QUOTE, ZERO } from './bytes'
import { Column, ColumnFlag, ColumnKind, columnAt, KIND_BITS } from './column-slice'
import { codeUnit, simpleEscape } from './json-string'

const LANES: usize = 16

/** Larger records are left to JavaScript, too. */
const ROOM: usize = 1 << 16
const region = memory.data(65536 + 64)

/** The text of a string with escapes, before its size is known. */
const unescaped = memory.data(65536 + 64)

/** The joined names of the objects around a column, each with a dot behind it. */
const LONGEST_PREFIX: usize = 4096
const prefix = memory.data(4096 + 64)

const MOST_OPEN: i32 = 64
/** For each open object, from the outermost: the row behind it, and the size of the prefix around it. */
const open = memory.data(MOST_OPEN * 8)

const HEADER_SIZE: usize = 10
const LINE_END: usize = 2

/** How columns that are null are written. */
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
 * Writes the leaves among the rows `first` to `end` of the table of columns. Returns how many there are, or -1 where they
 * are left to JavaScript.
 */
export function writeFields(table: usize, first: i32, end: i32, nulls: i32): i32 {
  fieldsEnd = region
  if (first == end) return 0
  if ((columnAt(table, end - 1).flags & ColumnFlag.SeenDotOrEscape) != 0) return -1
  let count: i32 = 0
  let depth: i32 = 0
  let prefixSize: usize = 0
  let to = region
  for (let row = first; row < end;) {
    while (depth > 0 && row == openEnd(depth - 1)) prefixSize = openPrefix(--depth)
    const column = columnAt(table, row)
    if ((column.flags & ColumnFlag.Overridden) != 0) {
      row = column.next
      continue
    }
    row++
    const kind = column.flags & KIND_BITS
    const nameSize = column.nameEnd - column.nameStart
    if (kind == ColumnKind.Object) {
      if (depth == MOST_OPEN || prefixSize + nameSize >= LONGEST_PREFIX) return -1
      const object = open + ((<usize>depth) << 3)
      store<i32>(object, column.next)
      store<u32>(object, <u32>prefixSize, 4)
      depth++
      copy(prefix + prefixSize, column.nameStart, nameSize)
      prefixSize += nameSize
      store<u8>(prefix + prefixSize++, DOT)
      continue
    }
    if (kind == ColumnKind.EmptyObject || (kind == ColumnKind.Null && nulls == Nulls.Absent)) continue
    const room = prefixSize + nameSize + (column.valueEnd - column.valueStart) + 2 * (HEADER_SIZE + LINE_END)
    if (to + room > region + ROOM) return -1
    to = writeSize(to, prefixSize + nameSize)
    copy(to, prefix, prefixSize)
    copy(to + prefixSize, column.nameStart, nameSize)
    to = writeLineEnd(to + prefixSize + nameSize)
    to = writeText(to, column, kind, nulls)
    count++
  }
  fieldsEnd = to
  return count
}

function openEnd(depth: i32): i32 {
  return load<i32>(open + ((<usize>depth) << 3))
}

function openPrefix(depth: i32): usize {
  return load<u32>(open + ((<usize>depth) << 3), 4)
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

/** Copies bytes, and up to 15 more: the room behind both ranges is known to be there. */
function copy(to: usize, from: usize, size: usize): void {
  for (let at: usize = 0; at < size; at += LANES) v128.store(to + at, v128.load(from + at))
}

/** Writes the header of an argument. */
function writeSize(to: usize, size: usize): usize {
  store<u8>(to++, 0x24)
  let digits: usize = 1
  for (let limit: usize = 10; size >= limit; limit *= 10) digits++
  let rest = size
  for (let at = to + digits - 1; at >= to; at--) {
    const quotient = rest / 10
    store<u8>(at, ZERO + <u8>(rest - quotient * 10))
    rest = quotient
  }
  return writeLineEnd(to + digits)
}

function writeLineEnd(to: usize): usize {
  store<u8>(to, CR)
  store<u8>(to, LF, 1)
  return to + LINE_END
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
