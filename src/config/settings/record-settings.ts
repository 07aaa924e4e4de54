/** The settings that say what a record becomes: checked, with defaults filled in, and looked up by stream. */

/** The score of a sorted set without a score_field; no column. */
export const EMISSION_TIME = '_airbyte_emitted_at'

export interface RecordSettings {
  readonly cacheType: CacheType
  readonly dataFormat: DataFormat
  /** The text before every key of the stream. */
  readonly keyPrefix: string
  /** Templates as the operator wrote them; undefined is the default of the cache type and format. */
  readonly keyTemplate: string | undefined
  readonly hashField: string | undefined
  readonly member: string | undefined
  /** A column, or `EMISSION_TIME`. */
  readonly scoreField: string
  readonly valueField: string | undefined
  readonly listOperation: 'append' | 'prepend'
  readonly maxLength: number | undefined
  readonly streamTrim: 'approximate' | 'exact'
  /** What the next run does with records behind the last acknowledged state of a run that failed. */
  readonly onRetry: 'keep' | 'roll_back'
  /** 0 if keys never expire, or at the time in `expireAtField`. */
  readonly ttlSeconds: number
  readonly ttlJitterPercent: number
  readonly expireAtField: string | undefined
  /** The unit of its numbers; undefined if their size tells it. */
  readonly expireAtUnit: ExpiryUnit | undefined
  /** The column with the seconds after which the key of a record expires. */
  readonly ttlField: string | undefined
  /** Whether a primary-key column may be null or absent. */
  readonly nullKeys: 'error' | 'allow'
  readonly onUpdate: 'replace' | 'merge'
  readonly writeCondition: WriteCondition
  readonly rootField: string | undefined
  /** Whether a replace without records and without the status COMPLETE empties the stream. */
  readonly allowEmptyReplace: boolean
  readonly fields: readonly { readonly from: string; readonly to: string }[] | undefined
  /** What is written for a column that is null, in the format `flat`. */
  readonly nullAs: 'absent' | 'empty' | 'text'
  /** Whether the changes that the source reports of a record (`meta.changes`) are written with it. */
  readonly keepMeta: boolean
  readonly recordFilter: RecordFilter | undefined
  /** What a record that does not pass the filter does to its row, in a stream that is deduplicated. */
  readonly filteredRows: 'remove' | 'keep'
}

/** A value of cache_type: the name of a structure in the registry. */
export type CacheType = string
export type DataFormat = 'airbyte' | 'flat' | 'json' | 'raw'
export type ExpiryUnit = 's' | 'ms' | 'us' | 'ns'
export type WriteCondition = 'always' | 'if_exists' | 'if_absent'
/** `equals`: the text or number that the column must have; undefined if it must be null or absent. */
export interface RecordFilter {
  readonly field: string
  readonly equals: string | undefined
}

/** One entry of `streams`, merged over the options for all streams. */
export interface StreamSettings {
  readonly stream: string
  /** Undefined if the entry is for streams of that name in any namespace. */
  readonly namespace: string | undefined
  readonly records: RecordSettings
}

/** A stream of the catalog; its namespace is empty if it has none. */
interface NamedStream {
  readonly name: string
  readonly namespace: string
}

interface Settings {
  readonly records: RecordSettings
  readonly streams: readonly StreamSettings[]
}

/** Returns whether a stream has an entry of its own. */
export function hasEntry({ streams }: Settings, stream: NamedStream): boolean {
  return streams.some((entry) => matches(entry, stream))
}

/** Returns the settings of a stream. An entry with its namespace has priority over one without a namespace. */
export function settingsFor({ records, streams }: Settings, stream: NamedStream): RecordSettings {
  const matching = streams.filter((entry) => matches(entry, stream))
  const entry = matching.find(({ namespace }) => namespace !== undefined) ?? matching[0]
  return entry?.records ?? records
}

/** Returns the entries for streams that the catalog does not have: their names are likely to be misspelt. */
export function unmatchedStreams({ streams }: Settings, catalog: readonly NamedStream[]): StreamSettings[] {
  return streams.filter((entry) => !catalog.some((stream) => matches(entry, stream)))
}

function matches({ stream, namespace }: StreamSettings, named: NamedStream): boolean {
  return stream === named.name && (namespace === undefined || namespace === named.namespace)
}
