import { describe, expect, it } from 'vitest'
import { compareCursors } from './cursor.ts'

describe('kinds of cursors', () => {
  it('rank from null to structures, whatever they hold', () => {
    expectAscending([
      ['', 'null'],
      ['false'],
      ['true'],
      ['-1e400', '-10e399'],
      ['0', '-0', '0.0', '-0e5'],
      ['99999999999999999999'],
      ['""'],
      ['"0"'],
      ['"zzz"'],
      ['"\u{10ffff}"'],
      ['"0001-01-01"'],
      ['"9999-12-31"'],
      ['[1]'],
      ['[2]'],
      ['{"a":1,"b":2}'],
      ['{"a":1}'],
    ])
  })

  it('of structures compare as their text, by code point', () => {
    expectAscending([['["\uffff"]'], ['["\u{1f600}"]'], ['{"a":10}'], ['{"a":9}'], ['{}']])
  })
})

describe('numbers', () => {
  it('compare exactly, of any size and precision', () => {
    expectAscending([
      ['-1e1000000000'],
      ['-1e400', '-1E+400', `-1${'0'.repeat(400)}`],
      ['-12345678901234567891'],
      ['-12345678901234567890', '-1234567890123456789e1'],
      ['-10'],
      ['-9'],
      ['-0.1'],
      ['-0.01'],
      ['-1e-400'],
      ['0', '-0', '0.000', '0e99999999999999999999', '-0.0E-5'],
      ['1e-99999999999999999999'],
      ['1e-400'],
      ['0.01', '1e-2'],
      ['0.1', '0.10', '1e-1', '0.01e1'],
      ['0.10000000000000000001'],
      ['0.11'],
      ['1', '1.0', '1e0', '10e-1', '0.1e+1'],
      ['1.5'],
      ['9'],
      ['10'],
      ['999', '999.0'],
      ['1000', '1e3', '1E+3', '1000.000', '0.0001e7'],
      ['9007199254740992'],
      ['9007199254740993', '9007199254740993.0'],
      ['12345678901234567890', '1.234567890123456789e19'],
      ['12345678901234567890.5'],
      ['12345678901234567891'],
      ['1e400', `1${'0'.repeat(400)}`],
      ['1e1000000000', '10e999999999'],
      [
        '1e99999999999999999999',
        '0.1e100000000000000000000',
        '1e+99999999999999999999',
        '1e0099999999999999999999',
      ],
      ['2e99999999999999999999'],
      ['1e100000000000000000000'],
    ])
  })

  it('of a hundred thousand digits, or as many digits of exponent, still compare', () => {
    const nines = '9'.repeat(100_000)
    expectAscending([
      [`-1e${nines}`],
      [`1e-${nines}`],
      [`0.${nines}`],
      [nines],
      [`${nines}9`],
      [`1e${nines}`],
    ])
  })

  it('in strings are strings, unless the source declares them to be numbers', () => {
    expect(compareCursors('"10"', '"9"')).toBeLessThan(0)
    expect(compareCursors('"10"', '"9"', true)).toBeGreaterThan(0)
    expect(compareCursors('"10"', '10')).toBeGreaterThan(0)
    expect(compareCursors('"10"', '10', true)).toBe(0)
    expect(compareCursors('"1\\u0030"', '10.0', true)).toBe(0)
  })

  it('in strings may be written in other ways than in JSON', () => {
    expectAscending(
      [
        ['null'],
        ['true'],
        ['"-12345678901234567891"'],
        ['"-.5"', '-0.5', '"-00.50"', '"-5e-1"'],
        ['0', '"0"', '"+0"', '"-0"', '"000"', '"0."'],
        ['"9"', '"09"', '"+9"', '"9."', '9'],
        ['"10"', '"1E1"', '1e1'],
        ['"12345678901234567890"', '12345678901234567890'],
        ['"12345678901234567891"'],
      ],
      true,
    )
  })

  it.each(['', '.', '-', '+.', 'e5', '.e5', '1e', '1.2.3', '--1', ' 1', '1 ', '0x10', '1_000', '1,5', 'NaN'])(
    'are not what the string %j holds, which ranks above them',
    (text) => {
      expect(compareCursors(JSON.stringify(text), '1e400', true)).toBeGreaterThan(0)
    },
  )

  it('do not turn timestamps and other strings of their column into something else', () => {
    expectAscending(
      [['"5"'], ['"b"'], ['"c"'], ['"2024-01-01"'], ['"2024-01-02"', '"2024-01-02T00:00"']],
      true,
    )
  })
})

describe('strings', () => {
  it('compare by code point, not by the units of UTF-16', () => {
    expectAscending([
      ['""'],
      ['"\\u0000"'],
      ['" "'],
      ['"!"'],
      ['"A"', '"\\u0041"'],
      ['"a"', '"\\u0061"'],
      ['"a\\u0001"'],
      ['"a "', '"a\\u0020"'],
      ['"a/"', '"a\\/"'],
      ['"aa"', '"\\u0061a"'],
      ['"é"', '"\\u00e9"'],
      ['"\ud7ff"'],
      ['"\ue000"'],
      ['"\uffff"', '"\\uffff"'],
      ['"\u{10000}"'],
      ['"\u{1f600}"', '"\\ud83d\\ude00"'],
      ['"\u{1f600}!"'],
      ['"\u{1f601}"'],
    ])
  })

  it('of which only one is a timestamp keep its class above, so that the order is total', () => {
    expectAscending([['"2024"'], ['"2024-01-01x"'], ['"n/a"'], ['"1999-01-01"'], ['"2024-01-01"']])
  })
})

function expectAscending(classes: readonly string[][], isNumeric = false): void {
  const wrong: string[] = []
  for (const [rank, cursors] of classes.entries())
    for (const [otherRank, others] of classes.entries())
      for (const a of cursors)
        for (const b of others)
          if (Math.sign(compareCursors(a, b, isNumeric)) !== Math.sign(rank - otherRank))
            wrong.push(`${a.slice(0, 60)} and ${b.slice(0, 60)}`)
  expect(wrong).toEqual([])
}
