/** A row of the table of columns; `ColumnField` in ../scanner.ts has the same fields in the same order. */
@unmanaged
export class Column {
  /** Between the quotes. */
  nameStart: usize
  nameEnd: usize
  /** A string's with its quotes. */
  valueStart: usize
  valueEnd: usize
  /** What kind the value is of, `ColumnFlag`s, and above them how many objects of the record are around this one. */
  flags: i32
  /** The row behind this one and all that is nested in it. */
  next: i32
}

export const COLUMN_SIZE: usize = offsetof<Column>()

/** The lowest bits of the flags. */
export const enum ColumnKind {
  Null = 0,
  False,
  True,
  Number,
  Text,
  Array,
  Object,
  EmptyObject,
}

export const KIND_BITS: i32 = 7

export const enum ColumnFlag {
  NameHasEscape = 8,
  TextHasEscape = 16,
  /** A later member of the same object has the same name: this one does not count, nor does what is nested in it. */
  Overridden = 32,
  /** This name or one before it holds a dot, or is not written as it is. */
  SeenDotOrEscape = 64,
}

export const DEPTH_SHIFT: i32 = 8

export function columnAt(table: usize, row: i32): Column {
  return changetype<Column>(table + <usize>row * COLUMN_SIZE)
}
