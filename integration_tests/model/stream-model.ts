// What one stream has in Redis, and what becomes of each of its records.
import { additionOf, type ModelRecord } from './content.ts'
import { isDelete, isOlder, versionOf, type Version } from './dedup.ts'
import { expiryOf, isPast } from './expiry.ts'
import { passes } from './filter.ts'
import { isById, isOneKey, locationOf, RecordFault, type Location } from './keys.ts'
import { put, removeMember, type Keyspace } from './keyspace.ts'
import { isCollection, isReplace, type Settings } from './options.ts'
import type { Generations, LastRun } from './replace.ts'

interface Row extends Location {
  /** The position of the generation that wrote the row last. */
  generation: number
  /** Whether a replace finds the row: by its id, by the key index, or because its key holds the whole stream. */
  isIndexed: boolean
  version: Version | undefined
  isDeleted: boolean
}

export interface StreamModel {
  /** Rows by location; a collection that is not deduplicated is one row. Deleted rows are kept as tombstones. */
  rows: Map<string, Row>
  generations: Generations
  /** The position of the first generation that the current run keeps; 0 if it replaces nothing. */
  keptFrom: number
  last: LastRun | undefined
  /** What a replace has gathered for collections; undefined while records go to the live keys. */
  staged: Keyspace | undefined
  /** Whether a replace has been completed, from which on appends index their keys too. */
  isIndexing: boolean
  lastId: number
}

export function emptyStream(): StreamModel {
  return {
    rows: new Map<string, Row>(),
    generations: [],
    keptFrom: 0,
    last: undefined,
    staged: undefined,
    isIndexing: false,
    lastId: 0,
  }
}

export type Outcome = 'written' | 'filtered' | 'rejected' | 'skipped' | 'deduplicated' | 'deleted'

/** Applies one record to the live keys, or to the staged ones of a collection that is being replaced. */
export function take(live: Keyspace, model: StreamModel, settings: Settings, record: ModelRecord): Outcome {
  try {
    return apply(live, model, settings, record)
  } catch (error) {
    if (error instanceof RecordFault) return 'rejected'
    throw error
  }
}

function apply(live: Keyspace, model: StreamModel, settings: Settings, record: ModelRecord): Outcome {
  const { stream, options } = settings
  const isDeduplicated = stream.mode === 'append_dedup'
  const deletes = isDeduplicated && options.delete_mode !== 'soft' && isDelete(record.value)
  if (!deletes && !passes(options, record.value)) return 'filtered'
  const location = locationOf(settings, record.value, record.id)
  const name = rowName(location, settings)
  const row = model.rows.get(name)
  const isCurrent = row !== undefined && row.generation >= model.keptFrom
  const version = isDeduplicated ? versionOf(stream.cursor, record.value, record.emittedAt) : undefined
  if (isCurrent && row.version !== undefined && version !== undefined && isOlder(version, row.version))
    return 'deduplicated'
  const target = model.staged ?? live
  const next: Row = {
    ...location,
    generation: model.generations.length - 1,
    isIndexed: isIndexed(model, settings) || row?.isIndexed === true,
    version,
    isDeleted: deletes,
  }
  if (deletes) {
    if (row !== undefined) remove(target, location, settings)
    model.rows.set(name, next)
    return 'deleted'
  }
  const expiry = expiryOf(options, record.value)
  const addition = additionOf(settings, record)
  const change = { ...location, addition, expiry, isFresh: isReplace(stream) && !isCurrent }
  if (!put(target, change, settings)) return 'skipped'
  if (isPast(expiry)) target.delete(location.key)
  model.rows.set(name, next)
  return 'written'
}

/** Carries out the delete of a row. */
function remove(target: Keyspace, location: Location, settings: Settings): void {
  const { delete_mode: deleteMode, delete_ttl_seconds: seconds = 0 } = settings.options
  const entry = target.get(location.key)
  if (deleteMode === 'ttl' && entry !== undefined) entry.expiry = { seconds }
  else removeRow(target, location, settings)
}

/** Removes the key of a row, or its member of a key that rows share. */
export function removeRow(target: Keyspace, { key, member }: Location, settings: Settings): void {
  if (member === undefined || !hasRows(settings)) target.delete(key)
  else removeMember(target, key, member)
}

/** Returns whether the members of a collection are rows of their own; the members of others are replaced together. */
function hasRows({ stream }: Settings): boolean {
  return stream.mode === 'append_dedup'
}

function rowName({ key, member }: Location, settings: Settings): string {
  return JSON.stringify(hasRows(settings) ? [key, member] : [key])
}

function isIndexed({ isIndexing }: StreamModel, settings: Settings): boolean {
  const { stream, options } = settings
  const isPredictable = isById(settings) || (isCollection(options) && isOneKey(settings))
  const asksForIndex = stream.mode === 'append_dedup' || isReplace(stream) || options.track_keys === 'always'
  return isPredictable || asksForIndex || isIndexing
}
