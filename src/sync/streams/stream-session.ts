/** A stream of the catalog during one run: its plan, and what was decided when its metadata was read. */
import type { Layout } from '../../layout/encoding/layout.ts'
import type { IdKeys } from '../../layout/locations/id-keys.ts'
import type { Generation } from './generations.ts'
import type { StreamPlan } from './stream-plan.ts'

/** Ids `first` to `last`, both included. */
export interface IdRange {
  first: number
  last: number
}

/** A range of keys that are made of ids alone. */
export interface IdKeyRange extends IdRange {
  keys: IdKeys
  /** The Redis type that a key must have to be removed; undefined where nobody else can have written these keys. */
  redisType: string | undefined
}

/** What the metadata say of ids. */
export interface IdMetadata {
  /** The lowest id that may have a key, if it was recorded. */
  readonly lowest: number | undefined
  /** The first id of each generation. */
  readonly generations: readonly Generation[]
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
  /** Whether an earlier run gave keys a time to live. */
  readonly hadExpiry: boolean
  /** Collections: the first and the last run whose records are in the live keys. */
  readonly live: { readonly oldest: number; readonly newest: number }
  /** Collections: the first run whose records are in the staging keys. */
  readonly stagedFrom: number | undefined
  /** Keys that former runs made of ids, and that are removed when the stream is replaced. */
  readonly formerIds: IdKeyRange | undefined
}

/** How the rows that a run writes are found again when they are to be replaced. */
export type Tracking =
  /** Keys are made of ids alone, so a range of ids names them. `formerForm`: what the key index of earlier runs holds. */
  | { readonly kind: 'id-range'; readonly idKeys: IdKeys; readonly formerForm: string | undefined }
  /** The key index has an entry for each row. */
  | { readonly kind: 'index'; readonly runs: RunMetadata }
  /** The rows of this run are not recorded. */
  | { readonly kind: 'none'; readonly runs: RunMetadata }

export interface StreamSession {
  readonly plan: StreamPlan
  readonly tracking: Tracking
  readonly ids: IdMetadata
  /** Encodes the records of this run: into the live keys, or into staging keys. */
  readonly layout: Layout
}

/** Returns what is known of the runs of a stream; undefined where ids name its keys. */
export function runsOf({ tracking }: Pick<StreamSession, 'tracking'>): RunMetadata | undefined {
  return tracking.kind === 'id-range' ? undefined : tracking.runs
}

/** Returns whether the records of a run are written to staging keys. */
export function isStaged({ plan, layout }: StreamSession): boolean {
  return layout === plan.stagedLayout
}
