// What one stream has in Redis, and what becomes of each of its records.
import { additionOf, type Addition, type ModelRecord } from './content.ts'
import { isDelete, isOlder, versionOf, type Version } from './dedup.ts'
import { expiryOf, isPast } from './expiry.ts'
import { passes } from './filter.ts'
import { isById, isOneKey, locationOf, RecordFault, type Location } from './keys.ts'
import { membersOf, put, removeMember, typeOf, type Keyspace } from './keyspace.ts'
import { cacheTypeOf, isCollection, isReplace, type Settings } from './options.ts'
import type { Generations, LastRun } from './replace.ts'
import type { Columns } from './values.ts'

interface Row extends Location {
  /** Whether its key is made of an id, which only the connector knows. */
  isById: boolean
  /** Each form of the rows of a stream has an index of its own. */
  form: string
  /** The position of the generation that wrote the row last. */
  generation: number
  /** Whether a replace finds the row: by its id, by the key index, or because its key holds the whole stream. */
  isIndexed: boolean
  version: Version | undefined
  isDeleted: boolean
  /** Keeps the row that another layout wrote at the place of a deleted one, until the replace is complete. */
  hidden?: Row | undefined
}

export interface StreamModel {
  /** Rows by location; a list or Redis stream is one row. Deleted rows are kept as tombstones. */
  rows: Map<string, Row>
  /** Keys of members that the index names as a whole, with the positions of the generations that wrote them last. */
  wholeKeys: Map<string, number>
  generations: Generations
  /** The position of the first generation that the current run keeps; undefined if it replaces nothing. */
  keptFrom: number | undefined
  last: LastRun | undefined
  /** What a replace has gathered for collections; undefined while records go to the live keys. */
  staged: Keyspace | undefined
  /** The position of the generation that began to gather. */
  stagedFrom: number
  /** Whether the current run, or an earlier one, records the keys that it writes in an index. */
  isIndexing: boolean
  hasIndex: boolean
  /** Whether there may be rows that are not in the index. */
  hasOthers: boolean
  /** The same, also behind a replace, which leaves such rows. */
  hadOthers: boolean
  /** The layout of the current run, or the last one. */
  layout: string | undefined
  /** The cursor column of the last run that deduplicated. */
  cursor: string | undefined
  lastId: number
  /** The position of the newest generation that gave an id to a record which was not written. */
  unwritten: number | undefined
  /** The layouts of the records that were received, as text, with the positions of their generations. */
  layouts: { generation: number; layout: string }[]
  /** What the current run, or the last one, has written behind its last acknowledged state. */
  attempt: Attempt
}

interface Attempt {
  /** The number of elements and entries by key, of lists and Redis streams. */
  added: Map<string, number>
  /** Whether these can be taken back. */
  isRecorded: boolean
  /** The rows of a replace that gathers, at its last acknowledged state. */
  rows: StreamModel['rows'] | undefined
  /** Whether a state was acknowledged since the replace gathers. */
  isAcknowledged: boolean
}

export function emptyStream(): StreamModel {
  return {
    rows: new Map<string, Row>(),
    wholeKeys: new Map<string, number>(),
    generations: [],
    keptFrom: undefined,
    last: undefined,
    staged: undefined,
    stagedFrom: 0,
    isIndexing: false,
    hasIndex: false,
    hasOthers: false,
    hadOthers: false,
    layout: undefined,
    cursor: undefined,
    lastId: 0,
    unwritten: undefined,
    layouts: [],
    attempt: { added: new Map<string, number>(), isRecorded: false, rows: undefined, isAcknowledged: false },
  }
}

/** Returns the id of the next record. Ids whose keys rows of a former layout have are left out. */
export function nextId(model: StreamModel, settings: Settings, record: Columns): number {
  const named = isById(settings) ? namedKeysOf([model]) : new Set<string>()
  do model.lastId++
  while (named.has(idKeyOf(settings, record, model.lastId)))
  return model.lastId
}

function idKeyOf(settings: Settings, record: Columns, id: number): string {
  return isById(settings) ? locationOf(settings, record, id).key : ''
}

/** Returns the keys that are made of columns. */
export function namedKeysOf(models: Iterable<StreamModel>): Set<string> {
  const rows = [...models].flatMap((model) => [...model.rows.values()])
  return new Set(rows.filter((row) => !row.isById).map(({ key }) => key))
}

export type Outcome = 'written' | 'filtered' | 'rejected' | 'skipped' | 'deduplicated' | 'deleted'

