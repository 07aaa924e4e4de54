// Computes the content that is stored for a record.
import type { Change } from './case.ts'
import { DELETED_AT } from './dedup.ts'
import { locationOf, RecordFault } from './keys.ts'
import { isNumberText } from './numbers.ts'
import { cacheTypeOf, dataFormatOf, type Settings } from './options.ts'
import { columnAt, flatten, isAbsent, isColumns, isDigits, jsonOf, textOf } from './values.ts'
import type { Columns, Value } from './values.ts'

export interface ModelRecord {
  value: Columns
  emittedAt: number
  id: number
  changes?: Change[] | undefined
}

/** The content that one record adds to its key. `text` is a whole string, an element, or the value of a field of a shared hash. */
export type Addition =
  | { kind: 'fields'; fields: [name: string, text: string][] }
  | { kind: 'text'; text: string }
  | { kind: 'member'; member: string; score: number }

/** Returns what the record adds to its key. Throws a RecordFault for a record that the layout cannot store. */
export function additionOf(settings: Settings, record: ModelRecord): Addition {
  const { options } = settings
  const cacheType = cacheTypeOf(options)
  if (cacheType === 'stream' || (cacheType === 'hash' && options.hash_field === undefined)) {
    const fields = fieldsOf(settings, record)
    if (cacheType === 'stream' && fields.length === 0) throw new RecordFault('the entry has no field')
    return { kind: 'fields', fields }
  }
  const text = memberTextOf(settings, record) ?? textOfRecord(settings, record)
  if (cacheType === 'set') return { kind: 'member', member: text, score: 0 }
  if (cacheType === 'sorted_set') return { kind: 'member', member: text, score: scoreOf(settings, record) }
  return { kind: 'text', text }
}

function memberTextOf(settings: Settings, { value, id }: ModelRecord): string | undefined {
  return settings.options.member === undefined ? undefined : locationOf(settings, value, id).member
}

function fieldsOf(settings: Settings, record: ModelRecord): [string, string][] {
  const meta: [string, string][] =
    settings.options.keep_meta === true ? [['_airbyte_meta', metaOf(record)]] : []
  if (dataFormatOf(settings.options) === 'flat') {
    const fields = flatten(storedColumns(settings, record), settings.options.null_as)
    return fields.length === 0 ? [] : [...fields, ...meta]
  }
  return [
    ['_airbyte_ab_id', String(record.id)],
    ['_airbyte_emitted_at', String(record.emittedAt)],
    ['_airbyte_data', jsonOf(storedColumns(settings, record))],
    ...meta,
  ]
}

function textOfRecord(settings: Settings, record: ModelRecord): string {
  const format = dataFormatOf(settings.options)
  if (format === 'raw') return rawOf(settings, record)
  const json = jsonOf(storedColumns(settings, record))
  const meta = settings.options.keep_meta === true ? `"_airbyte_meta":${metaOf(record)}` : ''
  if (format === 'json') return withMember(json, meta)
  return withMember(
    `{"_airbyte_ab_id":${record.id},"_airbyte_emitted_at":${record.emittedAt},"_airbyte_data":${json}}`,
    meta,
  )
}

function metaOf({ changes = [] }: ModelRecord): string {
  return JSON.stringify({ changes })
}

/** Adds a member at the end of an object. */
function withMember(json: string, member: string): string {
  if (member === '') return json
  return json === '{}' ? `{${member}}` : `${json.slice(0, -1)},${member}}`
}

function rawOf({ options }: Settings, { value }: ModelRecord): string {
  const root = rootOf(options.root_field, value)
  const text = textOf(columnAt(root, options.value_field ?? ''))
  if (text === undefined) throw new RecordFault('the column of value_field is absent')
  return text
}

function scoreOf({ options }: Settings, { value, emittedAt }: ModelRecord): number {
  if (options.score_field === undefined) return emittedAt
  const score = columnAt(value, options.score_field)
  const text = isDigits(score) ? score.digits : score
  if (typeof text !== 'string' || !isNumberText(text) || !Number.isFinite(Number(text)))
    throw new RecordFault('the score is no number')
  return Number(text)
}

/** Returns the columns that are stored: those under the root, those that `fields` names, and a time of deletion. */
function storedColumns({ stream, options }: Settings, record: ModelRecord): Columns {
  const root = rootOf(options.root_field, record.value)
  const selected =
    options.fields === undefined || options.fields.length === 0 ? root : select(root, options.fields)
  return stream.mode === 'soft_delete' ? withDeletedAt(selected, record) : selected
}

function rootOf(path: string | undefined, value: Columns): Columns {
  const root = path === undefined ? value : columnAt(value, path)
  if (!isColumns(root)) throw new RecordFault('the root is no object')
  return root
}

function select(root: Columns, fields: NonNullable<Settings['options']['fields']>): Columns {
  return {
    columns: fields.flatMap((field): [string, Value][] => {
      const { from, to } = typeof field === 'string' ? { from: field, to: field } : field
      const value = columnAt(root, from)
      return value === undefined ? [] : [[to, value]]
    }),
  }
}

/** Adds the time of deletion that the record has, or else the time of its emission. */
function withDeletedAt(stored: Columns, { value, emittedAt }: ModelRecord): Columns {
  if (!isAbsent(columnAt(stored, DELETED_AT))) return stored
  const own = columnAt(value, DELETED_AT)
  const time = own === undefined || own === null ? new Date(emittedAt).toISOString() : own
  return { columns: [...stored.columns, [DELETED_AT, time]] }
}
