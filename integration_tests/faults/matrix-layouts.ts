// The layouts of the fault matrix: their options, where a record is, what its location holds, and how that is read.
import type { Redis } from 'ioredis'
import { readKeys, type KeyContent } from './read-keys.ts'
import { columnsOf, EMITTED_AT, jsonOf, type SentRecord } from './matrix-records.ts'
import type { ModeName } from './matrix-modes.ts'

/**
 * `rows`: a location holds what its last record left. `lists`: a key holds all records of its group, in order. `ids`: each
 * record has a key of its own, numbered in the order of arrival.
 */
type Shape = 'rows' | 'lists' | 'ids'

export interface MatrixLayout {
  name: string
  modes: readonly ModeName[]
  options: (mode: ModeName) => Record<string, unknown>
  primaryKey: string[][]
  shape: (mode: ModeName) => Shape
  locate: (sent: SentRecord, mode: ModeName) => string
  /** Returns the content of a location behind this record, as text. */
  store: (sent: SentRecord, before: string | undefined, mode: ModeName) => string
  /** Returns the contents: by location, or by key, all of them in order. */
  read: (masters: readonly Redis[], mode: ModeName) => Promise<Map<string, string[]>>
}

const SINGLE_KEY = [['id']]
const GROUP_AND_ROW = [['g'], ['id']]
const APPENDED: readonly ModeName[] = ['append', 'overwrite', 'refresh']
const ROWS: readonly ModeName[] = [...APPENDED, 'append_dedup', 'update', 'soft_delete']

const rowTemplate = { key_template: 'row:${id}' }
const groupTemplate = { key_template: 'g:${g}' }
const rowKey = ({ id }: SentRecord): string => `row:${id}`
const groupKey = ({ g }: SentRecord): string => `g:${g}`
const inGroup = ({ g, id }: SentRecord): string => `g:${g}/${id}`

/** Returns the JSON text that is stored; a soft delete adds its column. */
function storeJson(sent: SentRecord, _before: string | undefined, mode: ModeName): string {
  if (mode !== 'soft_delete') return jsonOf(sent)
  return JSON.stringify({ ...columnsOf(sent), _ab_cdc_deleted_at: DELETED_AT })
}

const DELETED_AT = new Date(EMITTED_AT).toISOString()

function storeFields(sent: SentRecord, before: string | undefined, mode: ModeName): string {
  const fields = Object.entries(columnsOf(sent)).map(([name, value]) => [name, String(value)] as const)
  if (mode !== 'soft_delete') return fieldsText(Object.fromEntries(fields))
  return storeMerged(sent, before, mode)
}

function storeMerged(sent: SentRecord, before: string | undefined, mode: ModeName): string {
  const stored = before === undefined ? {} : (JSON.parse(before) as Record<string, string>)
  for (const [name, value] of Object.entries(columnsOf(sent))) stored[name] = String(value)
  if (mode === 'soft_delete') stored['_ab_cdc_deleted_at'] = DELETED_AT
  return fieldsText(stored)
}

function fieldsText(fields: Record<string, string>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1))),
  )
}

/** Reads one location for each key. */
async function readRows(masters: readonly Redis[], pattern: string, text: (content: KeyContent) => string) {
  const keys = await readKeys(masters, pattern)
  return new Map([...keys].map(([key, content]) => [key, [text(content)]]))
}

/** Reads one location for each member or field of each key. */
async function readMembers(masters: readonly Redis[], text: (value: string) => string) {
  const keys = await readKeys(masters, 'g:*')
  const members = [...keys].flatMap(([key, { pairs }]) =>
    pairs.map(([member, value]) => [`${key}/${member}`, [text(value)]] as [string, string[]]),
  )
  return new Map(members)
}

async function readLists(masters: readonly Redis[], text: (item: string) => string) {
  const keys = await readKeys(masters, 'g:*')
  return new Map([...keys].map(([key, { items }]) => [key, items.map(text)]))
}

function idOf(key: string): number {
  return Number(key.slice('n:s:'.length))
}

/** Reads keys that end with an id, in the order of their ids, as one list. */
async function readIds(masters: readonly Redis[], text: (content: KeyContent) => string) {
  const keys = await readKeys(masters, 'n:s:*')
  const inOrder = [...keys].toSorted(([one], [other]) => idOf(one) - idOf(other))
  return new Map([['n:s', inOrder.map(([, content]) => text(content))]])
}

