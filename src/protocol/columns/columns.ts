/**
 * The columns of the current record: their ranges in the text, and the column that a path refers to. A row number
 * identifies a column; the members of an object have the rows behind the row of the object.
 */
import {
  COLUMN_LENGTH,
  ColumnField,
  ColumnFlag,
  ColumnKind,
  LONGEST_CAPTURED,
  MOST_CAPTURED,
  NullFields,
} from '../scanner/scan-tables.ts'
import type { Scanner } from '../scanner/scanner.ts'

export { ColumnKind, LONGEST_CAPTURED, MOST_CAPTURED, NullFields }

const DOT = 0x2e

/** The names from a record down to a column, joined with dots, compiled for lookups. */
export interface Path {
  readonly text: string
  /** The names in the text. They count only in records without a dot in a name; elsewhere the whole text counts. */
  readonly names: readonly Buffer[]
  readonly bytes: Buffer
  /** The rows where the last record had those names, as consecutive records have similar columns. */
  readonly rows: number[]
  /** The names of captured columns that it was last looked for in, and its position among them; -1 if it is none. */
  readonly capture: { among: readonly string[]; index: number }
}

export function compilePath(text: string): Path {
  const names = text.split('.').map((name) => Buffer.from(name))
  return {
    text,
    names,
    bytes: Buffer.from(text),
    rows: names.map(() => 0),
    capture: { among: [], index: -1 },
  }
}

/** The rows from here on are of columns that are captured. */
const FIRST_CAPTURED = 1 << 28

/** The values of the columns that the scanner has captured of a record. */
export interface CapturedValues {
  /** The names of the columns, in the order in which the scanner knows them. */
  readonly names: readonly string[]
  /** The offsets of their values, from `at` on; 0 for a column that the record lacks. */
  readonly starts: Int32Array
  readonly at: number
  /** The range of the record's data. */
  readonly start: number
  readonly end: number
}

/** Reused for every record: results are valid until the next `read`, and as long as the input block is in use. */
export class Columns {
  /** The memory that all offsets refer to. */
  bytes: Buffer = Buffer.alloc(0)
  /** Whether no name contains a dot or a backslash, so that each path leads to one column at most. */
  isPlain = true
  #count = 0
  #table: Int32Array = new Int32Array(0)
  #scanner: Scanner | undefined
  #captured: CapturedValues | undefined
  /** Tells whether all columns of the record were read. */
  #areRead = true

  /** Finds the columns of the object at `start`. The scanner's memory may grow, so use `bytes` of this object afterwards. */
  read(scanner: Scanner, start: number, end: number): void {
    this.#captured = undefined
    this.#scanner = scanner
    this.#readAll(scanner, start, end)
  }

  /**
   * Takes a record whose captured columns are known, and reads the others only if one of them is looked for. `captured` must
   * stay as it is until the next record.
   */
  take(scanner: Scanner, captured: CapturedValues): void {
    this.#captured = captured
    this.#areRead = false
    this.#scanner = scanner
    this.bytes = scanner.bytes
  }

  /** The number of rows of this record. */
  get count(): number {
    this.#needAll()
    return this.#count
  }

  /**
   * Returns the row of the column that a path refers to, or -1. It makes no difference whether a dot of the path
   * separates names or is part of one. If several columns match, the last one in the text counts, and overridden
   * columns never do.
   */
  find(path: Path): number {
    if (this.#captured !== undefined) {
      const index = captureOf(path, this.#captured.names)
      if (index !== -1) return this.#findCaptured(index, this.#captured)
      this.#needAll()
    }
    return this.isPlain ? this.#findByNames(path) : this.#findJoined(path.bytes, 0, 0, this.#count)
  }

  /**
   * Encodes the leaves in the object of row `root`, or of the whole record, as arguments: name and text of each, from
   * `fieldsStart` to `fieldsEnd` of `bytes`. Returns how many leaves there are; -1 where they have to be found one by one.
   */
  encodeFields(nulls: NullFields, root?: number): number {
    const [first, end] = root === undefined ? [0, this.count] : [root + 1, this.next(root)]
    return this.#scanner!.writeFields(first, end, nulls)
  }

  get fieldsStart(): number {
    return this.#scanner!.fieldsStart
  }

  get fieldsEnd(): number {
    return this.#scanner!.fieldsEnd
  }

  kind(row: number): ColumnKind {
    return (this.#flags(row) & ColumnFlag.kind) as ColumnKind
  }

  /** Returns whether the column has a value of its own: it is neither null nor an object. */
  isLeaf(row: number): boolean {
    const kind = this.kind(row)
    return kind !== ColumnKind.null && kind < ColumnKind.object
  }

  /** Returns the offset of the name, behind its opening quote. */
  nameStart(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.nameStart]!
  }

  nameEnd(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.nameEnd]!
  }

  /** Returns the offset of the value as JSON; a string begins with its quote. */
  valueStart(row: number): number {
    return this.#numberIn(row, ColumnField.valueStart)
  }

  valueEnd(row: number): number {
    return this.#numberIn(row, ColumnField.valueEnd)
  }

