/** Finds problems of single options. */
import { parseTemplate, type TemplatePart, type TemplateProblem } from '../settings/template.ts'
import { cacheTypeOf, type OptionProblem, type RecordOptions } from './record-options.ts'
import { readField } from './field-text.ts'
import { selectStructure, type StructureRules } from '../settings/structure-rules.ts'

/** Returns mistakes, for which a configuration is refused. */
export function findMistakes(options: RecordOptions): OptionProblem[] {
  return [...templateMistakes(options), ...fieldMistakes(options), ...filterMistakes(options)]
}

/** Returns a mistake where every record of a stream would get the same key, and overwrite the one before. */
export function findConstantKey(
  options: RecordOptions,
  structures: readonly StructureRules[],
): OptionProblem[] {
  const { key_template: template, hash_field: hashField, allow_constant_key: isAllowed } = options
  if (typeof template !== 'string' || isAllowed === true) return []
  const problems: TemplateProblem[] = []
  const parts = parseTemplate(template, problems)
  const structure = selectStructure(structures, { cacheType: cacheTypeOf(options), hashField })
  const hasOneKey =
    structure !== undefined && structure.collection === undefined && !parts.some(differsByRecord)
  if (!hasOneKey || problems.length > 0) return []
  const meant = withColumns(template)
  const advice = meant === template ? 'name a column, as in user:${id}' : `write ${meant}`
  return [
    {
      code: 'key-template-constant',
      option: 'key_template',
      clause:
        'contains no column, so every record of a stream would get the same key and overwrite the one before; ' +
        `${advice}, or set allow_constant_key to true`,
      params: meant === template ? {} : { meant },
    },
  ]
}

/** How other programs write a column in a template: `{{ id }}`, `{id}`, `$id`, `<id>`, `%(id)s`, `%id%`. */
const FOREIGN_COLUMN =
  /\$?\{\{ *([\w.]+) *\}\}|\$\$\{([\w.]+)\}|(?<!\$)\{([\w.]+)\}|\$([A-Za-z_][\w.]*)|<([\w.]+)>|%\(([\w.]+)\)s|%([\w.]+)%/g

/** Returns the template with the columns that it seems to name. */
function withColumns(template: string): string {
  return template.replaceAll(FOREIGN_COLUMN, (_, ...groups: unknown[]) => {
    const name = groups.slice(0, 7).find((group) => typeof group === 'string')
    return `\${${name}}`
  })
}

/** Returns settings that work but are rarely intended. */
export function findOddities({
  key_template: template,
  key_prefix: prefix = '',
}: RecordOptions): OptionProblem[] {
  if (template === undefined) return []
  const oddities: OptionProblem[] = []
  const parts = parseTemplate(template)
  if (prefix === '' && isRecordData(parts[0]))
    oddities.push({
      code: 'keys-begin-with-data',
      option: 'key_template',
      clause:
        'keys begin with record data, and may be those of another application; put a text in front, or set key_prefix',
    })
  return oddities
}

function templateMistakes(options: RecordOptions): OptionProblem[] {
  return (['key_template', 'hash_field', 'member'] as const).flatMap((option) => {
    const problems: TemplateProblem[] = []
    const template: unknown = options[option]
    if (typeof template === 'string') parseTemplate(template, problems)
    return problems.map((problem) => ({ option, ...problem }))
  })
}

function fieldMistakes({ fields }: RecordOptions): OptionProblem[] {
  if (!Array.isArray(fields)) return []
  const texts = fields.filter((field) => typeof field === 'string' && field !== '')
  const malformed = texts.filter((text) => readField(text) === undefined)
  const names = texts.flatMap((text) => readField(text)?.to ?? [])
  const duplicates = new Set(names.filter((name, index) => names.indexOf(name) < index))
  return [
    ...malformed.map((field) => ({
      code: 'field-malformed',
      option: 'fields' as const,
      clause: `${field} must be a column, or look like column -> name; write \\-> for an arrow in a name`,
      params: { field },
    })),
    ...[...duplicates].map((name) => ({
      code: 'fields-same-name',
      option: 'fields' as const,
      clause: `two of them are named ${name}; give each a name of its own`,
      params: { name },
    })),
  ]
}

function filterMistakes({ record_filter: filter }: RecordOptions): OptionProblem[] {
  if (typeof filter !== 'object') return []
  const problems: OptionProblem[] = []
  if (filter.field === undefined)
    problems.push({
      code: 'filter-without-field',
      option: 'record_filter',
      clause: 'has no field; set the column to compare',
    })
  const isNull = filter.is_null === true
  if (filter.equals === undefined && !isNull)
    problems.push({
      code: 'filter-without-equals',
      option: 'record_filter',
      clause: 'has no equals; set the value of the records that are written, or is_null',
    })
  if (filter.equals !== undefined && isNull)
    problems.push({
      code: 'filter-with-both',
      option: 'record_filter',
      clause: 'has both equals and is_null; keep one of the two',
    })
  return problems
}

function differsByRecord({ kind }: TemplatePart): boolean {
  return kind === 'column' || kind === 'id' || kind === 'primary_key'
}

function isRecordData(part: TemplatePart | undefined): boolean {
  return part?.kind === 'column' || part?.kind === 'primary_key'
}
