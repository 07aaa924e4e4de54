/** Captured columns are those that are found when all columns are read: random records, in every way JSON may be written. */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { MessageReader } from '../input/message-reader.ts'
import { Columns, compilePath } from './columns.ts'

const CASES = caseCount(3_000, 100_000)

const CAPTURED = ['id', 'updated_at', 'a-b', 'k']
const PATHS = [...CAPTURED, 'other', 'id.id', 'k.id', 'x.y', ''].map(compilePath)

const NAMES =
  String.raw`"id" "i\u0064" "updated_at" "a-b" "k" "\u006b" "other" "Id" "idd" "" "id.id" "x.y" "k\u0000"`.split(
    ' ',
  )
const VALUES =
  String.raw`null true false 0 -12.50e+3 "" "text" "a\"b\\" "\u00fc{" [] [1,{"id":2}] {} {"id":1} {"id":{"id":3},"k":[]}`.split(
    ' ',
  )

it('are found where reading all columns finds them', { timeout: 600_000 }, () => {
  const reader = new MessageReader(1 << 16, undefined, CAPTURED)
  const [all, captured] = [new Columns(), new Columns()]
  let [found, missing] = [0, 0]
  for (let seed = 0; seed < CASES; seed++) {
    const data = objectOf(randomFrom(seed))
    reader.append(Buffer.from(`{"type":"RECORD","record":{"stream":"s","data":${data},"emitted_at":1}}\n`))
    expect(reader.next()).toBe(true)
    const { message, block } = reader
    const { start, end } = message.data
    captured.take(block.scanner, { names: CAPTURED, starts: message.captured, at: 0, start, end })
    // The captured ones in a row: what one of them gives must not change when another one is looked for.
    const rows = PATHS.map((path) => captured.find(path))
    const seen = rows.map((row) => valueOf(captured, row))
    all.read(block.scanner, start, end)
    const expected = PATHS.map((path) => valueOf(all, all.find(path)))
    expect(seen, `seed ${seed}: ${data}`).toEqual(expected)
    found += expected.filter((value) => value !== undefined).length
    missing += expected.filter((value) => value === undefined).length
  }
  expect(found).toBeGreaterThan(CASES)
  expect(missing).toBeGreaterThan(CASES)
})

it('of a column that is not captured, all are read, and what was found before stays', () => {
  const reader = new MessageReader(1 << 16, undefined, ['id'])
  reader.append(
    Buffer.from('{"type":"RECORD","record":{"stream":"s","data":{"a":"x","id":7},"emitted_at":1}}\n'),
  )
  reader.next()
  const { message, block } = reader
  const columns = new Columns()
  columns.take(block.scanner, { names: ['id'], starts: message.captured, at: 0, ...message.data })
  const id = columns.find(compilePath('id'))
  const a = columns.find(compilePath('a'))
  expect([valueOf(columns, id), valueOf(columns, a), columns.count]).toEqual([
    [3, '7', false],
    [4, '"x"', false],
    2,
  ])
})

function valueOf(columns: Columns, row: number): unknown {
  if (row === -1) return undefined
  const text = columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
  return [columns.kind(row), text, columns.hasEscapes(row)]
}

function objectOf(random: Random): string {
  const space = random(4) === 0 ? ' ' : ''
  const members = Array.from({ length: random(6) }, () => {
    const [name, value] = [NAMES[random(NAMES.length)]!, VALUES[random(VALUES.length)]!]
    return `${space}${name}${space}:${space}${value}${space}`
  })
  return `{${members.join(',')}${space}}`
}

type Random = (below: number) => number

function randomFrom(seed: number): Random {
  const bytes = createHash('shake256', { outputLength: 128 }).update(String(seed)).digest()
  let at = 0
  return (below) => bytes.readUInt32LE(4 * (at++ % 32)) % below
}
