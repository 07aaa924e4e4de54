/** The options that say what a record becomes, for all streams and in each entry of `streams`. */
import type { Problem } from '../../errors.ts'
import { readField } from './field-text.ts'
import { selectStructure, type StructureRules } from '../settings/structure-rules.ts'
import {
  EMISSION_TIME,
  type CacheType,
  type DataFormat,
  type ExpiryUnit,
  type RecordFilter,
  type RecordSettings,
  type WriteCondition,
} from '../settings/record-settings.ts'

/** An option that the configuration leaves out is undefined, and fits all others. */
export interface RecordOptions {
  cache_type?: CacheType
  data_format?: DataFormat
  key_prefix?: string
  key_template?: string
  allow_constant_key?: boolean
  hash_field?: string
  member?: string
  score_field?: string
  value_field?: string
  list_operation?: 'append' | 'prepend'
  max_length?: number
  stream_trim?: 'approximate' | 'exact'
  on_retry?: 'keep' | 'roll_back'
  ttl_seconds?: number
  ttl_jitter_percent?: number
  expire_at_field?: string
  expire_at_unit?: ExpiryUnit
  ttl_field?: string
  null_keys?: 'error' | 'allow'
  on_update?: 'replace' | 'merge'
  write_condition?: WriteCondition
  root_field?: string
  allow_empty_replace?: boolean
  fields?: string[]
  null_as?: 'absent' | 'empty' | 'text'
  keep_meta?: boolean
  record_filter?: FilterOptions
  filtered_rows?: 'remove' | 'keep'
}

interface FilterOptions {
  field?: string
  equals?: string
  is_null?: boolean
}

export type RecordOption = keyof RecordOptions

/** A problem of one option, for all streams or in an entry. */
export interface OptionProblem {
  readonly code: string
  readonly option: RecordOption
  /** The sentence after the name of the option, without the full stop. */
  readonly clause: string
  readonly params?: Problem['params']
}

export interface StreamOptions extends RecordOptions {
  stream: string
  namespace?: string
}

export function cacheTypeOf({ cache_type: cacheType = 'hash' }: RecordOptions): CacheType {
  return cacheType
}

export function dataFormatOf(options: RecordOptions, structures: readonly StructureRules[]): DataFormat {
  const { data_format: format, hash_field: hashField } = options
  const structure = selectStructure(structures, { cacheType: cacheTypeOf(options), hashField })
  return format ?? structure?.formats[0] ?? 'airbyte'
}

/** Returns the name of an entry of `streams` in sentences. */
export function entryName(index: number, stream: unknown): string {
  return typeof stream === 'string' ? `streams[${index}] (${stream})` : `streams[${index}]`
}

/** Returns the settings for options without problems. */
export function settingsOf(options: RecordOptions, structures: readonly StructureRules[]): RecordSettings {
  const { fields, record_filter: filter } = options
  return Object.freeze({
    cacheType: cacheTypeOf(options),
    dataFormat: dataFormatOf(options, structures),
    keyPrefix: options.key_prefix ?? '',
    keyTemplate: options.key_template,
    hashField: options.hash_field,
    member: options.member,
    scoreField: options.score_field ?? EMISSION_TIME,
    valueField: options.value_field,
    listOperation: options.list_operation ?? 'append',
    maxLength: options.max_length,
    streamTrim: options.stream_trim ?? 'approximate',
    onRetry: options.on_retry ?? 'keep',
    ttlSeconds: options.ttl_seconds ?? 0,
    ttlJitterPercent: options.ttl_jitter_percent ?? 0,
    expireAtField: options.expire_at_field,
    expireAtUnit: options.expire_at_unit,
    ttlField: options.ttl_field,
    nullKeys: options.null_keys ?? 'error',
    onUpdate: options.on_update ?? 'replace',
    writeCondition: options.write_condition ?? 'always',
    rootField: options.root_field,
    allowEmptyReplace: options.allow_empty_replace ?? false,
    fields: fields?.map((field) => readField(field)!),
    nullAs: options.null_as ?? 'absent',
    keepMeta: options.keep_meta ?? false,
    recordFilter: filter === undefined ? undefined : filterIn(filter),
    filteredRows: options.filtered_rows ?? 'remove',
  })
}

function filterIn({ field, equals, is_null: isNull = false }: FilterOptions): RecordFilter {
  return { field: field!, equals: isNull ? undefined : equals }
}
