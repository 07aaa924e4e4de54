/**
 * The rows of batches that Redis has not confirmed. Where it refuses a record, the row is what it was before: its index entry, which
 * followed the record, gets its former value, and so do the batches that were decided on meanwhile.
 */
import type { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { NEW_ROW, type IndexEntries } from '../rows/index-entries.ts'
import type { KeyIndex } from './key-index.ts'

interface BatchUnderWay {
  readonly entries: IndexEntries
  /** The rows that are written. */
  readonly changes: readonly number[]
  /** The values that the rows had before the batch; null where there was none. */
  readonly before: (string | null)[]
}

export class UnconfirmedRows {
  readonly #index: KeyIndex
  /** In the order of their records. */
  readonly #batches: BatchUnderWay[] = []

  constructor(index: KeyIndex) {
    this.#index = index
  }

  add(rows: BatchUnderWay): void {
    this.#batches.push(rows)
  }

  /** All of a batch, and of those before it, is confirmed. */
  drop(rows: BatchUnderWay): void {
    this.#batches.splice(this.#batches.indexOf(rows), 1)
  }

  /** Takes back the rows of the first batch that were to be written from some records. */
  takeBack(
    { entries, changes, before }: BatchUnderWay,
    records: ReadonlySet<number>,
    out: CommandBuffer,
  ): void {
    for (const row of changes)
      if (records.has(entries.recordOf(row))) {
        const value = before[row]!
        entries.restore(row, value)
        const location = entries.locationOf(row)
        const next = this.#batches.find((rows) => rows.entries !== entries && isWritten(rows, location))
        // A newer entry may be there already. If it is taken back as well, this is what the row was.
        if (next === undefined) this.#index.restore(out, location, value)
        else next.before[next.entries.rowOf(location)] = value
      }
  }
}

function isWritten({ entries }: BatchUnderWay, location: string): boolean {
  const row = entries.rowOf(location)
  return row !== NEW_ROW && !entries.isUnwritten(row)
}
