/**
 * Streams of random records, much alike, of which is known what they are made of: no parser is needed to judge them.
 * Each stream has a seed, which a failure names.
 */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { randomFrom, type Random } from '../../random.support.ts'
import { Columns, compilePath, NullFields } from './columns.ts'
import { FlattenedColumns } from './flattened-columns.ts'
import { COLUMN_LENGTH, ColumnFlag, ColumnKind } from '../scanner/scan-tables.ts'
import { Scanner } from '../scanner/scanner.ts'

const STREAMS = caseCount(90, 30_000)
const RECORDS = 12
const TIMEOUT = { timeout: 600_000 }

const NAMES = 'a b c d aa a.b b.a . é € 😀 ü.😀 \ud83d \ufffd } " / \\'
  .split(' ')
  .concat('', '\n', 'sixteen bytes...', 'sixteen bytes ..', 'a name longer than that', 'a name longer. Or so')
const SCALARS =
  String.raw`null null true false 0 -1.5e+3 12345678901234567890 "" "x" "\"" "\\" "{\"a\":1}" "é😀" "a.b" "\u0061"
  "a_text_of_more_than_sixteen_bytes" "another_such_text_with_a_\"" {} [] [[]] [{}] ["]"] ["\\"] [1,{"a":[{"b":"}"}]},"[{"]`
    .split(/\s+/)
    .concat('{ }', '[ "a" , 1 ]', '"an object: {\\"a\\": [1] }"')

describe('random records', () => {
  it('have the rows, paths, leaves and fields that they were made of', TIMEOUT, () => {
    const met = { encoded: 0, overridden: 0, joinedTwice: 0, plain: 0, many: 0 }
    const scanner = new Scanner(1 << 20)
    const [columns, leaves, below] = [new Columns(), new FlattenedColumns(), new FlattenedColumns('x.y')]
    for (let seed = 0; seed < STREAMS; seed++) {
      const random = randomFrom(seed)
      const names = chosenNames(random)
      const record = members(random, names, 0)
      const paths = pathsIn(record, random, names).map(compilePath)
      for (let index = 0; index < RECORDS; index++) {
        const writer = new Writer(random)
        writer.writeObject(changed(record, random, names))
        const { bytes, rows: expected } = writer
        const text = Buffer.from(bytes, 'latin1').toString()
        expect(() => JSON.parse(text), text).not.toThrow()
        const fail = (what: string): never => expect.fail(`seed ${seed}, record ${index}, ${what}: ${text}`)
        const start = scanner.inputStart + random(1_000)
        scanner.bytes.write(`${text}${random(2) === 0 ? ',"a":{"b":[' : '"'}`, start)
        columns.read(scanner, start, start + bytes.length)

        if (!isDeepStrictEqual(rowTrackersOf(scanner, columns, start), expected.map(rowOf))) fail('rows')
        for (const path of paths)
          if (columns.find(path) !== found(expected, path.bytes)) fail(`path ${path.text}`)
        const root = random(expected.length + 1) - 1
        if (!isDeepStrictEqual(leavesOf(leaves, columns), leavesIn(expected, undefined, ''))) fail('leaves')
        if (root >= 0 && !isDeepStrictEqual(leavesOf(below, columns, root), leavesIn(expected, root, 'x.y.')))
          fail(`leaves of ${root}`)
        for (const at of [undefined, root >= 0 ? root : undefined]) {
          const fields = encodedFields(columns, at)
          const leafFields = leavesIn(expected, at, '').flatMap(([name, row]) => [name, textIn(columns, row)])
          if (fields !== undefined && fields !== leafFields.map(argumentOf).join('')) fail(`fields of ${at}`)
          met.encoded += fields === undefined ? 0 : 1
        }

        const counting = expected.filter(({ isOverridden }) => !isOverridden)
        met.overridden += counting.length < expected.length ? 1 : 0
        met.joinedTwice += new Set(counting.map(({ path }) => path)).size < counting.length ? 1 : 0
        met.plain += columns.isPlain ? 1 : 0
        met.many += expected.length > 64 ? 1 : 0
      }
    }
    // All of these must be common, or nothing is proven.
    for (const count of Object.values(met)) expect(count).toBeGreaterThan(STREAMS / 2)
  })
})