/** Applies one record to the live keys, or to the staged ones of a collection that is being replaced. */
export function take(live: Keyspace, model: StreamModel, settings: Settings, record: ModelRecord): Outcome {
  const outcome = outcomeOf(live, model, settings, record)
  if (isById(settings) && (outcome === 'skipped' || outcome === 'rejected'))
    model.unwritten = model.generations.length - 1
  return outcome
}

function outcomeOf(live: Keyspace, model: StreamModel, settings: Settings, record: ModelRecord): Outcome {
  try {
    return apply(live, model, settings, record)
  } catch (error) {
    // A filtered record without a key has no row to remove.
    if (error instanceof RecordFault) return isFilteredOut(settings, record) ? 'filtered' : 'rejected'
    throw error
  }
}

function apply(live: Keyspace, model: StreamModel, settings: Settings, record: ModelRecord): Outcome {
  const { stream, options } = settings
  const isDeduplicated = stream.mode === 'append_dedup'
  const deletes = deletesRow(settings, record)
  const isOut = isFilteredOut(settings, record)
  if (isOut && (!isDeduplicated || options.filtered_rows === 'keep')) return 'filtered'
  const removes = deletes || isOut
  const addition = removes ? undefined : additionOf(settings, record)
  const location = rowOf(locationOf(settings, record.value, record.id), addition, settings)
  const name = JSON.stringify(location)
  const row = model.rows.get(name)
  const isCurrent = row !== undefined && isKept(row, model)
  const version = isDeduplicated ? versionOf(stream.cursor, record.value, record.emittedAt) : undefined
  if (isCurrent && row.version !== undefined && version !== undefined && isOlder(version, row.version))
    return isOut ? 'filtered' : 'deduplicated'
  const target = model.staged ?? live
  const next: Row = {
    ...location,
    isById: isById(settings),
    form: formOf(settings),
    generation: model.generations.length - 1,
    isIndexed: model.isIndexing || row?.isIndexed === true,
    version,
    isDeleted: removes,
  }
  if (addition === undefined) {
    // A filtered row of a former generation is removed with that generation, unless it may not be in the index.
    const reachesFormer = deletes || model.hasOthers
    const isThatRow = isCurrent || (reachesFormer && (row?.form === next.form || hasOneLayout(model)))
    if (row !== undefined && isThatRow) remove(target, location, settings)
    next.hidden = isThatRow || row?.isDeleted === true ? row?.hidden : row
    if (isCurrent || reachesFormer) model.rows.set(name, next)
    return deletes ? 'deleted' : 'filtered'
  }
  const expiry = expiryOf(options, record.value)
  const isFresh = isReplace(stream) && !isCurrent
  const takesOver = isFresh && isKeyOfFormer(model, location)
  // The staging key replaces the live key at the end, so only its first record asks whether it may.
  const isFirst = model.staged !== undefined && !model.staged.has(location.key)
  const inTheWay = isFirst ? live.get(location.key)?.contents.type : undefined
  if (inTheWay !== undefined && inTheWay !== typeOf(settings) && !isKeyOfFormer(model, location))
    throw new RecordFault(`the live key ${location.key} holds another type, and the index does not name it`)
  if (!put(target, { ...location, addition, expiry, isFresh, takesOver }, settings)) return 'skipped'
  if (isPast(expiry)) target.delete(location.key)
  const { added } = model.attempt
  if (isLog(settings)) added.set(location.key, (added.get(location.key) ?? 0) + 1)
  model.rows.set(name, next)
  if (isCollection(options) && !isDeduplicated && model.isIndexing)
    model.wholeKeys.set(location.key, next.generation)
  return 'written'
}

/** Returns how rows are found again: each by its key, or as a member of a key that rows share. */
function formOf(settings: Settings): string {
  const isMember = isCollection(settings.options) && settings.stream.mode === 'append_dedup'
  return `${isMember ? 'member of ' : isById(settings) ? 'id of ' : ''}${typeOf(settings)}`
}

/** Returns whether the generations that are replaced have the layout of the run. */
function hasOneLayout({ layouts, layout, keptFrom = 0 }: StreamModel): boolean {
  return layouts.every((one) => one.generation >= keptFrom || one.layout === layout)
}

function deletesRow({ stream, options }: Settings, { value }: ModelRecord): boolean {
  return stream.mode === 'append_dedup' && options.delete_mode !== 'soft' && isDelete(value)
}

function isFilteredOut(settings: Settings, record: ModelRecord): boolean {
  return !deletesRow(settings, record) && !passes(settings.options, record.value)
}

/** A replace counts rows that are not in the index as older ones, as it cannot know their generation. */
function isKept({ generation, isIndexed }: Row, { keptFrom }: StreamModel): boolean {
  return keptFrom === undefined || (isIndexed && generation >= keptFrom)
}