  /** Returns whether the value is a string with escapes. */
  hasEscapes(row: number): boolean {
    return (this.#flags(row) & ColumnFlag.valueHasEscape) !== 0
  }

  nameHasEscapes(row: number): boolean {
    return (this.#flags(row) & ColumnFlag.nameHasEscape) !== 0
  }

  /** Returns whether a later member of the same name replaces this one, or an object around it. */
  isOverridden(row: number): boolean {
    return (this.#flags(row) & ColumnFlag.overridden) !== 0
  }

  /** Returns the number of objects of the record around the column. */
  depth(row: number): number {
    return this.#flags(row) >> ColumnFlag.depthShift
  }

  /** Returns the row behind this one and everything that is nested in it. */
  next(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.next]!
  }

  /** Returns whether the name in the text consists of these bytes, escapes included. */
  isWritten(row: number, name: Buffer): boolean {
    const start = this.nameStart(row)
    return this.nameEnd(row) - start === name.length && this.#equalAt(start, name, 0, name.length)
  }

  /** Returns the bytes of the name, with escapes resolved. */
  name(row: number): Buffer {
    const written = this.bytes.subarray(this.nameStart(row), this.nameEnd(row))
    return this.nameHasEscapes(row) ? Buffer.from(JSON.parse(`"${written.toString()}"`)) : written
  }

  #flags(row: number): number {
    return this.#numberIn(row, ColumnField.flags)
  }

  #numberIn(row: number, field: number): number {
    return row < FIRST_CAPTURED
      ? this.#table[row * COLUMN_LENGTH + field]!
      : this.#scanner!.capturedTable[(row - FIRST_CAPTURED) * COLUMN_LENGTH + field]!
  }

  #readAll(scanner: Scanner, start: number, end: number): void {
    this.#count = scanner.columns(start, end)
    this.bytes = scanner.bytes
    this.#table = scanner.columnTable
    this.isPlain = this.#count === 0 || (this.#flags(this.#count - 1) & ColumnFlag.seenDotOrEscape) === 0
    this.#areRead = true
  }

  #needAll(): void {
    if (this.#areRead) return
    const { bytes } = this
    this.#readAll(this.#scanner!, this.#captured!.start, this.#captured!.end)
    // Who asks may hold the former memory, which is gone.
    if (this.bytes !== bytes)
      throw new Error('A column was looked for that is not captured, and memory was moved for it.')
  }

  #findCaptured(index: number, { starts, at }: CapturedValues): number {
    const start = starts[at + index]!
    if (start === 0) return -1
    this.#scanner!.captureRow(index, start)
    return FIRST_CAPTURED + index
  }

  /** Follows the path name by name. */
  #findByNames({ names, rows }: Path): number {
    let row = -1
    let end = this.#count
    for (let depth = 0; depth < names.length; depth++) {
      const name = names[depth]!
      const first = row + 1
      row = rows[depth]!
      // Among the rows of an object, those that are one level deeper are its members.
      const isSame = row >= first && row < end && this.depth(row) === depth && this.#matches(row, name)
      if (!isSame) {
        row = this.#findMember(name, first, end)
        if (row === -1) return -1
        rows[depth] = row
      }
      end = this.next(row)
    }
    return row
  }

  #findMember(name: Buffer, first: number, end: number): number {
    for (let row = first; row < end; row = this.next(row)) if (this.#matches(row, name)) return row
    return -1
  }

  #matches(row: number, name: Buffer): boolean {
    return this.isWritten(row, name) && !this.isOverridden(row)
  }

  /** Returns the last row from `first` to `end` that the path leads to, from its offset `at` on. */
  #findJoined(path: Buffer, at: number, first: number, end: number): number {
    let found = -1
    for (let row = first; row < end; row = this.next(row)) {
      if (this.isOverridden(row)) continue
      const behind = this.#passName(row, path, at)
      if (behind === path.length) found = row
      else if (path[behind] === DOT) {
        const inner = this.#findJoined(path, behind + 1, row + 1, this.next(row))
        if (inner !== -1) found = inner
      }
    }
    return found
  }

  /** Returns the offset behind the column's name in the path, or -1 if the path has another name at `at`. */
  #passName(row: number, path: Buffer, at: number): number {
    if (this.nameHasEscapes(row)) {
      const name = this.name(row)
      const behind = at + name.length
      return behind <= path.length && path.compare(name, 0, name.length, at, behind) === 0 ? behind : -1
    }
    const start = this.nameStart(row)
    const behind = at + this.nameEnd(row) - start
    return behind <= path.length && this.#equalAt(start, path, at, behind) ? behind : -1
  }

  #equalAt(start: number, expected: Buffer, from: number, to: number): boolean {
    const { bytes } = this
    for (let at = start; from < to; at++, from++) if (bytes[at] !== expected[from]) return false
    return true
  }
}

/** Returns the position of a path among the names of captured columns, which are the same for a whole run; else -1. */
function captureOf({ text, capture }: Path, names: readonly string[]): number {
  if (capture.among !== names) {
    capture.among = names
    capture.index = names.indexOf(text)
  }
  return capture.index
}
