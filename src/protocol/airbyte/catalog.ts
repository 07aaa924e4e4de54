/** Reads the configured catalog: which streams a run writes, and how. */
import { ConfigError, problem, type Problem } from '../../errors.ts'
import { parseJson } from '../../json-text.ts'
import { shownName } from '../../shown-text.ts'
import { listOr } from '../../wording.ts'
import { displayName, identityOf, type StreamDescriptor } from './stream-descriptor.ts'

/** Names are parts of many keys that the connector has for a stream. */
const MOST_NAME_BYTES = 4_096

const SYNC_MODES = ['append', 'overwrite', 'append_dedup', 'update', 'soft_delete'] as const
type SyncMode = (typeof SYNC_MODES)[number]

export interface SyncStream extends StreamDescriptor {
  name: string
  /** Empty for a stream without a namespace. */
  namespace: string
  mode: SyncMode
  /** The generation that the run writes; undefined on platforms without generation ids. */
  generation: number | undefined
  /** The oldest generation whose records are kept. */
  minimumGeneration: number
  /** The number of the sync, the same in all of its attempts; undefined on platforms without generation ids. */
  syncId: number | undefined
  /** The path of each of its columns; empty for a stream without a primary key. */
  primaryKey: readonly (readonly string[])[]
  /** The column that decides which of two versions of a row is newer; without one, the time of emission decides. */
  cursor: Cursor | undefined
  /** The names of the columns; undefined if the source does not declare them. */
  columns: ReadonlySet<string> | undefined
}

interface Cursor {
  /** The names from the record down, joined with dots. */
  path: string
  /** Whether the source declares a numeric type, so that strings in it are numbers. */
  isNumeric: boolean
}

/** Throws one ConfigError that lists every problem. `path`: the file that the text is from. */
export function readCatalog(text: string, path?: string): SyncStream[] {
  const problems: Problem[] = []
  const streams: SyncStream[] = []
  for (const [index, entry] of streamsOf(text, path).entries()) {
    const result = readStream(entry, index)
    if ('code' in result) problems.push(result)
    else streams.push(result)
  }
  problems.push(...duplicatesIn(streams))
  if (problems.length > 0) throw new ConfigError(problems, { lead: 'The catalog cannot be used.' })
  return streams
}

function streamsOf(text: string, path?: string): unknown[] {
  const catalog: object = Object(parseJson(text, { option: '--catalog', path }))
  if (isConfiguration(catalog))
    throw new ConfigError(
      problem(
        'catalog-is-config',
        'The file given to --catalog is a configuration. Check that --config and --catalog are not swapped.',
      ),
    )
  const { streams, type } = catalog as { streams?: unknown; type?: unknown }
  if (type === 'CATALOG' || (Array.isArray(streams) && streams.length > 0 && streams.every(isDiscovered)))
    throw new ConfigError(
      problem(
        'catalog-discovered',
        'The file given to --catalog is a discovered catalog, which says what a source has. Wrap each stream that is to ' +
          'be written: {"stream": {…}, "sync_mode": "full_refresh", "destination_sync_mode": "append"}.',
      ),
    )
  if (!Array.isArray(streams))
    throw new ConfigError(
      problem(
        'catalog-not-configured',
        'The catalog has no list of "streams". Pass a configured Airbyte catalog to --catalog.',
      ),
    )
  if (streams.length === 0)
    throw new ConfigError(
      problem(
        'catalog-empty',
        'The catalog has no streams, so there is nothing to write. Select at least one.',
      ),
    )
  return streams
}

/** Options that most configurations have, and no catalog. */
const CONFIG_OPTIONS = ['host', 'url', 'deployment', 'cache_type', 'data_format', 'key_template']

function isConfiguration(catalog: object): boolean {
  return CONFIG_OPTIONS.some((option) => Object.hasOwn(catalog, option))
}

/** Returns whether an entry is a stream as `discover` prints it. */
function isDiscovered(entry: unknown): boolean {
  const { stream, name } = Object(entry) as { stream?: unknown; name?: unknown }
  return stream === undefined && typeof name === 'string'
}

