/** A record as one text: the value of a string or of a hash field, the element of a list, the member of a set. */
import { problem } from '../../errors.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { compilePath } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { addText, isAbsent, isObject } from './column-text.ts'
import { contentOf } from './content.ts'
import type { LayoutSettings, RecordView, Refusal } from '../encoding/layout.ts'
import { addMetaMember, withMeta } from './meta.ts'
import { ColumnTemplate, type StreamNames } from './column-template.ts'
import {
  EMITTED_AT_TEXT,
  ID_TEXT,
  literal,
  RECORD_TEXT,
  type ProgramArgument,
} from '../encoding/record-program.ts'
import type { TextRange } from '../encoding/text-range.ts'

export interface Value {
  readonly usesIds: boolean
  readonly usesColumns: boolean
  /** The same for record programs, where they can express it. */
  readonly argument?: ProgramArgument | undefined
  /** Sets `range` to the text, or returns why there is none. */
  locate(record: RecordView, range: TextRange): Refusal | undefined
}

export function valueOf(settings: LayoutSettings, stream: StreamNames): Value {
  const { member, dataFormat } = settings
  if (member !== undefined) return templateValue(new ColumnTemplate('member', member, stream, settings))
  switch (dataFormat) {
    case 'airbyte':
      return airbyteValue(settings)
    case 'raw':
      return columnValue(settings)
    default: {
      const content = settings.keepMeta ? withMeta(contentOf(settings)) : contentOf(settings)
      return {
        usesIds: false,
        usesColumns: content.usesColumns,
        argument: content.isWhole ? [RECORD_TEXT] : undefined,
        locate(record, range) {
          content.locate(record, range)
          return undefined
        },
      }
    }
  }
}

function templateValue(template: ColumnTemplate): Value {
  const { usesIds, usesColumns, argument } = template
  const value = assembledValue(usesIds, usesColumns, (record, out) => template.render(record, out))
  return { ...value, argument }
}

const BEFORE_ID = Buffer.from('{"_airbyte_ab_id":')
const BEFORE_EMITTED_AT = Buffer.from(',"_airbyte_emitted_at":')
const BEFORE_DATA = Buffer.from(',"_airbyte_data":')
const END = Buffer.from('}')

const AIRBYTE_ARGUMENT: ProgramArgument = [
  literal(BEFORE_ID),
  ID_TEXT,
  literal(BEFORE_EMITTED_AT),
  EMITTED_AT_TEXT,
  literal(BEFORE_DATA),
  RECORD_TEXT,
  literal(END),
]

function airbyteValue(settings: LayoutSettings): Value {
  const content = contentOf(settings)
  const data: TextRange = { bytes: END, start: 0, end: 0 }
  const value = assembledValue(true, content.usesColumns, (record, out) => {
    content.locate(record, data)
    out.add(BEFORE_ID)
    out.addNumber(record.id)
    out.add(BEFORE_EMITTED_AT)
    out.add(record.bytes, record.emittedAtStart, record.emittedAtEnd)
    out.add(BEFORE_DATA)
    out.add(data.bytes, data.start, data.end)
    if (settings.keepMeta) addMetaMember(out, record)
    out.add(END)
    return undefined
  })
  return { ...value, argument: content.isWhole && !settings.keepMeta ? AIRBYTE_ARGUMENT : undefined }
}

function columnValue({ valueField, rootField }: RecordSettings): Value {
  const name = rootField === undefined ? valueField! : `${rootField}.${valueField}`
  const path = compilePath(name)
  const refusal = (code: string, clause: string): Refusal =>
    problem(code, `The column ${name}, which is the value, ${clause}.`, {
      options: ['value_field'],
      params: { column: name },
    })
  const missing = refusal('value-missing', 'is missing')
  const emptyObject = refusal('value-empty-object', 'is an empty object')
  const isNull = refusal('value-null', 'is null')
  return assembledValue(false, true, ({ columns }, out) => {
    const row = columns.find(path)
    if (row === -1) return missing
    if (isAbsent(columns, row)) return isObject(columns, row) ? emptyObject : isNull
    // The text of an object is its JSON.
    if (isObject(columns, row)) out.add(columns.bytes, columns.valueStart(row), columns.valueEnd(row))
    else addText(out, columns, row)
    return undefined
  })
}

/** Returns a value that is assembled for each record. */
function assembledValue(
  usesIds: boolean,
  usesColumns: boolean,
  assemble: (record: RecordView, out: ByteBuffer) => Refusal | undefined,
): Value {
  const text = new ByteBuffer(Buffer.allocUnsafeSlow(1024))
  return {
    usesIds,
    usesColumns,
    locate(record, range) {
      text.clear()
      const refusal = assemble(record, text)
      range.bytes = text.bytes
      range.start = 0
      range.end = text.length
      return refusal
    },
  }
}