/** A value as it will be written: text, or the members of an object. */
type Value = string | Member[]
type Member = { name: string; value: Value }

function chosenNames(random: Random): string[] {
  const plain = random(2) === 0
  const chosen = NAMES.filter((name) => random(3) > 0 && !(plain && /[.\\"\n\ud83d]/.test(name)))
  const more = random(4) > 0 ? [] : Array.from({ length: 90 }, (_, index) => `name_${index}`)
  return ['a', ...chosen, ...more]
}

function members(random: Random, names: readonly string[], depth: number): Member[] {
  const most = depth === 0 ? 2 * names.length : 4
  return Array.from({ length: random(most + 1) }, () => member(random, names, depth))
}

function member(random: Random, names: readonly string[], depth: number): Member {
  const isObject = random(4) === 0 && depth < 5
  const value = isObject ? members(random, names, depth + 1) : SCALARS[random(SCALARS.length)]!
  return { name: names[random(names.length)]!, value }
}

/** The same record, or with a few members changed, missing, new, or in another order. */
function changed(record: readonly Member[], random: Random, names: readonly string[]): Member[] {
  const result = [...record]
  for (let changes = random(4) * random(2); changes > 0; changes--) {
    const at = random(result.length + 1)
    const [old] = result.splice(at, random(2))
    if (old !== undefined && typeof old.value !== 'string' && random(2) === 0)
      result.splice(at, 0, { name: old.name, value: changed(old.value, random, names) })
    else if (random(2) === 0) result.splice(at, 0, member(random, names, 0))
    else if (old !== undefined) result.splice(random(result.length + 1), 0, old)
  }
  return result
}

function pathsIn(record: readonly Member[], random: Random, names: readonly string[]): string[] {
  const all = ['', 'a.b', 'a.a.b']
  for (let count = 0; count < 8; count++) {
    let [path, level]: [string[], Value] = [[], [...record]]
    while (typeof level !== 'string' && level.length > 0 && random(4) > 0) {
      const next: Member = level[random(level.length)]!
      path = [...path, random(12) > 0 ? next.name : names[random(names.length)]!]
      level = next.value
    }
    all.push(path.join('.'))
  }
  return all
}

/** A row as it should be; offsets count from the start of the text. */
interface Expected {
  /** UTF-8 bytes of the joined name, a character each. */
  path: string
  nameStart: number
  nameEnd: number
  valueStart: number
  valueEnd: number
  flags: number
  next: number
  isOverridden: boolean
}

/** Writes records as JSON, and keeps the position of each value. */
class Writer {
  /** Of the text, a character each. */
  bytes = ''
  readonly rows: Expected[] = []
  readonly #random: Random
  readonly #spaced: boolean

  constructor(random: Random) {
    this.#random = random
    this.#spaced = random(4) === 0
  }

  writeObject(list: readonly Member[], depth = 0, above = ''): void {
    const last = new Map<string, [row: number, end: number]>()
    for (const [index, { name, value }] of list.entries()) {
      this.#add(index === 0 ? '{' : ',')
      const row = this.rows.length
      this.#writeMember(name, value, depth, above + Buffer.from(name).toString('latin1'))
      for (const overridden of this.rows.slice(...(last.get(name) ?? [0, 0]))) overridden.isOverridden = true
      last.set(name, [row, this.rows.length])
    }
    this.#add(list.length === 0 ? `{${this.#space()}}` : '}')
  }

  #writeMember(name: string, value: Value, depth: number, path: string): void {
    const seen = this.rows.at(-1)?.flags ?? 0
    const written = nameText(name, this.#random)
    const nameStart = this.#add(`${this.#space()}"`)
    const nameEnd = this.#add(written)
    const valueStart = this.#add(`"${this.#space()}:${this.#space()}`)
    const rest = { valueEnd: 0, flags: 0, next: 0, isOverridden: false }
    const row: Expected = { path, nameStart, nameEnd, valueStart, ...rest }
    this.rows.push(row)
    row.flags = kindOf(value) | (depth << ColumnFlag.depthShift) | (seen & ColumnFlag.seenDotOrEscape)
    if (/[.\\]/.test(written)) row.flags |= ColumnFlag.seenDotOrEscape
    if (written.includes('\\')) row.flags |= ColumnFlag.nameHasEscape
    if (typeof value === 'string') {
      if (value.startsWith('"') && value.includes('\\')) row.flags |= ColumnFlag.valueHasEscape
      this.#add(value)
    } else this.writeObject(value, depth + 1, `${path}.`)
    row.valueEnd = this.bytes.length
    row.next = this.rows.length
    this.#add(this.#space())
  }

  /** Gives the offset behind what is added. */
  #add(text: string): number {
    this.bytes += Buffer.from(text).toString('latin1')
    return this.bytes.length
  }

  #space(): string {
    return this.#spaced ? [' ', '', '\t', '\r ', ' '.repeat(20)][this.#random(5)]! : ''
  }
}

function kindOf(value: Value): number {
  if (typeof value !== 'string') return value.length === 0 ? ColumnKind.emptyObject : ColumnKind.object
  const kinds = ['null', 'false', 'true', '', '"', '[', '', '{'] as const
  const kind = kinds.findIndex((begin) => begin !== '' && value.startsWith(begin))
  return kind === -1 ? ColumnKind.number : kind
}

function nameText(name: string, random: Random): string {
  const plain = JSON.stringify(name).slice(1, -1)
  const unit = (at: number): string => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`
  return random(12) > 0 ? plain : Array.from({ length: name.length }, (_, at) => unit(at)).join('')
}

function rowOf({ nameStart, nameEnd, valueStart, valueEnd, flags, next, isOverridden }: Expected): number[] {
  const allFlags = flags | (isOverridden ? ColumnFlag.overridden : 0)
  return [nameStart, nameEnd, valueStart, valueEnd, allFlags, next]
}

function rowTrackersOf({ columnTable }: Scanner, { count }: Columns, start: number): number[][] {
  return Array.from({ length: count }, (_, row) => {
    const numbers = [...columnTable.subarray(row * COLUMN_LENGTH, (row + 1) * COLUMN_LENGTH)]
    return numbers.map((number, field) => (field < 4 ? number - start : number))
  })
}

function found(expected: readonly Expected[], path: Buffer): number {
  const text = path.toString('latin1')
  return expected.findLastIndex((row) => row.path === text && !row.isOverridden)
}

function leavesIn(
  expected: readonly Expected[],
  root: number | undefined,
  prefix: string,
): [string, number][] {
  const [first, end] = root === undefined ? [0, expected.length] : [root + 1, expected[root]!.next]
  const above = root === undefined ? 0 : expected[root]!.path.length + 1
  const last = new Map<string, number>()
  const inside = expected.slice(first, end)
  // Below a root that is overridden itself there is nothing that counts.
  for (const [index, row] of inside.entries()) if (!row.isOverridden) last.set(row.path, first + index)
  return [...last]
    .filter(([, row]) => ![0, 6, 7].includes(expected[row]!.flags & ColumnFlag.kind))
    .toSorted(([, a], [, b]) => a - b)
    .map(([path, row]) => [prefix + path.slice(above), row])
}

function leavesOf(leaves: FlattenedColumns, columns: Columns, root?: number): [string, number][] {
  const count = leaves.read(columns, root)
  return leaves.rows.slice(0, count).map((row, leaf) => [leaves.names[leaf]!.toString('latin1'), row])
}

/** Returns the arguments that the scanner writes, a character for each byte; undefined where it writes none. */
function encodedFields(columns: Columns, root: number | undefined): string | undefined {
  const count = columns.encodeFields(NullFields.absent, root)
  if (count === -1) return undefined
  return columns.bytes.toString('latin1', columns.fieldsStart, columns.fieldsEnd)
}

function textIn(columns: Columns, row: number): string {
  const text = columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
  return Buffer.from(text.startsWith('"') ? (JSON.parse(text) as string) : text).toString('latin1')
}

function argumentOf(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}
