/** A stream of the catalog during one run: its plan, and what was decided when its metadata was read. */
import type { Layout } from '../../layout/encoding/layout.ts'
import type { IdKeys } from '../../layout/locations/id-keys.ts'
import type { AttemptKind } from '../../redis/commands/attempt-scripts.ts'
import type { GenerationManifest } from './generation-manifest.ts'
import type { StreamPlan } from './stream-plan.ts'

/** Ids `first` to `last`, both included. */
export interface IdRange {
  first: number
  last: number
}

/** What the metadata say of earlier runs and of this one. Runs are numbered from 1. */
export interface RunMetadata {
  /** The number of this run. */
  readonly run: number
  /** The first run whose rows are kept; 0 where nothing is replaced. */
  readonly keptFrom: number
  /** The first run whose index entries hold a cursor of the present cursor column. */
  readonly cursorFrom: number
  /** Whether there may be rows that are not in the key index. */
  readonly hasUntracked: boolean
  /** The same, where a full refresh since then has removed all rows that it could find. */
  readonly hadUntracked: boolean
  /** Whether rows that are kept are in another index: members of keys that another sync mode wrote as a whole. */
  readonly keepsOtherIndex: boolean
  /** Whether an earlier run gave keys a time to live. */
  readonly hadExpiry: boolean
  /** Whether an earlier run wrote `_airbyte_meta` with its records. */
  readonly hadMeta: boolean
  /** Whether an earlier run has written hashes that nothing records, with other fields than those of `airbyte`. */
  readonly hadFields: boolean
  /** Collections: the first and the last run whose records are in the live keys. */
  readonly live: { readonly oldest: number; readonly newest: number }
  /** Collections: the first run whose records are in the staging keys. */
  readonly stagedFrom: number | undefined
}

/** How the rows that a run writes are found again when they are to be replaced. */
export type Tracking =
  /** Keys are made of ids alone, so a range of ids names them. */
  | { readonly kind: 'id-range'; readonly idKeys: IdKeys }
  /** The key index has an entry for each row. */
  | { readonly kind: 'index' }
  /** The rows of this run are not recorded. */
  | { readonly kind: 'none' }

/**
 * What a run records of its attempt. `lengths`: what it writes to each key, so that a part can be taken back. `states`: only
 * whether a state was acknowledged, as staging keys of other structures are dropped as a whole.
 */
export type AttemptRecording = LengthRecording | { readonly kind: 'states' }

export interface LengthRecording {
  readonly kind: 'lengths'
  readonly of: AttemptKind
  /** The slots in which the run has written a record so far. */
  readonly slots: Set<number | undefined>
}

export interface StreamSession {
  readonly plan: StreamPlan
  readonly tracking: Tracking
  readonly runs: RunMetadata
  /** Those of former generations and, at the end, that of this run. */
  readonly manifests: readonly GenerationManifest[]
  /** The key that counts its records: another one than usual while a former generation has its rows there. */
  readonly counterKey: string
  /** The highest id that earlier runs gave out. */
  readonly lastId: number
  /** Whether keys that the first ids make may be there: nothing says which ids earlier runs gave out. */
  readonly checksFirstIds: boolean
  /** Ids that are not given out, in ascending order: their keys are those of another stream, or of former rows. */
  readonly skippedIds: readonly number[]
  /** What the run records of its attempt; undefined where nothing that it writes is taken back. */
  readonly attempt: AttemptRecording | undefined
  /** Encodes the records of this run: into the live keys, or into staging keys. */
  readonly layout: Layout
}

/** Returns whether the records of a run are written to staging keys. */
export function isStaged({ plan, layout }: StreamSession): boolean {
  return layout === plan.stagedLayout
}
