import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { commandFor, commandsFor } from '../registry/encode-records.support.ts'

describe('a record as JSON', () => {
  it.each([
    '{}',
    '{"a":12345678901234567890,"b":1.0,"c":1e400,"d":-0,"e":1E+2}',
    '{"a":null,"b":{"c":null,"d":{}},"e":[],"f":""}',
    '{"a":"€😀","ü":[{"":0}]}',
    String.raw`{"a":"\ud800","\udc00":"\u20ac\/\n"}`,
    '{"a":1,"a":{"b":2,"b":3}}',
    '{"a.b":1,"a":{"b":2}}',
    '{"a":" , : { "}',
  ])('is what the source sent, byte by byte: %s', (record) => {
    expect(jsonOf({}, record)).toBe(record)
  })

  it('has no white space but that in strings', () => {
    expect(jsonOf({}, '{ "a b" : [ 1 , " \\" " ] ,\t"c" : { } }')).toBe('{"a b":[1," \\" "],"c":{}}')
  })
})

describe('what stands under a root field', () => {
  it.each([
    ['a', '{"a":{"b":1.0},"c":2}', '{"b":1.0}'],
    ['a.b', '{"x":0,"a":{"b":{"c":[null]}}}', '{"c":[null]}'],
    ['a.b', '{"a.b":{"c":1}}', '{"c":1}'],
    ['a', '{"a":{}}', '{}'],
    ['a', '{"a":[{"b":1}]}', '[{"b":1}]'],
    ['a', '{"a":12345678901234567890}', '12345678901234567890'],
    ['a', String.raw`{"a":"\ud800\u20ac"}`, String.raw`"\ud800\u20ac"`],
    ['a', '{"a":""}', '""'],
    ['a', '{"a":false}', 'false'],
    ['a', '{"a":{"b":1},"a":{"c":1}}', '{"c":1}'],
    ['a', '{ "a" : { "b" : [ 1 , 2 ] } , "c" : 1 }', '{"b":[1,2]}'],
  ])('is JSON as it was sent: %s in %s', (rootField, record, expected) => {
    expect(jsonOf({ root_field: rootField }, record)).toBe(expected)
  })
})

describe('chosen fields', () => {
  it.each([
    [['a'], '{"a":1,"b":2}', '{"a":1}'],
    [['b', 'a'], '{"a":1,"b":2}', '{"b":2,"a":1}'],
    [['a', 'b'], '{"b":12345678901234567890}', '{"b":12345678901234567890}'],
    [['a', 'b', 'c'], '{"a":1,"c":3}', '{"a":1,"c":3}'],
    [['a'], '{"b":1}', '{}'],
    [['a'], '{}', '{}'],
    [['a', 'b', 'c', 'd'], '{"a":null,"b":"","c":{},"d":[]}', '{"a":null,"b":"","c":{},"d":[]}'],
    [['a'], '{"a":{"b":null,"c":1.0}}', '{"a":{"b":null,"c":1.0}}'],
    [['a.b'], '{"a":{"b":1,"c":2}}', '{"a.b":1}'],
    [['a.b'], '{"a.b":1}', '{"a.b":1}'],
    [['a.b'], '{"a":{"b":1},"a.b":2}', '{"a.b":2}'],
    [['a'], '{"a":1,"a":2}', '{"a":2}'],
    [[{ from: 'a', to: 'x' }], '{"a":1}', '{"x":1}'],
    [[{ from: 'a.b', to: 'x.y' }, 'c'], '{"c":1,"a":{"b":{"d":2}}}', '{"x.y":{"d":2},"c":1}'],
    [
      [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'a' },
      ],
      '{"a":1,"b":2}',
      '{"b":1,"a":2}',
    ],
    [
      [
        { from: 'a', to: 'x' },
        { from: 'a', to: 'y' },
      ],
      '{"a":1}',
      '{"x":1,"y":1}',
    ],
    [[{ from: 'a', to: '€"\\\n😀' }], '{"a":1}', '{"€\\"\\\\\\n😀":1}'],
    [['ü€"\n'], String.raw`{"ü\u20ac\"\n":"\u0061"}`, String.raw`{"ü€\"\n":"\u0061"}`],
    [['a'], String.raw`{"\u0061":"\ud800"}`, String.raw`{"a":"\ud800"}`],
    [['a'], '{ "a" : { "b" : " " } , "c" : 1 }', '{"a":{"b":" "}}'],
  ] as [RecordOptions['fields'] & object, string, string][])(
    'are an object of their own, in their order: %j of %s',
    (fields, record, expected) => {
      expect(jsonOf({ fields }, record)).toBe(expected)
    },
  )

  it.each([
    ['{"r":{"a":1,"b":2},"a":3}', '{"a":1}'],
    ['{"r":{"b":2},"a":3}', '{}'],
    ['{"r":{},"a":3}', '{}'],
    ['{"r.a":1,"r":{}}', '{"a":1}'],
    ['{"r":[{"a":1}]}', '{}'],
    ['{"r":"a"}', '{}'],
  ])('are those inside the root field: %s', (record, expected) => {
    expect(jsonOf({ root_field: 'r', fields: ['a'] }, record)).toBe(expected)
  })

  it('are those of each record', () => {
    const records = ['{"a":1,"b":2}', '{"b":3}', '{"b":4,"x":{"a":0},"a":5}', '{"a":null}']
    const values = commandsFor({ ...JSON_STRING, fields: ['a', 'b'] }, records).map(([, , value]) => value)
    expect(values).toEqual(['{"a":1,"b":2}', '{"b":3}', '{"a":5,"b":4}', '{"a":null}'])
  })

  it.each([1_000, 1_030, 100_000])('may be large: %i bytes', (size) => {
    const [a, b] = ['x'.repeat(size), '€'.repeat(size)]
    expect(jsonOf({ fields: ['b', 'a'] }, `{"a":"${a}","b":"${b}"}`)).toBe(`{"b":"${b}","a":"${a}"}`)
  })
})

const JSON_STRING = { cache_type: 'string', data_format: 'json' } as const

function jsonOf(options: RecordOptions, record: string): string {
  return commandFor({ ...JSON_STRING, ...options }, record)[2]!
}
