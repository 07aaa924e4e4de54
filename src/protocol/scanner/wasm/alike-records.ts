/**
 * Takes records that follow a record of the same stream, as rows of a batch's table: they need neither be routed nor looked
 * at one by one. The rows are where `encodeRows` has its own.
 */
import { isDigit } from './bytes'
import { Row, ROW_SIZE } from './message-row'
import { rowsStart } from './encode-rows'

/** The bytes of the emission times and data of the records that were taken last, and of their lines up to the data's end. */
export let takenBytes: i32 = 0
export let takenInput: i32 = 0

/** Epoch milliseconds from 2001 to 2286, which are written as they are. */
const MILLISECONDS_DIGITS: usize = 13

const NO_GROUP: i32 = -1

/**
 * Takes up to `most` records from the row `first` of the table of lines on, whose line has the number `line`, as long as they
 * are like the one before them, and their lines have fewer than `mostInput` bytes. Returns how many it has taken.
 */
export function takeRecords(
  table: usize,
  first: i32,
  most: i32,
  mostInput: i32,
  rowSize: usize,
  stream: i32,
  line: i32,
): i32 {
  const model = changetype<Row>(table + <usize>(first - 1) * ROW_SIZE)
  takenBytes = 0
  takenInput = 0
  let to = rowsStart()
  let taken: i32 = 0
  for (; taken < most && takenInput < mostInput; taken++) {
    const row = changetype<Row>(table + <usize>(first + taken) * ROW_SIZE)
    if (!isAlike(row, model)) break
    store<i32>(to, stream)
    store<usize>(to, row.emittedAtStart, 4)
    store<usize>(to, row.emittedAtEnd, 8)
    store<usize>(to, row.dataStart, 12)
    store<usize>(to, row.dataEnd, 16)
    store<i32>(to, line + taken, 20)
    store<i32>(to, NO_GROUP, 24)
    // May write beyond the row, which the next one overwrites.
    v128.store(to, v128.load(changetype<usize>(row) + offsetof<Row>('captured0')), 28)
    to += rowSize
    takenBytes += <i32>(row.dataEnd - row.dataStart + MILLISECONDS_DIGITS)
    takenInput += <i32>(row.dataEnd - row.lineStart)
  }
  return taken
}

/** Tells whether a row is a whole record of the same stream, with a plain emission time and without anything special. */
function isAlike(row: Row, model: Row): bool {
  if (row.kind != 1 || row.hash != model.hash || row.problem != 0 || row.dataHasSpace != 0) return false
  if (row.dataEnd == row.dataStart || row.changesEnd != row.changesStart || row.streamEnd == row.streamStart)
    return false
  if (!areSame(row.streamStart, row.streamEnd, model.streamStart, model.streamEnd)) return false
  if (!areSame(row.namespaceStart, row.namespaceEnd, model.namespaceStart, model.namespaceEnd)) return false
  if (row.emittedAtEnd - row.emittedAtStart != MILLISECONDS_DIGITS) return false
  for (let at = row.emittedAtStart; at < row.emittedAtEnd; at++) if (!isDigit(load<u8>(at))) return false
  return true
}

/** Compares two ranges 16 bytes at a time. */
function areSame(start: usize, end: usize, otherStart: usize, otherEnd: usize): bool {
  let size = <i32>(end - start)
  if (size != <i32>(otherEnd - otherStart)) return false
  for (; size > 0; size -= 16, start += 16, otherStart += 16) {
    const differ = i8x16.bitmask(i8x16.ne(v128.load(start), v128.load(otherStart)))
    if (differ != 0 && ctz(differ) < size) return false
  }
  return true
}
