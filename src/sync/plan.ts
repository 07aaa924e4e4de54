/** What is to happen to each stream of the catalog, decided once before the first record. */
import type { Config } from '../config/config.ts'
import { settingsFor, type RecordSettings } from '../config/records.ts'
import { ConfigError } from '../errors.ts'
import { filterOf, type Filter } from '../layout/filter.ts'
import type { Layout } from '../layout/layout.ts'
import { isCollection, keyTemplateOf, layoutFor } from '../layout/select.ts'
import type { SyncStream } from '../protocol/catalog.ts'
import { displayName } from '../protocol/descriptor.ts'
import { notesKey } from './keys.ts'
import { problemsOf } from './plan-problems.ts'

export interface StreamPlan {
  /** Its place in the catalog. */
  index: number
  stream: SyncStream
  /** For people. */
  name: string
  settings: RecordSettings
  /** `<prefix><namespace>:<stream>`. */
  baseKey: string
  /** Where its records are counted. */
  counterKey: string
  /** The connector's own notes on the stream, a hash. */
  notesKey: string
  /** With its defaults filled in, and without the prefix. */
  keyTemplate: string
  layout: Layout
  /** Undefined where every record is written. */
  filter: Filter | undefined
  /** Whether what was there before the run is removed when it has ended well. */
  replaces: boolean
  /** Ids whose record would take the key of another stream's counter; rising. */
  foreignIds: number[]
}

/** Throws one ConfigError that names everything that stands in the way of the streams. */
export function planStreams(streams: readonly SyncStream[], config: Config): StreamPlan[] {
  const plans = streams.map((stream, index) => planStream(stream, index, config))
  const problems = problemsOf(plans)
  if (problems.length > 0)
    throw new ConfigError(
      `The catalog cannot be written: ${problems.join('; ')}. Change the configuration, or sync it apart.`,
    )
  noteForeignIds(plans)
  return plans
}

function planStream(stream: SyncStream, index: number, config: Config): StreamPlan {
  const settings = settingsFor(config, stream)
  const base = `${stream.namespace}:${stream.name}`
  const baseKey = settings.keyPrefix + base
  return {
    index,
    stream,
    name: displayName(stream),
    settings,
    baseKey,
    counterKey: isCollection(settings) ? `${baseKey}:_airbyte_ab_id` : baseKey,
    notesKey: notesKey(settings.keyPrefix, base),
    keyTemplate: keyTemplateOf(settings, stream),
    layout: layoutFor(settings, stream),
    filter: filterOf(settings),
    replaces: stream.mode === 'overwrite' || stream.minimumGeneration > 0,
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
