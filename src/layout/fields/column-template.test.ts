import { describe, expect, it } from 'vitest'
import { commandFor, refusalOf, type RecordContext } from '../registry/encode-records.support.ts'
import { ColumnTemplate } from './column-template.ts'

describe('a key', () => {
  it.each([
    ['user:${id}', '{"id":12345678901234567890}', 'user:12345678901234567890'],
    ['${id}', '{"id":1.0}', '1.0'],
    ['${id}', '{"id":1e400}', '1e400'],
    ['${id}', '{"id":-0}', '-0'],
    ['${id}', '{"id":true}', 'true'],
    ['${id}', '{"id":false}', 'false'],
    ['${id}', '{"id":[1, 2.0, {"a": null}]}', '[1,2.0,{"a":null}]'],
    ['${id}', '{"id":[]}', '[]'],
    ['${id}', '{"id":"€😀"}', '€😀'],
    ['${id}', '{"id":" a b "}', ' a b '],
    ['${id}', '{"id":"a:b%c"}', 'a:b%c'],
    ['${id}', '{"id":"${id}"}', '${id}'],
    ['${id}', '{"id":"null"}', 'null'],
    ['${id}', String.raw`{"id":"\u20ac\ud83d\ude00\"\\\/\n\r\n\u0000"}`, '€😀"\\/\n\r\n\0'],
    ['${id}', String.raw`{"id":"\ud800"}`, '\ufffd'],
    ['${id}', String.raw`{"id":"a\udc00b"}`, 'a\ufffdb'],
    ['${id}', String.raw`{"id":["\ud800"]}`, String.raw`["\ud800"]`],
    ['${a}-${b}${c}', '{"c":3,"b":"2","a":1}', '1-23'],
    ['${a}${a}', '{"a":"x"}', 'xx'],
    ['{${tag}}:${id}', '{"tag":"t","id":1}', '{t}:1'],
    ['$${id}:${id}', '{"id":1}', '${id}:1'],
    ['100%:${id}', '{"id":1}', '100%:1'],
    ['€😀:${id}\n', '{"id":1}', '€😀:1\n'],
    ['${a.b}', '{"a":{"b":1}}', '1'],
    ['${a.b}', '{"a.b":1}', '1'],
    ['${a.b}', '{"a":{"b":1},"a.b":2}', '2'],
    ['${a.b}', '{"a.b":2,"a":{"b":1}}', '1'],
    ['${a.b.c}', '{"a.b":{"c":1}}', '1'],
    ['${id}', '{"id":1,"id":2}', '2'],
    ['${id}', String.raw`{"\u0069d":2}`, '2'],
    ['${naïve €}', '{"naïve €":1}', '1'],
    ['${a "b"}', String.raw`{"a \"b\"":1}`, '1'],
  ])('by the template %s is, for %s, %j', (template, record, key) => {
    expect(keyFor(template, record)).toBe(key)
  })

  it.each([
    ['${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}', 'crm:users:42'],
    ['${_airbyte_ab_id}${_airbyte_ab_id}', '4242'],
    ['${_airbyte_primary_key}', 'a'],
    ['k', 'k'],
  ])('by the template %s has what the stream says of itself: %s', (template, key) => {
    const given = { namespace: 'crm', name: 'users', primaryKey: [['id']], id: 42 }
    expect(keyFor(template, '{"id":"a"}', given)).toBe(key)
  })

  it.each([
    ['7000', '7000'],
    ['7E+3', '7000'],
    ['7000.0', '7000'],
    ['-0', '0'],
    ['1e40', '1e+40'],
    ['"7000"', '7000'],
    ['"7E+3"', '7E+3'],
    ['""', ''],
    ['"%null"', '%null'],
    ['true', 'true'],
  ])('has the value of a primary-key column, however it is written: %s', (value, key) => {
    const context = { primaryKey: [['id']] }
    for (const template of ['k:${id}', 'k:${_airbyte_primary_key}'])
      expect(keyFor(template, `{"id":${value}}`, context)).toBe(`k:${key}`)
    const composite = { primaryKey: [['id'], ['n']] }
    const inParts = key.replace('%', '%25')
    expect(keyFor('${_airbyte_primary_key}', `{"id":${value},"n":1.0}`, composite)).toBe(`${inParts}:1`)
    const member = { cache_type: 'set', member: '${id}' } as const
    expect(commandFor(member, `{"id":${value}}`, context)[2]).toBe(key)
    const field = { hash_field: '${id}' }
    expect(commandFor(field, `{"id":${value}}`, context)[2]).toBe(key)
  })

  it('has the digits of columns that are not in the primary key', () => {
    expect(keyFor('${a}:${id}', '{"a":7E+3,"id":7E+3}', { primaryKey: [['id']] })).toBe('7E+3:7000')
  })

  it.each([
    ['{"id":null}', 'template-column-null'],
    ['{}', 'template-column-missing'],
    ['{"id":{}}', 'template-column-object'],
    ['{"id":[1]}', 'template-column-array'],
  ])('is refused for the primary key of %s', (record, code) => {
    const options = { key_template: 'k:${id}' }
    expect(refusalOf(options, record, { primaryKey: [['id']] })).toBe(`${code} key_template id`)
  })

  it.each([
    ['null', '%null', '%null'],
    ['"%null"', '%25null', '%25null'],
    ['"%nullable"', '%25nullable', '%25nullable'],
    ['"50%null"', '50%null', '50%25null'],
    ['""', '', ''],
  ])('tells %s from every other primary key where null is allowed', (value, alone, inComposite) => {
    const allow = { null_keys: 'allow', key_template: 'k:${_airbyte_primary_key}' } as const
    const keyOf = (record: string, ...names: string[]) =>
      commandFor(allow, record, { primaryKey: names.map((name) => [name]) })[1]
    expect(keyOf(`{"id":${value}}`, 'id')).toBe(`k:${alone}`)
    expect(keyOf(`{"id":${value},"n":1}`, 'id', 'n')).toBe(`k:${inComposite}:1`)
  })

  it('takes an absent primary key for null where that is allowed', () => {
    const allow = { null_keys: 'allow', key_template: 'k:${id}' } as const
    expect(commandFor(allow, '{}', { primaryKey: [['id']] })[1]).toBe('k:%null')
    expect(refusalOf(allow, '{}', { primaryKey: [['other']] })).toBe(
      'template-column-missing key_template id',
    )
  })

  it.each([':${x}', '${_airbyte_ab_id}', '%3A', '${'])(
    'takes the names of a stream and a prefix as they are: %s',
    (name) => {
      const [, key] = commandFor({ key_prefix: name }, '{}', { namespace: name, name, id: 1 })
      expect(key).toBe(`${name}${name}:${name}:1`)
    },
  )

  it('may have an empty namespace', () => {
    expect(commandFor({}, '{}', { namespace: '', id: 1 })[1]).toBe(':s:1')
  })

  it.each([1, 9, 10, 99_999, 100_000, 2 ** 31, 2 ** 32, 9_999_999_999, Number.MAX_SAFE_INTEGER])(
    'may have the id %i',
    (id) => {
      expect(keyFor('i${_airbyte_ab_id}d', '{}', { id })).toBe(`i${id}d`)
    },
  )

  it.each([10, 255, 256, 257, 100_000])('may have %i bytes of data', (size) => {
    const text = '€'.repeat(size / 3) + 'x'.repeat(size % 3)
    expect(keyFor('a${id}b${id}', `{"id":"${text}"}`)).toBe(`a${text}b${text}`)
    expect(keyFor('a${id}b', String.raw`{"id":"\n${text}"}`)).toBe(`a\n${text}b`)
  })
})

