import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import {
  commandFor,
  commandsFor,
  encodeRecords,
  layoutWith,
  refusalOf,
  type RecordContext,
} from '../registry/encode-records.support.ts'

const AIRBYTE = ['_airbyte_ab_id', '7', '_airbyte_emitted_at', '5', '_airbyte_data']

describe('the fields of the format airbyte', () => {
  it.each([
    '{}',
    '{"a":12345678901234567890,"b":1.0,"c":1e400}',
    String.raw`{"a":"\ud800€😀\n","b":null,"c":{},"a":1}`,
  ])('are the id, the time and the record as it was sent: %s', (record) => {
    expect(airbyteFields({}, record)).toEqual([...AIRBYTE, record])
  })

  it.each([
    [{ root_field: 'a' }, '{"b":1.0,"c":null}'],
    [{ fields: ['d', 'a.b -> e'] }, '{"d":[],"e":1.0}'],
    [{ root_field: 'a', fields: ['c', 'no', 'b'] }, '{"c":null,"b":1.0}'],
  ])('hold what is chosen of a record: %j', (options, data) => {
    const record = '{"a":{"b":1.0,"c":null},"d":[]}'
    expect(airbyteFields(options, record)).toEqual([...AIRBYTE, data])
  })

  it.each([9, 10, 47, 48, 99, 100, 65_535, 65_536, 1_000_000])('may have data of %i bytes', (size) => {
    const data = `{"":"${'x'.repeat(size - 7)}"}`
    expect(airbyteFields({}, data)).toEqual([...AIRBYTE, data])
  })

  it.each([
    [1, '0'],
    [9_999_999_999, '-5'],
    [Number.MAX_SAFE_INTEGER, '1234567890123456789012'],
  ])('may be of any id and time: %i, %s', (id, emittedAt) => {
    const [, idText, , time] = airbyteFields({}, '{}', { id, emittedAt })
    expect([idText, time]).toEqual([String(id), emittedAt])
  })
})

describe('the fields of the format flat', () => {
  it.each([
    ['{"a":1,"b":"x","c":true}', 'a=1 b=x c=true'],
    ['{"b":1,"a":2}', 'b=1 a=2'],
    ['{"a":{"b":{"c":1.0},"d":"e"},"f":2}', 'a.b.c=1.0 a.d=e f=2'],
    ['{"a":null,"b":"","c":{},"d":{"e":null,"f":{}},"g":[],"h":{"i":""}}', 'b= g=[] h.i='],
    ['{"a":[{"b":1}],"c":[null]}', 'a=[{"b":1}] c=[null]'],
    ['{"a":12345678901234567890,"b":1e400,"c":-0}', 'a=12345678901234567890 b=1e400 c=-0'],
    ['{"a.b":1,"c":{"d.e":2}}', 'a.b=1 c.d.e=2'],
    ['{"a.b":1,"a":{"b":2}}', 'a.b=2'],
    ['{"a":{"b":2},"a.b":1}', 'a.b=1'],
    ['{"a.b":1,"a":{"b":null}}', ''],
    ['{"a":1,"b":2,"a":3}', 'b=2 a=3'],
    ['{"a":{"b":1},"a":{"c":2}}', 'a.c=2'],
    ['{"a":{"b":1},"a":null}', ''],
    ['{"a":1,"a":{"b":2}}', 'a.b=2'],
    ['{"€":"😀","ü":{"ß":1}}', '€=😀 ü.ß=1'],
    ['{"":1,"a":{"":2}}', '=1 a.=2'],
    [String.raw`{"\u0061\n\"":1,"b":{"\u20ac":"\u0063"}}`, 'a\n"=1 b.€=c'],
    [String.raw`{"\ud800":"\udc00","a":["\ud800"]}`, '\ufffd=\ufffd a=["\\ud800"]'],
    ['{}', ''],
    ['{"a":null}', ''],
  ])('are one for each column that is there: %s', (record, fields) => {
    expect(flatFields({}, record)).toBe(fields)
  })

  it.each([
    ['{"r":{"a":1,"b":{"c":2}},"d":3}', 'a=1 b.c=2'],
    ['{"r":{"r":{"r":1}}}', 'r.r=1'],
    ['{"r":{}}', ''],
    ['{"r":{"a":null}}', ''],
    ['{"a":0,"r":{"a":1,"a":2},"b":0}', 'a=2'],
    ['{"r":{"a":1},"r":{"b":2}}', 'b=2'],
  ])('are those inside the root field, by their names there: %s', (record, fields) => {
    expect(flatFields({ root_field: 'r' }, record)).toBe(fields)
  })

  it.each(['["SECRET"]', '"SECRET"', '1', 'true', '""', '[]'])(
    'are not to be had from a root that is %s',
    (root) => {
      expect(refusalOf({ ...FLAT, root_field: 'r' }, `{"r":${root}}`)).toBe('root-not-an-object root_field')
    },
  )

  it('are those of each record', () => {
    const records = ['{"a":1,"b":{"c":2}}', '{"b":{"c":3,"d":4},"a":null}', '{}', '{"e":5}', '{"a":6}']
    const fields = commandsFor(FLAT, records, { id: 1 }).map((command) => command.slice(6))
    expect(fields).toEqual([['a', '1', 'b.c', '2'], ['b.c', '3', 'b.d', '4'], [], ['e', '5'], ['a', '6']])
  })

  it.each([{}, { fields: ['a', 'b'] }])(
    'may have names that are too long together, at many levels: %j',
    (options) => {
      const [name, levels] = ['b'.repeat(100), 1_500]
      const deep = `{"b":${`{"a":1,"${name}":`.repeat(levels)}2${'}'.repeat(levels)}}`
      const { commands, refusals } = encodeRecords({ ...FLAT, ...options }, [
        '{"a":1}',
        deep,
        '{"b":{"a":2}}',
      ])
      expect(commands.map((command) => command.slice(6))).toEqual([
        ['a', '1'],
        ['b.a', '2'],
      ])
      const reason = 'column-names-too-long'
      expect(refusals).toEqual([undefined, reason, undefined])
    },
  )

  it.each([300, 5_000, 20_000])('may be %i', (count) => {
    const record = Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, `v${n}`]))
    const command = commandFor(FLAT, JSON.stringify(record))
    expect(command.slice(6)).toEqual(Object.entries(record).flat())
  })
})

