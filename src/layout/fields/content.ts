/** The JSON text that is written of a record: all of it, the object at root_field, or some columns under new names. */
import { compilePath, type Path } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { withDeletedAt } from './deleted-at.ts'
import type { LayoutSettings, RecordView } from '../encoding/layout.ts'
import type { Content } from '../encoding/content-locator.ts'
import type { TextRange } from '../encoding/text-range.ts'

interface Field {
  path: Path
  /** Its name as JSON, with a colon after it. */
  name: Buffer
}

export function contentOf(settings: LayoutSettings): Content {
  const content = contentOfRecord(settings)
  return settings.writesDeletedAt === true ? withDeletedAt(content, settings) : content
}

function contentOfRecord({ rootField, fields }: LayoutSettings): Content {
  if (fields !== undefined) return chosenFields(fields, rootField)
  if (rootField === undefined) return { isWhole: true, usesColumns: false, locate: locateRecord }
  const root = compilePath(rootField)
  return { isWhole: false, usesColumns: true, locate: (record, range) => locateColumn(record, root, range) }
}

function locateRecord({ bytes, dataStart, dataEnd }: RecordView, range: TextRange): void {
  range.bytes = bytes
  range.start = dataStart
  range.end = dataEnd
}

/** The column exists: the filter has removed records without it. */
function locateColumn({ columns }: RecordView, path: Path, range: TextRange): void {
  const row = columns.find(path)
  range.bytes = columns.bytes
  range.start = columns.valueStart(row)
  range.end = columns.valueEnd(row)
}

function chosenFields(chosen: NonNullable<RecordSettings['fields']>, rootField: string | undefined): Content {
  const prefix = rootField === undefined ? '' : `${rootField}.`
  const fields = chosen.map(({ from, to }): Field => ({
    path: compilePath(prefix + from),
    name: Buffer.from(`${JSON.stringify(to)}:`),
  }))
  const text = new ByteBuffer(Buffer.allocUnsafeSlow(1024))
  return {
    isWhole: false,
    usesColumns: true,
    locate(record, range) {
      text.clear()
      addObject(text, record, fields)
      range.bytes = text.bytes
      range.start = 0
      range.end = text.length
    },
  }
}

const [OPEN, CLOSE, COMMA] = ['{', '}', ','].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer]

function addObject(out: ByteBuffer, { columns }: RecordView, fields: readonly Field[]): void {
  out.add(OPEN)
  for (const { path, name } of fields) {
    const row = columns.find(path)
    if (row === -1) continue
    if (out.bytes[out.length - 1] !== OPEN[0]) out.add(COMMA)
    out.add(name)
    out.add(columns.bytes, columns.valueStart(row), columns.valueEnd(row))
  }
  out.add(CLOSE)
}
