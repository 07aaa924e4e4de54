/** What is to happen to each stream of the catalog, decided once before the first record. */
import type { Config } from '../../config/settings/config.ts'
import { ConfigError } from '../../errors.ts'
import { filterOf, type Filter } from '../../layout/fields/filter.ts'
import type { Layout } from '../../layout/encoding/layout.ts'
import type { RowLocator } from '../../layout/locations/row-location.ts'
import {
  isCollection,
  layoutFor,
  rowLocatorFor,
  stagedLayoutFor,
} from '../../layout/registry/create-layout.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { deletionsOf, isDeletion, type Deletions } from './cdc-deletes.ts'
import { leaseKey, metadataKey } from './internal-keys.ts'
import { catalogProblems } from './catalog-checks.ts'
import { draftOf, type StreamDraft } from './stream-draft.ts'

export interface StreamPlan extends StreamDraft {
  /** Its place in the catalog. */
  index: number
  /** The connector's own notes on the stream, a hash. */
  metadataKey: string
  /** Held by the one run that may write the stream. */
  leaseKey: string
  layout: Layout
  /** Of a collection: the layout that gathers what is to take the place of what is live. */
  staged: Layout | undefined
  /** Where its rows are. */
  locator: RowLocator
  /** Whether this run remembers the places it writes. */
  isTracked: boolean
  /** Whether it goes on remembering them where a former run did. */
  mayTrack: boolean
  /** Undefined where no record means that its row is gone. */
  deletions: Deletions | undefined
  /** Undefined where every record is written. */
  filter: Filter | undefined
  /** Ids whose record would take the key of another stream's counter; rising. */
  foreignIds: number[]
}

/** Throws one ConfigError that names everything that stands in the way of the streams. */
export function planStreams(streams: readonly SyncStream[], config: Config): StreamPlan[] {
  const drafts = streams.map((stream) => draftOf(stream, config))
  const problems = catalogProblems(drafts)
  if (problems.length > 0)
    throw new ConfigError(problems, {
      lead:
        'The catalog cannot be written with this configuration. Change the configuration, or move these streams ' +
        'to a separate connection.',
    })
  const plans = drafts.map(planStream)
  noteForeignIds(plans)
  return plans
}

function planStream(draft: StreamDraft, index: number): StreamPlan {
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
