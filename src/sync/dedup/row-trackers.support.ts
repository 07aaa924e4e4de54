/** For tests: row trackers over a server that has some index entries, and what they decide. */
import { answeringClient, playedClient } from '../streams/played-client.support.ts'
import { sessionOf } from '../streams/stream-sessions.support.ts'
import { EncodedVersion } from '../rows/encoded-version.ts'
import type { IndexEntries } from '../rows/index-entries.ts'
import type { RowVersion } from '../rows/row-version.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { RunMetadata } from '../streams/stream-session.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'
import type { Formers } from './former-rows.ts'
import type { IndexedSession } from './indexed-session.ts'
import { KeyIndex } from './key-index.ts'
import { RowJournal } from './row-journal.ts'
import { RowTracker } from './row-tracker.ts'

const NO_FORMERS: Formers = { manifests: [], indexed: [], lastId: 0 }

/** An index entry as texts and numbers. */
export interface ShownEntry extends RowVersion {
  location: string
  record: number
  others: readonly number[] | undefined
}

/** The entries of some rows, or of all of them. */
export function shownEntries(entries: IndexEntries, rows?: readonly number[]): ShownEntry[] {
  const version = new EncodedVersion()
  return [...(rows ?? Array.from({ length: entries.count }).keys())].map((row) => {
    entries.readVersion(row, version)
    return {
      location: entries.locationOf(row),
      record: entries.recordOf(row),
      others: entries.others.get(row),
      ...version.toVersion(),
    }
  })
}

/** The session of a plan in the run 7, and its tracker. `entries` gives the index entries when they are read. */
export function trackerOf(
  plan: StreamPlan,
  runs: Partial<RunMetadata> = {},
  entries: () => Record<string, string> = () => ({}),
): { session: IndexedSession; tracker: RowTracker } {
  const { client } = answeringClient((text) => {
    const [command, , ...locations] = text.split(' ')
    return command === 'TYPE' ? 'none' : locations.map((location) => entries()[location] ?? null)
  })
  const session = indexedSessionOf(plan, runs, new KeyIndex(client, plan, []))
  // However small, so that memory which is given back too early is seen.
  const pool = new BufferPool(1 << 24, 1)
  return { session, tracker: new RowTracker(session, session.index, pool) }
}

export function indexedSessionOf(
  plan: StreamPlan,
  runs: Partial<RunMetadata> = {},
  index = new KeyIndex(playedClient().client, plan, []),
): IndexedSession {
  const knownAs = { own: '', former: [] }
  return { ...sessionOf(plan, runs), index, journal: new RowJournal(plan), formers: NO_FORMERS, knownAs }
}
