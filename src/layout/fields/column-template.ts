/** Templates name keys, fields and members: literal text with columns of the record in between. */
import { parseTemplate } from '../../config/settings/template.ts'
import { compilePath, type Path } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { addText, isAbsent, isObject } from './column-text.ts'
import type { RecordView, Refusal } from '../encoding/layout.ts'

/** What a template may name besides columns. */
export interface StreamNames {
  name: string
  namespace: string
  primaryKey: readonly (readonly string[])[]
}

type Part =
  | { kind: 'text'; text: Buffer }
  | { kind: 'id' }
  | { kind: 'column'; path: Path; name: string; isEscaped: boolean }

/** What a layout asks of the template of its keys. */
export type KeyTemplate = Pick<ColumnTemplate, 'usesIds' | 'usesColumns' | 'size' | 'render'>

export class ColumnTemplate {
  readonly usesIds: boolean
  readonly usesColumns: boolean
  /** Of the literal text. */
  readonly size: number
  /** The literal text in front of all columns. */
  readonly lead: Buffer
  /** Whether every record gives the same text, which then is `lead`. */
  readonly isConstant: boolean
  readonly #option: string
  readonly #parts: readonly Part[]

  /** `option`: what names the template in a refusal. `prefix`: put before it. */
  constructor(option: string, text: string, stream: StreamNames, prefix = '') {
    this.#option = option
    this.#parts = joined([{ kind: 'text', text: Buffer.from(prefix) }, ...partsOf(text, stream)])
    this.usesIds = this.#parts.some(({ kind }) => kind === 'id')
    this.usesColumns = this.#parts.some(({ kind }) => kind === 'column')
    this.size = this.#parts.reduce((sum, part) => sum + (part.kind === 'text' ? part.text.length : 16), 0)
    const [first, ...rest] = this.#parts
    this.lead = first?.kind === 'text' ? first.text : Buffer.alloc(0)
    this.isConstant = rest.length === 0 && first?.kind === 'text'
  }

  /** Adds the text that the record gives; or says why there is none. */
  render(record: RecordView, out: ByteBuffer): Refusal | undefined {
    for (const part of this.#parts) {
      if (part.kind === 'text') out.add(part.text)
      else if (part.kind === 'id') out.addNumber(record.id)
      else {
        const problem = this.#addColumn(record, part, out)
        if (problem !== undefined)
          return `the column ${part.name}, which the ${this.#option} needs, ${problem}`
      }
    }
    return undefined
  }

  #addColumn({ columns }: RecordView, { path, isEscaped }: Part & { kind: 'column' }, out: ByteBuffer) {
    const row = columns.find(path)
    if (row === -1) return 'is missing'
    if (isObject(columns, row)) return 'is an object'
    if (isAbsent(columns, row)) return 'is null'
    const start = out.length
    addText(out, columns, row)
    if (out.length === start) return 'is empty'
    if (isEscaped) escapeSeparators(out, start)
    return undefined
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

/** The parts of a composite key are joined by colons, and written so that no two keys can be the same. */
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

/** Texts that stand side by side become one; empty ones go. */
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
