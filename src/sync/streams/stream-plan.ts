/** What is to happen to each stream of the catalog, decided once before the first record. */
import type { Config } from '../../config/settings/config.ts'
import { settingsFor, type RecordSettings } from '../../config/settings/record-settings.ts'
import { ConfigError } from '../../errors.ts'
import { filterOf, type Filter } from '../../layout/fields/filter.ts'
import { idKeysOf, type IdKeys } from '../../layout/locations/id-keys.ts'
import type { Layout, LayoutSettings } from '../../layout/encoding/layout.ts'
import type { RowLocator } from '../../layout/locations/row-location.ts'
import {
  isCollection,
  keyTemplateOf,
  layoutFor,
  rowLocatorFor,
  stagedLayoutFor,
} from '../../layout/registry/create-layout.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { displayName } from '../../protocol/airbyte/stream-descriptor.ts'
import { deletionsOf, isDeletion, type Deletions } from './cdc-deletes.ts'
import { leaseKey, metadataKey } from './internal-keys.ts'
import { problemsOf } from './catalog-checks.ts'

export interface StreamPlan {
  /** Its place in the catalog. */
  index: number
  stream: SyncStream
  /** For people. */
  name: string
  settings: LayoutSettings
  /** `<prefix><namespace>:<stream>`. */
  baseKey: string
  /** Where its records are counted. */
  counterKey: string
  /** The connector's own notes on the stream, a hash. */
  metadataKey: string
  /** Held by the one run that may write the stream. */
  leaseKey: string
  /** With its defaults filled in, and without the prefix. */
  keyTemplate: string
  layout: Layout
  /** Of a collection: the layout that gathers what is to take the place of what is live. */
  staged: Layout | undefined
  /** Where its rows are. */
  locator: RowLocator
  /** Undefined where keys are not made of ids alone, so that they do not tell which of them it wrote. */
  idKeys: IdKeys | undefined
  /** Whether this run remembers the places it writes. */
  isTracked: boolean
  /** Whether it goes on remembering them where a former run did. */
  mayTrack: boolean
  /** Whether there is one record a primary key, the newest one. */
  isDeduplicated: boolean
  /** Undefined where no record means that its row is gone. */
  deletions: Deletions | undefined
  /** Undefined where every record is written. */
  filter: Filter | undefined
  /** Whether what was there before the run is removed when it has ended well. */
  replaces: boolean
  /** Ids whose record would take the key of another stream's counter; rising. */
  foreignIds: number[]
}

/** Throws one ConfigError that names everything that stands in the way of the streams. */
export function planStreams(streams: readonly SyncStream[], config: Config): StreamPlan[] {
  const drafts = streams.map((stream) => draftOf(stream, config))
  const problems = problemsOf(drafts)
  if (problems.length > 0)
    throw new ConfigError(
      `The catalog cannot be written: ${problems.join('; ')}. Change the configuration, or sync it apart.`,
    )
  const plans = drafts.map(planStream)
  noteForeignIds(plans)
  return plans
}

/** What is known of a stream before anything stands in its way. */
export type Draft = Pick<
  StreamPlan,
  | 'stream'
  | 'name'
  | 'settings'
  | 'baseKey'
  | 'counterKey'
  | 'keyTemplate'
  | 'idKeys'
  | 'isDeduplicated'
  | 'replaces'
> & { config: Config }

function draftOf(stream: SyncStream, config: Config): Draft {
  const records = settingsFor(config, stream)
  const settings = settingsIn(stream, config, records)
  const baseKey = `${settings.keyPrefix}${stream.namespace}:${stream.name}`
  const hasRows = stream.mode !== 'append' && stream.mode !== 'overwrite'
  const keyTemplate = keyTemplateOf(settings, stream, hasRows)
  return {
    config,
    stream,
    name: displayName(stream),
    settings,
    baseKey,
    counterKey: isCollection(settings) ? `${baseKey}:_airbyte_ab_id` : baseKey,
    keyTemplate,
    idKeys: isCollection(settings) ? undefined : idKeysOf(keyTemplate, stream, settings.keyPrefix),
    isDeduplicated: stream.mode === 'append_dedup',
    replaces: isReplaced(stream),
  }
}

function isReplaced({ mode, minimumGeneration }: SyncStream): boolean {
  return mode === 'overwrite' || minimumGeneration > 0
}

/** What a sync mode asks of the layout. */
function settingsIn(stream: SyncStream, { deleteMode }: Config, records: RecordSettings): LayoutSettings {
  switch (stream.mode) {
    case 'append':
    case 'overwrite':
      // A row of a new generation holds nothing of the older one.
      return { ...records, startsAnew: records.onUpdate === 'merge' && isReplaced(stream) }
    case 'append_dedup':
      return { ...records, staysWhenWritten: deleteMode === 'ttl' }
    case 'update':
      return { ...records, writeCondition: onlyIfExists(records) }
    case 'soft_delete':
      return { ...records, writeCondition: onlyIfExists(records), onUpdate: 'merge', marksDeleted: true }
  }
}

function onlyIfExists({ writeCondition }: RecordSettings): RecordSettings['writeCondition'] {
  return writeCondition === 'always' ? 'if_exists' : writeCondition
}

function planStream(draft: Draft, index: number): StreamPlan {
  const { config, stream, settings, idKeys, isDeduplicated, replaces } = draft
  const { keyPrefix } = settings
  const base = `${stream.namespace}:${stream.name}`
  // A row that a condition kept from being written must not be remembered as one of ours.
  const isWritten = settings.writeCondition === 'always'
  const tracks = isDeduplicated || replaces || (config.trackKeys === 'always' && isWritten)
  const deletions = isDeduplicated ? deletionsOf(config) : undefined
  return {
    ...draft,
    index,
    metadataKey: metadataKey(keyPrefix, base),
    leaseKey: leaseKey(keyPrefix, base),
    layout: layoutFor(draft),
    staged: isCollection(settings) && !isDeduplicated ? stagedLayoutFor(draft) : undefined,
    locator: rowLocatorFor(draft, isDeduplicated),
    isTracked: tracks && idKeys === undefined,
    mayTrack: config.trackKeys !== 'never' && isWritten && idKeys === undefined,
    deletions,
    filter: filterOf(settings, deletions === undefined ? undefined : isDeletion),
    foreignIds: [],
  }
}

/** `a:2024` beside `a`: the record 2024 of `a` would take the key of the other's counter. */
function noteForeignIds(plans: StreamPlan[]): void {
  const byBase = new Map(plans.map((plan) => [plan.baseKey, plan]))
  for (const { baseKey } of plans) {
    const [, base, id] = /^(.*):([1-9]\d{0,15})$/s.exec(baseKey) ?? []
    if (base !== undefined) byBase.get(base)?.foreignIds.push(Number(id))
  }
  for (const plan of plans) plan.foreignIds.sort((a, b) => a - b)
}
