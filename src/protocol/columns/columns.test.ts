import { describe, expect, it } from 'vitest'
import { Columns, compilePath } from './columns.ts'
import { Scanner } from '../scanner/scanner.ts'

describe('a path', () => {
  it.each([
    ['{"a":1}', 'a', '1'],
    ['{"a":1,"b":"x","c":null}', 'b', '"x"'],
    ['{"a":1,"b":"x","c":null}', 'c', 'null'],
    ['{"a":{"b":{"c":1}}}', 'a.b.c', '1'],
    ['{"a":{"b":{"c":1}}}', 'a.b', '{"c":1}'],
    ['{"a":{"b":{"c":1}}}', 'a', '{"b":{"c":1}}'],
    ['{"a":{}}', 'a', '{}'],
    ['{"a":[{"b":1}]}', 'a', '[{"b":1}]'],
    ['{"b":{"b":{"b":0},"c":1},"c":2}', 'b.c', '1'],
    ['{"b":{"b":{"b":0},"c":1},"c":2}', 'c', '2'],
    ['{"":1}', '', '1'],
    ['{"":{"":2}}', '.', '2'],
    ['{"a":{"":2}}', 'a.', '2'],
    ['{"":{"a":2}}', '.a', '2'],
    ['{"€":{"😀":1}}', '€.😀', '1'],
  ])('in %s: %j is the column %s', (text, path, value) => {
    expect(valueAt(text, path)).toBe(value)
  })

  it.each([
    ['{}', 'a'],
    ['{}', ''],
    ['{"a":1}', 'b'],
    ['{"a":1}', 'aa'],
    ['{"aa":1}', 'a'],
    ['{"a":1}', 'a":1'],
    ['{"a":1}', ''],
    ['{"a":1}', 'a.'],
    ['{"a":1}', '.a'],
    ['{"a":{"b":1}}', 'b'],
    ['{"a":{"b":1}}', 'a.c'],
    ['{"a":{"b":1}}', 'a.b.'],
    ['{"a":{"b":1}}', 'a..b'],
    ['{"a":{"b":1},"c":2}', 'a.c'],
    ['{"a":{},"b":1}', 'a.b'],
    ['{"a":[{"b":1}]}', 'a.b'],
    ['{"a":"b"}', 'a.b'],
    ['{"a":"b"}', 'a.'],
    ['{"a.b":{"c":1}}', 'b.c'],
    ['{"a.b":1}', 'a'],
    ['{"\\u0061":1}', 'b'],
  ])('in %s: there is no column %j', (text, path) => {
    expect(valueAt(text, path)).toBeUndefined()
  })

  it.each([
    ['{"a.b":1}', 'a.b', '1'],
    ['{"a.b":{"c.d":{"e":1}}}', 'a.b.c.d.e', '1'],
    ['{"a":{"b.c":1}}', 'a.b.c', '1'],
    ['{".":1}', '.', '1'],
    ['{"..":{".":1}}', '....', '1'],
    ['{"a\\u002eb":1}', 'a.b', '1'],
    ['{"\\u0061":{"b":1}}', 'a.b', '1'],
    ['{"a":{"\\u00e9\\ud83d\\ude00":1}}', 'a.é😀', '1'],
    ['{"\\"\\\\\\/\\n":1}', '"\\/\n', '1'],
    ['{"\\ud83d":1}', '\ud83d', '1'],
  ])('in %s, whatever its dots and escapes: %j is the column %s', (text, path, value) => {
    expect(valueAt(text, path)).toBe(value)
  })

  it.each([
    ['{"a":1,"a":2}', 'a', '2'],
    ['{"a":1,"\\u0061":2}', 'a', '2'],
    ['{"a.b":1,"a":{"b":2}}', 'a.b', '2'],
    ['{"a":{"b":2},"a.b":1}', 'a.b', '1'],
    ['{"a":{"b":{"c":1},"b.c":2},"a.b":{"c":3},"a.b.c":4}', 'a.b.c', '4'],
    ['{"a.b.c":4,"a.b":{"c":3},"a":{"b.c":2,"b":{"c":1}}}', 'a.b.c', '1'],
    ['{"a.b":1,"a":{"b":null}}', 'a.b', 'null'],
    ['{"a.b":1,"a":{"b":{"c":2}}}', 'a.b', '{"c":2}'],
    ['{"a.b":1,"a":{"c":2}}', 'a.b', '1'],
    ['{"a":{"b":1},"a":{"c":2}}', 'a.c', '2'],
    ['{"a":{"b":1,"b":2}}', 'a.b', '2'],
    ['{"\ufffd":1,"\\udc00":2}', '\ufffd', '2'],
  ])('in %s: of several columns that are %j the last is meant, %s', (text, path, value) => {
    expect(valueAt(text, path)).toBe(value)
  })

  it.each([
    ['{"a":{"b":1},"a":{"c":2}}', 'a.b'],
    ['{"a":{"b":{"c":1}},"a":2}', 'a.b.c'],
    ['{"a":{"x.b":1},"\\u0061":2}', 'a.x.b'],
  ])('in %s: nothing is %j, as what it was in is overridden', (text, path) => {
    expect(valueAt(text, path)).toBeUndefined()
  })
})

