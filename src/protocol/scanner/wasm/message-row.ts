/** A row of the table of lines. */

/**
 * One line. Ranges of missing parts are empty; a null counts as missing. `Field` in ../scan-tables.ts has the same
 * fields in the same order.
 */
@unmanaged
export class Row {
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
  /** The addresses of the values of captured columns; 0 for a column that the record lacks. */
  captured0: usize
  captured1: usize
  captured2: usize
  captured3: usize
}

export const HAS_TYPE: i32 = 1
export const HAS_TRACE: i32 = 2

/** The size of a row: a multiple of 16, so that it can be cleared in a few steps. */
export const ROW_SIZE: usize = offsetof<Row>()

export const MAX_ROWS: i32 = 1024
const table = memory.data(1024 * 112)

export function tableStart(): usize {
  return table
}

export function rowAt(index: i32): Row {
  return changetype<Row>(table + <usize>index * ROW_SIZE)
}

export function clear(row: Row): void {
  for (let at: usize = 0; at < ROW_SIZE; at += 16) v128.store(changetype<usize>(row) + at, i32x4.splat(0))
}

export function clearRecord(row: Row): void {
  row.streamStart = row.streamEnd = row.namespaceStart = row.namespaceEnd = 0
  row.dataStart = row.dataEnd = row.emittedAtStart = row.emittedAtEnd = 0
  row.dataHasSpace = 0
  row.changesStart = row.changesEnd = 0
  row.hash = 0
  row.problem = 0
  row.problemAt = 0
}

/** Sets the hash of the names of a record. */
export function hashNames(row: Row): void {
  row.hash = hashOf(row.namespaceStart, row.namespaceEnd, hashOf(row.streamStart, row.streamEnd, 0x811c9dc5))
}

/** Returns the FNV-1a hash. */
function hashOf(at: usize, end: usize, hash: u32): u32 {
  for (; at < end; at++) hash = (hash ^ load<u8>(at)) * 0x01000193
  return hash
}
