/** A record as fields, for the structures that have them: hashes, and the entries of Redis streams. */
import { problem } from '../../errors.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath, NullFields, type Columns } from '../../protocol/columns/columns.ts'
import { FlattenedColumns } from '../../protocol/columns/flattened-columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { addText, isAbsent, isObject } from './column-text.ts'
import { addMeta, META } from './meta.ts'
import { contentOf } from './content.ts'
import { DELETED_AT, deletedAtPath, deletionTime, hasDeletedAt } from './deleted-at.ts'
import type { LayoutSettings, RecordView, Refusal } from '../encoding/layout.ts'
import type { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import {
  EMITTED_AT_TEXT,
  ID_TEXT,
  literal,
  RECORD_TEXT,
  type ProgramArgument,
} from '../encoding/record-program.ts'
import type { TextRange } from '../encoding/text-range.ts'

export interface Fields {
  readonly usesIds: boolean
  readonly usesColumns: boolean
  /** The approximate number of bytes of the fields beside the data. */
  readonly overhead: number
  /** The same for record programs, where they can express it. */
  readonly args: readonly ProgramArgument[] | undefined
  /** Returns how many fields the record has, or why it cannot be written. `add` adds the fields of this record. */
  count(record: RecordView): number | Refusal
  /** Adds each field as two arguments: its name and its text. */
  add(out: CommandBuffer, record: RecordView): void
}

export function fieldsOf(settings: LayoutSettings): Fields {
  return settings.dataFormat === 'airbyte' ? airbyteFields(settings) : flatFields(settings)
}

const AB_ID = Buffer.from('$14\r\n_airbyte_ab_id\r\n')
const EMITTED_AT = Buffer.from('$19\r\n_airbyte_emitted_at\r\n')
const DATA = Buffer.from('$13\r\n_airbyte_data\r\n')
const AIRBYTE_OVERHEAD = 160

const AIRBYTE_ARGS: readonly ProgramArgument[] = [
  [literal('_airbyte_ab_id')],
  [ID_TEXT],
  [literal('_airbyte_emitted_at')],
  [EMITTED_AT_TEXT],
  [literal('_airbyte_data')],
  [RECORD_TEXT],
]

function airbyteFields(settings: LayoutSettings): Fields {
  const content = contentOf(settings)
  const { keepMeta } = settings
  const meta = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const data: TextRange = { bytes: DATA, start: 0, end: 0 }
  return {
    usesIds: true,
    usesColumns: content.usesColumns,
    overhead: AIRBYTE_OVERHEAD,
    args: content.isWhole && !keepMeta ? AIRBYTE_ARGS : undefined,
    count: () => (keepMeta ? 4 : 3),
    add(out, record) {
      content.locate(record, data)
      out.reserve(AIRBYTE_OVERHEAD + record.emittedAtEnd - record.emittedAtStart + data.end - data.start)
      out.put(AB_ID)
      out.numberArgument(record.id)
      out.put(EMITTED_AT)
      out.argument(record.bytes, record.emittedAtStart, record.emittedAtEnd)
      out.put(DATA)
      out.argument(data.bytes, data.start, data.end)
      if (keepMeta) addMetaField(out, record, meta)
    },
  }
}

function addMetaField(out: CommandBuffer, record: RecordView, text: ByteBuffer): void {
  text.clear()
  addMeta(text, record)
  out.textArgument(META)
  out.argument(text.bytes, 0, text.length)
}

/** One field for each column. Names of nested columns are joined with dots; empty objects have no field. */
function flatFields(settings: LayoutSettings): Fields {
  const { fields, nullAs, keepMeta, writesDeletedAt = false } = settings
  const includesNull = nullAs !== 'absent'
  const found: Found = { encoded: 0, names: [], rows: [] }
  const find = fields === undefined ? findAll(found, settings) : findChosen(found, settings, includesNull)
  const text = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const path = deletedAtPath(settings)
  const lacksDeletedAt = (record: RecordView): boolean => writesDeletedAt && !hasDeletedAt(record, path)
  return {
    usesIds: false,
    usesColumns: true,
    overhead: 256,
    args: undefined,
    count(record) {
      found.encoded = found.names.length = found.rows.length = 0
      const refusal = find(record.columns)
      if (refusal !== undefined) return refusal
      const count = found.encoded + found.rows.length + (lacksDeletedAt(record) ? 1 : 0)
      // The changes of a row without columns are no row.
      return keepMeta && count > 0 ? count + 1 : count
    },
    add(out, record) {
      const { columns } = record
      if (found.encoded > 0) out.add(columns.bytes, columns.fieldsStart, columns.fieldsEnd)
      for (const [index, row] of found.rows.entries()) {
        out.add(found.names[index]!)
        text.clear()
        if (nullAs !== 'empty' || columns.kind(row) !== ColumnKind.null) addText(text, columns, row)
        out.argument(text.bytes, 0, text.length)
      }
      if (keepMeta && (found.encoded + found.rows.length > 0 || lacksDeletedAt(record)))
        addMetaField(out, record, text)
      if (!lacksDeletedAt(record)) return
      const time = deletionTime(record)
      out.textArgument(DELETED_AT)
      out.textArgument(time.startsWith('"') ? (JSON.parse(time) as string) : time)
    },
  }
}

/** The columns of a record that become fields, and the names of the fields, each encoded as an argument. */
interface Found {
  /** Counts the columns that `Columns.encodeFields` has encoded; if there are some, `names` and `rows` are empty. */
  encoded: number
  readonly names: Buffer[]
  readonly rows: number[]
}

/** Finds the columns of a record, or returns why it cannot be written. */
type Find = (columns: Columns) => Refusal | undefined

function findAll(found: Found, { rootField, nullAs }: RecordSettings): Find {
  const root = rootField === undefined ? undefined : compilePath(rootField)
  const nulls = NullFields[nullAs]
  const leaves = new FlattenedColumns(undefined, asArgument, nulls !== NullFields.absent)
  return (columns) => {
    const row = root === undefined ? undefined : columns.find(root)
    if (row !== undefined && !isObject(columns, row)) return ROOT_NOT_AN_OBJECT
    const encoded = columns.encodeFields(nulls, row)
    if (encoded === -1) return addLeaves(found, leaves, columns, row)
    found.encoded = encoded
    return undefined
  }
}

function findChosen(found: Found, { fields = [], rootField }: RecordSettings, includesNull: boolean): Find {
  const chosen = fields.map(({ from, to }) => ({
    path: compilePath(rootField === undefined ? from : `${rootField}.${from}`),
    name: asArgument(Buffer.from(to)),
    // All columns of an object are chosen, under its new name.
    leaves: new FlattenedColumns(to, asArgument, includesNull),
  }))
  return (columns) => {
    for (const { path, name, leaves } of chosen) {
      const row = columns.find(path)
      const isNull = row !== -1 && columns.kind(row) === ColumnKind.null
      if (isAbsent(columns, row) && !(includesNull && isNull)) continue
      if (isObject(columns, row)) {
        const refusal = addLeaves(found, leaves, columns, row)
        if (refusal !== undefined) return refusal
      } else {
        found.names.push(name)
        found.rows.push(row)
      }
    }
    return undefined
  }
}

const ROOT_NOT_AN_OBJECT = problem(
  'root-not-an-object',
  'The value at root_field is no object, so it has no columns.',
  { options: ['root_field'] },
)

const NAMES_TOO_LONG = problem(
  'column-names-too-long',
  'The names of its nested columns, joined with dots, are too long.',
)

function addLeaves(
  { names, rows }: Found,
  leaves: FlattenedColumns,
  columns: Columns,
  root: number | undefined,
): Refusal | undefined {
  const count = countLeaves(leaves, columns, root)
  if (count === undefined) return NAMES_TOO_LONG
  for (let leaf = 0; leaf < count; leaf++) {
    names.push(leaves.names[leaf]!)
    rows.push(leaves.rows[leaf]!)
  }
  return undefined
}

/** Returns undefined if `FlattenedColumns` refuses names of thousands of levels for their length. */
function countLeaves(
  leaves: FlattenedColumns,
  columns: Columns,
  root: number | undefined,
): number | undefined {
  try {
    return leaves.read(columns, root)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function asArgument(name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`$${name.length}\r\n`), name, Buffer.from('\r\n')])
}