describe('columns that are null', () => {
  const RECORD = '{"a":null,"b":{"c":null,"d":{}},"e":"x","f":[null],"a2":1,"a2":null}'

  it.each([
    ['absent', ['e', 'x', 'f', '[null]']],
    ['empty', ['a', '', 'b.c', '', 'e', 'x', 'f', '[null]', 'a2', '']],
    ['text', ['a', 'null', 'b.c', 'null', 'e', 'x', 'f', '[null]', 'a2', 'null']],
  ] as const)('are %s', (nullAs, fields) => {
    const options = { cache_type: 'stream', data_format: 'flat', null_as: nullAs } as const
    expect(commandFor(options, RECORD).slice(3)).toEqual(fields)
  })

  it('have a field if they are chosen, and none if they are missing', () => {
    const fields = ['a', 'b', 'missing', 'b.d -> d']
    const options = { cache_type: 'stream', data_format: 'flat', null_as: 'text', fields } as const
    expect(commandFor(options, RECORD).slice(3)).toEqual(['a', 'null', 'b.c', 'null'])
  })
})

describe('chosen fields', () => {
  it.each([
    [['a'], '{"a":1,"b":2}', 'a=1'],
    [['b', 'a'], '{"a":1,"b":2}', 'b=2 a=1'],
    [['a', 'b', 'c', 'd', 'e'], '{"a":null,"b":"","c":{},"d":[]}', 'b= d=[]'],
    [['a'], '{"b":1}', ''],
    [['a.b'], '{"a":{"b":1,"c":2}}', 'a.b=1'],
    [['a.b'], '{"a.b":1,"a":{"b":2}}', 'a.b=2'],
    [['a'], '{"a":1,"a":"2"}', 'a=2'],
    [['a'], '{"b":0,"a":{"b":{"c":1},"d":2,"e":null}}', 'a.b.c=1 a.d=2'],
    [['a', 'a.b'], '{"a":{"b":1,"c":2}}', 'a.b=1 a.c=2 a.b=1'],
    [['a -> x'], '{"a":"€","x":0}', 'x=€'],
    [['a.b -> x.y', 'c'], '{"c":1,"a":{"b":2}}', 'x.y=2 c=1'],
    [['a -> x'], '{"a":{"b":{"c":1},"d":2}}', 'x.b.c=1 x.d=2'],
    [['a.b -> €😀'], '{"a":{"b":{"ü":1,"v":{}}}}', '€😀.ü=1'],
    [['a -> b', 'b -> a'], '{"a":{"c":1},"b":2}', 'b.c=1 a=2'],
  ] as [RecordOptions['fields'] & object, string, string][])(
    'are in their order, and have their new names: %j of %s',
    (fields, record, expected) => {
      expect(flatFields({ fields }, record)).toBe(expected)
    },
  )

  it.each([
    ['{"r":{"a":1,"b":2},"a":3}', 'a=1'],
    ['{"r":{"a":{"b":1}},"a":3}', 'a.b=1'],
    ['{"r":{},"a":3}', ''],
    ['{"r":"a"}', ''],
  ])('are those inside the root field: %s', (record, expected) => {
    expect(flatFields({ root_field: 'r', fields: ['a'] }, record)).toBe(expected)
  })
})

describe('what fields take', () => {
  it.each([
    [{ key_template: 'k' }, true, false],
    [{ key_template: 'k', fields: ['a'] }, true, true],
    [{ key_template: 'k', root_field: 'a' }, true, true],
    [{ key_template: 'k', data_format: 'flat' }, false, true],
    [{ key_template: '${_airbyte_ab_id}', data_format: 'flat' }, true, true],
    [{ key_template: '${a}' }, true, true],
  ] as [RecordOptions, boolean, boolean][])('%j: ids %s, columns %s', (options, usesIds, usesColumns) => {
    for (const cacheType of ['hash', 'stream'] as const)
      expect(layoutWith({ cache_type: cacheType, ...options })).toMatchObject({ usesIds, usesColumns })
  })
})

/** Where it replaces a hash, a script is told its key, how, and when it ends, before the fields. */
const FLAT = { data_format: 'flat' } as const

function flatFields(options: RecordOptions, record: string): string {
  const texts = commandFor({ ...FLAT, ...options }, record).slice(6)
  return texts.flatMap((text, index) => (index % 2 === 0 ? [`${text}=${texts[index + 1]}`] : [])).join(' ')
}

function airbyteFields(options: RecordOptions, record: string, given?: Partial<RecordContext>): string[] {
  return commandFor(options, record, given).slice(2)
}
