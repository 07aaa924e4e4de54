/** Names that come again: how they are found depends on how many members there are, and on how they are written. */
import { describe, expect, it } from 'vitest'
import { Columns } from './columns.ts'
import { Scanner } from '../scanner/scanner.ts'

describe('a name that comes again in the same object', () => {
  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"b":2,"a":3,"a":4}', 'a a'],
    ['{"a":{"b":1,"c":{"d":2}},"a":null}', 'a b c d'],
    ['{"a":{"b":1,"b":2,"b":3},"b":4}', 'b b'],
    ['{"a":{"b":1,"b":2},"a":{"b":3,"b":4}}', 'a b b b'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"\\u0061":1,"a":2}', '\\u0061'],
    ['{"/":1,"\\/":2,"\\u002F":3,"\\u002f":4}', '/ \\/ \\u002F'],
    ['{"é":1,"\\u00e9":2,"€":3,"\\u20AC":4}', 'é €'],
    ['{"😀":1,"\\ud83d\\ude00":2}', '😀'],
    ['{"\\ud83d\\ude00":1,"😀":2}', '\\ud83d\\ude00'],
    ['{"\\ud83d":1,"x":2,"\\ud83d":3}', '\\ud83d'],
    ['{"\\ud83da":1,"\\ud83d\\u0061":2}', '\\ud83da'],
    [
      '{"\x7f\x80\u07ff\u0800\uffff":1,"\\u007f\\u0080\\u07ff\\u0800\\uffff":2}',
      '\x7f\x80\u07ff\u0800\uffff',
    ],
    ['{"\u{10000}\u{10ffff}":1,"\\ud800\\udc00\\udbff\\udfff":2}', '\u{10000}\u{10ffff}'],
    ['{"seven b":1,"\\u0073even b":2,"seven b":3}', 'seven b \\u0073even b'],
    [
      '{"\\n\\t\\b\\f\\r\\"\\\\":1,"\\u000a\\u0009\\u0008\\u000c\\u000d\\u0022\\u005c":2}',
      '\\n\\t\\b\\f\\r\\"\\\\',
    ],
    ['{"eight by":1,"eight by":2}', 'eight by'],
    ['{"":1,"a":2,"":3}', ''],
    ['{"a":1,"b":{"a":2},"c":{"a":3}}', undefined],
    ['{"a":1,"A":2,"aa":3,"":4,"a ":5,"\\u0000":6,"\\u0000a":7}', undefined],
    ['{"\\ud83d":1,"\\ude00":2,"\\ud83d\\ude00":3,"\ufffd":4,"\\\\u0061":5,"a":6}', undefined],
    ['{"a name of more than 16 bytes":1,"a name of more thaN 16 bytes":2}', undefined],
    ['{"a.b":1,"a":{"b":2}}', undefined],
    ['{"a":[{"b":1,"b":2}]}', undefined],
  ])('overrides all before it, and what is nested in those: %s', (text, overridden) => {
    const columns = columnsOf(text)
    const names = overriddenOf(columns).map((row) => writtenName(columns, row))
    expect(names.length === 0 ? undefined : names.join(' ')).toBe(overridden)
  })

  it.each([2, 3, 4, 5, 8, 9, 63, 64, 65, 66, 128, 129, 511, 512, 513, 5_000])(
    'is found wherever it is among %i members',
    (count) => {
      for (const nameOf of [shortName, longName, escapedName])
        for (const [first, second] of pairsOf(count)) {
          const names = Array.from({ length: count }, (_, index) => nameOf(index))
          names[second] = nameOf === longName ? longName(first) : shortName(first)
          expect(overriddenOf(columnsOf(recordOf(names)))).toEqual([first])
        }
    },
  )

  it('is no burden however often it comes, at however many levels', () => {
    const count = 60_000
    const nested = `${'{"a":'.repeat(count)}1}${',"a":2}'.repeat(count - 1)}`
    const alike = `{${'"a":{"b":1},'.repeat(count)}"a":1}`
    for (const text of [nested, alike]) {
      const columns = columnsOf(text)
      expect(overriddenOf(columns)).toHaveLength(columns.count - 1)
    }
  })

  it('is not seen in names that differ in one byte only', () => {
    const different = Array.from({ length: 40 }, (_, at) => `${'x'.repeat(at)}y${'x'.repeat(39 - at)}`)
    const alike = Array.from({ length: 40 }, (_, length) => 'x'.repeat(length))
    for (const names of [different, alike, [...different, ...alike]])
      expect(overriddenOf(columnsOf(recordOf(names)))).toEqual([])
  })
})

function columnsOf(text: string): Columns {
  const scanner = new Scanner(Buffer.byteLength(text))
  const start = scanner.inputStart
  const columns = new Columns()
  columns.read(scanner, start, start + scanner.bytes.write(text, start))
  return columns
}

function overriddenOf(columns: Columns): number[] {
  return Array.from({ length: columns.count }, (_, row) => row).filter((row) => columns.isOverridden(row))
}

function writtenName(columns: Columns, row: number): string {
  return columns.bytes.toString('utf8', columns.nameStart(row), columns.nameEnd(row))
}

function recordOf(names: readonly string[]): string {
  return `{${names.map((name) => `"${name}":0`).join(',')}}`
}

function shortName(index: number): string {
  return `c${index}`
}

function longName(index: number): string {
  return `a name of more than ${index} bytes, whose start and end are the same`
}

function escapedName(index: number): string {
  return `\\u0063${index}`
}

/** First and last, neighbours, and those around the places where the way of comparing changes. */
function pairsOf(count: number): [number, number][] {
  const places = [0, 1, 3, 4, 62, 63, 64, count - 2, count - 1]
  const inside = [...new Set(places)].filter((place) => place >= 0 && place < count)
  return inside.flatMap((second) =>
    inside.filter((first) => first < second).map((first) => [first, second] as [number, number]),
  )
}
