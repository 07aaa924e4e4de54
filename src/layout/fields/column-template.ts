/** Templates name keys, fields and members: literal text, with columns of the record in between. */
import { problem } from '../../errors.ts'
import { parseTemplate } from '../../config/settings/template.ts'
import { compilePath, type Path } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { addText, isAbsent, isObject } from './column-text.ts'
import type { RecordView, Refusal } from '../encoding/layout.ts'

/** The names in a template that are not columns. */
export interface StreamNames {
  name: string
  namespace: string
  primaryKey: readonly (readonly string[])[]
}

type TemplateOption = 'key_template' | 'hash_field' | 'member'

type Part =
  | { kind: 'text'; text: Buffer }
  | { kind: 'id' }
  | { kind: 'column'; path: Path; name: string; isEscaped: boolean }

type ColumnPart = Part & { kind: 'column' }

/** The template of the keys of a layout. */
export type KeyTemplate = Pick<ColumnTemplate, 'usesIds' | 'usesColumns' | 'size' | 'render'>

export class ColumnTemplate {
  readonly usesIds: boolean
  readonly usesColumns: boolean
  /** The approximate length of its texts in bytes. */
  readonly size: number
  /** The literal text before the first column. */
  readonly lead: Buffer
  /** Whether every record has the same text, which then is `lead`. */
  readonly isConstant: boolean
  readonly #option: TemplateOption
  readonly #parts: readonly Part[]

  /** `option`: the option that the template is from. `prefix`: text before the template. */
  constructor(option: TemplateOption, text: string, stream: StreamNames, prefix = '') {
    this.#option = option
    this.#parts = joined([{ kind: 'text', text: Buffer.from(prefix) }, ...partsOf(text, stream)])
    this.usesIds = this.#parts.some(({ kind }) => kind === 'id')
    this.usesColumns = this.#parts.some(({ kind }) => kind === 'column')
    this.size = this.#parts.reduce((sum, part) => sum + (part.kind === 'text' ? part.text.length : 16), 0)
    const [first, ...rest] = this.#parts
    this.lead = first?.kind === 'text' ? first.text : Buffer.alloc(0)
    this.isConstant = rest.length === 0 && first?.kind === 'text'
  }

  /** Adds the text for the record, or returns why there is none. */
  render(record: RecordView, out: ByteBuffer): Refusal | undefined {
    for (const part of this.#parts) {
      if (part.kind === 'text') out.add(part.text)
      else if (part.kind === 'id') out.addNumber(record.id)
      else {
        const refusal = this.#addColumn(record, part, out)
        if (refusal !== undefined) return refusal
      }
    }
    return undefined
  }

  #addColumn({ columns }: RecordView, part: ColumnPart, out: ByteBuffer): Refusal | undefined {
    const row = columns.find(part.path)
    if (row === -1) return this.#refusal('template-column-missing', part, 'is missing')
    if (isObject(columns, row)) return this.#refusal('template-column-object', part, 'is an object')
    if (isAbsent(columns, row)) return this.#refusal('template-column-null', part, 'is null')
    const start = out.length
    addText(out, columns, row)
    if (out.length === start) return this.#refusal('template-column-empty', part, 'is empty')
    if (part.isEscaped) escapeSeparators(out, start)
    return undefined
  }

  #refusal(code: string, { name }: ColumnPart, clause: string): Refusal {
    const user = this.#option === 'key_template' ? 'key' : this.#option
    return problem(code, `The column ${name}, which the ${user} needs, ${clause}.`, {
      options: [this.#option],
      params: { column: name },
    })
  }
}

function partsOf(text: string, stream: StreamNames): Part[] {
  return parseTemplate(text).flatMap((part): Part[] => {
    switch (part.kind) {
      case 'text':
        return [{ kind: 'text', text: Buffer.from(part.text) }]
      case 'namespace':
        return [{ kind: 'text', text: Buffer.from(stream.namespace) }]
      case 'stream':
        return [{ kind: 'text', text: Buffer.from(stream.name) }]
      case 'id':
        return [{ kind: 'id' }]
      case 'column':
        return [column(part.path, false)]
      case 'primary_key':
        return primaryKeyParts(stream.primaryKey)
    }
  })
}

/** The columns of a composite key are joined by colons, and escaped so that no two keys are the same. */
function primaryKeyParts(primaryKey: StreamNames['primaryKey']): Part[] {
  const isComposite = primaryKey.length > 1
  return primaryKey.flatMap((path, index): Part[] => [
    ...(index === 0 ? [] : [{ kind: 'text' as const, text: Buffer.from(':') }]),
    column(path.join('.'), isComposite),
  ])
}

function column(name: string, isEscaped: boolean): Part {
  return { kind: 'column', path: compilePath(name), name, isEscaped }
}

/** Joins adjacent texts, and drops empty ones. */
function joined(parts: readonly Part[]): Part[] {
  const result: Part[] = []
  for (const part of parts) {
    const last = result.at(-1)
    if (part.kind === 'text' && last?.kind === 'text') last.text = Buffer.concat([last.text, part.text])
    else result.push(part)
  }
  return result.filter((part, _, all) => part.kind !== 'text' || part.text.length > 0 || all.length === 1)
}

function escapeSeparators(out: ByteBuffer, start: number): void {
  const text = out.bytes.toString('utf8', start, out.length)
  if (!/[%:]/.test(text)) return
  out.length = start
  out.addText(text.replaceAll('%', '%25').replaceAll(':', '%3A'))
}
