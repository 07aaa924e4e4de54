/**
 * Reads lines as Airbyte messages, many in one call: validates the JSON of each line, and writes its kind and the
 * addresses of its parts into a table. Addresses refer to the memory of this module; the input starts at `inputStart`.
 */
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  isDigit,
  LF,
  LOWER_N,
  MINUS,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './bytes'
import { fail, failedAt, reason, Reason, reset } from './failure'
import { forgetSpace, nextMember, passSpace, sawSpace, skipName, skipValue } from './json'
import { meaning } from './known-names'
import { keepHead, passKnownHead } from './known-head'
import {
  clear,
  clearRecord,
  HAS_TRACE,
  HAS_TYPE,
  hashNames,
  MAX_ROWS,
  Row,
  ROW_SIZE,
  rowAt,
} from './message-row'
import { forgetCaptured, captured } from './captures'
import { Name } from './protocol-names'
import { endOfString, isName } from './json-string'

/** The address of the line with which the next call should begin. */
export let position: usize = 0

export { reason, failedAt }
export { columnRoom, columns, columnsRoom, columnsStart } from './column-rows/record-columns'
export { fieldsEnd, fieldsStart, writeFields } from './column-rows/field-arguments'
export { keyStart } from './column-rows/names'
export { captureColumn } from './captures'
export { rowsStart } from './batch-row'
export { tableStart } from './message-row'
export { takenBytes, takenInput, takeRecords } from './alike-records'
export {
  commandsStart,
  encodedCommands,
  encodedEnd,
  encodedStart,
  encodeRows,
  programStart,
} from './encode-rows'
export { numbersStart, ownersStart, pieceCount, piecesStart, useOwners } from './owners/by-owner'
export { capturedRow, capturedRowStart } from './column-rows/captured-row'

export function rowSize(): usize {
  return ROW_SIZE
}

export function inputStart(): usize {
  return (__heap_base + 63) & ~63
}

/**
 * Reads lines from `start` to `end`, which is behind a line feed, until the table is full. Returns the number of lines.
 * If `reason` is set, the line behind them is not a message, and its row has the parts that were found.
 */
export function scan(start: usize, end: usize): i32 {
  let rows: i32 = 0
  reset()
  position = start
  while (position < end && rows < MAX_ROWS) {
    const row = rowAt(rows)
    clear(row)
    row.lineStart = position
    let at = passSpace(position)
    if (load<u8>(at) != LF) {
      at = readMessage(at, row)
      if (at == 0) return rows
    }
    position = at + 1
    rows++
  }
  return rows
}

/** Reads the message that starts at `at`. Returns the address of the line feed that ends its line. */
function readMessage(at: usize, row: Row): usize {
  row.textStart = at
  const data = passKnownHead(at, row)
  if (data != 0) {
    at = readRecordMembers(data, row)
    if (at == 0) return 0
    at = nextMember(at)
    if (at != 0 && load<u8>(at - 1) != CLOSE_OBJECT) at = readMembers(at, row)
  } else {
    if (load<u8>(at) != OPEN_OBJECT) return fail(Reason.Message, at)
    at = passSpace(at + 1)
    at = load<u8>(at) == CLOSE_OBJECT ? at + 1 : readMembers(at, row)
  }
  if (at == 0) return 0
  row.textEnd = at
  at = passSpace(at)
  return load<u8>(at) == LF ? at : fail(Reason.LineEnd, at)
}

/** Reads the members of a message from the one on whose name is at `at`. */
function readMembers(at: usize, row: Row): usize {
  while (true) {
    at = skipName(at)
    if (at == 0) return 0
    at = readMember(at, row)
    if (at == 0) return 0
    at = nextMember(at)
    if (at == 0 || load<u8>(at - 1) == CLOSE_OBJECT) return at
  }
}

/** Reads the value of a member whose name was skipped last. */
function readMember(at: usize, row: Row): usize {
  switch (meaning) {
    case Name.Type:
      return readType(at, row)
    case Name.Record:
      return readRecord(at, row)
    case Name.State:
      return readState(at, row)
    case Name.Trace:
      row.has = (row.has & HAS_TYPE) | (load<u8>(at) == OPEN_OBJECT ? HAS_TRACE : 0)
      return skipValue(at)
    default:
      return skipValue(at)
  }
}

function readType(at: usize, row: Row): usize {
  row.has &= HAS_TRACE
  row.kind = 0
  if (load<u8>(at) != QUOTE) return skipValue(at)
  const end = endOfString(at + 1)
  if (end == 0) return 0
  row.has |= HAS_TYPE
  if (isName(at + 1, end - 1, 'RECORD')) row.kind = 1
  else if (isName(at + 1, end - 1, 'STATE')) row.kind = 2
  else if (isName(at + 1, end - 1, 'TRACE')) row.kind = 3
  return end
}

