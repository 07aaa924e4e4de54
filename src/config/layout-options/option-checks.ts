/** What is wrong, or odd, with one option by itself. */
import { cacheTypeOf, type RecordOptions, type Remark } from './record-options.ts'
import { parseTemplate, type TemplatePart } from '../settings/template.ts'

export function findFaults(options: RecordOptions): Remark[] {
  return [...unreadableTemplates(options), ...doubledNames(options), ...halfFilters(options)]
}

/** What works, and is seldom meant. */
export function findOddities(options: RecordOptions): Remark[] {
  const { key_template: template, key_prefix: prefix = '', hash_field: hashField } = options
  if (template === undefined) return []
  const oddities: Remark[] = []
  const parts = parseTemplate(template)
  const cacheType = cacheTypeOf(options)
  const isKeyed = cacheType === 'string' || (cacheType === 'hash' && hashField === undefined)
  if (isKeyed && !parts.some(differsByRecord))
    oddities.push({
      option: 'key_template',
      text: 'every record of a stream gets the same key and overwrites the one before; name a column to keep them apart',
    })
  if (prefix === '' && isRecordData(parts[0]))
    oddities.push({
      option: 'key_template',
      text: 'keys begin with record data, and may be those of another application; put a text in front, or give a key_prefix',
    })
  return oddities
}

function unreadableTemplates(options: RecordOptions): Remark[] {
  return (['key_template', 'hash_field', 'member'] as const).flatMap((option) => {
    const problems: string[] = []
    const template: unknown = options[option]
    if (typeof template === 'string') parseTemplate(template, problems)
    return problems.map((text) => ({ option, text }))
  })
}

function doubledNames({ fields }: RecordOptions): Remark[] {
  if (!Array.isArray(fields)) return []
  const names = fields.map((field) => (typeof field === 'string' ? field : field?.to))
  const doubled = new Set(names.filter((name, index) => names.indexOf(name) < index))
  return [...doubled].map((name) => ({
    option: 'fields',
    text: `two of them are named ${name}; give each a name of its own`,
  }))
}

function halfFilters({ record_filter: filter }: RecordOptions): Remark[] {
  const remarks: Remark[] = []
  if (typeof filter !== 'object') return remarks
  if (filter.field === undefined)
    remarks.push({ option: 'record_filter', text: 'has no field; give the column to compare' })
  if (filter.equals === undefined)
    remarks.push({
      option: 'record_filter',
      text: 'has no equals; give the value that records to be written have there',
    })
  return remarks
}

function differsByRecord({ kind }: TemplatePart): boolean {
  return kind === 'column' || kind === 'id' || kind === 'primary_key'
}

function isRecordData(part: TemplatePart | undefined): boolean {
  return part?.kind === 'column' || part?.kind === 'primary_key'
}
