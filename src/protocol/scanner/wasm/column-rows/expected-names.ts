/**
 * The names of the record before: most records of a stream have the same ones, in the same order. A name that is expected
 * need not be searched for its end, and where all of them are, none needs to be compared with the others. Names with dots or
 * escapes are never expected.
 */
import { COLON, QUOTE } from '../bytes'
import { ColumnFlag, columnAt, DEPTH_SHIFT } from './column-slice'

export const MOST_ROWS: i32 = 512
const MOST_BYTES: usize = 1 << 15
const LANES: usize = 16

@unmanaged
class Expected {
  /** The address of the name, which has a quote and a colon behind it. */
  start: usize
  /** The bytes of the name alone. */
  size: usize
  /** The number of objects around the column. */
  depth: i32
  /** `ColumnFlag.Overridden`, or 0. */
  overridden: i32
}

const EXPECTED_SIZE: usize = offsetof<Expected>()
const table = memory.data(MOST_ROWS * 16)
const names = memory.data(32768 + 64)

/** The number of rows of the record before; 0 where its names are not expected. */
export let expectedRows: i32 = 0

/** A number that other names have not had. */
export let shape: i32 = 0

function expectedAt(row: i32): Expected {
  return changetype<Expected>(table + <usize>row * EXPECTED_SIZE)
}

/** Returns the bytes of the name at `at` if it is the expected one of the row, with a colon right behind it; else -1. */
export function expectedSize(row: i32, depth: i32, at: usize): i32 {
  if (row >= expectedRows) return -1
  const expected = expectedAt(row)
  if (expected.depth != depth) return -1
  let from = expected.start
  let rest = expected.size + 2
  while (true) {
    const same = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(from)))
    if (rest <= LANES) {
      const wanted = (1 << (<i32>rest)) - 1
      return (same & wanted) == wanted ? <i32>expected.size : -1
    }
    if (same != 0xffff) return -1
    at += LANES
    from += LANES
    rest -= LANES
  }
}

/** Marks the rows that are overridden, where all of them are as expected. */
export function markExpected(rows: usize): void {
  for (let row: i32 = 0; row < expectedRows; row++) columnAt(rows, row).flags |= expectedAt(row).overridden
}

/** Keeps the names of a record for the next one. */
export function expectNames(rows: usize, count: i32): void {
  expectedRows = 0
  shape++
  if (count > MOST_ROWS || (columnAt(rows, count - 1).flags & ColumnFlag.SeenDotOrEscape) != 0) return
  let to: usize = names
  for (let row: i32 = 0; row < count; row++) {
    const column = columnAt(rows, row)
    const size = column.nameEnd - column.nameStart
    if (to + size + 2 > names + MOST_BYTES) return
    const expected = expectedAt(row)
    expected.start = to
    expected.size = size
    expected.depth = column.flags >> DEPTH_SHIFT
    expected.overridden = column.flags & ColumnFlag.Overridden
    for (let at: usize = 0; at < size; at += LANES) v128.store(to + at, v128.load(column.nameStart + at))
    to += size
    store<u8>(to++, QUOTE)
    store<u8>(to++, COLON)
  }
  expectedRows = count
}
