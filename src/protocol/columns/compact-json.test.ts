import { describe, expect, it } from 'vitest'
import { compactJson, endOfInteger, integerText } from './compact-json.ts'

describe('compact JSON', () => {
  it.each([
    ['{ "a" : 1 }', '{"a":1}'],
    ['{\t"a"\r:\r[ 1 ,\t2 ] , "b" : { } }', '{"a":[1,2],"b":{}}'],
    ['{"a b":" c  d "}', '{"a b":" c  d "}'],
    ['{"a" : "\\" : \\\\" , "b" : 1 }', '{"a":"\\" : \\\\","b":1}'],
    ['{"\\\\" : "\\\\\\"  " }', '{"\\\\":"\\\\\\"  "}'],
    [
      '{"id" : 12345678901234567890, "x" : 1.0, "y" : 1e400}',
      '{"id":12345678901234567890,"x":1.0,"y":1e400}',
    ],
    ['{"s" : "\\u2028 \\u0000 \u2028 ü€😀\u00a0"}', '{"s":"\\u2028 \\u0000 \u2028 ü€😀\u00a0"}'],
    ['{}', '{}'],
    ['{ }', '{}'],
  ])('of %s is %s', (text, expected) => {
    expect(compacted(text)).toBe(expected)
  })

  it('is what JSON.stringify makes of the same value without indentation', () => {
    const value = { a: [1, { 'b c': ' "\\" ' }, [], {}], 'd\n': null, e: { f: { g: '\u2028\t' } } }
    for (const indent of [1, 4, '\t', ' \t'])
      expect(compacted(JSON.stringify(value, null, indent))).toBe(JSON.stringify(value))
  })
})

describe('the integer part of a number', () => {
  it.each([
    ['0', '0'],
    ['1700000000000', '1700000000000'],
    ['1700000000000.0', '1700000000000'],
    ['1700000000000.999', '1700000000000'],
    ['-5', '-5'],
    ['-5.7', '-5'],
    ['12345678901234567890', '12345678901234567890'],
    ['12345678901234567890.5', '12345678901234567890'],
    ['1.7e12', '1700000000000'],
    ['1.7E+12', '1700000000000'],
    ['1700000000000e0', '1700000000000'],
    ['17e-1', '1'],
    ['1e-400', '0'],
    ['-1.25e1', '-12'],
    ['1.23456789012345678901234567890e3', '1234'],
  ])('of %s is %s', (number, expected) => {
    expect(integerOf(number)).toBe(expected)
  })

  it.each(['1e400', '-1e400'])('of %s, which no clock will show, is 0', (number) => {
    expect(integerOf(number)).toBe('0')
  })

  it.each(['9e15', '-9e20', '0.00000001e23'])('of %s has at most 22 digits', (number) => {
    expect(integerOf(number).length).toBeLessThanOrEqual(22)
  })
})

/** Of a text that stands between others; checks that nothing before or behind it is touched. */
function compacted(text: string): string {
  const bytes = Buffer.from(`"{ }"${text} 99`)
  const end = compactJson(bytes, 5, bytes.length - 3)
  expect(bytes.toString('utf8', 0, 5)).toBe('"{ }"')
  expect(bytes.toString('utf8', bytes.length - 3)).toBe(' 99')
  return bytes.toString('utf8', 5, end)
}

function integerOf(number: string): string {
  const bytes = Buffer.from(`9.e${number}9.e`)
  const [start, end] = [3, bytes.length - 3]
  const integerEnd = endOfInteger(bytes, start, end)
  return integerEnd === -1 ? integerText(bytes, start, end) : bytes.toString('latin1', start, integerEnd)
}
