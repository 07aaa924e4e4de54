/** The options that fit a Redis structure: the part of its descriptor that configurations are checked against. */
import type { CacheType, DataFormat, WriteCondition } from './record-settings.ts'

/** Options that only some structures have. */
export const STRUCTURE_OPTIONS = [
  'hash_field',
  'member',
  'score_field',
  'list_operation',
  'max_length',
  'stream_trim',
  'on_retry',
  'expire_at_field',
  'ttl_field',
] as const

export type StructureOption = (typeof STRUCTURE_OPTIONS)[number]

export interface StructureRules {
  readonly cacheType: CacheType
  /** The option that selects this structure among those of its cache type. */
  readonly selectedBy?: 'hash_field' | undefined
  /** Undefined if each record has a key of its own. */
  readonly collection: object | undefined
  /** The values of data_format; the first one is the default. */
  readonly formats: readonly DataFormat[]
  /** The formats in which on_update: merge is possible. */
  readonly mergeFormats: readonly DataFormat[]
  readonly conditions: readonly WriteCondition[]
  readonly options: readonly StructureOption[]
}

interface Selection {
  readonly cacheType: CacheType
  readonly hashField: string | undefined
}

/** Returns the structure for a cache type, undefined if there is none. */
export function selectStructure<Rules extends StructureRules>(
  structures: readonly Rules[],
  { cacheType, hashField }: Selection,
): Rules | undefined {
  const candidates = structures.filter((structure) => structure.cacheType === cacheType)
  const selected = candidates.find(({ selectedBy }) => selectedBy !== undefined && hashField !== undefined)
  return selected ?? candidates.find(({ selectedBy }) => selectedBy === undefined)
}
