/** The commands that a configuration needs, as far as they are known without a catalog. */
import type { Config } from '../../config/settings/config.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { structureOf } from '../../layout/registry/structure-registry.ts'
import { STREAM_WRITING } from '../../layout/structures/redis-stream.ts'
import type { CommandRequirement } from '../../redis/commands/command-probe.ts'
import {
  EVERY_SYNC,
  EXPIRY,
  FSYNC,
  GUARDED_TRANSACTION,
  KEY_INDEX,
  REPLICAS,
  SHARED_EXPIRY,
  SWAP,
  TRANSACTION,
} from './common-requirements.ts'

/** Returns what every sync with the configuration needs. */
export function requiredCommands(config: Config): CommandRequirement[] {
  const { durability, onRecordError, trackKeys } = config
  const requirements = [EVERY_SYNC, ...settingsIn(config).flatMap(requirementsOf)]
  if (onRecordError === 'dead_letter') requirements.push(STREAM_WRITING, TRANSACTION)
  if (trackKeys === 'always') requirements.push(KEY_INDEX)
  if (durability.mode !== 'none') requirements.push(durability.mode === 'fsync' ? FSYNC : REPLICAS)
  return [...new Set(requirements)]
}

/**
 * Returns what a sync can do without, or what only some sync modes need: `check` does not know which modes will be
 * used.
 */
export function modeCommands(config: Config): CommandRequirement[] {
  const required = new Set(requiredCommands(config))
  const guarded = required.has(TRANSACTION) ? [GUARDED_TRANSACTION] : []
  const requirements = new Set([...settingsIn(config).flatMap(modeRequirementsOf), ...guarded])
  return [...requirements].filter((requirement) => !required.has(requirement))
}

export function settingsIn({ records, streams, defaultProblems }: Config): RecordSettings[] {
  return [...(defaultProblems.length === 0 ? [records] : []), ...streams.map((entry) => entry.records)]
}

/** Returns what the structure of a stream needs. */
export function requirementsOf(settings: RecordSettings): CommandRequirement[] {
  const { isRepeatable, collection, requirements } = structureOf(settings)
  const needsTransaction = !isRepeatable || (collection !== undefined && expires(settings))
  return [
    ...(expires(settings) ? [collection === undefined ? EXPIRY : SHARED_EXPIRY] : []),
    ...requirements(settings),
    ...(needsTransaction ? [TRANSACTION] : []),
  ]
}

export function expires({ ttlSeconds, ttlField, expireAtField }: RecordSettings): boolean {
  return ttlSeconds > 0 || ttlField !== undefined || expireAtField !== undefined
}

function modeRequirementsOf(settings: RecordSettings): CommandRequirement[] {
  const { collection, requirements } = structureOf(settings)
  // The modes update and soft_delete write only rows that exist.
  const conditional = requirements({ ...settings, writeCondition: 'if_exists' })
  const replacing = collection === undefined ? [] : [SWAP, collection.replacing]
  return [KEY_INDEX, ...replacing, ...conditional]
}