/** The layout of keys by id, which has the primary key in its keys in the mode `append_dedup`. */
function byId(name: string, cacheType: string, text: (content: KeyContent) => string): MatrixLayout {
  return {
    name,
    modes: [...APPENDED, 'append_dedup'],
    options: () => ({ cache_type: cacheType }),
    primaryKey: SINGLE_KEY,
    shape: (mode) => (mode === 'append_dedup' ? 'rows' : 'ids'),
    locate: (sent, mode) => (mode === 'append_dedup' ? `n:s:${sent.id}` : 'n:s'),
    store: storeJson,
    read: (masters, mode) =>
      mode === 'append_dedup' ? readRows(masters, 'n:s:*', text) : readIds(masters, text),
  }
}

function byRow(name: string, options: Record<string, unknown>, modes: readonly ModeName[]) {
  return {
    name,
    modes,
    options: () => ({ ...options, ...rowTemplate }),
    primaryKey: SINGLE_KEY,
    shape: () => 'rows' as const,
    locate: rowKey,
  }
}

function inLists(
  name: string,
  options: Record<string, unknown>,
  store: MatrixLayout['store'],
  text: (item: string) => string,
): MatrixLayout {
  return {
    name,
    modes: APPENDED,
    options: () => ({ ...options, ...groupTemplate }),
    primaryKey: SINGLE_KEY,
    shape: () => 'lists',
    locate: groupKey,
    store,
    read: (masters) => readLists(masters, text),
  }
}

const plain = (text: string): string => text
const fieldsOf = ({ pairs }: KeyContent): string => fieldsText(Object.fromEntries(pairs))

export const LAYOUTS: readonly MatrixLayout[] = [
  byId('hash', 'hash', ({ pairs }) => Object.fromEntries(pairs)['_airbyte_data'] ?? ''),
  byId('string', 'string', ({ items }) => /"_airbyte_data":(.*)\}$/.exec(items[0]!)?.[1] ?? ''),
  {
    ...byRow('flat hash', { cache_type: 'hash', data_format: 'flat' }, ROWS),
    store: storeFields,
    read: (masters) => readRows(masters, 'row:*', fieldsOf),
  },
  {
    ...byRow(
      'merged hash',
      { cache_type: 'hash', data_format: 'flat', on_update: 'merge' },
      ROWS.filter((mode) => mode !== 'append_dedup'),
    ),
    store: storeMerged,
    read: (masters) => readRows(masters, 'row:*', fieldsOf),
  },
  {
    ...byRow('json string', { cache_type: 'string', data_format: 'json' }, ROWS),
    store: storeJson,
    read: (masters) => readRows(masters, 'row:*', ({ items }) => items[0]!),
  },
  {
    name: 'hash field',
    modes: ROWS,
    options: () => ({ cache_type: 'hash', data_format: 'json', hash_field: '${id}', ...groupTemplate }),
    primaryKey: GROUP_AND_ROW,
    shape: () => 'rows',
    locate: inGroup,
    store: storeJson,
    read: (masters) => readMembers(masters, plain),
  },
  {
    name: 'set',
    modes: [...APPENDED, 'append_dedup'],
    options: (mode) => ({
      cache_type: 'set',
      ...(mode === 'append_dedup' ? { member: '${id}' } : { data_format: 'json' }),
      ...groupTemplate,
    }),
    primaryKey: GROUP_AND_ROW,
    shape: () => 'rows',
    locate: (sent, mode) => (mode === 'append_dedup' ? inGroup(sent) : `${groupKey(sent)}/${jsonOf(sent)}`),
    store: () => '',
    read: (masters) => readMembers(masters, plain),
  },
  {
    name: 'sorted set',
    modes: [...APPENDED, 'append_dedup', 'update'],
    options: () => ({ cache_type: 'sorted_set', member: '${id}', score_field: 'n', ...groupTemplate }),
    primaryKey: GROUP_AND_ROW,
    shape: () => 'rows',
    locate: inGroup,
    store: ({ n }) => String(n),
    read: (masters) => readMembers(masters, plain),
  },
  inLists('list', { cache_type: 'list', data_format: 'json' }, jsonOf, plain),
  inLists('stream', { cache_type: 'stream', data_format: 'flat' }, storeFields, plain),
]
