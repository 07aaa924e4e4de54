/** The session of a stream together with the index of the keys that it has written. */
import type { StreamSession } from '../streams/stream-session.ts'
import type { KeyIndex } from './key-index.ts'
import type { RowJournal } from './row-journal.ts'

export interface IndexedSession extends StreamSession {
  readonly index: KeyIndex
  readonly journal: RowJournal
}
