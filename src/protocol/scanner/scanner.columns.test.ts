/** The table of columns as the scanner fills it; `columns.test.ts` is about what one asks it. */
import { describe, expect, it } from 'vitest'
import { COLUMN_LENGTH, ColumnField, ColumnFlag, ColumnKind } from './scan-tables.ts'
import { Scanner } from './scanner.ts'

const KINDS = Object.keys(ColumnKind)

describe('a column', () => {
  it.each([
    ['null', 'null'],
    ['false', 'false'],
    ['true', 'true'],
    ['0', 'number'],
    ['-1.50e+07', 'number'],
    ['12345678901234567890', 'number'],
    ['""', 'string'],
    ['"a"', 'string'],
    ['"{},:[]"', 'string'],
    ['"ü€😀 and more than sixteen bytes"', 'string'],
    ['[]', 'array'],
    ['[1,[2,{"a":[3]}],"]"]', 'array'],
    ['["\\"]","\\\\",{"]":"}"}]', 'array'],
    ['[ { } , "a long string in an array [[[" , [ ] ]', 'array'],
    ['{}', 'emptyObject'],
    ['{ \t\r }', 'emptyObject'],
  ])('has the value %s, which is of the kind %s', (value, kind) => {
    for (const text of [`{"a":${value}}`, ` { "a" :\t${value}\r} `.trim(), `{"x":1,"a":${value},"y":2}`]) {
      const found = rowsIn(text).find(({ name }) => name === 'a')
      expect(found).toMatchObject({ value, kind, depth: 0, isOverridden: false })
    }
  })

  it.each([
    ['a', '1', false, false],
    ['', '""', false, false],
    ['a\\u0062', '"b"', true, false],
    ['a', '"\\n"', false, true],
    ['sixteen bytes ..\\"', '"sixteen bytes ..\\\\"', true, true],
    ['a name of more than sixteen bytes\\"', '"a value of more than sixteen bytes\\/"', true, true],
    ['a', '["\\n"]', false, false],
  ])('named "%s" with the value %s has escapes in name: %s, in value: %s', (name, value, inName, inValue) => {
    const [row, next] = rowsIn(`{"${name}":${value},"b":"plain"}`)
    expect(row).toMatchObject({ name, value, nameHasEscape: inName, valueHasEscape: inValue })
    expect(next).toMatchObject({ nameHasEscape: false, valueHasEscape: false })
  })

  it.each([
    ['{"a":1,"b":{"c":2}}', [false, false, false]],
    ['{"a":"x.y","b":"\\n","c":["d.e"]}', [false, false, false]],
    ['{"a":1,"b.c":2,"d":3}', [false, true, true]],
    ['{"a":{"\\u0061":1},"d":3}', [false, true, true]],
    ['{"a name of sixteen":1,"and. one with a dot":1,"":1}', [false, true, true]],
    ['{"a name of sixteen":1,"a dot far behind the start.":1}', [false, true]],
    ['{"a":1,"sixteen bytes...":1}', [false, true]],
    ['{"sixteen bytes ..":1}', [true]],
    ['{"ab":".","sixteen bytes  .":"."}', [false, true]],
  ])('of %s tells whether a name up to it has a dot or an escape: %j', (text, expected) => {
    expect(rowsIn(text).map(({ seenDotOrEscape }) => seenDotOrEscape)).toEqual(expected)
  })
})

describe('the columns of a record', () => {
  it('are in the order of the text, members of an object behind it', () => {
    const text = '{"a":{"b":{"c":1},"d":{}},"e":[{"f":1}],"g":{"h":{"i":{"j":null}}}}'
    expect(rowsIn(text).map(({ name, value, next, depth }) => [name, value, next, depth])).toEqual([
      ['a', '{"b":{"c":1},"d":{}}', 4, 0],
      ['b', '{"c":1}', 3, 1],
      ['c', '1', 3, 2],
      ['d', '{}', 4, 1],
      ['e', '[{"f":1}]', 5, 0],
      ['g', '{"h":{"i":{"j":null}}}', 9, 0],
      ['h', '{"i":{"j":null}}', 9, 1],
      ['i', '{"j":null}', 9, 2],
      ['j', 'null', 9, 3],
    ])
  })

  it('are the same with white space wherever it may be', () => {
    const spaced = ' { "a" : { "b"\t:\r1 , "c" :{ } } , "d" : [ 1 , 2 ] , "e" : "f" , "g" : -1 } '.trim()
    expect(rowsIn(spaced).map(({ name, value, next }) => [name, value, next])).toEqual([
      ['a', '{ "b"\t:\r1 , "c" :{ } }', 3],
      ['b', '1', 2],
      ['c', '{ }', 3],
      ['d', '[ 1 , 2 ]', 4],
      ['e', '"f"', 5],
      ['g', '-1', 6],
    ])
  })

  it.each(['{}', '{ }', '[]', '[{"a":1}]', '1', '"{}"', 'null'])('are none in %s', (text) => {
    expect(rowsIn(text)).toEqual([])
  })

  it('are found at every depth that a message may have', () => {
    const levels = 65_530
    const rows = rowsIn(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
    expect(rows.length).toBe(levels)
    expect(rows.every(({ depth, next }, row) => depth === row && next === levels)).toBe(true)
  })
})

interface Row {
  name: string
  value: string
  kind: string
  depth: number
  next: number
  nameHasEscape: boolean
  valueHasEscape: boolean
  isOverridden: boolean
  seenDotOrEscape: boolean
}

/** Has the scanner find the columns of a text that stands between others. */
function rowsIn(text: string, scanner = new Scanner(Buffer.byteLength(text) + 200)): Row[] {
  const before = '{"before":{"a":"'
  const start = scanner.inputStart + before.length
  const end = start + scanner.bytes.write(`${before}${text},"a":[{"`, scanner.inputStart) - before.length - 7
  return readRows(scanner, scanner.columns(start, end))
}

function readRows({ bytes, columnTable }: Scanner, count: number): Row[] {
  return Array.from({ length: count }, (_, row) => {
    const field = (name: keyof typeof ColumnField): number =>
      columnTable[row * COLUMN_LENGTH + ColumnField[name]]!
    const has = (flag: number): boolean => (field('flags') & flag) !== 0
    return {
      name: bytes.toString('utf8', field('nameStart'), field('nameEnd')),
      // Only when asked for, as nested values overlap.
      get value() {
        return bytes.toString('utf8', field('valueStart'), field('valueEnd'))
      },
      kind: KINDS[field('flags') & ColumnFlag.kind]!,
      depth: field('flags') >> ColumnFlag.depthShift,
      next: field('next'),
      nameHasEscape: has(ColumnFlag.nameHasEscape),
      valueHasEscape: has(ColumnFlag.valueHasEscape),
      isOverridden: has(ColumnFlag.overridden),
      seenDotOrEscape: has(ColumnFlag.seenDotOrEscape),
    }
  })
}
