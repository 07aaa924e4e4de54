/** Finds out whether a stream can have its sync mode, with the layout of its records. */
import { parseTemplate } from '../../config/settings/template.ts'
import { problem, type Problem } from '../../errors.ts'
import { isCollection, structureOf } from '../../layout/registry/structure-registry.ts'
import type { StreamDraft } from './stream-draft.ts'

type Check = (draft: StreamDraft) => Problem | undefined

export function syncModeProblems(draft: StreamDraft): Problem[] {
  const { stream, replaces, config } = draft
  const needsTracking = (replaces || stream.mode === 'append_dedup') && !isPredictable(draft)
  return [
    ...(stream.mode === 'append' || stream.mode === 'overwrite' ? [] : rowProblems(draft)),
    replaces ? replacedInMode(draft) : undefined,
    needsTracking && config.trackKeys === 'never' ? untracked(draft) : undefined,
  ].filter((found) => found !== undefined)
}

/** Checks modes that write to the row of a primary key. */
function rowProblems(draft: StreamDraft): Problem[] {
  const checks: Check[] = [withoutRows, withoutPrimaryKey, withOtherColumns]
  if (draft.stream.mode === 'append_dedup') checks.push(mergingDedup, conditionalDedup, unsuitableDeleteMode)
  if (draft.stream.mode === 'update') checks.push(insertOnly)
  if (draft.stream.mode === 'soft_delete') checks.push(insertOnly, withoutDeletionField)
  // The first problem is the reason for the others.
  const first = checks.map((check) => check(draft)).find((found) => found !== undefined)
  return first === undefined ? [] : [first]
}

/** Returns a problem whose sentence starts with the stream and its sync mode. */
function modeProblem(
  { name, stream: { mode } }: StreamDraft,
  code: string,
  options: string[],
  clause: string,
): Problem {
  const sentence = `The stream ${name} has sync mode ${mode}, ${clause}.`
  return problem(code, sentence, { options, params: { stream: name, mode } })
}

function withoutRows(draft: StreamDraft): Problem | undefined {
  const { stream, settings } = draft
  const { cacheType, rows } = structureOf(settings)
  if (rows.kind === 'key') return undefined
  if (rows.kind === 'none')
    return modeProblem(
      draft,
      'mode-needs-rows',
      ['cache_type'],
      `but the rows of a ${cacheType} cannot be found again; use append, or another cache_type`,
    )
  if (!rows.canUpdate && stream.mode !== 'append_dedup')
    return modeProblem(
      draft,
      'mode-cannot-change-set',
      ['cache_type'],
      `but a member of a ${cacheType} has nothing that could be changed; use append`,
    )
  if (rows.template(settings) === undefined)
    return modeProblem(
      draft,
      'mode-needs-member',
      [rows.option],
      `which requires a ${rows.option} that is made of the primary key; set ${rows.option}`,
    )
  return undefined
}

function withoutPrimaryKey(draft: StreamDraft): Problem | undefined {
  return draft.stream.primaryKey.length > 0
    ? undefined
    : modeProblem(
        draft,
        'primary-key-missing',
        [],
        'but no primary key that identifies the records of a row; choose a primary key',
      )
}

/** Two rows must never have the same location, and one row never two. */
function withOtherColumns(draft: StreamDraft): Problem | undefined {
  const { stream, settings, keyTemplate } = draft
  const { rows } = structureOf(settings)
  const isMember = rows.kind === 'member'
  const templates = isMember ? [keyTemplate, rows.template(settings) ?? ''] : [keyTemplate]
  const options = isMember ? ['key_template', rows.option] : ['key_template']
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
    : modeProblem(
        draft,
        'template-not-primary-key',
        options,
        `which requires that ${options.join(' and ')} contain all columns of the primary key ` +
          `(${primaryKey.join(', ')}) and no others; use \${_airbyte_primary_key}`,
      )
}

