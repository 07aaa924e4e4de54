/**
 * What batches do to the rows of one stream whose places are remembered: which records are written, which are older
 * than what is there, and what is to be noted. What is known is read once a batch, while batches before it are still
 * on their way; what those change is kept here until it can be read.
 */
import type { Batch } from '../batches/batch.ts'
import type { OpenStream } from '../replace/finish.ts'
import type { History } from '../streams/stream-metadata.ts'
import type { IdRange } from '../streams/id-allocator.ts'
import { firstWords, lastWords } from './latest-per-row.ts'
import type { Forgetting, PlaceIndex } from './key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { readVersion, supersedes, type RowVersion } from './row-version.ts'
import { versionOf, type Word } from './index-entry.ts'

/** The rows of a batch, before it is known what is there. */
export interface BatchRows {
  batch: Batch
  words: readonly Word[]
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

export interface Decisions {
  readonly index: PlaceIndex
  /** What is known of rows from now on. */
  readonly changes: readonly Word[]
  /** When places may be forgotten, for those of which that has changed. */
  readonly forget: readonly Forgetting[]
  readonly actions: ReadonlyMap<number, { action: Action; place: string }>
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
export function rowsOf(streams: readonly OpenStream[]): Map<StreamPlan, Rows> {
  const rows = new Map<StreamPlan, Rows>()
  for (const { plan, index, history } of streams)
    if (plan.isTracked && history !== undefined) rows.set(plan, new Rows(index, history))
  return rows
}

export class Rows {
  readonly #index: PlaceIndex
  readonly #history: History
  readonly #isNumeric: boolean
  /** The last words on rows in batches that may not have arrived when what is known was read. */
  readonly #recent = new Map<string, Word>()
  /** Batches that have arrived, and the newest one that was read before. */
  readonly #arrivals: { words: readonly Word[]; readBefore: number }[] = []
  #batches = 0

  constructor(index: PlaceIndex, history: History) {
    this.#index = index
    this.#history = history
    this.#isNumeric = history.plan.stream.cursor?.isNumeric ?? false
  }

  /** Looks at the records of the next batch, and asks what is known of their rows. */
  look(batch: Batch): BatchRows {
    const { plan, attempt } = this.#history
    const number = ++this.#batches
    // Where keys are made of ids, too, nothing can be there yet.
    if (plan.places.usesIds) return { batch, words: [], older: [], number, known: undefined }
    const wordsIn = plan.isDeduplicated ? lastWords : firstWords
    const { words, older } = wordsIn(batch, plan, attempt)
    batch.hold(words.length * BYTES_OF_WORD)
    const matters = plan.isDeduplicated || plan.settings.startsAnew === true
    return { batch, words, older, number, known: matters ? this.#index.read(words) : undefined }
  }

  /** `known` has come, and the records' `ids`. Batches must be decided upon in the order of their numbers. */
  decide(
    { batch, words: looked, older, number }: BatchRows,
    known: readonly (string | null)[] | undefined,
    ids?: readonly IdRange[],
  ): Decisions {
    this.#forgetArrived(number)
    const { plan, attempt } = this.#history
    const { isDeduplicated } = plan
    const words = plan.places.usesIds ? firstWords(batch, plan, attempt, ids).words : looked
    const changes: Word[] = []
    const forget: Forgetting[] = []
    const actions = new Map<number, { action: Action; place: string }>()
    const deduplicated = [...older]
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!
      const { place, record } = word
      const before = known && this.#before(place, known[at]!)
      if (isDeduplicated && this.#isOlder(word, before)) {
        batch.leaveOut(record)
        deduplicated.push(record)
        continue
      }
      changes.push(word)
      if (known !== undefined) this.#recent.set(place, word)
      const action = this.#actionFor(word, before)
      if (action !== undefined) actions.set(record, { action, place })
      const time = isDeduplicated ? this.#forgetAt(word, before) : undefined
      if (time !== undefined) forget.push({ place, time })
    }
    const arrived = (): void => {
      if (known !== undefined) this.#arrivals.push({ words: changes, readBefore: this.#batches })
    }
    const passOn = passingOn(changes, actions)
    return { index: this.#index, changes, forget, actions, deduplicated, passOn, arrived }
  }

  #isOlder(word: Word, before: RowVersion | undefined): boolean {
    return this.#counts(before) && !supersedes(versionOf(word), before, this.#isNumeric)
  }

  /** What is of a generation that is being replaced counts for nothing, and is still there. */
  #counts(before: RowVersion | undefined): before is RowVersion {
    return before !== undefined && before.attempt >= this.#history.keptFrom
  }

  #actionFor({ isDeleted }: Word, before: RowVersion | undefined): Action | undefined {
    const { plan, hasUntracked } = this.#history
    if (plan.settings.startsAnew === true) return this.#counts(before) ? undefined : 'write anew'
    if (!isDeleted) return undefined
    const isThere = hasUntracked || (before !== undefined && !before.isDeleted)
    return isThere ? 'remove' : 'none'
  }

  #forgetAt({ isDeleted }: Word, before: RowVersion | undefined): Forgetting['time'] | undefined {
    const { settings, deletions } = this.#history.plan
    const remembered = deletions?.rememberedMs ?? 0
    if (isDeleted) return Date.now() + remembered
    // A row that ends by itself would be remembered for ever.
    if (settings.ttlSeconds > 0) return Date.now() + 2000 * settings.ttlSeconds + remembered
    return before?.isDeleted === true ? 'never' : undefined
  }

  #before(place: string, note: string | null): RowVersion | undefined {
    const recent = this.#recent.get(place)
    if (recent !== undefined) return versionOf(recent)
    if (note === null) return undefined
    const version = readVersion(note)
    // The cursor was another column then.
    return version.attempt < this.#history.cursorFrom ? { ...version, cursor: '' } : version
  }

  /** What had arrived before a batch was read need not be kept for it. */
  #forgetArrived(number: number): void {
    const arrivals = this.#arrivals
    while (arrivals[0] !== undefined && arrivals[0].readBefore < number)
      for (const word of arrivals.shift()!.words)
        if (this.#recent.get(word.place) === word) this.#recent.delete(word.place)
  }
}

function passingOn(changes: readonly Word[], actions: Map<number, { action: Action; place: string }>) {
  let byRecord: Map<number, Word> | undefined
  return (record: number): void => {
    byRecord ??= new Map(changes.map((word) => [word.record, word]))
    const word = byRecord.get(record)
    if (word === undefined) return
    const heir = word.others?.shift()
    const action = actions.get(record)
    if (heir !== undefined) {
      word.record = heir
      byRecord.set(heir, word)
      if (action !== undefined) actions.set(heir, action)
    } else if (action?.action === 'write anew') word.version = { ...versionOf(word), attempt: NO_ATTEMPT }
  }
}
