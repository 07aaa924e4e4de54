/** The layout of the two tables that the scanner writes: a row for each line, and a row for each column of a record. */

/** The positions of the fields in a row, in the order of `Row` in wasm/message-row.ts. All are 32-bit numbers. */
export const Field = {
  kind: 0,
  has: 1,
  text: 2,
  stream: 4,
  namespace: 6,
  hash: 8,
  emittedAt: 9,
  data: 11,
  dataHasSpace: 13,
  state: 14,
  stateIsEmpty: 16,
  destinationStats: 17,
  changes: 19,
  problem: 21,
  problemAt: 22,
  lineStart: 23,
  captured: 24,
} as const

/** So many columns of a record can be captured: the scanner keeps where their values begin. */
export const MOST_CAPTURED = 4

/** The bytes of the longest name of a column that can be captured. */
export const LONGEST_CAPTURED = 64

/** The bits of the field `has`. */
export const HAS_TYPE = 1
export const HAS_TRACE = 2

/** The positions of the fields in a row of the table of columns, in the order of `Column` in wasm/column-rows/column-slice.ts. */
export const ColumnField = {
  nameStart: 0,
  nameEnd: 1,
  valueStart: 2,
  valueEnd: 3,
  flags: 4,
  next: 5,
} as const

/** The count of numbers in a row of the table of columns. */
export const COLUMN_LENGTH = 6

/** The lowest three bits of a column's flags. */
export const ColumnKind = {
  null: 0,
  false: 1,
  true: 2,
  number: 3,
  string: 4,
  array: 5,
  object: 6,
  emptyObject: 7,
} as const

export type ColumnKind = (typeof ColumnKind)[keyof typeof ColumnKind]

/** Says how columns that are null are written as fields: left out, as an empty text, or as `null`. */
export const NullFields = { absent: 0, empty: 1, text: 2 } as const

export type NullFields = (typeof NullFields)[keyof typeof NullFields]

/** The other bits of a column's flags; the bits from `depthShift` on count the objects around the column. */
export const ColumnFlag = {
  kind: 7,
  nameHasEscape: 8,
  valueHasEscape: 16,
  overridden: 32,
  /** The name of this column, or of one before it, contains a dot or a backslash. */
  seenDotOrEscape: 64,
  depthShift: 8,
} as const
