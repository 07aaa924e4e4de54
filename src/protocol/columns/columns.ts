/**
 * The columns of one record after the other: where they stand in the record's text, and which of them a path means.
 * A column is known by its row; members of an object have the rows behind the object's own.
 */
import { COLUMN_LENGTH, ColumnField, ColumnFlag, ColumnKind, type Scanner } from '../scanner/scanner.ts'

export { ColumnKind }

const DOT = 0x2e

/** Names from a record down to a column, joined with dots, made ready for looking up. */
export interface Path {
  readonly text: string
  /** What the text means: where no name of a record holds a dot, the names; else only the whole counts. */
  readonly names: readonly Buffer[]
  readonly bytes: Buffer
  /** The rows where the last record had those names; consecutive records look alike. */
  readonly rows: number[]
}

export function compilePath(text: string): Path {
  const names = text.split('.').map((name) => Buffer.from(name))
  return { text, names, bytes: Buffer.from(text), rows: names.map(() => 0) }
}

/** Used again for every record: what it gives is good until the next `read`, and as long as the input stays. */
export class Columns {
  /** The memory that all offsets point into. */
  bytes: Buffer = Buffer.alloc(0)
  /** Rows of this record. */
  count = 0
  /** Whether no name holds a dot or a backslash, so that each path leads to one column at most. */
  isPlain = true
  #table: Int32Array = new Int32Array(0)

  /** Finds the columns of the object at `start`. The scanner's memory may grow: take `bytes` from here afterwards. */
  read(scanner: Scanner, start: number, end: number): void {
    this.count = scanner.columns(start, end)
    this.bytes = scanner.bytes
    this.#table = scanner.columnTable
    this.isPlain = this.count === 0 || (this.#flags(this.count - 1) & ColumnFlag.seenDotOrEscape) === 0
  }

  /**
   * The row of the column that a path means, or -1. All columns whose names, joined, are the path are meant alike,
   * however the dots came about: the last in the text wins. One that is overridden is never meant.
   */
  find(path: Path): number {
    return this.isPlain ? this.#findByNames(path) : this.#findJoined(path.bytes, 0, 0, this.count)
  }

  kind(row: number): ColumnKind {
    return (this.#flags(row) & ColumnFlag.kind) as ColumnKind
  }

  /** Whether there is something to write: everything but null and objects, whose members are columns of their own. */
  isLeaf(row: number): boolean {
    const kind = this.kind(row)
    return kind !== ColumnKind.null && kind < ColumnKind.object
  }

  /** Of the name without its quotes. */
  nameStart(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.nameStart]!
  }

  nameEnd(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.nameEnd]!
  }

  /** Of the value as JSON, a string with its quotes. */
  valueStart(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.valueStart]!
  }

  valueEnd(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.valueEnd]!
  }

  /** Whether the value is a string that is not written as it is. */
  hasEscapes(row: number): boolean {
    return (this.#flags(row) & ColumnFlag.valueHasEscape) !== 0
  }

  nameHasEscapes(row: number): boolean {
    return (this.#flags(row) & ColumnFlag.nameHasEscape) !== 0
  }

  /** Whether the same object, or one around it, goes on to have a member that takes the place of this one. */
  isOverridden(row: number): boolean {
    return (this.#flags(row) & ColumnFlag.overridden) !== 0
  }

  /** How many of the record's objects are around the column. */
  depth(row: number): number {
    return this.#flags(row) >> ColumnFlag.depthShift
  }

  /** The row behind this one and all that is nested in it. */
  next(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.next]!
  }

  /** Whether the name, as it stands in the text, consists of these bytes. */
  isWritten(row: number, name: Buffer): boolean {
    const start = this.nameStart(row)
    return this.nameEnd(row) - start === name.length && this.#standsAt(start, name, 0, name.length)
  }

  /** The bytes of the name itself. */
  name(row: number): Buffer {
    const written = this.bytes.subarray(this.nameStart(row), this.nameEnd(row))
    return this.nameHasEscapes(row) ? Buffer.from(JSON.parse(`"${written.toString()}"`)) : written
  }

  #flags(row: number): number {
    return this.#table[row * COLUMN_LENGTH + ColumnField.flags]!
  }

  /** Goes down name by name. */
  #findByNames({ names, rows }: Path): number {
    let row = -1
    let end = this.count
    for (let depth = 0; depth < names.length; depth++) {
      const name = names[depth]!
      const first = row + 1
      row = rows[depth]!
      // Within the rows of an object, those that are deeper by one are its members.
      const isThere = row >= first && row < end && this.depth(row) === depth && this.#isMeant(row, name)
      if (!isThere) {
        row = this.#findMember(name, first, end)
        if (row === -1) return -1
        rows[depth] = row
      }
      end = this.next(row)
    }
    return row
  }

  #findMember(name: Buffer, first: number, end: number): number {
    for (let row = first; row < end; row = this.next(row)) if (this.#isMeant(row, name)) return row
    return -1
  }

  #isMeant(row: number, name: Buffer): boolean {
    return this.isWritten(row, name) && !this.isOverridden(row)
  }

  /** The last among the rows `first` to `end`, siblings and what is in them, that the path from `at` on leads to. */
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

  /** Where the name ends that the path has at `at`, if it is this column's; else -1. */
  #passName(row: number, path: Buffer, at: number): number {
    if (this.nameHasEscapes(row)) {
      const name = this.name(row)
      const behind = at + name.length
      return behind <= path.length && path.compare(name, 0, name.length, at, behind) === 0 ? behind : -1
    }
    const start = this.nameStart(row)
    const behind = at + this.nameEnd(row) - start
    return behind <= path.length && this.#standsAt(start, path, at, behind) ? behind : -1
  }

  #standsAt(start: number, expected: Buffer, from: number, to: number): boolean {
    const { bytes } = this
    for (let at = start; from < to; at++, from++) if (bytes[at] !== expected[from]) return false
    return true
  }
}
