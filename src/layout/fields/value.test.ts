import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import {
  commandFor,
  commandsFor,
  layoutWith,
  refusalOf,
  type RecordContext,
} from '../registry/encode-records.support.ts'

const RECORD = '{"id":1.0,"who":{"name":"Ünal","note":null},"tags":["a"]}'

describe('the value of the format airbyte', () => {
  it('is its three fields in JSON, the record as it was sent', () => {
    expect(valueOf({}, RECORD)).toBe(`{"_airbyte_ab_id":7,"_airbyte_emitted_at":5,"_airbyte_data":${RECORD}}`)
  })

  it.each([
    [1, '0'],
    [10, '1700000000000'],
    [2 ** 32, '-1'],
    [Number.MAX_SAFE_INTEGER, '12345678901234567890'],
  ])('has any id and time: %i, %s', (id, emittedAt) => {
    expect(valueOf({}, '{}', { id, emittedAt })).toBe(
      `{"_airbyte_ab_id":${id},"_airbyte_emitted_at":${emittedAt},"_airbyte_data":{}}`,
    )
  })

  it.each([
    [{ root_field: 'who' }, '{"name":"Ünal","note":null}'],
    [{ root_field: 'tags' }, '["a"]'],
    [{ fields: ['tags', 'id', 'no'] }, '{"tags":["a"],"id":1.0}'],
    [{ root_field: 'who', fields: ['note', 'name -> n'] }, '{"note":null,"n":"Ünal"}'],
  ])('holds what is chosen of a record: %j', (options, data) => {
    expect(valueOf(options, RECORD)).toBe(
      `{"_airbyte_ab_id":7,"_airbyte_emitted_at":5,"_airbyte_data":${data}}`,
    )
  })

  it.each([1_020, 1_024, 300_000])('may be large: %i bytes of data', (size) => {
    const data = `{"a":"${'x'.repeat(size)}"}`
    expect(JSON.parse(valueOf({}, data))).toMatchObject({ _airbyte_data: JSON.parse(data) as object })
  })
})

describe('the value of the format raw', () => {
  it.each([
    ['id', '1.0'],
    ['who.name', 'Ünal'],
    ['who', '{"name":"Ünal","note":null}'],
    ['tags', '["a"]'],
  ])('is the text of one column: %s', (valueField, text) => {
    expect(valueOf({ data_format: 'raw', value_field: valueField }, RECORD)).toBe(text)
  })

  it('is a column inside the root field', () => {
    const options = { data_format: 'raw', root_field: 'who', value_field: 'name' } as const
    expect(valueOf(options, '{"name":1,"who":{"name":2}}')).toBe('2')
    expect(refusalOf({ cache_type: 'string', ...options }, '{"name":"SECRET","who":{}}')).toBe(
      'value-missing value_field who.name',
    )
  })

  it.each([
    ['{"other":"SECRET"}', 'missing'],
    ['{"v":{"w":"SECRET"}}', 'missing'],
    ['{"v":{"v":null}}', 'null'],
    ['{"v":{"v":{}}}', 'empty-object'],
  ])('is not to be had from every record: %s', (record, reason) => {
    const options = { cache_type: 'string', data_format: 'raw', value_field: 'v.v' } as const
    expect(refusalOf(options, record)).toBe(`value-${reason} value_field v.v`)
  })

  it('is that of each record, however long the one before was', () => {
    const options = { cache_type: 'string', data_format: 'raw', value_field: 'v' } as const
    const texts = ['long'.repeat(1_000), '', 'b']
    const records = texts.map((text) => `{"v":"${text}"}`)
    expect(commandsFor(options, records).map(([, , value]) => value)).toEqual(texts)
  })
})

describe('a member', () => {
  it('takes the place of what the format would put in', () => {
    const options = { cache_type: 'set', member: '${who.name}:${_airbyte_ab_id}:${_airbyte_stream}' } as const
    expect(commandFor(options, RECORD)).toEqual(['SADD', 'n:s', 'Ünal:7:s'])
  })

  it('sees the whole record, whatever the root field', () => {
    const options = { cache_type: 'set', member: '${id}', root_field: 'who' } as const
    expect(commandFor(options, RECORD)).toEqual(['SADD', 'n:s', '1.0'])
  })

  it('has no prefix', () => {
    const options = { cache_type: 'set', key_prefix: 'p:', member: '${id}' } as const
    expect(commandFor(options, RECORD)).toEqual(['SADD', 'p:n:s', '1.0'])
  })
})

describe('what a value takes', () => {
  it.each([
    [{}, true, false],
    [{ fields: ['a'] }, true, true],
    [{ root_field: 'a' }, true, true],
    [{ data_format: 'json' }, false, false],
    [{ data_format: 'json', fields: ['a'] }, false, true],
    [{ data_format: 'json', root_field: 'a' }, false, true],
    [{ data_format: 'raw', value_field: 'a' }, false, true],
    [{ member: 'x' }, false, false],
    [{ member: '${a}' }, false, true],
    [{ member: '${_airbyte_ab_id}' }, true, false],
  ] as [RecordOptions, boolean, boolean][])('%j: ids %s, columns %s', (options, usesIds, usesColumns) => {
    for (const cacheType of ['list', 'set', 'sorted_set'] as const)
      expect(layoutWith({ cache_type: cacheType, ...options })).toMatchObject({ usesIds, usesColumns })
    if (options.member !== undefined) return
    const string = { cache_type: 'string', key_template: 'k', ...options } as const
    expect(layoutWith(string)).toMatchObject({ usesIds, usesColumns })
  })
})

function valueOf(options: RecordOptions, record: string, given?: Partial<RecordContext>): string {
  return commandFor({ cache_type: 'string', ...options }, record, given)[2]!
}