describe('a primary key', () => {
  it.each([
    ['{"a":"x:y%z"}', [['a']], 'x:y%z'],
    ['{"a":1.0}', [['a']], '1'],
    ['{"a":{"b":7}}', [['a', 'b']], '7'],
    ['{"a":"x","b":"y"}', [['a'], ['b']], 'x:y'],
    ['{"a":"x","b":"y"}', [['b'], ['a']], 'y:x'],
    ['{"a":"x:y","b":"%"}', [['a'], ['b']], 'x%3Ay:%25'],
    ['{"a":"::","b":"%3A%25"}', [['a'], ['b']], '%3A%3A:%253A%2525'],
    [String.raw`{"a":"\u003a","b":"\n"}`, [['a'], ['b']], '%3A:\n'],
    ['{"a":"€:😀","b":"[x:y]"}', [['a'], ['b']], '€%3A😀:[x%3Ay]'],
    [String.raw`{"a":"\ud800:","b":1}`, [['a'], ['b']], '\ufffd%3A:1'],
    ['{"a":{"b":1},"c":2.50,"d":true}', [['a', 'b'], ['c'], ['d']], '1:2.5:true'],
  ])('of %s, %j, is %s', (record, primaryKey, expected) => {
    expect(keyFor('${_airbyte_primary_key}', record, { primaryKey })).toBe(expected)
    expect(keyFor('a:${_airbyte_primary_key}:z%', record, { primaryKey })).toBe(`a:${expected}:z%`)
  })

  it('escapes its own parts only', () => {
    const given = { primaryKey: [['a'], ['b']], name: 's:%' }
    expect(keyFor('${_airbyte_stream}${a}/${_airbyte_primary_key}/${a}', '{"a":"x:%","b":1}', given)).toBe(
      's:%x:%/x%3A%25:1/x:%',
    )
  })

  it('is another for each pair of values, however they are split', () => {
    const values = ['a', ':', '%', 'a:', ':a', '%3A', '%25', 'a%', '::']
    const pairs = values.flatMap((a) => values.map((b) => JSON.stringify({ a, b })))
    const keys = pairs.map((pair) => keyFor('${_airbyte_primary_key}', pair, { primaryKey: [['a'], ['b']] }))
    expect(new Set(keys).size).toBe(pairs.length)
  })

  it.each([
    ['{"a":"x"}', 'template-column-missing key_template b.c'],
    ['{"a":"x","b":{"c":null}}', 'template-column-null key_template b.c'],
    ['{"a":[],"b":{"c":1}}', 'template-column-array key_template a'],
    ['{"a":{"x":1},"b":{"c":1}}', 'template-column-object key_template a'],
  ])('with a part missing is none: %s', (record, reason) => {
    expect(refusalOf({ data_format: 'flat' }, record, { primaryKey: [['a'], ['b', 'c']] })).toBe(reason)
  })
})

