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
import { forgetSpace, nameEnd, nextMember, sawSpace, skipName, skipSpace, skipValue } from './json'
import { endOfString, isName } from './json-string'

/**
 * One line. Ranges of missing parts are empty; a null counts as missing. `Field` in ../scan-tables.ts has the same
 * fields in the same order.
 */
@unmanaged
class Row {
  /** 0: a line that is ignored, 1: record, 2: state, 3: trace. */
  kind: i32
  /** 1: a type, 2: an object under `trace`; both are added. */
  has: i32
  textStart: usize
  textEnd: usize
  streamStart: usize
  streamEnd: usize
  namespaceStart: usize
  namespaceEnd: usize
  /** A hash of the bytes of stream and namespace. */
  hash: u32
  emittedAtStart: usize
  emittedAtEnd: usize
  dataStart: usize
  dataEnd: usize
  dataHasSpace: i32
  stateStart: usize
  stateEnd: usize
  stateIsEmpty: i32
  statsStart: usize
  statsEnd: usize
  /** The array under `meta.changes` of a record; an empty one counts as missing. */
  changesStart: usize
  changesEnd: usize
  /** The problem of a record whose line is valid JSON, and its address. */
  problem: i32
  problemAt: usize
  lineStart: usize
}

const HAS_TYPE: i32 = 1
const HAS_TRACE: i32 = 2

/** The size of a row: a multiple of 16, so that it can be cleared in a few steps. */
const ROW_SIZE: usize = offsetof<Row>()
const MAX_ROWS = 1024
const table = memory.data(MAX_ROWS * 96)

/** The address of the line with which the next call should begin. */
export let position: usize = 0

export { reason, failedAt }
export { columnRoom, columns, columnsRoom, columnsStart } from './record-columns'
export { fieldsEnd, fieldsStart, writeFields } from './field-arguments'
export { keyStart } from './names'

export function tableStart(): usize {
  return table
}

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
    const row = changetype<Row>(table + <usize>rows * ROW_SIZE)
    clear(row)
    row.lineStart = position
    let at = skipSpace(position)
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
  if (load<u8>(at) != OPEN_OBJECT) return fail(Reason.Message, at)
  at = skipSpace(at + 1)
  if (load<u8>(at) == CLOSE_OBJECT) at++
  else at = readMembers(at, row)
  if (at == 0) return 0
  row.textEnd = at
  at = skipSpace(at)
  return load<u8>(at) == LF ? at : fail(Reason.LineEnd, at)
}

function readMembers(at: usize, row: Row): usize {
  while (true) {
    const name = at + 1
    at = skipName(at)
    if (at == 0) return 0
    if (isName(name, nameEnd, 'type')) at = readType(at, row)
    else if (isName(name, nameEnd, 'record')) at = readRecord(at, row)
    else if (isName(name, nameEnd, 'state')) at = readState(at, row)
    else if (isName(name, nameEnd, 'trace')) {
      row.has = (row.has & HAS_TYPE) | (load<u8>(at) == OPEN_OBJECT ? HAS_TRACE : 0)
      at = skipValue(at)
    } else at = skipValue(at)
    if (at == 0) return 0
    at = nextMember(at)
    if (at == 0 || load<u8>(at - 1) == CLOSE_OBJECT) return at
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
  at = skipSpace(at + 1)
  if (load<u8>(at) == CLOSE_OBJECT) return at + 1
  while (true) {
    const name = at + 1
    at = skipName(at)
    if (at == 0) return 0
    at = readRecordMember(name, nameEnd, at, row)
    if (at == 0) return 0
    at = nextMember(at)
    if (at == 0) return 0
    if (load<u8>(at - 1) == CLOSE_OBJECT) break
  }
  row.hash = hashOf(row.namespaceStart, row.namespaceEnd, hashOf(row.streamStart, row.streamEnd, 0x811c9dc5))
  return at
}

function readRecordMember(name: usize, nameEnd: usize, start: usize, row: Row): usize {
  const first = load<u8>(start)
  forgetSpace()
  const end = skipValue(start)
  if (end == 0) return 0
  // A null counts as missing: the range remains empty.
  const isNull = first == LOWER_N
  const rangeStart: usize = isNull ? 0 : start
  const rangeEnd: usize = isNull ? 0 : end
  if (isName(name, nameEnd, 'data')) {
    if (first != OPEN_OBJECT && !isNull) return note(Reason.DataKind, start, end, row)
    row.dataStart = rangeStart
    row.dataEnd = rangeEnd
    row.dataHasSpace = sawSpace ? 1 : 0
  } else if (isName(name, nameEnd, 'emitted_at')) {
    if (!isDigit(first) && first != MINUS && !isNull) return note(Reason.EmittedAtKind, start, end, row)
    row.emittedAtStart = rangeStart
    row.emittedAtEnd = rangeEnd
  } else if (isName(name, nameEnd, 'stream')) {
    if (first != QUOTE && !isNull) return note(Reason.StreamKind, start, end, row)
    row.streamStart = rangeStart
    row.streamEnd = rangeEnd
  } else if (isName(name, nameEnd, 'namespace')) {
    if (first != QUOTE && !isNull) return note(Reason.NamespaceKind, start, end, row)
    row.namespaceStart = rangeStart
    row.namespaceEnd = rangeEnd
  } else if (isName(name, nameEnd, 'meta')) {
    row.changesStart = row.changesEnd = 0
    if (first == OPEN_OBJECT) readMeta(start, row)
  }
  return end
}

/** Finds the changes in a valid object. Exported so that it is not inlined into the loop of all records, which it slows. */
export function readMeta(at: usize, row: Row): void {
  at = skipSpace(at + 1)
  if (load<u8>(at) == CLOSE_OBJECT) return
  while (true) {
    const name = at + 1
    at = skipName(at)
    const value = at
    const areChanges = isName(name, nameEnd, 'changes')
    at = skipValue(at)
    if (areChanges) {
      const isFilled = load<u8>(value) == OPEN_ARRAY && load<u8>(skipSpace(value + 1)) != CLOSE_ARRAY
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
  at = skipSpace(at + 1)
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
    const name = at + 1
    at = skipName(at)
    if (at == 0) return 0
    const value = at
    const isStats = isName(name, nameEnd, 'destinationStats')
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

/** Returns the FNV-1a hash. */
function hashOf(at: usize, end: usize, hash: u32): u32 {
  for (; at < end; at++) hash = (hash ^ load<u8>(at)) * 0x01000193
  return hash
}

function clear(row: Row): void {
  for (let at: usize = 0; at < ROW_SIZE; at += 16) v128.store(changetype<usize>(row) + at, i32x4.splat(0))
}

function clearRecord(row: Row): void {
  row.streamStart = row.streamEnd = row.namespaceStart = row.namespaceEnd = 0
  row.dataStart = row.dataEnd = row.emittedAtStart = row.emittedAtEnd = 0
  row.changesStart = row.changesEnd = 0
  row.problem = 0
  row.problemAt = 0
}
