/** Templates name keys, fields and members: literal text, with columns of the record in between. */
import { problem } from '../../errors.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { parseTemplate } from '../../config/settings/template.ts'
import { ColumnKind, compilePath, type Columns, type Path } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { isPlain, plainNotation } from './plain-notation.ts'
import { addText, isAbsent, isObject, textIn } from './column-text.ts'
import type { RecordView, Refusal } from '../encoding/layout.ts'
import { ID_TEXT, literal, type ProgramArgument } from '../encoding/record-program.ts'

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
  | { kind: 'column'; path: Path; name: string; isKey: boolean; isEscaped: boolean }

type ColumnPart = Part & { kind: 'column' }

export interface TemplateOptions {
  /** The text before the template. */
  prefix?: string
  /** Whether a primary-key column may be null. */
  nullKeys?: RecordSettings['nullKeys']
  /** Returns why a text must not be used. */
  refuse?: ((text: string) => Refusal | undefined) | undefined
}

/** The text of a primary-key column that is null. */
const NULL_KEY = '%null'

/** The template of the keys of a layout. */
export type KeyTemplate = Pick<
  ColumnTemplate,
  'usesIds' | 'usesColumns' | 'isConstant' | 'size' | 'render' | 'argument'
>

/** Adds the key of a record, or returns why it has none. */
export function addKey(template: KeyTemplate, record: RecordView, out: ByteBuffer): Refusal | undefined {
  const { key } = record
  if (key === undefined) return template.render(record, out)
  out.add(key.bytes, key.start, key.end)
  return undefined
}

export class ColumnTemplate {
  readonly usesIds: boolean
  readonly usesColumns: boolean
  /** The approximate length of its texts in bytes. */
  readonly size: number
  /** The literal text before the first column. */
  readonly lead: Buffer
  /** Whether every record has the same text, which then is `lead`. */
  readonly isConstant: boolean
  /** The same for record programs; undefined where a text may be refused for what it is. */
  readonly argument: ProgramArgument | undefined
  readonly #option: TemplateOption
  readonly #parts: readonly Part[]
  readonly #allowsNull: boolean
  readonly #refuse: TemplateOptions['refuse']

  /** `option`: the option that the template is from. */
  constructor(
    option: TemplateOption,
    text: string,
    stream: StreamNames,
    { prefix = '', nullKeys = 'error', refuse }: TemplateOptions = {},
  ) {
    this.#refuse = refuse
    this.#option = option
    this.#allowsNull = nullKeys === 'allow'
    this.#parts = joined([{ kind: 'text', text: Buffer.from(prefix) }, ...partsOf(text, stream)])
    this.argument = refuse === undefined ? argumentOf(this.#parts, this.#allowsNull) : undefined
    this.usesIds = this.#parts.some(({ kind }) => kind === 'id')
    this.usesColumns = this.#parts.some(({ kind }) => kind === 'column')
    this.size = this.#parts.reduce((sum, part) => sum + (part.kind === 'text' ? part.text.length : 16), 0)
    const [first, ...rest] = this.#parts
    this.lead = first?.kind === 'text' ? first.text : Buffer.alloc(0)
    this.isConstant = rest.length === 0 && first?.kind === 'text'
  }

  /** Adds the text for the record, or returns why there is none. */
  render(record: RecordView, out: ByteBuffer): Refusal | undefined {
    const start = out.length
    for (const part of this.#parts) {
      if (part.kind === 'text') out.add(part.text)
      else if (part.kind === 'id') out.addNumber(record.id)
      else {
        const refusal = this.#addColumn(record, part, out)
        if (refusal !== undefined) return refusal
      }
    }
    return this.#refuse?.(out.bytes.toString('utf8', start, out.length))
  }

  #addColumn({ columns }: RecordView, part: ColumnPart, out: ByteBuffer): Refusal | undefined {
    const row = columns.find(part.path)
    const start = out.length
    if (part.isKey) return this.#addKeyColumn(columns, row, part, out)
    if (row === -1) return this.#refusal('template-column-missing', part, 'is missing')
    if (isObject(columns, row)) return this.#refusal('template-column-object', part, 'is an object')
    if (isAbsent(columns, row)) return this.#refusal('template-column-null', part, 'is null')
    addText(out, columns, row)
    return out.length === start ? this.#refusal('template-column-empty', part, 'is empty') : undefined
  }

  /** Adds a primary-key column by its value: rows of the same value have the same key. */
  #addKeyColumn(columns: Columns, row: number, part: ColumnPart, out: ByteBuffer): Refusal | undefined {
    const kind = row === -1 ? ColumnKind.null : columns.kind(row)
    if (kind === ColumnKind.null) {
      if (!this.#allowsNull)
        return row === -1
          ? this.#refusal('template-column-missing', part, 'is missing')
          : this.#refusal('template-column-null', part, 'is null')
      out.addText(NULL_KEY)
      return undefined
    }
    if (isObject(columns, row)) return this.#refusal('template-column-object', part, 'is an object')
    if (kind === ColumnKind.array) return this.#refusal('template-column-array', part, 'is an array')
    const start = out.length
    const isPlainText =
      kind !== ColumnKind.number || isPlain(columns.bytes, columns.valueStart(row), columns.valueEnd(row))
    if (isPlainText) addText(out, columns, row)
    else out.addText(plainNotation(textIn(columns, row)))
    if (part.isEscaped) escapeSeparators(out, start)
    else if (this.#allowsNull) escapeNull(out, start)
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

function argumentOf(parts: readonly Part[], allowsNull: boolean): ProgramArgument {
  return parts.map((part) => {
    if (part.kind === 'text') return literal(part.text)
    if (part.kind === 'id') return ID_TEXT
    return { kind: 'column', name: part.name, written: part.isEscaped || allowsNull ? 'escaped' : 'plain' }
  })
}

/** Returns the columns that a template names, each as a path. */
export function templateColumns(text: string, stream: StreamNames): string[] {
  return partsOf(text, stream).flatMap((part) => (part.kind === 'column' ? [part.name] : []))
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
        return [
          column(
            part.path,
            stream.primaryKey.some((path) => path.join('.') === part.path),
          ),
        ]
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
    column(path.join('.'), true, isComposite),
  ])
}

function column(name: string, isKey: boolean, isEscaped = false): Part {
  return { kind: 'column', path: compilePath(name), name, isKey, isEscaped }
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

/** Keeps a text that is written as null is apart from null. The separators of a composite key do that already. */
function escapeNull(out: ByteBuffer, start: number): void {
  const text = out.bytes.toString('utf8', start, out.length)
  if (!text.startsWith(NULL_KEY)) return
  out.length = start
  out.addText(text.replace('%', '%25'))
}

function escapeSeparators(out: ByteBuffer, start: number): void {
  const text = out.bytes.toString('utf8', start, out.length)
  if (!/[%:]/.test(text)) return
  out.length = start
  out.addText(text.replaceAll('%', '%25').replaceAll(':', '%3A'))
}
