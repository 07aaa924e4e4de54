import { describe, expect, it } from 'vitest'
import { compilePath } from '../../protocol/columns/columns.ts'
import { filterOf } from './filter.ts'
import { isKept } from '../registry/encode-records.support.ts'

describe('a record filter', () => {
  it.each([
    ['{"kind":"identify"}', 'identify'],
    [String.raw`{"kind":"identi\u0066y"}`, 'identify'],
    ['{"kind":"€😀"}', '€😀'],
    [String.raw`{"kind":"\u20ac\ud83d\ude00\n\"\\"}`, '€😀\n"\\'],
    [String.raw`{"kind":"\ud800"}`, '\ud800'],
    ['{"kind":""}', ''],
    ['{"kind":1}', 1],
    ['{"kind":1}', '1'],
    ['{"kind":1}', '1.0'],
    ['{"kind":"1"}', 1],
    ['{"kind":true}', 'true'],
    ['{"kind":"true"}', true],
    ['{"kind":1e400}', '1e400'],
    ['{"kind":10E399}', '1e+400'],
    ['{"kind":[1,"a"]}', '[1,"a"]'],
    ['{"kind":9007199254740993.0}', '9007199254740993'],
    ['{"kind":"01"}', '01'],
    ['{"kind":1.0}', 1],
    ['{"kind":10e-1}', 1],
    ['{"kind":-0}', 0],
    ['{"kind":0.1}', 0.1],
    ['{"kind":18446744073709551616}', '1.8446744073709551616e19'],
    ['{"kind":1e20}', 10 ** 20],
    ['{"kind":true}', true],
    ['{"kind":false}', false],
    ['{"kind":null}', null],
    ['{"kind":{}}', null],
    ['{}', null],
    ['{"other":1}', null],
    ['{"kind":1,"kind":"identify"}', 'identify'],
    ['{"other":{"kind":0},"kind" : "identify"}', 'identify'],
  ] as const)('lets %s through where the column is to be %j', (record, equals) => {
    expect(isKept({ record_filter: { field: 'kind', equals } }, record)).toBe(true)
  })

  it.each([
    ['{"kind":"Identify"}', 'identify'],
    ['{"kind":"identify "}', 'identify'],
    ['{"other":"identify"}', 'identify'],
    ['{"a":{"kind":"identify"}}', 'identify'],
    ['{"kind":["identify"]}', 'identify'],
    ['{"kind":{"kind":"identify"}}', 'identify'],
    ['{"kind":"identify","kind":"track"}', 'identify'],
    ['{"kind":"identify","kind":null}', 'identify'],
    [String.raw`{"kind":"\\u0061"}`, 'a'],
    ['{"kind":null}', 'null'],
    ['{}', ''],
    ['{"kind":"1.0"}', '1'],
    ['{"kind":"1"}', '1.0'],
    ['{"kind":true}', 1],
    ['{"kind":9007199254740992}', '9007199254740993'],
    ['{"kind":0.10000000000000000001}', '0.1'],
    ['{"kind":1}', '1 '],
    ['{"kind":0}', false],
    ['{"kind":null}', false],
    ['{"kind":""}', null],
    ['{"kind":0}', null],
    ['{"kind":false}', null],
    ['{"kind":[]}', null],
    ['{"kind":{"a":null}}', null],
    ['{"kind":[1]}', 1],
    ['{"kind":1.1}', 1],
    ['{"kind":1e400}', 1e308],
  ] as const)('keeps %s out where the column is to be %j', (record, equals) => {
    expect(isKept({ record_filter: { field: 'kind', equals } }, record)).toBe(false)
  })

  it.each(['{"a":{"b":1}}', '{"a.b":1}', '{"a":{"b":2},"a.b":1}'])('may be about a path: %s', (record) => {
    expect(isKept({ record_filter: { field: 'a.b', equals: 1 } }, record)).toBe(true)
  })
})

describe('records that have to have something under the root', () => {
  it.each([
    ['{"a":{"b":{"c":1}}}', true],
    ['{"a":{"b":{}}}', true],
    ['{"a":{"b":""}}', true],
    ['{"a":{"b":0}}', true],
    ['{"a":{"b":false}}', true],
    ['{"a":{"b":[]}}', true],
    ['{"a.b":{"c":1}}', true],
    ['{"a":{"b":null}}', false],
    ['{"a":{"b":{"c":1},"b":null}}', false],
    ['{"a":{}}', false],
    ['{"a":1}', false],
    ['{"b":1}', false],
    ['{}', false],
  ])('%s: %s', (record, kept) => {
    expect(isKept({ root_field: 'a.b' }, record)).toBe(kept)
  })

  it.each([
    ['{"kind":1,"root":{}}', true],
    ['{"kind":1}', false],
    ['{"kind":2,"root":{}}', false],
    ['{"root":{"kind":1}}', false],
  ])('must match a filter, too, which sees the whole record: %s: %s', (record, kept) => {
    const options = { root_field: 'root', record_filter: { field: 'kind', equals: 1 } }
    expect(isKept(options, record)).toBe(kept)
  })
})

describe('what is let through whatever the filter says', () => {
  it.each([
    ['{"kind":2,"gone":1}', true],
    ['{"kind":2,"root":{}}', false],
    ['{"kind":1,"root":{}}', true],
    ['{"kind":1}', false],
  ])('%s: %s', (record, kept) => {
    const options = { root_field: 'root', record_filter: { field: 'kind', equals: 1 } }
    const gone = compilePath('gone')
    expect(isKept(options, record, (columns) => columns.find(gone) !== -1)).toBe(kept)
  })
})

describe('no filter', () => {
  it('is needed where all records are written', () => {
    const settings = { rootField: undefined, recordFilter: undefined }
    expect(filterOf(settings as Parameters<typeof filterOf>[0])).toBeUndefined()
    expect(filterOf(settings as Parameters<typeof filterOf>[0], () => false)).toBeUndefined()
    expect(isKept({}, '{}')).toBe(true)
  })
})
