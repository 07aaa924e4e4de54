/** Compares the columns that options name with those that the source declares, before the first record. */
import { EMISSION_TIME } from '../../config/settings/record-settings.ts'
import { parseTemplate } from '../../config/settings/template.ts'
import { problem, type Problem } from '../../errors.ts'
import { nearestName } from '../../wording.ts'
import type { StreamDraft } from './stream-draft.ts'

const TEMPLATES = ['key_template', 'hash_field', 'member']

/** Returns nothing for a stream whose source declares no columns. */
export function unknownColumns(draft: StreamDraft): Problem[] {
  const { columns } = draft.stream
  if (columns === undefined) return []
  const isUnknown = (path: string): boolean => !columns.has(path) && !columns.has(path.split('.')[0]!)
  return Object.entries(namedColumns(draft)).flatMap(([option, paths]) =>
    [...new Set(paths)].filter(isUnknown).map((path) => unknownColumn(draft, option, path)),
  )
}

/** Returns the paths of columns by the option that names them. */
function namedColumns({ keyTemplate, settings }: StreamDraft): Record<string, string[]> {
  const { hashField, member, scoreField, valueField, expireAtField, ttlField } = settings
  const { rootField, fields, recordFilter } = settings
  // Other paths are inside the root field, whose columns are not known.
  const ofContent =
    rootField === undefined
      ? { value_field: listOf(valueField), fields: fields?.map(({ from }) => from) ?? [] }
      : { root_field: [rootField] }
  return {
    key_template: columnsIn(keyTemplate),
    hash_field: columnsIn(hashField),
    member: columnsIn(member),
    score_field: listOf(scoreField).filter((path) => path !== EMISSION_TIME),
    expire_at_field: listOf(expireAtField),
    ttl_field: listOf(ttlField),
    record_filter: listOf(recordFilter?.field),
    ...ofContent,
  }
}

function columnsIn(template = ''): string[] {
  return parseTemplate(template).flatMap((part) => (part.kind === 'column' ? [part.path] : []))
}

function listOf(path: string | undefined): string[] {
  return path === undefined ? [] : [path]
}

function unknownColumn({ name, stream }: StreamDraft, option: string, column: string): Problem {
  const nearest = nearestName(column, [...(stream.columns ?? [])])
  const advice = nearest === undefined ? 'Check its spelling.' : `Did you mean ${nearest}?`
  const code = TEMPLATES.includes(option) ? 'template-column-unknown' : 'column-unknown'
  return problem(code, `The stream ${name} has no column ${column}, which its ${option} names. ${advice}`, {
    options: [option],
    params: { stream: name, column, ...(nearest === undefined ? {} : { nearest }) },
  })
}
