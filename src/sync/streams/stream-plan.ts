/** The plan of a stream: what its settings and the catalog decide. It is made once, before Redis is asked anything. */
import type { Config } from '../../config/settings/config.ts'
import { hasEntry } from '../../config/settings/record-settings.ts'
import { ConfigError } from '../../errors.ts'
import { filterOf, type Filter } from '../../layout/fields/filter.ts'
import type { Layout } from '../../layout/encoding/layout.ts'
import type { RowLocator } from '../../layout/locations/row-location.ts'
import { createLayout, createStagedLayout } from '../../layout/registry/create-layout.ts'
import { rowLocator } from '../../layout/registry/row-locator.ts'
import { isCollection } from '../../layout/registry/structure-registry.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { displayName } from '../../protocol/airbyte/stream-descriptor.ts'
import { listAnd } from '../../wording.ts'
import { deletionsOf, hardDeletions, isDeletion, type Deletions } from './cdc-deletes.ts'
import { formerMetadataKey, leaseKey, metadataKey } from '../drafts/internal-keys.ts'
import { catalogProblems } from '../drafts/catalog-checks.ts'
import { KeyOwners, type PrefixedStream } from '../drafts/foreign-keys.ts'
import { knownStreamOf } from '../drafts/known-stream.ts'
import { draftOf, type StreamDraft } from '../drafts/stream-draft.ts'

export interface StreamPlan extends StreamDraft {
  /** Its position in the catalog. */
  readonly index: number
  /** The hash with the metadata of the stream. */
  readonly metadataKey: string
  /** The key that held the same in 1.0.0-alpha.1. */
  readonly formerMetadataKey: string
  /** The key that the one run holds which may write the stream. */
  readonly leaseKey: string
  /** Encodes records into the keys that applications read. */
  readonly liveLayout: Layout
  /** Collections: encodes records into staging keys, which replace the live ones at the end. */
  readonly stagedLayout: Layout | undefined
  readonly locator: RowLocator
  /** Whether the run must add its rows to the key index. */
  readonly mustTrack: boolean
  /** Whether the run adds its rows to the key index if all earlier runs did. */
  readonly mayTrack: boolean
  /** Undefined where no record deletes its row. */
  readonly deletions: Deletions | undefined
  /** How rows are removed: by CDC deletes, and by records that do not pass the filter. */
  readonly removals: Deletions | undefined
  /** Whether a record that does not pass the filter removes its row. */
  readonly removesFiltered: boolean
  /** Undefined where every record is written. */
  readonly filter: Filter | undefined
  /** Ids whose key belongs to another stream, in ascending order. */
  readonly foreignIds: readonly number[]
  /** The keys of all streams that are known. */
  readonly owners: KeyOwners
  /** Returns whether another stream uses a key, whatever its records are. */
  readonly isForeignKey: (key: string) => boolean
}

/** Returns whether the run gives keys a time to live: by an option, or by a record. */
export function givesExpiry({ settings, deletions }: Pick<StreamPlan, 'settings' | 'deletions'>): boolean {
  const { ttlSeconds, ttlField, expireAtField } = settings
  return (
    ttlSeconds > 0 ||
    ttlField !== undefined ||
    expireAtField !== undefined ||
    deletions?.afterMs !== undefined
  )
}

/** Returns the plan of each stream. Throws one error that names all problems of the catalog. */
export function planStreams(streams: readonly SyncStream[], config: Config): StreamPlan[] {
  requireSettings(streams, config)
  const drafts = streams.map((stream) => draftOf(stream, config))
  const problems = catalogProblems(drafts)
  if (problems.length > 0)
    throw new ConfigError(problems, {
      lead:
        'The catalog cannot be written with this configuration. Change the configuration, or move these streams ' +
        'to a separate connection.',
    })
  const owners = new KeyOwners(drafts.map(prefixedStreamOf))
  return drafts.map((draft, index) => planStream(draft, index, owners))
}

/** Where the options for all streams cannot be used, every stream needs an entry of its own. */
function requireSettings(streams: readonly SyncStream[], config: Config): void {
  if (config.defaultProblems.length === 0) return
  const names = streams.filter((stream) => !hasEntry(config, stream)).map(displayName)
  if (names.length > 0)
    throw new ConfigError(config.defaultProblems, {
      lead: `The options for all streams cannot be used for ${listAnd(names)}, which have no entry in streams.`,
    })
}

function planStream(unbound: StreamDraft, index: number, owners: KeyOwners): StreamPlan {
  const known = prefixedStreamOf(unbound)
  const foreignKeys = owners.foreignKeysOf(known)
  const refuseKey = foreignKeys.isEmpty ? undefined : (key: string) => foreignKeys.refuse(key)
  const draft: StreamDraft = { ...unbound, refuseKey }
  const { config, stream, settings, idKeys, isDeduplicated, replaces } = draft
  const { keyPrefix } = settings
  const base = `${stream.namespace}:${stream.name}`
  // The index must not name a row that another program wrote, and that a condition kept us from writing.
  const isWritten = settings.writeCondition === 'always'
  const tracks = isDeduplicated || replaces || (config.trackKeys === 'always' && isWritten)
  const deletions = isDeduplicated ? deletionsOf(config) : undefined
  const filter = filterOf(settings, deletions === undefined ? undefined : isDeletion)
  const removesFiltered = isDeduplicated && filter !== undefined && settings.filteredRows === 'remove'
  return {
    ...draft,
    index,
    metadataKey: metadataKey(keyPrefix, base),
    formerMetadataKey: formerMetadataKey(keyPrefix, base),
    leaseKey: leaseKey(keyPrefix, base),
    liveLayout: createLayout(draft),
    stagedLayout: isCollection(settings) && !isDeduplicated ? createStagedLayout(draft) : undefined,
    locator: rowLocator(draft, isDeduplicated),
    mustTrack: tracks && idKeys === undefined,
    mayTrack: config.trackKeys !== 'never' && isWritten && idKeys === undefined,
    deletions,
    removals: deletions ?? (removesFiltered ? hardDeletions(config) : undefined),
    removesFiltered,
    filter,
    foreignIds: foreignKeys.idsIn(idKeys),
    owners,
    isForeignKey: (key) => owners.ownerOf(key, known) !== undefined,
  }
}

/** Returns the plan of a stream where `owners` has the keys of all streams that are known. */
export function withOwners(plan: StreamPlan, owners: KeyOwners): StreamPlan {
  return planStream(plan, plan.index, owners)
}

/** Returns the plan of a stream whose rows have the columns of their primary key in the order of `paths`. */
export function inKeyOrder(plan: StreamPlan, paths: readonly string[]): StreamPlan {
  const primaryKey = plan.stream.primaryKey.toSorted(
    (a, b) => paths.indexOf(a.join('.')) - paths.indexOf(b.join('.')),
  )
  return planStream({ ...plan, stream: { ...plan.stream, primaryKey } }, plan.index, plan.owners)
}

/** Returns the stream as runs of other connections know it. */
export function prefixedStreamOf(draft: StreamDraft): PrefixedStream {
  return { ...knownStreamOf(draft), prefix: draft.settings.keyPrefix }
}
