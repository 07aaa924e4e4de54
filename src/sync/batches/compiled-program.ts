/** A record program as the numbers and bytes that `encodeRows` reads: protocol/scanner/wasm/encode-rows.ts. */
import type { Layout } from '../../layout/encoding/layout.ts'
import type { ProgramArgument, ProgramText, RecordProgram } from '../../layout/encoding/record-program.ts'

export interface CompiledProgram {
  readonly bytes: Buffer
  readonly command: string
  /** The arguments of a command beside its name: those that each has, and those of each record. */
  readonly fixedArgs: number
  readonly recordArgs: number
  readonly mostRecords: number
}

/** The memory that the scanner has for a program. */
const MOST_BYTES = 4096

/** The scanner keeps the texts of an argument in a table. */
const MOST_TEXTS = 16

/** The scanner assumes that it may read so many bytes behind a literal text. */
const PADDING = 16

const BYTES_PER_NUMBER = 4

/** The operations of a program have the numbers of `Op` in encode-rows.ts. */
const Op = { end: 0, literal: 1, argument: 2, key: 3 } as const

/** The kinds of texts have the numbers of `TextKind` in program-text.ts. */
const TextKind = { literal: 1, id: 2, emitted_at: 3, data: 4, column: 5 } as const

/** The forms of column texts have the numbers of `Written` in program-text.ts. */
const Written = { plain: 0, escaped: 1, number: 2 } as const

/** The compiled programs of a run, by layout. */
export class CompiledPrograms {
  readonly #programs = new Map<Layout, CompiledProgram | undefined>()

  /** Returns the program of a layout; undefined where it has none. `captured`: the columns that the scanner captures. */
  of(layout: Layout, captured: readonly string[]): CompiledProgram | undefined {
    if (!this.#programs.has(layout))
      this.#programs.set(layout, layout.program && compile(layout.program, captured))
    return this.#programs.get(layout)
  }
}

/** Returns undefined where a column is not captured, or the program has too many texts. */
function compile(
  { command, key, options, items, mostRecords }: RecordProgram,
  captured: readonly string[],
): CompiledProgram | undefined {
  const used = [key, ...items]
  const canRun = used.every(
    (argument) =>
      argument.length <= MOST_TEXTS &&
      argument.every((text) => text.kind !== 'column' || captured.includes(text.name)),
  )
  if (!canRun) return undefined
  const code = new Code(captured)
  code.literal(`$${Buffer.byteLength(command)}\r\n${command}\r\n`)
  code.argument(Op.key, key)
  for (const option of options) code.literal(`$${Buffer.byteLength(option)}\r\n${option}\r\n`)
  code.number(Op.end)
  const eachRecord = code.length
  for (const item of items) code.argument(Op.argument, item)
  code.number(Op.end)
  const fixedArgs = 1 + options.length
  const bytes = code.bytes([1 + fixedArgs, items.length, mostRecords], eachRecord)
  return bytes && { bytes, command, fixedArgs, recordArgs: items.length, mostRecords }
}

/** Numbers, and the literal texts behind them. */
class Code {
  readonly #captured: readonly string[]
  readonly #numbers: (number | Buffer)[] = []

  constructor(captured: readonly string[]) {
    this.#captured = captured
  }

  get length(): number {
    return this.#numbers.length
  }

  number(value: number): void {
    this.#numbers.push(value)
  }

  /** Adds bytes that are written as they are. */
  literal(text: string): void {
    const bytes = Buffer.from(text)
    this.#numbers.push(Op.literal, bytes, bytes.length)
  }

  argument(op: number, texts: ProgramArgument): void {
    this.#numbers.push(op, texts.length)
    for (const text of texts) this.#numbers.push(TextKind[text.kind], ...this.#operandsOf(text))
  }

  #operandsOf(text: ProgramText): [number | Buffer, number] {
    if (text.kind === 'literal') return [text.bytes, text.bytes.length]
    return text.kind === 'column' ? [this.#captured.indexOf(text.name), Written[text.written]] : [0, 0]
  }

  /** Returns the whole program; undefined if it is too large. `eachRecord`: the number with which the part of a record begins. */
  bytes(head: readonly number[], eachRecord: number): Buffer | undefined {
    const start = (head.length + 1) * BYTES_PER_NUMBER
    const numbers = [...head, start + eachRecord * BYTES_PER_NUMBER, ...this.#numbers]
    const texts: Buffer[] = []
    let at = numbers.length * BYTES_PER_NUMBER
    const code = Int32Array.from(numbers, (value) => {
      if (typeof value === 'number') return value
      texts.push(value)
      at += value.length
      return at - value.length
    })
    return at + PADDING > MOST_BYTES ? undefined : Buffer.concat([Buffer.from(code.buffer), ...texts])
  }
}
