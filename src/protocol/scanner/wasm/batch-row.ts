/** A row of a batch's table: `RecordNumber` in sync/batches/record-table.ts has the same fields in the same order. */

@unmanaged
export class BatchRow {
  stream: i32
  emittedAtStart: usize
  emittedAtEnd: usize
  dataStart: usize
  dataEnd: usize
  line: i32
  group: i32
}

/** The addresses of the values of captured columns follow. */
export const CAPTURED: usize = offsetof<BatchRow>()

/** The group of a record that is not encoded yet, and that of one that is left out. */
export const NO_GROUP: i32 = -1
export const LEFT_OUT: i32 = -2

/** Memory for 256 rows, with at most four captured columns each, and for what is written beyond the last one. */
const rows = memory.data(12288)

export function rowsStart(): usize {
  return rows
}

/** `size`: the bytes of a row, captured columns included. */
export function batchRowAt(index: i32, size: usize): BatchRow {
  return changetype<BatchRow>(rows + <usize>index * size)
}