describe('a record without what its key needs', () => {
  it.each([
    ['{"other":"SECRET"}', 'missing'],
    ['{}', 'missing'],
    ['{"id":{"no":1}}', 'missing'],
    ['{"id":{"id":null}}', 'null'],
    ['{"id":{"id":""}}', 'empty'],
    ['{"id":{"id":{}}}', 'object'],
    ['{"id":{"id":{"SECRET":1}}}', 'object'],
    ['{"id":{"id":1,"id":null}}', 'null'],
    ['{"id":["SECRET"]}', 'missing'],
    ['{"id":null}', 'missing'],
  ])('is refused, naming the column and not its data: %s', (record, reason) => {
    const options = { key_template: 'k:${id.id}' }
    expect(refusalOf(options, record)).toBe(`template-column-${reason} key_template id.id`)
  })

  it.each([
    ['key_template', { cache_type: 'string', key_template: 'k:${SECRET}:${x}' }],
    ['hash_field', { hash_field: 'k:${SECRET}:${x}' }],
    ['member', { cache_type: 'set', member: '${SECRET}:${x}' }],
    ['member', { cache_type: 'list', member: '${SECRET}:${x}' }],
    ['member', { cache_type: 'sorted_set', member: '${SECRET}:${x}' }],
  ] as const)('is told which template needs it: %s', (option, options) => {
    expect(refusalOf(options, '{"SECRET":1}')).toBe(`template-column-missing ${option} x`)
  })
})

describe('a template', () => {
  const names = { name: 's', namespace: '', primaryKey: [['a'], ['b']] }

  it.each([
    ['text', 'p:text'],
    ['${_airbyte_namespace}:${_airbyte_stream}', 'p::s'],
    ['$${x}', 'p:${x}'],
    ['', 'p:'],
    ['${_airbyte_ab_id}', undefined],
    ['a${b}c', undefined],
    ['${_airbyte_primary_key}', undefined],
  ])('knows whether all records have the same text: %s, %s', (text, constant) => {
    const template = new ColumnTemplate('key_template', text, names, { prefix: 'p:' })
    expect(template.isConstant ? template.lead.toString() : undefined).toBe(constant)
  })

  it('may be a text that is empty', () => {
    expect(new ColumnTemplate('key_template', '${_airbyte_namespace}', names)).toMatchObject({
      isConstant: true,
      lead: Buffer.alloc(0),
    })
  })

  it.each([
    ['text', false, false],
    ['${_airbyte_namespace}', false, false],
    ['a${b}', false, true],
    ['${_airbyte_primary_key}', false, true],
    ['${_airbyte_ab_id}', true, false],
    ['${_airbyte_ab_id}${b}', true, true],
  ])('knows what it takes: %s, ids %s, columns %s', (text, usesIds, usesColumns) => {
    expect(new ColumnTemplate('key_template', text, names)).toMatchObject({ usesIds, usesColumns })
  })

  it('knows about how long its texts are', () => {
    expect(new ColumnTemplate('key_template', 'abc${x}def', names, { prefix: 'p' }).size).toBe(7 + 16)
    expect(new ColumnTemplate('key_template', 'abc${_airbyte_stream}', names, { prefix: '€' }).size).toBe(7)
  })
})

function keyFor(template: string, record: string, given?: Partial<RecordContext>): string {
  return commandFor({ key_template: template }, record, given)[1]!
}
