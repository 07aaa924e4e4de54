// The options of a configuration and the settings of a catalog, as far as the model knows them.

export interface LayoutOptions {
  cache_type?: 'hash' | 'string' | 'list' | 'set' | 'sorted_set' | 'stream'
  data_format?: 'airbyte' | 'flat' | 'json' | 'raw'
  key_template?: string
  hash_field?: string
  member?: string
  value_field?: string
  score_field?: string
  list_operation?: 'append' | 'prepend'
  max_length?: number
  stream_trim?: 'exact'
  ttl_seconds?: number
  expire_at_field?: string
  on_update?: 'replace' | 'merge'
  write_condition?: 'always' | 'if_exists' | 'if_absent'
  root_field?: string
  fields?: (string | { from: string; to: string })[]
  record_filter?: { field: string; equals: string | number | boolean | null }
  filtered_rows?: 'remove' | 'keep'
  null_keys?: 'error' | 'allow'
  null_as?: 'absent' | 'empty' | 'text'
  ttl_field?: string
  on_retry?: 'keep' | 'roll_back'
  keep_meta?: boolean
  allow_empty_replace?: boolean
}

export interface Options extends LayoutOptions {
  key_prefix?: string
  delete_mode?: 'hard' | 'soft' | 'ttl'
  delete_ttl_seconds?: number
  tombstone_seconds?: number
  track_keys?: 'auto' | 'always'
  on_record_error?: 'fail' | 'dead_letter'
  batch_records?: number
  completion?: 'auto' | 'status' | 'end_of_input'
  streams?: ({ stream: string } & LayoutOptions)[]
}

export type Mode = 'append' | 'append_dedup' | 'overwrite' | 'update' | 'soft_delete'

export interface ModelStream {
  name: string
  namespace?: string | undefined
  mode: Mode
  primaryKey?: string[]
  cursor?: string | undefined
  /** Undefined for a host without generations. */
  generation?: number
  minimum?: number
  syncId?: number
}

/** Everything that says how one stream is written in one run. */
export interface Settings {
  stream: ModelStream
  options: Options
}

/** Returns the options of one stream, with the entry of `streams` for it. */
export function settingsOf(stream: ModelStream, { streams = [], ...options }: Options): Settings {
  const own = streams.find((entry) => entry.stream === stream.name)
  if (own === undefined) return { stream, options }
  const { stream: _, ...layout } = own
  return { stream, options: { ...options, ...layout } }
}

export function cacheTypeOf({ cache_type: cacheType = 'hash' }: LayoutOptions) {
  return cacheType
}

export function dataFormatOf({ data_format: dataFormat, hash_field: hashField }: LayoutOptions) {
  return dataFormat ?? (hashField === undefined ? 'airbyte' : 'json')
}

/** Returns whether many records share a key. */
export function isCollection(options: LayoutOptions): boolean {
  return options.hash_field !== undefined || !['hash', 'string'].includes(cacheTypeOf(options))
}

/** Returns whether the run removes older rows at its end: an overwrite, or a refresh. */
export function isReplace({ mode, minimum = 0 }: ModelStream): boolean {
  return mode === 'overwrite' || minimum > 0
}

/** Returns whether records change existing rows only. */
export function isUpdate({ mode }: ModelStream): boolean {
  return mode === 'update' || mode === 'soft_delete'
}

/**
 * Returns whether a replace gathers the records beside the live keys, and swaps them at its end. Members that are
 * deduplicated are rows of their own, which are written in place.
 */
export function isStaged({ stream, options }: Settings): boolean {
  return isCollection(options) && stream.mode !== 'append_dedup'
}
