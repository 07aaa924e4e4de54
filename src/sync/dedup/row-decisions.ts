/** What is decided on the rows of a batch, once their index entries were read. */
import type { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { versionOf, type IndexEntry } from './index-entry.ts'
import type { EntryExpiry, KeyIndex } from './key-index.ts'

/**
 * What is done with a record that is not simply written. `write anew`: it replaces the row though records are merged.
 * `take over`: it replaces what a former generation has at its key, of whatever type.
 * `remove`: the row is deleted. `none`: the row to delete does not exist. `refuse`: its key belongs to others.
 */
export type Action = 'write anew' | 'take over' | 'remove' | 'none' | 'refuse'

export interface RowDecisions {
  readonly index: KeyIndex
  /** The new entries of the index. */
  readonly changes: readonly IndexEntry[]
  /** Those of them that the index may have no entry for, so that only the journal names their rows meanwhile. */
  readonly added: readonly IndexEntry[]
  /** When entries expire, where that changes. */
  readonly expiries: readonly EntryExpiry[]
  readonly actions: ReadonlyMap<number, { action: Action; location: string }>
  /** The entries that the batch's records refer to by number; their locations are the keys of the rows. */
  readonly keys: readonly IndexEntry[]
  readonly deduplicated: readonly number[]
  /** Records that do not pass the filter. */
  readonly filtered: readonly number[]
  /** Adds the command that names rows in the journal until the batch is confirmed. */
  readonly writeJournal: (out: CommandBuffer, rows: readonly IndexEntry[]) => void
  /** Is called for a record that the layout refuses: the next one of its row replaces it, where all are written. */
  readonly refuse: (record: number) => void
  /** Is called when the batch and its index entries are in Redis. */
  readonly confirm: () => void
}

/** The run in the version of a row that does not exist: it is older than every run. */
const NO_RUN = 0

/** Returns what is called for a record that the layout refuses; it corrects `changes` and `actions`. */
export function refusing(
  changes: readonly IndexEntry[],
  actions: Map<number, { action: Action; location: string }>,
) {
  let byRecord: Map<number, IndexEntry> | undefined
  return (record: number): void => {
    byRecord ??= new Map(changes.map((entry) => [entry.record, entry]))
    const entry = byRecord.get(record)
    if (entry === undefined) return
    const successor = entry.others?.shift()
    const action = actions.get(record)
    if (successor !== undefined) {
      entry.record = successor
      byRecord.set(successor, entry)
      if (action !== undefined) actions.set(successor, action)
    } else if (action?.action === 'write anew') entry.version = { ...versionOf(entry), run: NO_RUN }
  }
}