function mergingDedup(draft: StreamDraft): Problem | undefined {
  const { dataFormat, onUpdate } = draft.settings
  return dataFormat === 'flat' && onUpdate === 'merge'
    ? modeProblem(
        draft,
        'dedup-with-merge',
        ['on_update'],
        'in which the newest record replaces its row, but on_update is merge; to merge, use append or update',
      )
    : undefined
}

function conditionalDedup(draft: StreamDraft): Problem | undefined {
  const { writeCondition } = draft.settings
  return writeCondition === 'always'
    ? undefined
    : modeProblem(
        draft,
        'dedup-with-condition',
        ['write_condition'],
        `which does not work with write_condition ${writeCondition}; use always, or sync mode update`,
      )
}

function unsuitableDeleteMode(draft: StreamDraft): Problem | undefined {
  const {
    settings,
    config: { deleteMode },
  } = draft
  if (deleteMode === 'ttl' && isCollection(settings))
    return modeProblem(
      draft,
      'delete-mode-ttl-on-shared-key',
      ['delete_mode'],
      'and several rows share a key, so delete_mode ttl cannot expire one of them; use hard',
    )
  if (deleteMode === 'soft' && !canShowDeletion(settings))
    return modeProblem(
      draft,
      'delete-mode-soft-on-member',
      ['delete_mode'],
      'but its members do not contain the columns that delete_mode soft sets; use hard',
    )
  return undefined
}

function insertOnly(draft: StreamDraft): Problem | undefined {
  // The sync mode has already turned `always` into `if_exists`.
  return draft.settings.writeCondition === 'if_absent'
    ? modeProblem(
        draft,
        'update-with-if-absent',
        ['write_condition'],
        'which never inserts, but write_condition is if_absent; remove write_condition',
      )
    : undefined
}

function withoutDeletionField(draft: StreamDraft): Problem | undefined {
  const { settings } = draft
  return !canShowDeletion(settings) || settings.dataFormat === 'raw'
    ? modeProblem(
        draft,
        'soft-delete-without-field',
        ['data_format'],
        'but its records have no field that can show a deletion; use data_format flat or json',
      )
    : undefined
}

/** Returns whether a row that is marked as deleted differs from one that is not. */
function canShowDeletion(settings: StreamDraft['settings']): boolean {
  const { rows } = structureOf(settings)
  return rows.kind !== 'member' || rows.canShowDeletion
}

function replacedInMode(draft: StreamDraft): Problem | undefined {
  const { name, settings, stream } = draft
  const { writeCondition } = settings
  if (stream.mode === 'update' || stream.mode === 'soft_delete')
    return modeProblem(
      draft,
      'update-of-replaced-stream',
      [],
      'which changes existing rows only, but the stream is to be replaced; use append_dedup',
    )
  return writeCondition === 'always'
    ? undefined
    : problem(
        'replace-with-condition',
        `The stream ${name} is to be replaced, which does not work with write_condition ${writeCondition}; use always.`,
        { options: ['write_condition'], params: { stream: name, condition: writeCondition } },
      )
}

/** Keys made of ids can be computed again, and a collection with all records of a stream is one key. */
function isPredictable({ idKeys, settings, isDeduplicated, keyTemplate }: StreamDraft): boolean {
  if (idKeys !== undefined) return true
  const isOneKey = parseTemplate(keyTemplate).every(({ kind }) =>
    ['text', 'namespace', 'stream'].includes(kind),
  )
  return isCollection(settings) && !isDeduplicated && isOneKey
}

function untracked({ name, isDeduplicated }: StreamDraft): Problem {
  const purpose = isDeduplicated ? 'deduplicated' : 'replaced'
  return problem(
    'tracking-required',
    `The stream ${name} is to be ${purpose}, which requires an index of the keys that it writes; ` +
      'set track_keys to auto, or use append.',
    { options: ['track_keys'], params: { stream: name, purpose } },
  )
}
