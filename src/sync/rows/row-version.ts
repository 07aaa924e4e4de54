/** The version of a row that an index entry holds (`index-entries.ts` writes it), and which of two versions is newer. */
import { compareCursors } from '../cursors/cursor.ts'

export interface RowVersion {
  /** The number of the run that wrote it. */
  readonly run: number
  /** Epoch milliseconds. */
  readonly emittedAt: number
  /** The cursor's JSON text, empty where there is none. */
  readonly cursor: string
  /** Whether the row was deleted. */
  readonly isDeleted: boolean
}

const DELETED = '!'.charCodeAt(0)

/**
 * Reads the value of an index entry: `12 1700000000000 "2024-01-01"`, with a `!` behind the time of a row that was
 * deleted; or the run alone.
 */
export function readVersion(value: string): RowVersion {
  const time = value.indexOf(' ') + 1
  if (time === 0) return { run: Number(value), emittedAt: 0, cursor: '', isDeleted: false }
  const end = value.indexOf(' ', time)
  const isDeleted = value.charCodeAt(end - 1) === DELETED
  return {
    run: Number(value.slice(0, time - 1)),
    emittedAt: Number(value.slice(time, isDeleted ? end - 1 : end)),
    cursor: value.slice(end + 1),
    isDeleted,
  }
}

/** Returns the run of an index entry, whatever else it holds. */
export function runIn(value: string): number {
  return Number.parseInt(value, 10)
}

/** Returns whether a version replaces one that arrived before it: of two that compare equal, the later one does. */
export function supersedes(
  later: Pick<RowVersion, 'cursor' | 'emittedAt'>,
  earlier: Pick<RowVersion, 'cursor' | 'emittedAt'>,
  isNumeric: boolean,
): boolean {
  const order = compareCursors(later.cursor, earlier.cursor, isNumeric)
  return order === 0 ? later.emittedAt >= earlier.emittedAt : order > 0
}
