/** Random records, in every way JSON may be written, JSON.parse as the judge. A failure names the seed of its case. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { SystemError } from '../../errors.ts'
import { compactJson } from '../columns/compact-json.ts'
import { MessageReader } from './message-reader.ts'
import type { Range } from './message.ts'

const CASES = caseCount(2_500, 200_000)

interface ParsedRecord {
  stream?: string | null
  namespace?: string | null
  data?: object | null
  emitted_at?: number | null
  meta?: unknown
}

it('finds the parts of a record where JSON.parse finds them', { timeout: 600_000 }, () => {
  let reader = new MessageReader()
  const found = { complete: 0, incomplete: 0 }
  for (let seed = 0; seed < CASES; seed++) {
    const line = recordLine(randomFrom(seed))
    const { record } = JSON.parse(line) as { record?: ParsedRecord | null }
    const isComplete = record?.stream != null && record.data != null && record.emitted_at != null
    const isRead = reads(reader, line)
    if (isRead !== isComplete || (isComplete && !partsAgree(reader, record)))
      expect.fail(`seed ${seed}: ${JSON.stringify(line)}`)
    // An error is the end of an input.
    if (!isRead) reader = new MessageReader()
    found[isComplete ? 'complete' : 'incomplete']++
  }
  expect(found.complete).toBeGreaterThan(CASES / 4)
  expect(found.incomplete).toBeGreaterThan(CASES / 20)
})

function reads(reader: MessageReader, line: string): boolean {
  reader.append(Buffer.from(line))
  try {
    return reader.next()
  } catch (error) {
    if (error instanceof SystemError && error.problem?.code.startsWith('record-without-')) return false
    throw error
  }
}

function partsAgree({ bytes, message }: MessageReader, record: ParsedRecord): boolean {
  const { stream, namespace, data, emittedAt, changes } = message
  const copy = Buffer.from(bytes.subarray(data.start, data.end))
  const size = compactJson(copy, 0, copy.length)
  const parts = [stream, namespace, data, emittedAt, changes].map((range) => valueAt(bytes, range))
  return (
    isDeepStrictEqual(parts, [
      record.stream,
      record.namespace ?? null,
      record.data,
      record.emitted_at,
      changesIn(record.meta),
    ]) &&
    isDeepStrictEqual(JSON.parse(copy.toString('utf8', 0, size)), record.data) &&
    message.dataHasSpace === size < copy.length
  )
}

/** Changes are an array that is not empty, in an object. */
function changesIn(meta: unknown): unknown {
  const changes: unknown = isObject(meta) && Object.hasOwn(meta, 'changes') ? meta['changes'] : null
  return Array.isArray(changes) && changes.length > 0 ? changes : null
}

function isObject(one: unknown): one is Record<string, unknown> {
  return typeof one === 'object' && one !== null && !Array.isArray(one)
}

function valueAt(bytes: Buffer, { start, end }: Range): unknown {
  return end === start ? null : JSON.parse(bytes.toString('utf8', start, end))
}

/** A line with a RECORD message that says some things twice, and now and then leaves one null. */
function recordLine(random: Random): string {
  const orNull = (write: () => string) => (): string => (random(20) === 0 ? 'null' : write())
  const times = ['0', '1700000000000', '1.7e12', '-5', '12.75', '12345678901234567890']
  const record = (): string =>
    object(random, [
      ['stream', orNull(() => string(random))],
      ['namespace', orNull(() => string(random))],
      ['data', orNull(() => object(random, columns(random, 3)))],
      ['emitted_at', orNull(() => pick(random, times))],
      [pick(random, ['meta', 'streams', 'Data', '']), () => value(random, 2)],
      ...(random(3) === 0 ? [metaMember(random)] : []),
    ])
  const whole = object(random, [
    ['type', () => '"RECORD"'],
    ['record', orNull(record)],
    [pick(random, ['log', 'id', 'records', 'Type']), () => value(random, 2)],
  ])
  return spaced(random, whole) + pick(random, ['\n', '\r\n'])
}

function metaMember(random: Random): Member {
  const names = ['changes', 'changes', 'Changes', 'sync_id']
  return [
    'meta',
    () =>
      object(
        random,
        Array.from({ length: random(3) }, () => [pick(random, names), () => value(random, 3)]),
      ),
  ]
}

type Member = [name: string, write: () => string]

/** The members in any order, each at least once and some twice. */
function object(random: Random, members: Member[]): string {
  const twice = members.filter(() => random(6) === 0)
  const texts = shuffled(random, [...members, ...twice]).map(
    ([name, write]) => `${spaced(random, quoted(random, name))}:${spaced(random, write())}`,
  )
  return `{${texts.join(',') || space(random)}}`
}

function columns(random: Random, depth: number): Member[] {
  return Array.from({ length: random(4) }, () => [
    pick(random, ['id', 'data', 'stream', '', 'ключ', 'a"b', '😀']),
    () => value(random, depth - 1),
  ])
}

function value(random: Random, depth: number): string {
  const kind = random(depth > 0 ? 7 : 5)
  if (kind < 2)
    return pick(random, ['null', 'true', 'false', '0', '-0.0', '1e400', '12345678901234567890', '5E-3'])
  if (kind < 5) return string(random)
  if (kind === 5) return object(random, columns(random, depth))
  const elements = Array.from({ length: random(4) }, () => spaced(random, value(random, depth - 1)))
  return `[${elements.join(',') || space(random)}]`
}

function string(random: Random): string {
  return quoted(
    random,
    pick(random, ['', 'users', 'a b', '{"}', '\\', 'ü€😀', '\u2028\0', 'tab\tand\nfeed', '\ud800']),
  )
}

/** A JSON string in which some characters are escaped without need. */
function quoted(random: Random, text: string): string {
  if (random(3) > 0) return JSON.stringify(text)
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  const hex = (unit: number): string => pick(random, [unit.toString(16), unit.toString(16).toUpperCase()])
  const written = units.map((unit) =>
    isPlain(unit) && random(2) === 0 ? String.fromCharCode(unit) : `\\u${hex(unit).padStart(4, '0')}`,
  )
  return `"${written.join('')}"`
}

function isPlain(unit: number): boolean {
  return unit > 0x1f && unit < 0x7f && unit !== 0x22 && unit !== 0x5c
}

function spaced(random: Random, text: string): string {
  return space(random) + text + space(random)
}

function space(random: Random): string {
  return pick(random, ['', '', '', '', ' ', '\t', '\r', ' \t '])
}

function shuffled<T>(random: Random, list: T[]): T[] {
  return list
    .map((item) => ({ item, rank: random(1_000_000) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)]!
}

/** Gives whole numbers from 0 to below the one it is given. */
type Random = (below: number) => number

function randomFrom(seed: number): Random {
  const bytes = createHash('shake256', { outputLength: 4096 }).update(String(seed)).digest()
  let at = 0
  return (below) => bytes.readUInt32LE(4 * (at++ % 1024)) % below
}
