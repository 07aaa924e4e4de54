/** Finds problems of single options. */
import { parseTemplate, type TemplatePart, type TemplateProblem } from '../settings/template.ts'
import { cacheTypeOf, type OptionProblem, type RecordOptions } from './record-options.ts'
import { selectStructure, type StructureRules } from '../settings/structure-rules.ts'

/** Returns mistakes, for which a configuration is refused. */
export function findMistakes(options: RecordOptions): OptionProblem[] {
  return [...templateMistakes(options), ...duplicateNames(options), ...filterMistakes(options)]
}

/** Returns settings that work but are rarely intended. */
export function findOddities(options: RecordOptions, structures: readonly StructureRules[]): OptionProblem[] {
  const { key_template: template, key_prefix: prefix = '', hash_field: hashField } = options
  if (template === undefined) return []
  const oddities: OptionProblem[] = []
  const parts = parseTemplate(template)
  const structure = selectStructure(structures, { cacheType: cacheTypeOf(options), hashField })
  if (structure !== undefined && structure.collection === undefined && !parts.some(differsByRecord))
    oddities.push({
      code: 'key-template-constant',
      option: 'key_template',
      clause:
        'every record of a stream gets the same key and overwrites the one before; name a column to keep them apart',
    })
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

function duplicateNames({ fields }: RecordOptions): OptionProblem[] {
  if (!Array.isArray(fields)) return []
  const names = fields.map((field) => (typeof field === 'string' ? field : field?.to))
  const duplicates = new Set(names.filter((name, index) => names.indexOf(name) < index))
  return [...duplicates].map((name) => ({
    code: 'fields-same-name',
    option: 'fields',
    clause: `two of them are named ${name}; give each a name of its own`,
    params: { name },
  }))
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
  if (filter.equals !== undefined && filter.equals !== null && isNull)
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
