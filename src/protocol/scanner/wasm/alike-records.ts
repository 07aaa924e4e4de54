/**
 * Takes records that follow a record of the same stream, as rows of a batch's table: they need neither be routed nor looked
 * at one by one.
 */
import { batchRowAt, CAPTURED, NO_GROUP } from './batch-row'
import { isDigit, isSame } from './bytes'
import { Row, rowAt } from './message-row'

/** The bytes of the emission times and data of the records that were taken last, and of their lines up to the data's end. */
export let takenBytes: i32 = 0
export let takenInput: i32 = 0

/** Epoch milliseconds from 2001 to 2286, which are written as they are. */
const MILLISECONDS_DIGITS: usize = 13

/**
 * Takes up to `most` records from the row `first` of the table of lines on, whose line has the number `line`, as long as they
 * are like the one before them, and their lines have fewer than `mostInput` bytes. Returns how many it has taken.
 */
export function takeRecords(
  first: i32,
  most: i32,
  mostInput: i32,
  rowSize: usize,
  stream: i32,
  line: i32,
): i32 {
  const model = rowAt(first - 1)
  takenBytes = 0
  takenInput = 0
  let taken: i32 = 0
  for (; taken < most && takenInput < mostInput; taken++) {
    const row = rowAt(first + taken)
    if (!isAlike(row, model)) break
    const to = batchRowAt(taken, rowSize)
    to.stream = stream
    to.emittedAtStart = row.emittedAtStart
    to.emittedAtEnd = row.emittedAtEnd
    to.dataStart = row.dataStart
    to.dataEnd = row.dataEnd
    to.line = line + taken
    to.group = NO_GROUP
    // May write beyond the row, which the next one overwrites.
    v128.store(
      changetype<usize>(to) + CAPTURED,
      v128.load(changetype<usize>(row) + offsetof<Row>('captured0')),
    )
    takenBytes += <i32>(row.dataEnd - row.dataStart + MILLISECONDS_DIGITS)
    takenInput += <i32>(row.dataEnd - row.lineStart)
  }
  return taken
}

/** Tells whether a row is a whole record of the same stream, with a plain emission time and without anything special. */
function isAlike(row: Row, model: Row): bool {
  if (row.kind != 1 || row.hash != model.hash || row.problem != 0 || row.dataHasSpace != 0) return false
  if (row.dataEnd == row.dataStart || row.changesEnd != row.changesStart) return false
  if (!areSame(row.streamStart, row.streamEnd, model.streamStart, model.streamEnd)) return false
  if (!areSame(row.namespaceStart, row.namespaceEnd, model.namespaceStart, model.namespaceEnd)) return false
  if (row.emittedAtEnd - row.emittedAtStart != MILLISECONDS_DIGITS) return false
  for (let at = row.emittedAtStart; at < row.emittedAtEnd; at++) if (!isDigit(load<u8>(at))) return false
  return true
}

function areSame(start: usize, end: usize, otherStart: usize, otherEnd: usize): bool {
  return end - start == otherEnd - otherStart && isSame(start, otherStart, end - start)
}
