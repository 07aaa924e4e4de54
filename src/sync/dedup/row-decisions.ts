/** What is decided on the rows of a batch, once their index entries were read. */
import type { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { Batch } from '../batches/batch.ts'
import type { IndexEntries } from '../rows/index-entries.ts'
import type { RecentRow } from '../rows/recent-rows.ts'
import type { RowChange } from '../rows/row-resolution.ts'
import type { EntryExpiry, KeyIndex } from './key-index.ts'
import type { LeftOut } from './latest-per-row.ts'

/**
 * What is done with a record that is not simply written. `write anew`: it replaces the row though records are merged.
 * `take over`: it replaces what a former generation has at its key, of whatever type.
 * `remove`: the row is deleted. `none`: the row to delete does not exist. `refuse`: its key belongs to others.
 */
export type Action = 'write anew' | 'take over' | 'remove' | 'none' | 'refuse'

export interface RowDecisions {
  readonly index: KeyIndex
  /** The entries of the batch, to whose rows the numbers below refer. Their locations may be the keys of the rows. */
  readonly entries: IndexEntries
  /** The new entries of the index. */
  readonly changes: readonly number[]
  /** Those of them that the index may have no entry for, so that only the journal names their rows meanwhile. */
  readonly added: readonly number[]
  /** When entries expire, where that changes. */
  readonly expiries: readonly EntryExpiry[]
  readonly actions: ReadonlyMap<number, { action: Action; location: string }>
  readonly deduplicated: readonly number[]
  /** Records that do not pass the filter. */
  readonly filtered: readonly number[]
  /**
   * Takes back what was decided on rows whose records Redis has refused, and adds the commands that give them their former index
   * entries. Is called when all batches before are confirmed.
   */
  readonly takeBack: (refused: ReadonlySet<number>, out: CommandBuffer) => void
  /** Returns the records that were left out for a newer one which Redis has refused. Is called behind `takeBack`. */
  readonly leftOutForRefused: () => readonly number[]
  /** Adds the command that names rows in the journal until the batch is confirmed. */
  readonly writeJournal: (out: CommandBuffer, rows: readonly number[]) => void
  /** Is called for a record that the layout refuses: the next one of its row replaces it, where all are written. */
  readonly refuse: (record: number) => void
  /** Is called when the batch and its index entries are in Redis. */
  readonly confirm: () => void
}

/** Collects the decisions on the rows of a batch, one row after the other. */
export class DraftDecisions {
  readonly batch: Batch
  readonly entries: IndexEntries
  readonly changes: number[] = []
  readonly added: number[] = []
  readonly expiries: EntryExpiry[] = []
  readonly actions = new Map<number, { action: Action; location: string }>()
  readonly deduplicated: number[]
  readonly filtered: number[]
  /** Records that have no effect on their rows, and the row of each. */
  readonly #leftOut: number[]
  readonly #rows: number[]
  /** Rows that have no effect, as a batch under way has a newer record. */
  readonly #newer = new Map<number, RecentRow>()

  /** `older`, `filtered`: records that have been left out. */
  constructor(batch: Batch, entries: IndexEntries, { older, olderRows, filtered }: LeftOut) {
    this.batch = batch
    this.entries = entries
    this.deduplicated = [...older]
    this.filtered = [...filtered]
    this.#leftOut = [...older]
    this.#rows = [...olderRows]
  }

  /** Leaves out a record that has no effect on its row. */
  leaveOut(row: number, { record, kind }: Pick<RowChange, 'record' | 'kind'>): void {
    this.batch.leaveOut(record)
    const others = kind === 'filtered' ? this.filtered : this.deduplicated
    others.push(record)
    this.#leftOut.push(record)
    this.#rows.push(row)
  }

  /** Leaves a row as it is. `newer`: the row of the batch under way that has a newer record. */
  leaveRow(row: number, newer: RecentRow | undefined): void {
    this.entries.setUnwritten(row)
    // A row that is refused by now holds what is known of it.
    if (newer !== undefined && !isRefused(newer)) this.#newer.set(row, { ...newer })
  }

  leftOutForRefused(): number[] {
    const rows = new Set(this.entries.refused)
    for (const [row, newer] of this.#newer) if (isRefused(newer)) rows.add(row)
    return rows.size === 0 ? [] : this.#leftOut.filter((_, at) => rows.has(this.#rows[at]!))
  }
}

/** Returns whether Redis has refused the record of a row, which holds since then what it was before. */
export function isRefused({ entries, row }: RecentRow): boolean {
  return entries.refused.has(row)
}

/** Returns what is called for a record that the layout refuses; it corrects the entries and `actions`. */
export function refusing(
  entries: IndexEntries,
  changes: readonly number[],
  actions: Map<number, { action: Action; location: string }>,
) {
  let byRecord: Map<number, number> | undefined
  return (record: number): void => {
    byRecord ??= new Map(changes.map((row) => [entries.recordOf(row), row]))
    const row = byRecord.get(record)
    if (row === undefined) return
    const successor = entries.others.get(row)?.shift()
    const action = actions.get(record)
    if (successor !== undefined) {
      entries.setRecord(row, successor)
      byRecord.set(successor, row)
      if (action !== undefined) actions.set(successor, action)
    } else if (action?.action === 'write anew') entries.setUnwritten(row)
  }
}