function readRecord(at: usize, row: Row): usize {
  clearRecord(row)
  if (load<u8>(at) != OPEN_OBJECT) return skipValue(at)
  at = passSpace(at + 1)
  if (load<u8>(at) == CLOSE_OBJECT) return at + 1
  at = skipRecordName(at, row)
  return at == 0 ? 0 : readRecordMembers(at, row)
}

/** Reads the members of a record, from the one on whose name was skipped last. */
function readRecordMembers(at: usize, row: Row): usize {
  while (true) {
    at = readRecordMember(at, row)
    if (at == 0) return 0
    at = nextMember(at)
    if (at == 0) return 0
    if (load<u8>(at - 1) == CLOSE_OBJECT) break
    at = skipRecordName(at, row)
    if (at == 0) return 0
  }
  if (row.hash == 0) hashNames(row)
  return at
}

function skipRecordName(at: usize, row: Row): usize {
  at = skipName(at)
  if (at != 0 && meaning == Name.Data) keepHead(row, at)
  return at
}

function readRecordMember(start: usize, row: Row): usize {
  const name = meaning
  const first = load<u8>(start)
  forgetSpace()
  forgetCaptured()
  const end = skipValue(start)
  if (end == 0) return 0
  // A null counts as missing: the range remains empty.
  const isNull = first == LOWER_N
  const rangeStart: usize = isNull ? 0 : start
  const rangeEnd: usize = isNull ? 0 : end
  switch (name) {
    case Name.Data:
      if (first != OPEN_OBJECT && !isNull) return note(Reason.DataKind, start, end, row)
      row.dataStart = rangeStart
      row.dataEnd = rangeEnd
      row.dataHasSpace = sawSpace ? 1 : 0
      v128.store(changetype<usize>(row) + offsetof<Row>('captured0'), v128.load(captured))
      break
    case Name.EmittedAt:
      if (!isDigit(first) && first != MINUS && !isNull) return note(Reason.EmittedAtKind, start, end, row)
      row.emittedAtStart = rangeStart
      row.emittedAtEnd = rangeEnd
      break
    case Name.Stream:
      if (first != QUOTE && !isNull) return note(Reason.StreamKind, start, end, row)
      row.streamStart = rangeStart
      row.streamEnd = rangeEnd
      row.hash = 0
      break
    case Name.Namespace:
      if (first != QUOTE && !isNull) return note(Reason.NamespaceKind, start, end, row)
      row.namespaceStart = rangeStart
      row.namespaceEnd = rangeEnd
      row.hash = 0
      break
    case Name.Meta:
      row.changesStart = row.changesEnd = 0
      if (first == OPEN_OBJECT) readMeta(start, row)
  }
  return end
}

/** Finds the changes in a valid object. Exported so that it is not inlined into the loop of all records, which it slows. */
export function readMeta(at: usize, row: Row): void {
  at = passSpace(at + 1)
  if (load<u8>(at) == CLOSE_OBJECT) return
  while (true) {
    at = skipName(at)
    const value = at
    const areChanges = meaning == Name.Changes
    at = skipValue(at)
    if (areChanges) {
      const isFilled = load<u8>(value) == OPEN_ARRAY && load<u8>(passSpace(value + 1)) != CLOSE_ARRAY
      row.changesStart = isFilled ? value : 0
      row.changesEnd = isFilled ? at : 0
    }
    at = nextMember(at)
    if (load<u8>(at - 1) == CLOSE_OBJECT) return
  }
}

/** Stores that a member has the wrong kind; this is a problem only if the message is a record. */
function note(problem: i32, at: usize, end: usize, row: Row): usize {
  row.problem = problem
  row.problemAt = at
  return end
}

function readState(at: usize, row: Row): usize {
  row.stateStart = row.stateEnd = row.statsStart = row.statsEnd = 0
  row.stateIsEmpty = 0
  if (load<u8>(at) != OPEN_OBJECT) return skipValue(at)
  const start = at
  at = passSpace(at + 1)
  if (load<u8>(at) == CLOSE_OBJECT) {
    row.stateIsEmpty = 1
    at++
  } else at = readStateMembers(at, row)
  row.stateStart = start
  row.stateEnd = at
  return at
}

function readStateMembers(at: usize, row: Row): usize {
  while (true) {
    at = skipName(at)
    if (at == 0) return 0
    const value = at
    const isStats = meaning == Name.DestinationStats
    at = skipValue(at)
    if (at == 0) return 0
    if (isStats) {
      row.statsStart = value
      row.statsEnd = at
    }
    at = nextMember(at)
    if (at == 0 || load<u8>(at - 1) == CLOSE_OBJECT) return at
  }
}
