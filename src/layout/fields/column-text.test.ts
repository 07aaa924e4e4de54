import { describe, expect, it } from 'vitest'
import { commandFor, refusalOf } from '../registry/encode-records.support.ts'

describe('the text of a column, as a key, a member, a value or a field', () => {
  it.each([
    ['12345678901234567890', '12345678901234567890'],
    ['-12345678901234567890.12345678901234567890', '-12345678901234567890.12345678901234567890'],
    ['1.0', '1.0'],
    ['1E+2', '1E+2'],
    ['1e400', '1e400'],
    ['-0', '-0'],
    ['0.10', '0.10'],
    ['true', 'true'],
    ['false', 'false'],
    ['"x"', 'x'],
    ['"null"', 'null'],
    ['" "', ' '],
    ['"€😀"', '€😀'],
    ['"{ \'a\': 1 }"', "{ 'a': 1 }"],
    [String.raw`"\"\\\/\b\f\n\r\t\u0000"`, '"\\/\b\f\n\r\t\0'],
    [String.raw`"\u20AC\ud83d\ude00"`, '€😀'],
    [String.raw`"$5\r\nhello\r\n"`, '$5\r\nhello\r\n'],
    [String.raw`"\\u20AC"`, '\\u20AC'],
    [String.raw`"\ud800"`, '\ufffd'],
    [String.raw`"\udc00\ud800"`, '\ufffd\ufffd'],
    [String.raw`"a\ud800\u0062"`, 'a\ufffdb'],
    ['[]', '[]'],
    ['[ 1.0 , "a b" , { "c" : [ ] } ]', '[1.0,"a b",{"c":[]}]'],
    [String.raw`["\ud800\n€\u20AC"]`, String.raw`["\ud800\n€\u20AC"]`],
  ])('%s is %j', (value, text) => {
    expect(textsOf(value)).toEqual([text, text, text, text])
  })

  it.each([46, 47, 48, 49, 255, 256, 257, 1_023, 1_024, 1_025, 100_000])('may have %i bytes', (size) => {
    const text = '€'.repeat(size / 3) + 'x'.repeat(size % 3)
    expect(new Set(textsOf(`"${text}"`))).toEqual(new Set([text]))
    expect(new Set(textsOf(String.raw`"\t${text}"`))).toEqual(new Set([`\t${text}`]))
    expect(new Set(textsOf(`["${text}"]`))).toEqual(new Set([`["${text}"]`]))
  })
})

describe('a column without text', () => {
  it.each([
    ['null', 'null'],
    ['{}', 'object'],
    ['{ }', 'object'],
    ['{"a":1}', 'object'],
    ['""', 'empty'],
  ])('is of no use in a key or a member: %s', (value, reason) => {
    const record = `{"v":${value}}`
    expect(refusalOf(KEY, record)).toBe(`template-column-${reason} key_template v`)
    expect(refusalOf(MEMBER, record)).toBe(`template-column-${reason} member v`)
  })

  it.each([
    ['null', 'null'],
    ['{}', 'empty-object'],
    ['{ }', 'empty-object'],
  ])('is no value: %s', (value, reason) => {
    expect(refusalOf(RAW, `{"v":${value}}`)).toBe(`value-${reason} value_field v`)
  })

  it('is a value where it is empty, or an object, whose text is its JSON', () => {
    const values = ['""', '{ "a" : null }'].map((value) => commandFor(RAW, `{"v":${value}}`)[2])
    expect(values).toEqual(['', '{"a":null}'])
  })

  it.each([
    ['null', []],
    ['{}', []],
    ['{"a":null}', []],
    ['{"a":{}}', []],
    ['{"a":1}', ['v.a', '1']],
    ['""', ['v', '']],
  ])('has no field, unless it is empty, and an object has those in it: %s', (value, fields) => {
    expect(fieldsOf(`{"v":${value}}`)).toEqual(fields)
  })
})

const KEY = { cache_type: 'string', key_template: '${v}' } as const
const MEMBER = { cache_type: 'set', member: '${v}' } as const
const RAW = { cache_type: 'string', data_format: 'raw', value_field: 'v' } as const

function textsOf(value: string): (string | undefined)[] {
  const record = `{"v":${value}}`
  return [
    commandFor(KEY, record)[1],
    commandFor(MEMBER, record)[2],
    commandFor(RAW, record)[2],
    fieldsOf(record)[1],
  ]
}

function fieldsOf(record: string): string[] {
  return commandFor({ cache_type: 'hash', data_format: 'flat' }, record).slice(6)
}
