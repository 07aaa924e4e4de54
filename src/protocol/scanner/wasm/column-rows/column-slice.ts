/** A row of the table of columns; `ColumnField` in ../scan-tables.ts has the same fields in the same order. */
@unmanaged
export class Column {
  /** The range of the name, without its quotes. */
  nameStart: usize
  nameEnd: usize
  /** The range of the value; that of a string includes its quotes. */
  valueStart: usize
  valueEnd: usize
  /** The kind of the value, `ColumnFlag`s, and above them the number of objects around the column. */
  flags: i32
  /** The row behind this one and everything that is nested in it. */
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
  /** A later member of the same object has the same name, so this one and everything nested in it do not count. */
  Overridden = 32,
  /** This name, or one before it, contains a dot or an escape. */
  SeenDotOrEscape = 64,
}

export const DEPTH_SHIFT: i32 = 8

export function columnAt(table: usize, row: i32): Column {
  return changetype<Column>(table + <usize>row * COLUMN_SIZE)
}
