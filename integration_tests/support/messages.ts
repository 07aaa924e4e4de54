// Builds the input of the connector: messages as lines, each with its line feed, and catalogs as objects. An option
// that is not set is not in the message either.
export type RecordOptions = {
  namespace?: string | null | undefined
  emittedAt?: number | undefined
  meta?: object | undefined
}
export type StateOptions = { namespace?: string | null | undefined; id?: number | undefined }

export type StreamStatus = 'STARTED' | 'RUNNING' | 'COMPLETE' | 'INCOMPLETE'

export type CatalogStream = {
  name: string
  namespace?: string | null | undefined
  mode?: 'append' | 'overwrite' | 'append_dedup' | 'update' | 'soft_delete'
  syncMode?: 'full_refresh' | 'incremental'
  schema?: Record<string, unknown>
  primaryKey?: string[][]
  cursor?: string[]
  /** The generation id, as newer hosts send it. */
  generation?: number
  minimumGeneration?: number
  syncId?: number
}

export type ConfiguredCatalog = { streams: ConfiguredStream[] }

type ConfiguredStream = {
  stream: {
    name: string
    namespace?: string | null
    json_schema: Record<string, unknown>
    supported_sync_modes: string[]
  }
  sync_mode: string
  destination_sync_mode: string
  primary_key?: string[][]
  cursor_field?: string[]
  generation_id?: number
  minimum_generation_id?: number
  sync_id?: number
}

const emittedAtDefault = 1_700_000_000_000

/**
 * Returns a RECORD line. Data given as text is inserted unchanged, for numbers and escapes that JavaScript cannot
 * write.
 */
export function record(stream: string, data: object | string, options: RecordOptions = {}): string {
  const { namespace, emittedAt = emittedAtDefault, meta } = options
  const head = JSON.stringify({ stream, namespace, emitted_at: emittedAt, meta }).slice(0, -1)
  const json = typeof data === 'string' ? data : JSON.stringify(data)
  return `{"type":"RECORD","record":${head},"data":${json}}}\n`
}

export function streamState(stream: string, state: unknown, options: StateOptions = {}): string {
  const { namespace, id } = options
  const descriptor = { name: stream, namespace }
  return line({
    type: 'STATE',
    state: { type: 'STREAM', id, stream: { stream_descriptor: descriptor, stream_state: state } },
  })
}

export function globalState(
  sharedState: unknown,
  streams: { name: string; namespace?: string | null | undefined; state: unknown }[] = [],
  options: { id?: number | undefined } = {},
): string {
  const streamStates = streams.map(({ name, namespace, state }) => ({
    stream_descriptor: { name, namespace },
    stream_state: state,
  }))
  const global = { shared_state: sharedState, stream_states: streamStates }
  return line({ type: 'STATE', state: { type: 'GLOBAL', id: options.id, global } })
}

/** Returns a state of the old form, without a type. */
export function legacyState(data: unknown): string {
  return line({ type: 'STATE', state: { data } })
}

export function status(
  stream: string,
  streamStatus: StreamStatus = 'COMPLETE',
  options: { namespace?: string | null | undefined } = {},
): string {
  const descriptor = { name: stream, namespace: options.namespace }
  return line({
    type: 'TRACE',
    trace: {
      type: 'STREAM_STATUS',
      emitted_at: emittedAtDefault,
      stream_status: { stream_descriptor: descriptor, status: streamStatus },
    },
  })
}

export function catalog(streams: CatalogStream[]): ConfiguredCatalog {
  return { streams: streams.map(configure) }
}

function configure(stream: CatalogStream): ConfiguredStream {
  const { name, namespace, mode = 'append', syncMode = 'full_refresh' } = stream
  return {
    stream: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      json_schema: stream.schema ?? { type: 'object', properties: {} },
      supported_sync_modes: ['full_refresh', 'incremental'],
    },
    sync_mode: syncMode,
    destination_sync_mode: mode,
    ...(stream.primaryKey === undefined ? {} : { primary_key: stream.primaryKey }),
    ...(stream.cursor === undefined ? {} : { cursor_field: stream.cursor }),
    ...(stream.generation === undefined ? {} : { generation_id: stream.generation }),
    ...(stream.minimumGeneration === undefined ? {} : { minimum_generation_id: stream.minimumGeneration }),
    ...(stream.syncId === undefined ? {} : { sync_id: stream.syncId }),
  }
}

function line(message: unknown): string {
  return `${JSON.stringify(message)}\n`
}