describe('a path that is used again and again', () => {
  it('finds its column wherever it has moved to from record to record', () => {
    const texts = [
      '{"a":{"b":1},"c":2}',
      '{"c":2,"a":{"b":1}}',
      '{"a":{"x":0,"b":1}}',
      '{"b":{"a":0},"a":{"b":1}}',
      '{"c":{"b":0},"a":{"b":1}}',
      '{"b":1,"a":{"a":{"b":0}}}',
      '{"a":1,"b":1}',
      '{"x":{"b":3},"b":1}',
      '{"x":{"a":{"b":3}},"b":1}',
      '{"a":{"b":1},"a":{"b":2}}',
      '{"a":{"b":1},"a.b":2}',
      '{"a.b":1,"a":{"b":2}}',
      '{"a":{"b":1},"a":{"c":2}}',
      '{"a":{"bb":1,"ab":2},"aa":{"b":3}}',
      '{"\\u0061":{"b":5}}',
      '{}',
    ]
    const paths = ['a.b', 'a', 'b', 'a.a.b', 'x.a.b'].map(compilePath)
    const records = texts.map(columnsOf)
    for (const [index, before] of records.entries())
      for (const [at, columns] of records.entries())
        for (const path of paths) {
          valueIn(before, path)
          const told = `${path.text} in ${texts[at]}, behind ${texts[index]}`
          expect(valueIn(columns, path), told).toBe(valueIn(columns, compilePath(path.text)))
        }
  })
})

describe('what a column is', () => {
  const columns = columnsOf('{"a\\n":"x\\ty","b":{"c":null,"c":"z"},"d":[],"e":{},"b":5}')

  it('is told by its row', () => {
    const seen = Array.from({ length: columns.count }, (_, row) => [
      columns.name(row).toString(),
      columns.kind(row),
      columns.depth(row),
      columns.next(row),
      columns.isLeaf(row),
      columns.isOverridden(row),
      columns.hasEscapes(row),
      columns.nameHasEscapes(row),
    ])
    expect(seen).toEqual([
      ['a\n', 4, 0, 1, true, false, true, true],
      ['b', 6, 0, 4, false, true, false, false],
      ['c', 0, 1, 3, false, true, false, false],
      ['c', 4, 1, 4, true, true, false, false],
      ['d', 5, 0, 5, true, false, false, false],
      ['e', 7, 0, 6, false, false, false, false],
      ['b', 3, 0, 7, true, false, false, false],
    ])
  })

  it('is told of one record after the other', () => {
    const other = columnsOf('{"x":1}')
    const { bytes } = other
    expect([other.count, other.bytes.toString('utf8', other.valueStart(0), other.valueEnd(0))]).toEqual([
      1,
      '1',
    ])
    read(other, '{"y":{"z":22}}')
    expect(other.bytes).not.toBe(bytes)
    expect([other.count, other.bytes.toString('utf8', other.valueStart(1), other.valueEnd(1))]).toEqual([
      2,
      '22',
    ])
    read(other, '{}')
    expect([other.count, other.find(compilePath('y'))]).toEqual([0, -1])
  })
})

function valueAt(text: string, path: string): string | undefined {
  return valueIn(columnsOf(text), compilePath(path))
}

function valueIn(columns: Columns, path: ReturnType<typeof compilePath>): string | undefined {
  const row = columns.find(path)
  if (row === -1) return undefined
  return columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
}

function columnsOf(text: string): Columns {
  const columns = new Columns()
  read(columns, text)
  return columns
}

function read(columns: Columns, text: string): void {
  const scanner = new Scanner(Buffer.byteLength(text))
  columns.read(
    scanner,
    scanner.inputStart,
    scanner.inputStart + scanner.bytes.write(text, scanner.inputStart),
  )
}
