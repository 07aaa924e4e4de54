/**
 * The manifest of a generation: where its rows are, what they look like, and how its last run ended. It is a field of
 * the stream's metadata, written before the first record, so that later runs need not infer it from a configuration that
 * may have changed. A generation that goes on in another form has one manifest for each form.
 */
import { ConfigError, problem } from '../../errors.ts'
import type { StreamLayout } from './stream-layout.ts'

export interface GenerationManifest {
  /** The number of its first run. */
  readonly firstRun: number
  /** Airbyte's number; undefined on platforms without generation ids. */
  readonly generation: number | undefined
  /** The sync of its last run. */
  readonly syncId: number | undefined
  /** The connection of its last run, where the platform names it. Only warnings depend on it. */
  readonly connection?: string | undefined
  /** Whether it belongs to the generation of the manifest before it. */
  readonly continues: boolean
  readonly layout: StreamLayout
  /** How columns of the primary key are written in keys and members: numbers in plain notation. */
  readonly keyForm: 'plain'
  /** The form of its row locations: a cache type, or `member of <cache type>`. */
  readonly form: string
  /** How its rows are found again. */
  readonly rows: GenerationRows
  /** Whether its records have ids, so that the stream has a counter. */
  readonly usesIds: boolean
  /** Whether a record of it may have been written. */
  readonly hasRecords: boolean
  /** Whether its last run wrote everything that the source had. */
  readonly endedWell: boolean
}

export type GenerationRows =
  /** Keys are made of ids alone, from `firstId` on. */
  | { readonly kind: 'ids'; readonly firstId: number }
  /** A key index has entries for them. `isComplete`: for each of them. Each form of a stream has an index of its own. */
  | { readonly kind: 'index'; readonly index: number; readonly isComplete: boolean }

/** Returns whether runs from `before` on have rows in another index than the last manifest. */
export function keepsOtherIndex(
  manifests: readonly Pick<GenerationManifest, 'firstRun' | 'hasRecords' | 'rows'>[],
  before: number,
): boolean {
  const { rows: own } = manifests.at(-1)!
  return manifests.some(
    ({ firstRun, hasRecords, rows }) =>
      firstRun >= before &&
      hasRecords &&
      rows.kind === 'index' &&
      (own.kind !== 'index' || rows.index !== own.index),
  )
}

/** The format of a manifest. */
const FORMAT = 1

export type ManifestField = `generation:${number}`

const FIELD = /^generation:(\d{1,15})$/

export function manifestField({ firstRun }: Pick<GenerationManifest, 'firstRun'>): ManifestField {
  return `generation:${firstRun}`
}

/** The number of the first run is in the name of the field. */
export function manifestText(manifest: GenerationManifest): string {
  return JSON.stringify({ format: FORMAT, ...manifest, firstRun: undefined })
}

/** Returns the manifests in the metadata of a stream, in the order in which their generations were written. */
export function manifestsIn(
  stream: string,
  key: string,
  fields: ReadonlyMap<string, string>,
): GenerationManifest[] {
  const manifests: GenerationManifest[] = []
  for (const [field, text] of fields) {
    const [, run] = FIELD.exec(field) ?? []
    if (run === undefined) continue
    const params = { stream, key, field }
    const { format, ...manifest } = parsed(text)
    if (typeof format === 'number' && format > FORMAT)
      throw new ConfigError(
        problem(
          'generation-manifest-newer',
          `The field ${field} of ${key}, the manifest of a generation of stream ${stream}, has format ${format}. A newer ` +
            'version of the connector wrote it: use that version again.',
          { params: { ...params, format } },
        ),
      )
    if (format !== FORMAT || !isManifest(manifest))
      throw new ConfigError(
        problem(
          'generation-manifest-invalid',
          `The field ${field} of ${key}, the manifest of a generation of stream ${stream}, cannot be read. Restore it ` +
            'from a backup, or set another key_prefix.',
          { options: ['key_prefix'], params },
        ),
      )
    manifests.push({ ...manifest, firstRun: Number(run) })
  }
  return manifests.toSorted((a, b) => a.firstRun - b.firstRun)
}

type Unchecked = Omit<GenerationManifest, 'firstRun'>

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return {}
  }
}

function isManifest(value: object): value is Unchecked {
  const fields = value as Partial<Record<keyof Unchecked, unknown>>
  const { generation, syncId, connection, layout, keyForm, form, rows } = fields
  const flags = [fields.continues, fields.usesIds, fields.hasRecords, fields.endedWell]
  return (
    [generation, syncId].every((number) => number === undefined || isCount(number)) &&
    (connection === undefined || typeof connection === 'string') &&
    flags.every((flag) => typeof flag === 'boolean') &&
    keyForm === 'plain' &&
    typeof form === 'string' &&
    isLayout(layout) &&
    areRows(rows)
  )
}

function isLayout(value: unknown): boolean {
  const { primary_key: paths, ...options } = Object(value) as Partial<Record<keyof StreamLayout, unknown>>
  const { cache_type: cacheType, data_format: format, key_template: template } = options
  return (
    Array.isArray(paths) &&
    [cacheType, format, template, ...Object.values(options), ...paths].every(
      (text) => typeof text === 'string',
    )
  )
}

function areRows(value: unknown): boolean {
  const { kind, firstId, index, isComplete } = Object(value) as Record<string, unknown>
  if (kind === 'ids') return isCount(firstId)
  return kind === 'index' && isCount(index) && typeof isComplete === 'boolean'
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
