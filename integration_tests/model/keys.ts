// Computes where a record is written: its key, and its member or field in a key that records share.
import { plainNotation } from './numbers.ts'
import { dataFormatOf, isCollection, isUpdate, type Settings } from './options.ts'
import { columnAt, isColumns, isDigits, textOf, type Columns, type Value } from './values.ts'

/** A record cannot be written; the reason is for people who read a failed case. */
export class RecordFault extends Error {
  override readonly name = 'RecordFault'
}

export interface Location {
  key: string
  /** The field, member or scored member in the key; undefined where the key holds one record or a sequence. */
  member: string | undefined
}

/** Returns the place of a record. Throws a RecordFault for a record without a value for its key. */
export function locationOf(settings: Settings, record: Columns, id: number): Location {
  const { options } = settings
  const member = options.hash_field ?? options.member
  return {
    key: `${options.key_prefix ?? ''}${render(keyTemplateOf(settings), settings, record, id)}`,
    member: member === undefined ? undefined : render(member, settings, record, id),
  }
}

/** Returns the template of the configuration, or the default of the layout and sync mode. */
export function keyTemplateOf({ stream, options }: Settings): string {
  if (options.key_template !== undefined) return options.key_template
  const base = '${_airbyte_namespace}:${_airbyte_stream}'
  if (isCollection(options)) return base
  const isByRow = stream.mode === 'append_dedup' || isUpdate(stream)
  const hasKey = (stream.primaryKey ?? []).length > 0
  const isByPrimaryKey = isByRow || (dataFormatOf(options) !== 'airbyte' && hasKey)
  return `${base}:${isByPrimaryKey ? '${_airbyte_primary_key}' : '${_airbyte_ab_id}'}`
}

/** Returns whether each record has a key of its own, made of its id. */
export function isById(settings: Settings): boolean {
  return !isCollection(settings.options) && keyTemplateOf(settings).includes('${_airbyte_ab_id}')
}

/** Returns whether all records of the stream share one key. */
export function isOneKey(settings: Settings): boolean {
  const template = keyTemplateOf(settings).replace(/\$\{_airbyte_(namespace|stream)\}/g, '')
  return !template.includes('${')
}

function render(template: string, settings: Settings, record: Columns, id: number): string {
  const { stream } = settings
  return template.replace(/\$\{([^}]+)\}/g, (_, name: string) => {
    if (name === '_airbyte_namespace') return stream.namespace ?? ''
    if (name === '_airbyte_stream') return stream.name
    if (name === '_airbyte_ab_id') return String(id)
    if (name === '_airbyte_primary_key') return primaryKeyOf(settings, record)
    if (stream.primaryKey?.includes(name) === true) return partOf(settings, name, record)
    return columnText(name, columnAt(record, name))
  })
}

/** Returns the primary key as text. The parts of several columns are joined with colons. */
function primaryKeyOf(settings: Settings, record: Columns): string {
  const { primaryKey = [] } = settings.stream
  const parts = primaryKey.map((path) => partOf(settings, path, record, primaryKey.length > 1))
  return parts.join(':')
}

/** Returns the text of a primary-key column: a number in plain notation, a string as it is. */
function partOf({ options }: Settings, path: string, record: Columns, isJoined = false): string {
  const value = columnAt(record, path)
  const allowsNull = options.null_keys === 'allow'
  if (isDigits(value)) return plainNotation(value.digits)
  if (Array.isArray(value)) throw new RecordFault(`the primary-key column ${path} is an array`)
  if (value === '') return ''
  if (allowsNull && (value === null || value === undefined)) return NULL
  const text = columnText(path, value)
  if (isJoined) return text.replaceAll('%', '%25').replaceAll(':', '%3A')
  return allowsNull && text.startsWith(NULL) ? text.replace('%', '%25') : text
}

/** The text of a primary-key column that is null, where that is allowed. */
const NULL = '%null'

function columnText(path: string, value: Value | undefined): string {
  if (isColumns(value)) throw new RecordFault(`the column ${path} is an object`)
  const text = textOf(value)
  if (text === undefined || text === '') throw new RecordFault(`the column ${path} is absent`)
  return text
}
