/** The session of a stream together with the indexes of the keys that it and former generations have written. */
import type { StreamSession } from '../streams/stream-session.ts'
import type { Formers } from './former-rows.ts'
import type { KeyIndex } from './key-index.ts'
import type { RowJournal } from './row-journal.ts'

export interface IndexedSession extends StreamSession {
  readonly index: KeyIndex
  readonly journal: RowJournal
  /** The generations that the run replaces. */
  readonly formers: Formers
  /** The members of the set of known streams that name the stream: with its present keys, and with former ones. */
  readonly knownAs: { readonly own: string; readonly former: readonly string[] }
}
