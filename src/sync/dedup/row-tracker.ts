/**
 * Decides what batches do to the rows of one stream that are in its key index: which records are written, which are
 * older than the row, and how the index changes. The index is read once a batch, while earlier batches are still under
 * way; what those change is kept here until it can be read.
 */
import type { Batch } from '../batches/batch.ts'
import type { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { givesExpiry } from '../streams/stream-plan.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import { isMemberForm } from './former-rows.ts'
import { findKeys, mayTakeOver, NOTHING_FOUND, type FoundKeys } from './found-keys.ts'
import type { IndexedSession } from './indexed-session.ts'
import { EncodedVersion } from '../rows/encoded-version.ts'
import { IndexEntries } from '../rows/index-entries.ts'
import { RecentRows, type RecentRow } from '../rows/recent-rows.ts'
import type { EntryExpiry, KeyIndex } from './key-index.ts'
import { DraftDecisions, isRefused, refusing, type Action, type RowDecisions } from './row-decisions.ts'
import { firstPerRow, latestPerRow, type RowEntries } from './latest-per-row.ts'
import type { JournalSlot, RowJournal } from './row-journal.ts'
import { UnconfirmedRows } from './unconfirmed-rows.ts'
import { isFirstOf, resolveRow, type RowRules } from '../rows/row-resolution.ts'

/** The rows of a batch, before their index entries were read. */
export interface BatchRows extends RowEntries {
  batch: Batch
  /** Its number among the batches of the stream. */
  number: number
  /** The values of the index entries, in the order of `entries`; undefined where they do not matter. */
  stored: Promise<(string | null)[]> | undefined
  /** What is at the keys of the rows, where that matters. */
  keys: Promise<FoundKeys>
}

/** The rows of a batch, after their index entries were read. */
export interface ReadRows {
  readonly stored: readonly (string | null)[] | undefined
  readonly keys: FoundKeys
}

interface RowAnswers extends ReadRows {
  /** The values that were read; where a batch under way has a newer one, that takes its place. */
  readonly values: (string | null)[] | undefined
}

/**
 * The memory that an index entry uses while its batch is under way, about: with the commands that read and write it, and the
 * input, which is kept until it has been read.
 */
const BYTES_PER_ENTRY = 2000

/** Returns a tracker for each stream that adds its rows to the key index. `pool`: memory for the entries of batches. */
export function rowTrackersOf(
  sessions: readonly IndexedSession[],
  pool: BufferPool,
): Map<StreamSession, RowTracker> {
  const trackers = new Map<StreamSession, RowTracker>()
  for (const session of sessions)
    if (session.tracking.kind === 'index') trackers.set(session, new RowTracker(session, session.index, pool))
  return trackers
}

export class RowTracker {
  readonly #session: IndexedSession
  readonly #index: KeyIndex
  readonly #pool: BufferPool | undefined
  readonly #journal: RowJournal
  readonly #rules: RowRules
  /** Whether rows may have a time to live from an earlier run, which writing them removes. */
  readonly #hasFormerExpiry: boolean
  /** Whether the location of a row is its key. */
  readonly #locatesKeys: boolean
  /** The newest entries of batches that may not have been in Redis when the index was read. */
  readonly #recent = new RecentRows()
  readonly #unconfirmed: UnconfirmedRows
  /** Confirmed batches, each with the number of the newest batch whose entries were read before that. */
  readonly #confirmed: { entries: IndexEntries; changes: readonly number[]; readBefore: number }[] = []
  /** The version of the row before the batch, and that of its entry, while a row is decided on. */
  readonly #before = new EncodedVersion()
  readonly #own = new EncodedVersion()
  #batches = 0

  /** `pool`: memory for the entries of batches. */
  constructor(session: IndexedSession, index = session.index, pool?: BufferPool) {
    this.#pool = pool
    this.#session = session
    this.#index = index
    this.#journal = session.journal
    this.#unconfirmed = new UnconfirmedRows(index)
    this.#hasFormerExpiry = session.runs.hadExpiry && !givesExpiry(session.plan)
    const { isDeduplicated, locator } = session.plan
    this.#locatesKeys = isDeduplicated && !isMemberForm(locator.form) && !locator.usesIds
    this.#rules = {
      mayExist: session.runs.hasUntracked || session.runs.keepsOtherIndex,
      isNumeric: session.plan.stream.cursor?.isNumeric ?? false,
    }
  }

  /**
   * Finds the rows of the next batch, and starts to read their index entries. `number`: that of a batch some of whose records are
   * tried again, behind batches that arrived later.
   */
  read(batch: Batch, number = ++this.#batches): BatchRows {
    const { plan } = this.#session
    // New ids make new keys, which have no entries.
    if (plan.locator.usesIds)
      return {
        batch,
        entries: new IndexEntries(this.#session.runs.run, false, 0),
        older: [],
        olderRows: [],
        filtered: [],
        number,
        stored: undefined,
        keys: NOTHING_FOUND,
      }
    const entriesOf = plan.isDeduplicated ? latestPerRow : firstPerRow
    const rows = entriesOf(batch, this.#session, this.#session.runs.run, this.#pool)
    const { entries } = rows
    batch.addMemory(entries.count * BYTES_PER_ENTRY)
    const matters =
      plan.isDeduplicated || plan.settings.firstRecordReplaces === true || mayTakeOver(this.#session)
    const stored = matters ? this.#index.read(entries) : undefined
    return { ...rows, batch, number, stored, keys: findKeys(this.#session, this.#index, entries) }
  }

  /** Returns what is known of a batch when it has been read. */
  async answersTo({ stored, keys }: BatchRows): Promise<ReadRows> {
    const [values, found] = await Promise.all([stored, keys])
    return { stored: values, keys: found }
  }

  /** Decides on a batch whose entries were read, with the `ids` of its records. Batches must come in order. */
  decide({ batch, number, ...read }: BatchRows, found: ReadRows, ids?: readonly IdRange[]): RowDecisions {
    this.#dropConfirmed(number)
    const { plan, runs } = this.#session
    const unconfirmed = this.#unconfirmed
    const entries = plan.locator.usesIds
      ? firstPerRow(batch, this.#session, runs.run, this.#pool, ids).entries
      : read.entries
    const draft = new DraftDecisions(batch, entries, read)
    const { stored } = found
    const values = stored && [...stored]
    const answers = { ...found, values }
    if (stored !== undefined) this.#recent.open(entries, number)
    for (let row = 0; row < entries.count; row++) this.#decideRow(draft, row, answers, number)
    let slot: JournalSlot | undefined
    const { changes, added, expiries, actions, deduplicated } = draft
    const versioned =
      plan.isDeduplicated && values !== undefined ? { entries, changes, before: values } : undefined
    if (versioned !== undefined) unconfirmed.add(versioned)
    return {
      index: this.#index,
      entries,
      writeJournal: (out, rows) => (slot = this.#journal.write(out, entries, rows)),
      changes,
      added,
      expiries,
      actions,
      deduplicated,
      filtered: draft.filtered,
      refuse: refusing(entries, changes, actions),
      takeBack: (refused, out) => {
        if (versioned !== undefined) unconfirmed.takeBack(versioned, refused, out)
      },
      leftOutForRefused: () => draft.leftOutForRefused(),
      confirm: () => {
        if (versioned !== undefined) unconfirmed.drop(versioned)
        if (slot !== undefined) this.#journal.release(slot)
        if (stored === undefined) entries.dispose()
        else this.#confirmed.push({ entries, changes, readBefore: this.#batches })
      },
    }
  }

  #decideRow(draft: DraftDecisions, row: number, { stored, values, keys }: RowAnswers, number: number): void {
    const { batch, entries } = draft
    const { isDeduplicated } = this.#session.plan
    const recent = stored && this.#recent.find(row)
    const before = values && this.#versionBefore(row, values, recent)
    let hasContent = false
    if (isDeduplicated) {
      const isLater = recent !== undefined && recent.batch > number && !isRefused(recent)
      const outcome = this.#settle(draft, row, this.#isKept(before) ? before : undefined, isLater)
      if (outcome === 'no effect') return draft.leaveRow(row, recent)
      hasContent = outcome === 'content kept'
      if (entries.isFiltered(row)) draft.filtered.push(entries.recordOf(row))
    }
    const record = entries.recordOf(row)
    draft.changes.push(row)
    if (stored !== undefined) this.#recent.put(row)
    if (this.#locatesKeys) batch.setEntry(record, row)
    // The entry that was read may be that of a row which Redis has refused since.
    if ((stored?.[row] == null || values?.[row] == null) && !entries.isDeleted(row)) draft.added.push(row)
    const action = this.#actionFor(entries, row, before, keys, hasContent)
    if (action !== undefined) draft.actions.set(record, { action, location: entries.locationOf(row) })
    const time = isDeduplicated ? this.#expiryOf(entries.isDeleted(row), before) : undefined
    if (time !== undefined) draft.expiries.push({ location: entries.locationOf(row), time })
  }

  /** Decides which record the row is written from, and leaves out those that have no effect. `version`: that of the row. */
  #settle(
    draft: DraftDecisions,
    row: number,
    version: EncodedVersion | undefined,
    isLater: boolean,
  ): 'no effect' | 'settled' | 'content kept' {
    const rules = isLater ? { ...this.#rules, isLater } : this.#rules
    const { entries } = draft
    const changes = entries.changes.get(row)
    if (changes === undefined) {
      const kind = entries.kindOf(row)
      const hasEffect =
        version === undefined ? isFirstOf(kind, rules) : this.#supersedes(entries, row, version, isLater)
      if (!hasEffect) draft.leaveOut(row, { record: entries.recordOf(row), kind })
      return hasEffect ? 'settled' : 'no effect'
    }
    const { last, content, superseded } = resolveRow(changes, version?.toVersion(), rules)
    for (const change of superseded) draft.leaveOut(row, change)
    if (last === undefined) return 'no effect'
    if (last.record !== entries.recordOf(row)) entries.choose(row, last)
    if (content === undefined) return 'settled'
    // A row that expires keeps its newest content until then.
    if (this.#session.plan.removals?.afterMs !== undefined) return 'content kept'
    draft.leaveOut(row, content)
    return 'settled'
  }

  #supersedes(entries: IndexEntries, row: number, version: EncodedVersion, isLater: boolean): boolean {
    const { isNumeric } = this.#rules
    entries.readVersion(row, this.#own)
    return isLater ? !version.supersedes(this.#own, isNumeric) : this.#own.supersedes(version, isNumeric)
  }

  /** Returns whether a row is there and stays; rows of a generation that is being replaced are ignored. */
  #isKept(before: EncodedVersion | undefined): before is EncodedVersion {
    return before !== undefined && before.run >= this.#session.runs.keptFrom
  }

  #actionFor(
    entries: IndexEntries,
    row: number,
    before: EncodedVersion | undefined,
    { former, removable, foreign, blocked }: FoundKeys,
    hasContent: boolean,
  ): Action | undefined {
    const isDeleted = entries.isDeleted(row)
    if (blocked.has(row)) return 'refuse'
    // A delete in this run may have left at the key what a former layout wrote.
    const isLive = this.#isKept(before) && !before.isDeleted
    if (!isDeleted && former.has(row) && !isLive) return 'take over'
    if (isDeleted && foreign.has(row)) return 'none'
    if (this.#session.plan.settings.firstRecordReplaces === true)
      return this.#isKept(before) ? undefined : 'write anew'
    if (!isDeleted) return undefined
    const isThere = removable.has(row) || (before !== undefined && !before.isDeleted)
    const { hadUntracked, keepsOtherIndex } = this.#session.runs
    return isThere || hasContent || hadUntracked || keepsOtherIndex ? 'remove' : 'none'
  }

  #expiryOf(isDeleted: boolean, before: EncodedVersion | undefined): EntryExpiry['time'] | undefined {
    const { settings, removals } = this.#session.plan
    const tombstoneMs = removals?.tombstoneMs ?? 0
    if (isDeleted) return Date.now() + tombstoneMs
    // The entry of a row that expires would otherwise stay for ever.
    if (settings.ttlSeconds > 0) return Date.now() + 2000 * settings.ttlSeconds + tombstoneMs
    // The entry of a row that no longer expires must not expire either.
    return before?.isDeleted === true || this.#hasFormerExpiry ? 'never' : undefined
  }

  /** Returns the version of a row before the batch, which is valid until the next call; undefined if there is none. */
  #versionBefore(
    row: number,
    values: (string | null)[],
    recent: RecentRow | undefined,
  ): EncodedVersion | undefined {
    const before = this.#before
    const { plan, runs } = this.#session
    if (recent !== undefined && plan.isDeduplicated) values[row] = recent.entries.valueOf(recent.row)
    const value = values[row]!
    if (recent !== undefined && (value !== null || !plan.isDeduplicated))
      recent.entries.readVersion(recent.row, before)
    else if (value === null) return undefined
    else before.readText(value)
    // The cursor was another column then.
    if (before.run < runs.cursorFrom) before.cursor.end = before.cursor.start
    return before
  }

  /** Drops the entries that were in Redis before the entries of a batch were read. */
  #dropConfirmed(number: number): void {
    const confirmed = this.#confirmed
    while (confirmed[0] !== undefined && confirmed[0].readBefore < number) {
      const { entries, changes } = confirmed.shift()!
      this.#recent.drop(entries, changes)
      entries.dispose()
    }
  }
}
