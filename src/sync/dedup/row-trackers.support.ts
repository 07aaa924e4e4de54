/** For tests: row trackers over a server that has some index entries. */
import { answeringClient, playedClient } from '../streams/played-client.support.ts'
import { sessionOf } from '../streams/stream-sessions.support.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { RunMetadata } from '../streams/stream-session.ts'
import type { Formers } from './former-rows.ts'
import type { IndexedSession } from './indexed-session.ts'
import { KeyIndex } from './key-index.ts'
import { RowJournal } from './row-journal.ts'
import { RowTracker } from './row-tracker.ts'

const NO_FORMERS: Formers = { manifests: [], indexed: [], lastId: 0 }

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
  return { session, tracker: new RowTracker(session) }
}

export function indexedSessionOf(
  plan: StreamPlan,
  runs: Partial<RunMetadata> = {},
  index = new KeyIndex(playedClient().client, plan, []),
): IndexedSession {
  const knownAs = { own: '', former: [] }
  return { ...sessionOf(plan, runs), index, journal: new RowJournal(plan), formers: NO_FORMERS, knownAs }
}
