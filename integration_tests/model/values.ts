// JSON values as a source writes them: numbers keep their digits, and objects the order of their columns.

/** A JSON number, as its text. */
export interface Digits {
  digits: string
}

export interface Columns {
  columns: [name: string, value: Value][]
}

export type Value = null | boolean | string | Digits | Value[] | Columns

export function isColumns(value: Value | undefined): value is Columns {
  return typeof value === 'object' && value !== null && 'columns' in value
}

export function isDigits(value: Value | undefined): value is Digits {
  return typeof value === 'object' && value !== null && 'digits' in value
}

/** Returns the JSON text of a value, without insignificant white space. */
export function jsonOf(value: Value): string {
  if (isDigits(value)) return value.digits
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (isColumns(value)) return `{${value.columns.map(([name, item]) => memberOf(name, item)).join(',')}}`
  return JSON.stringify(value)
}

function memberOf(name: string, value: Value): string {
  return `${JSON.stringify(name)}:${jsonOf(value)}`
}

/** Returns whether a column counts as absent: it is missing, null, or an object without columns. */
export function isAbsent(value: Value | undefined): boolean {
  return value === undefined || value === null || (isColumns(value) && value.columns.length === 0)
}

/** Returns the value of the column at a path such as `address.city`. */
export function columnAt(record: Columns, path: string): Value | undefined {
  for (const [name, value] of record.columns) {
    if (name === path) return value
    if (path.startsWith(`${name}.`) && isColumns(value)) return columnAt(value, path.slice(name.length + 1))
  }
  return undefined
}

/** Returns the text of a column: a string as it is, anything else as its JSON; undefined if it is absent. */
export function textOf(value: Value | undefined): string | undefined {
  if (value === undefined || isAbsent(value)) return undefined
  return typeof value === 'string' ? value : jsonOf(value)
}

/** Returns one field for each nested column, named by its path; columns that are null as `nullAs` says. */
export function flatten(
  record: Columns,
  nullAs: 'absent' | 'empty' | 'text' = 'absent',
  before = '',
): [path: string, text: string][] {
  return record.columns.flatMap(([name, value]): [string, string][] => {
    if (isColumns(value)) return flatten(value, nullAs, `${before}${name}.`)
    const text = value === null ? NULL_TEXTS[nullAs] : textOf(value)
    return text === undefined ? [] : [[`${before}${name}`, text]]
  })
}

const NULL_TEXTS = { absent: undefined, empty: '', text: 'null' }
