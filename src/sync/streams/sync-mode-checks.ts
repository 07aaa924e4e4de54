/** Which sync modes a stream can have, given what its records become; each problem is a clause that names the stream. */
import { parseTemplate } from '../../config/settings/template.ts'
import { isCollection, structureOf } from '../../layout/registry/structures.ts'
import type { StreamDraft } from './stream-draft.ts'

type Problem = (draft: StreamDraft) => string | undefined

export function modeProblems(draft: StreamDraft): string[] {
  const { stream, replaces, config } = draft
  const needsTracking = (replaces || stream.mode === 'append_dedup') && !isKnownAnyway(draft)
  return [
    ...(stream.mode === 'append' || stream.mode === 'overwrite' ? [] : rowProblems(draft)),
    replaces ? conditionalReplacement(draft) : undefined,
    needsTracking && config.trackKeys === 'never' ? untracked(draft) : undefined,
  ].filter((problem) => problem !== undefined)
}

/** Of modes that write to the row that a record's primary key names. */
function rowProblems(draft: StreamDraft): string[] {
  const problems: Problem[] = [noRows, noPrimaryKey, otherColumns]
  if (draft.stream.mode === 'append_dedup') problems.push(merging, conditional, deletionWithoutTrace)
  if (draft.stream.mode === 'update') problems.push(inserting)
  if (draft.stream.mode === 'soft_delete') problems.push(inserting, markWithoutTrace)
  // The first that applies is the reason for those behind it.
  const first = problems.map((problem) => problem(draft)).find((problem) => problem !== undefined)
  return first === undefined ? [] : [first]
}

function noRows({ name, stream, settings }: StreamDraft): string | undefined {
  const { cacheType, rows } = structureOf(settings)
  if (rows.kind === 'none')
    return `${name} has sync mode ${stream.mode}, and a ${cacheType} has no rows that could be found again; use append, or another cache_type`
  if (rows.kind === 'key') return undefined
  if (!rows.canUpdate && stream.mode !== 'append_dedup')
    return `${name} has sync mode ${stream.mode}, and there is nothing to change in a member of a ${cacheType}; use append`
  if (rows.template(settings) === undefined)
    return `${name} has sync mode ${stream.mode}, for which ${rows.option} has to be made of the primary key; give a ${rows.option}`
  return undefined
}

function noPrimaryKey({ name, stream: { primaryKey, mode } }: StreamDraft): string | undefined {
  return primaryKey.length > 0
    ? undefined
    : `${name} has sync mode ${mode} and no primary key, which says which records are of one row; choose one`
}

/** Two rows must never have one place, and one row never two. */
function otherColumns({ name, stream, settings, keyTemplate }: StreamDraft): string | undefined {
  const { rows } = structureOf(settings)
  const isMember = rows.kind === 'member'
  const templates = isMember ? [keyTemplate, rows.template(settings) ?? ''] : [keyTemplate]
  const options = isMember ? `key_template and ${rows.option}` : 'key_template'
  const ranges = templates.flatMap((template) => parseTemplate(template))
  const primaryKey = stream.primaryKey.map((path) => path.join('.'))
  const named = ranges.flatMap((range) =>
    range.kind === 'column' ? [range.path] : range.kind === 'primary_key' ? primaryKey : [],
  )
  const isExact =
    !ranges.some(({ kind }) => kind === 'id') &&
    named.every((path) => primaryKey.includes(path)) &&
    primaryKey.every((path) => named.includes(path))
  return isExact
    ? undefined
    : `${name} has sync mode ${stream.mode}, for which ${options} must name the columns of the primary key ` +
        `(${primaryKey.join(', ')}), all of them and no others; use \${_airbyte_primary_key}`
}

function merging({ name, settings: { dataFormat, onUpdate } }: StreamDraft): string | undefined {
  return dataFormat === 'flat' && onUpdate === 'merge'
    ? `${name} has sync mode append_dedup, in which the newest record of a row replaces it, and not on_update merge; use append or update to merge`
    : undefined
}

function conditional({ name, settings: { writeCondition } }: StreamDraft): string | undefined {
  return writeCondition === 'always'
    ? undefined
    : `${name} has sync mode append_dedup, which the write_condition ${writeCondition} would keep from working; use always, or sync mode update`
}

function deletionWithoutTrace({ name, settings, config: { deleteMode } }: StreamDraft): string | undefined {
  if (deleteMode === 'ttl' && isCollection(settings))
    return `${name} shares its keys between rows, so delete_mode ttl cannot end one of them; use hard`
  if (deleteMode === 'soft' && !canShowDeletion(settings))
    return `${name} holds members, in which delete_mode soft would not show; use hard`
  return undefined
}

function inserting({ name, stream, settings: { writeCondition } }: StreamDraft): string | undefined {
  // Its sync mode has put if_exists in the place of always.
  return writeCondition === 'if_absent'
    ? `${name} has sync mode ${stream.mode}, which never inserts, and write_condition if_absent; leave that out`
    : undefined
}

/** Returns whether a row that is deleted softly differs from one that is not. */
function canShowDeletion(settings: StreamDraft['settings']): boolean {
  const { rows } = structureOf(settings)
  return rows.kind !== 'member' || rows.canShowDeletion
}

function markWithoutTrace({ name, settings }: StreamDraft): string | undefined {
  return !canShowDeletion(settings) || settings.dataFormat === 'raw'
    ? `${name} has sync mode soft_delete, and no place where its records could say that they are deleted; use data_format flat or json`
    : undefined
}

function conditionalReplacement({
  name,
  settings: { writeCondition },
  stream,
}: StreamDraft): string | undefined {
  if (stream.mode === 'update' || stream.mode === 'soft_delete')
    return `${name} has sync mode ${stream.mode}, which changes rows that are there, and is to be replaced; use append_dedup`
  return writeCondition === 'always'
    ? undefined
    : `${name} is to be replaced, which the write_condition ${writeCondition} would keep from happening; use always`
}

/** Keys made of ids tell themselves; and a collection that has all of the stream is one key. */
function isKnownAnyway({ idKeys, settings, isDeduplicated, keyTemplate }: StreamDraft): boolean {
  if (idKeys !== undefined) return true
  const isOneKey = parseTemplate(keyTemplate).every(({ kind }) =>
    ['text', 'namespace', 'stream'].includes(kind),
  )
  return isCollection(settings) && !isDeduplicated && isOneKey
}

function untracked({ name, isDeduplicated }: StreamDraft): string {
  const purpose = isDeduplicated ? 'to be deduplicated' : 'to be replaced'
  return `${name} is ${purpose}, for which the keys it writes have to be remembered; set track_keys to auto, or use append`
}