function readStream(entry: unknown, index: number): SyncStream | Problem {
  const {
    stream,
    destination_sync_mode: mode,
    generation_id: generation,
    minimum_generation_id: minimum,
    sync_id: syncId,
    primary_key: primaryKey,
    cursor_field: cursor,
  } = (entry ?? {}) as {
    stream?: (Partial<StreamDescriptor> & StreamSchema) | null
    destination_sync_mode?: unknown
    generation_id?: unknown
    minimum_generation_id?: unknown
    sync_id?: unknown
    primary_key?: unknown
    cursor_field?: unknown
  }
  const { name, namespace = null } = stream ?? {}
  if (typeof name !== 'string' || name === '')
    return problem('catalog-stream-without-name', `streams[${index}]: the stream has no name.`, {
      params: { index },
    })
  if (namespace !== null && typeof namespace !== 'string')
    return problem(
      'catalog-namespace-invalid',
      `streams[${index}]: the namespace of ${name} is not a text.`,
      {
        params: { index, stream: name },
      },
    )
  const longest = Math.max(Buffer.byteLength(name), Buffer.byteLength(namespace ?? ''))
  if (longest > MOST_NAME_BYTES)
    return problem(
      'stream-name-too-long',
      `streams[${index}]: the name or namespace of ${shownName(name)} has ${longest} bytes, and may have ${MOST_NAME_BYTES}.`,
      { params: { index, bytes: longest, most: MOST_NAME_BYTES } },
    )
  const fullName = displayName({ name, namespace })
  if (!isSyncMode(mode))
    return problem(
      'sync-mode-unknown',
      `The stream ${fullName} has destination_sync_mode ${shownValue(mode ?? null)}; use ${listOr(SYNC_MODES)}.`,
      { params: { index, stream: fullName } },
    )
  if (!isGeneration(generation) || !isGeneration(minimum) || (minimum ?? 0) > (generation ?? Infinity))
    return problem(
      'generation-invalid',
      `The stream ${fullName} has generation_id ${shownValue(generation)} and minimum_generation_id ${shownValue(minimum)}; ` +
        'both must be whole numbers of at least 0, and the minimum must not be the larger one.',
      { params: { index, stream: fullName } },
    )
  const chosenKey = pathsIn(primaryKey)
  return {
    name,
    namespace: namespace ?? '',
    mode,
    generation: generation ?? (minimum || undefined),
    minimumGeneration: minimum ?? 0,
    syncId: isGeneration(syncId) ? (syncId ?? undefined) : undefined,
    primaryKey: chosenKey.length > 0 ? chosenKey : pathsIn(stream?.source_defined_primary_key),
    cursor: cursorOf(cursor, stream),
    columns: namesIn(propertiesOf(stream?.json_schema)),
  }
}

interface StreamSchema {
  source_defined_primary_key?: unknown
  default_cursor_field?: unknown
  json_schema?: unknown
}

/** Ignores everything that is not a list of paths. */
function pathsIn(value: unknown): string[][] {
  return Array.isArray(value) ? value.filter(isPath) : []
}

function isPath(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')
}

/** A source that defines the cursor itself names it as the default one; platforms may then leave out the choice. */
function cursorOf(chosen: unknown, stream: StreamSchema | null | undefined): Cursor | undefined {
  const path = [chosen, stream?.default_cursor_field].find(isPath)
  if (path === undefined) return undefined
  let column: unknown = stream?.json_schema
  for (const name of path) column = propertiesOf(column)[name]
  const { airbyte_type: kind } = (column ?? {}) as { airbyte_type?: unknown }
  return { path: path.join('.'), isNumeric: /^(big_)?(integer|number)$/.test(String(kind)) }
}

function propertiesOf(schema: unknown): Record<string, unknown> {
  const { properties } = (schema ?? {}) as { properties?: unknown }
  return (typeof properties === 'object' ? (properties ?? {}) : {}) as Record<string, unknown>
}

function namesIn(properties: Record<string, unknown>): ReadonlySet<string> | undefined {
  const names = Object.keys(properties)
  return names.length === 0 ? undefined : new Set(names)
}

/** Platforms without generation ids leave them out, or write null. */
function isGeneration(value: unknown): value is number | null | undefined {
  return value === undefined || value === null || (Number.isSafeInteger(value) && (value as number) >= 0)
}

function isSyncMode(value: unknown): value is SyncMode {
  return SYNC_MODES.some((mode) => mode === value)
}

function duplicatesIn(streams: SyncStream[]): Problem[] {
  const identities = streams.map(identityOf)
  return streams
    .filter((stream, index) => identities.indexOf(identityOf(stream)) < index)
    .map((stream) =>
      problem('stream-duplicated', `The catalog contains the stream ${displayName(stream)} twice.`, {
        params: { stream: displayName(stream) },
      }),
    )
}

/** Returns a value of the catalog for a sentence. */
function shownValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return shownName(typeof value === 'string' ? JSON.stringify(value) : String(value))
}
