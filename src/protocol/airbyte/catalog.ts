/** The configured catalog: which streams a run writes, and how. */
import { ConfigError } from '../../errors.ts'
import { listOr } from '../../wording.ts'
import { displayName, identityOf, type StreamDescriptor } from './stream-descriptor.ts'

const SYNC_MODES = ['append', 'overwrite', 'append_dedup', 'update', 'soft_delete'] as const
type SyncMode = (typeof SYNC_MODES)[number]

export interface SyncStream extends StreamDescriptor {
  name: string
  /** Empty where the source has none. */
  namespace: string
  mode: SyncMode
  /** Which generation the run writes, and the oldest that is kept; the host may not know generations. */
  generation: number | undefined
  minimumGeneration: number
  /** The path of each of its columns; empty where the stream has none. */
  primaryKey: readonly (readonly string[])[]
  /** The column that says which of two versions of a row is newer; undefined where emission time does. */
  cursor: Cursor | undefined
  /** Names of the columns, where the source declares them. */
  columns: ReadonlySet<string> | undefined
}

interface Cursor {
  /** Names from the record down, joined with dots. */
  path: string
  /** Whether the source says that its strings are numbers. */
  isNumeric: boolean
}

/** Reads the catalog's text. Throws one ConfigError that lists everything wrong with it. */
export function readCatalog(text: string): SyncStream[] {
  const problems: string[] = []
  const streams: SyncStream[] = []
  for (const [index, entry] of streamsOf(text).entries()) {
    const result = readStream(entry)
    if (typeof result === 'string') problems.push(`streams[${index}]: ${result}`)
    else streams.push(result)
  }
  problems.push(...duplicatesIn(streams))
  if (problems.length > 0) throw new ConfigError(`The catalog cannot be used: ${problems.join('; ')}.`)
  return streams
}

function streamsOf(text: string): unknown[] {
  let catalog: unknown
  try {
    catalog = JSON.parse(text)
  } catch {
    throw new ConfigError(
      'The catalog is not JSON. Pass the path of a configured Airbyte catalog to --catalog.',
    )
  }
  const streams = (catalog as { streams?: unknown } | null)?.streams
  if (!Array.isArray(streams))
    throw new ConfigError('The catalog has no list of "streams". Pass a configured Airbyte catalog.')
  if (streams.length === 0)
    throw new ConfigError('The catalog has no streams, so there is nothing to write. Select at least one.')
  return streams
}

/** One stream, or what is wrong with it. */
function readStream(entry: unknown): SyncStream | string {
  const {
    stream,
    destination_sync_mode: mode,
    generation_id: generation,
    minimum_generation_id: minimum,
    primary_key: primaryKey,
    cursor_field: cursor,
  } = (entry ?? {}) as {
    stream?: (Partial<StreamDescriptor> & StreamSchema) | null
    destination_sync_mode?: unknown
    generation_id?: unknown
    minimum_generation_id?: unknown
    primary_key?: unknown
    cursor_field?: unknown
  }
  const { name, namespace = null } = stream ?? {}
  if (typeof name !== 'string' || name === '') return 'the stream has no name'
  if (namespace !== null && typeof namespace !== 'string') return `the namespace of ${name} is not a string`
  const who = displayName({ name, namespace })
  if (!isSyncMode(mode))
    return `${who} has destination_sync_mode ${JSON.stringify(mode ?? null)}; use ${listOr(SYNC_MODES)}`
  if (!isGeneration(generation) || !isGeneration(minimum) || (minimum ?? 0) > (generation ?? Infinity))
    return (
      `${who} has generation_id ${String(generation)} and minimum_generation_id ${String(minimum)}; ` +
      'they must be whole numbers from 0 on, and the minimum no higher'
    )
  const chosenKey = pathsIn(primaryKey)
  return {
    name,
    namespace: namespace ?? '',
    mode,
    generation: generation ?? (minimum || undefined),
    minimumGeneration: minimum ?? 0,
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

/** Anything else than a list of paths is none. */
function pathsIn(value: unknown): string[][] {
  return Array.isArray(value) ? value.filter(isPath) : []
}

function isPath(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')
}

/** A source that has its own cursor names it as the default one; hosts may leave it out then. */
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

/** Hosts leave out, or write null for, what they do not know. */
function isGeneration(value: unknown): value is number | null | undefined {
  return value === undefined || value === null || (Number.isSafeInteger(value) && (value as number) >= 0)
}

function isSyncMode(value: unknown): value is SyncMode {
  return SYNC_MODES.some((mode) => mode === value)
}

function duplicatesIn(streams: SyncStream[]): string[] {
  const seen = new Set<string>()
  const problems: string[] = []
  for (const stream of streams) {
    const identity = identityOf(stream)
    if (seen.has(identity)) problems.push(`the stream ${displayName(stream)} is there twice`)
    seen.add(identity)
  }
  return problems
}
