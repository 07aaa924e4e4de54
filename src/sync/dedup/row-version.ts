/** Which version of a row is in Redis: what is noted of its place, and which of two versions is the newer one. */
import { compareCursors } from './cursor.ts'

export interface RowVersion {
  /** The run that wrote it, by its number among those of the stream. */
  readonly attempt: number
  /** Epoch milliseconds. */
  readonly emittedAt: number
  /** The cursor's JSON text, empty where there is none. */
  readonly cursor: string
  /** Whether the row was deleted. */
  readonly isDeleted: boolean
}

const DELETED = '!'.charCodeAt(0)

/** `12 1700000000000 "2024-01-01"`, and a `!` behind the time of a row that was deleted; or the attempt alone. */
export function readVersion(text: string): RowVersion {
  const time = text.indexOf(' ') + 1
  if (time === 0) return { attempt: Number(text), emittedAt: 0, cursor: '', isDeleted: false }
  const end = text.indexOf(' ', time)
  const isDeleted = text.charCodeAt(end - 1) === DELETED
  return {
    attempt: Number(text.slice(0, time - 1)),
    emittedAt: Number(text.slice(time, isDeleted ? end - 1 : end)),
    cursor: text.slice(end + 1),
    isDeleted,
  }
}

/** The attempt that a note tells, whatever else it tells. */
export function attemptIn(note: string): number {
  return Number.parseInt(note, 10)
}

/** Whether a version takes the place of one that arrived before it: of two that are alike, the later one does. */
export function supersedes(
  later: Pick<RowVersion, 'cursor' | 'emittedAt'>,
  earlier: Pick<RowVersion, 'cursor' | 'emittedAt'>,
  isNumeric: boolean,
): boolean {
  const order = compareCursors(later.cursor, earlier.cursor, isNumeric)
  return order === 0 ? later.emittedAt >= earlier.emittedAt : order > 0
}