/** Returns whether a generation that is replaced has written a key, so that a record may replace what is there. */
function isKeyOfFormer({ rows, keptFrom = 0 }: StreamModel, { key }: Location): boolean {
  return everyRow(rows).some(
    (row) => row.key === key && row.isIndexed && row.generation < keptFrom && !row.isDeleted,
  )
}

/** Returns all rows, and those that deleted rows hide until the replace is complete. */
export function everyRow(rows: StreamModel['rows']): Row[] {
  return [...rows.values()].flatMap((row) => (row.hidden === undefined ? [row] : [row, row.hidden]))
}

/** Carries out the delete of a row. */
function remove(target: Keyspace, location: Location, { options }: Settings): void {
  const { delete_mode: deleteMode, delete_ttl_seconds: seconds = 0 } = options
  const entry = target.get(location.key)
  if (deleteMode === 'ttl' && entry !== undefined) entry.expiry = { seconds }
  else removeRow(target, location)
}

/** Removes the key of a row, or its member of a key that rows share. */
function removeRow(target: Keyspace, { key, member }: Location): void {
  if (member === undefined) target.delete(key)
  else removeMember(target, key, member)
}

/** Returns whether the index names the row as a member of its key, rather than the key as a whole. */
export function isMemberRow({ form }: Row): boolean {
  return form.startsWith('member of ')
}

/** Returns whether only the index entry of a member is left, as it was deleted: the key may be that of another row. */
export function isDeletedMember(row: Row): boolean {
  return isMemberRow(row) && row.isDeleted
}

/** Removes a row of a former generation from a key that may hold rows of the new one by now. */
export function removeFormerRow(
  target: Keyspace,
  { rows, wholeKeys, keptFrom = 0 }: StreamModel,
  row: Row,
): void {
  const keyGeneration = wholeKeys.get(row.key) ?? -1
  if (keyGeneration >= keptFrom) {
    row.generation = keyGeneration
    return
  }
  const kept = [...rows.values()].filter(
    ({ key, generation, isDeleted }) => key === row.key && generation >= keptFrom && !isDeleted,
  )
  if (kept.length === 0) return removeRow(target, row)
  if (kept.some(({ member }) => member === undefined)) return
  if (row.member !== undefined) return removeMember(target, row.key, row.member)
  const members = new Set(kept.map(({ member }) => member))
  for (const member of membersOf(target.get(row.key)?.contents))
    if (!members.has(member)) removeMember(target, row.key, member)
}

/** Returns whether each record is an element or an entry of its own. */
export function isLog({ options }: Settings): boolean {
  return ['list', 'stream'].includes(cacheTypeOf(options))
}

/** Returns the row of a record. The elements of lists and Redis streams have no name, so each key is one row. */
function rowOf({ key, member }: Location, addition: Addition | undefined, settings: Settings): Location {
  if (isLog(settings)) return { key, member: undefined }
  return { key, member: addition?.kind === 'member' ? addition.member : member }
}

/**
 * Decides whether a run records its keys. An append does so while all rows of the stream are recorded. Without rows, another
 * layout starts anew.
 */
export function openIndex(model: StreamModel, settings: Settings, layout: string): void {
  const { stream, options } = settings
  if (!hasIndexedRows(model) && model.layout !== layout) model.hasIndex = false
  model.layout = layout
  const isPredictable = isById(settings) || (isCollection(options) && isOneKey(settings))
  const asksForIndex = stream.mode === 'append_dedup' || isReplace(stream) || options.track_keys === 'always'
  model.isIndexing = isPredictable || asksForIndex || (model.hasIndex && !model.hasOthers)
  model.hasIndex ||= model.isIndexing
  model.hasOthers ||= !model.isIndexing
  model.hadOthers ||= model.hasOthers
}

/** Forgets the rows that a complete replace has removed. A stream that has none left starts anew. */
export function closeIndex(model: StreamModel): void {
  for (const [name, { generation, isIndexed }] of model.rows)
    if (isIndexed && generation < (model.keptFrom ?? 0)) model.rows.delete(name)
  for (const [key, generation] of model.wholeKeys)
    if (generation < (model.keptFrom ?? 0)) model.wholeKeys.delete(key)
  model.layouts =
    model.rows.size === 0 ? [] : model.layouts.filter(({ generation }) => generation >= (model.keptFrom ?? 0))
  model.hasIndex = model.hadOthers || hasIndexedRows(model)
  model.hasOthers = false
}

function hasIndexedRows({ rows }: StreamModel): boolean {
  return [...rows.values()].some(({ isIndexed }) => isIndexed)
}
