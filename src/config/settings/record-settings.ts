/** What a record becomes: checked, with defaults filled in, and chosen by stream. */

export interface RecordSettings {
  readonly cacheType: CacheType
  readonly dataFormat: DataFormat
  /** Put before every key of the stream. */
  readonly keyPrefix: string
  /** Templates are as written; undefined is the default of the cache type and format. */
  readonly keyTemplate: string | undefined
  readonly hashField: string | undefined
  readonly member: string | undefined
  readonly scoreField: string
  readonly valueField: string | undefined
  readonly listOperation: 'append' | 'prepend'
  readonly maxLength: number | undefined
  readonly streamTrim: 'approximate' | 'exact'
  /** 0 where keys stay for ever, or as long as `expireAtField` says. */
  readonly ttlSeconds: number
  readonly ttlJitterPercent: number
  readonly expireAtField: string | undefined
  readonly onUpdate: 'replace' | 'merge'
  readonly writeCondition: WriteCondition
  readonly rootField: string | undefined
  readonly fields: readonly { readonly from: string; readonly to: string }[] | undefined
  readonly recordFilter: { readonly field: string; readonly equals: Comparable } | undefined
}

export type CacheType = 'hash' | 'string' | 'list' | 'set' | 'sorted_set' | 'stream'
export type DataFormat = 'airbyte' | 'flat' | 'json' | 'raw'
export type WriteCondition = 'always' | 'if_exists' | 'if_absent'
export type Comparable = string | number | boolean | null

/** One entry of `streams`, merged over what holds for all. */
export interface StreamSettings {
  readonly stream: string
  /** Undefined where the entry is for streams of that name in any namespace. */
  readonly namespace: string | undefined
  readonly records: RecordSettings
}

/** A stream of the catalog; without namespace its namespace is empty. */
interface NamedStream {
  readonly name: string
  readonly namespace: string
}

interface Settings {
  readonly records: RecordSettings
  readonly streams: readonly StreamSettings[]
}

/** An entry with the stream's namespace wins over one without. */
export function settingsFor({ records, streams }: Settings, stream: NamedStream): RecordSettings {
  const matching = streams.filter((entry) => matches(entry, stream))
  const entry = matching.find(({ namespace }) => namespace !== undefined) ?? matching[0]
  return entry?.records ?? records
}

/** The entries that are for no stream of the catalog: their names are likely to be misspelt. */
export function unmatchedStreams({ streams }: Settings, catalog: readonly NamedStream[]): StreamSettings[] {
  return streams.filter((entry) => !catalog.some((stream) => matches(entry, stream)))
}

function matches({ stream, namespace }: StreamSettings, named: NamedStream): boolean {
  return stream === named.name && (namespace === undefined || namespace === named.namespace)
}
