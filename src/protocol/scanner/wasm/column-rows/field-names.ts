/**
 * The names of columns as arguments of a Redis command, those of nested columns joined with dots. They are encoded once for
 * all records with the expected names.
 */
import { copy, writeLineEnd, writeSize } from './arguments'
import { DOT } from '../bytes'
import { Column, ColumnFlag, ColumnKind, columnAt, KIND_BITS } from './column-slice'
import { expectedRows, MOST_ROWS, shape } from './expected-names'

@unmanaged
class Name {
  start: usize
  size: usize
}

const table = memory.data(MOST_ROWS * 8)
const ROOM: usize = 1 << 16
const encoded = memory.data(65536 + 64)

/** The joined names of the objects around a column, each with a dot behind it. */
const LONGEST_PREFIX: usize = 4096
const prefix = memory.data(4096 + 64)

const MOST_OPEN: i32 = 64
/** For each open object, from the outermost: the row behind it, and the size of the prefix around it. */
const open = memory.data(MOST_OPEN * 8)

/** The shape and the rows that the names were encoded for. */
let namesShape: i32 = 0
let namesFirst: i32 = 0
let namesEnd: i32 = 0

/** Returns the encoded name of a leaf. */
export function nameAt(row: i32): Name {
  return changetype<Name>(table + ((<usize>row) << 3))
}

/**
 * Encodes the names of the rows `first` to `end`, if they are not those that were encoded last. Returns false where names
 * are not kept, or are long.
 */
export function haveNames(columns: usize, first: i32, end: i32): bool {
  if (end > expectedRows) return false
  if (namesShape == shape && namesFirst == first && namesEnd == end) return true
  namesShape = 0
  if (!encodeNames(columns, first, end)) return false
  namesShape = shape
  namesFirst = first
  namesEnd = end
  return true
}

function encodeNames(columns: usize, first: i32, end: i32): bool {
  let depth: i32 = 0
  let prefixSize: usize = 0
  let to: usize = encoded
  for (let row = first; row < end;) {
    while (depth > 0 && row == load<i32>(objectAt(depth - 1))) prefixSize = load<u32>(objectAt(--depth), 4)
    const column = columnAt(columns, row)
    if ((column.flags & ColumnFlag.Overridden) != 0) {
      row = column.next
      continue
    }
    const size = column.nameEnd - column.nameStart
    if ((column.flags & KIND_BITS) == ColumnKind.Object) {
      if (depth == MOST_OPEN || prefixSize + size >= LONGEST_PREFIX) return false
      store<i32>(objectAt(depth), column.next)
      store<u32>(objectAt(depth), <u32>prefixSize, 4)
      depth++
      copy(prefix + prefixSize, column.nameStart, size)
      prefixSize += size
      store<u8>(prefix + prefixSize++, DOT)
    } else {
      if (to + prefixSize + size + 16 > encoded + ROOM) return false
      const name = nameAt(row)
      name.start = to
      to = writeName(to, column, prefixSize)
      name.size = to - name.start
    }
    row++
  }
  return true
}

function writeName(to: usize, column: Column, prefixSize: usize): usize {
  const size = column.nameEnd - column.nameStart
  to = writeSize(to, prefixSize + size)
  copy(to, prefix, prefixSize)
  copy(to + prefixSize, column.nameStart, size)
  return writeLineEnd(to + prefixSize + size)
}

function objectAt(depth: i32): usize {
  return open + ((<usize>depth) << 3)
}
