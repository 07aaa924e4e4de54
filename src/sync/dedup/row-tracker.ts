/**
 * What batches do to the rows of one stream whose places are remembered: which records are written, which are older
 * than what is there, and what is to be noted. What is known is read once a batch, while batches before it are still
 * on their way; what those change is kept here until it can be read.
 */
import type { Batch } from '../batches/batch.ts'
import type { StreamMetadata } from '../streams/stream-metadata.ts'
import type { IdRange } from '../streams/id-allocator.ts'
import { firstPerRow, latestPerRow } from './latest-per-row.ts'
import type { EntryExpiry, KeyIndex } from './key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { readVersion, supersedes, type RowVersion } from './row-version.ts'
import { versionOf, type IndexEntry } from './index-entry.ts'
import type { StreamSession } from './stream-session.ts'

/** The rows of a batch, before it is known what is there. */
export interface BatchRows {
  batch: Batch
  entries: readonly IndexEntry[]
  /** Records that another one of the batch takes the place of. */
  older: readonly number[]
  /** Its number among the batches of the stream. */
  number: number
  /** What is known of the places, in the order of the words; undefined where it does not matter. */
  known: Promise<readonly (string | null)[]> | undefined
}

/**
 * What is done with a record that is not simply written. `write anew`: nothing of what is there stays, though others
 * are merged into it. `none`: its row is gone, and was before.
 */
export type Action = 'write anew' | 'remove' | 'none'

export interface RowDecisions {
  readonly index: KeyIndex
  /** What is known of rows from now on. */
  readonly changes: readonly IndexEntry[]
  /** When places may be forgotten, for those of which that has changed. */
  readonly forget: readonly EntryExpiry[]
  readonly actions: ReadonlyMap<number, { action: Action; location: string }>
  readonly deduplicated: readonly number[]
  /** The layout refuses a record: the next one of its row takes its place, where all of them are written. */
  readonly passOn: (record: number) => void
  /** What was decided is in Redis. */
  readonly arrived: () => void
}

/** What a word takes with its place and its note, about. */
const BYTES_OF_WORD = 400

/** Of a row that nothing was written to: older than every run. */
const NO_ATTEMPT = 0

/** Of each stream whose places are remembered in this run. */
export function rowTrackersOf(streams: readonly StreamSession[]): Map<StreamPlan, RowTracker> {
  const rows = new Map<StreamPlan, RowTracker>()
  for (const { plan, index, metadata } of streams)
    if (plan.isTracked && metadata !== undefined) rows.set(plan, new RowTracker(index, metadata))
  return rows
}

export class RowTracker {
  readonly #index: KeyIndex
  readonly #metadata: StreamMetadata
  readonly #isNumeric: boolean
  /** The last words on rows in batches that may not have arrived when what is known was read. */
  readonly #recent = new Map<string, IndexEntry>()
  /** Batches that have arrived, and the newest one that was read before. */
  readonly #arrivals: { entries: readonly IndexEntry[]; readBefore: number }[] = []
  #batches = 0

  constructor(index: KeyIndex, metadata: StreamMetadata) {
    this.#index = index
    this.#metadata = metadata
    this.#isNumeric = metadata.plan.stream.cursor?.isNumeric ?? false
  }

  /** Looks at the records of the next batch, and asks what is known of their rows. */
  look(batch: Batch): BatchRows {
    const { plan, attempt } = this.#metadata
    const number = ++this.#batches
    // Where keys are made of ids, too, nothing can be there yet.
    if (plan.locator.usesIds) return { batch, entries: [], older: [], number, known: undefined }
    const wordsIn = plan.isDeduplicated ? latestPerRow : firstPerRow
    const { entries, older } = wordsIn(batch, plan, attempt)
    batch.hold(entries.length * BYTES_OF_WORD)
    const matters = plan.isDeduplicated || plan.settings.firstRecordReplaces === true
    return { batch, entries, older, number, known: matters ? this.#index.read(entries) : undefined }
  }

  /** `known` has come, and the records' `ids`. Batches must be decided upon in the order of their numbers. */
  decide(
    { batch, entries: looked, older, number }: BatchRows,
    known: readonly (string | null)[] | undefined,
    ids?: readonly IdRange[],
  ): RowDecisions {
    this.#forgetArrived(number)
    const { plan, attempt } = this.#metadata
    const { isDeduplicated } = plan
    const entries = plan.locator.usesIds ? firstPerRow(batch, plan, attempt, ids).entries : looked
    const changes: IndexEntry[] = []
    const forget: EntryExpiry[] = []
    const actions = new Map<number, { action: Action; location: string }>()
    const deduplicated = [...older]
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at]!
      const { location, record } = entry
      const before = known && this.#before(location, known[at]!)
      if (isDeduplicated && this.#isOlder(entry, before)) {
        batch.leaveOut(record)
        deduplicated.push(record)
        continue
      }
      changes.push(entry)
      if (known !== undefined) this.#recent.set(location, entry)
      const action = this.#actionFor(entry, before)
      if (action !== undefined) actions.set(record, { action, location })
      const time = isDeduplicated ? this.#forgetAt(entry, before) : undefined
      if (time !== undefined) forget.push({ location, time })
    }
    const arrived = (): void => {
      if (known !== undefined) this.#arrivals.push({ entries: changes, readBefore: this.#batches })
    }
    const passOn = passingOn(changes, actions)
    return { index: this.#index, changes, forget, actions, deduplicated, passOn, arrived }
  }

  #isOlder(entry: IndexEntry, before: RowVersion | undefined): boolean {
    return this.#counts(before) && !supersedes(versionOf(entry), before, this.#isNumeric)
  }

  /** What is of a generation that is being replaced counts for nothing, and is still there. */
  #counts(before: RowVersion | undefined): before is RowVersion {
    return before !== undefined && before.attempt >= this.#metadata.keptFrom
  }

  #actionFor({ isDeleted }: IndexEntry, before: RowVersion | undefined): Action | undefined {
    const { plan, hasUntracked } = this.#metadata
    if (plan.settings.firstRecordReplaces === true) return this.#counts(before) ? undefined : 'write anew'
    if (!isDeleted) return undefined
    const isThere = hasUntracked || (before !== undefined && !before.isDeleted)
    return isThere ? 'remove' : 'none'
  }

  #forgetAt({ isDeleted }: IndexEntry, before: RowVersion | undefined): EntryExpiry['time'] | undefined {
    const { settings, deletions } = this.#metadata.plan
    const remembered = deletions?.rememberedMs ?? 0
    if (isDeleted) return Date.now() + remembered
    // A row that ends by itself would be remembered for ever.
    if (settings.ttlSeconds > 0) return Date.now() + 2000 * settings.ttlSeconds + remembered
    return before?.isDeleted === true ? 'never' : undefined
  }

  #before(location: string, note: string | null): RowVersion | undefined {
    const recent = this.#recent.get(location)
    if (recent !== undefined) return versionOf(recent)
    if (note === null) return undefined
    const version = readVersion(note)
    // The cursor was another column then.
    return version.attempt < this.#metadata.cursorFrom ? { ...version, cursor: '' } : version
  }

  /** What had arrived before a batch was read need not be kept for it. */
  #forgetArrived(number: number): void {
    const arrivals = this.#arrivals
    while (arrivals[0] !== undefined && arrivals[0].readBefore < number)
      for (const entry of arrivals.shift()!.entries)
        if (this.#recent.get(entry.location) === entry) this.#recent.delete(entry.location)
  }
}

function passingOn(
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
    } else if (action?.action === 'write anew') entry.version = { ...versionOf(entry), attempt: NO_ATTEMPT }
  }
}
