import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { encodeRecords, layoutWith } from '../registry/encode-records.support.ts'

const EMITTED_AT = '1700000000123'
const TIME = '2023-11-14T22:13:20.123Z'

const JSON_STRING = { cache_type: 'string', data_format: 'json', key_template: 'k' } as const
const FLAT = { data_format: 'flat', on_update: 'merge', key_template: 'k' } as const

describe('a record as JSON that marks its row as deleted', () => {
  it.each([
    [{}, '{"id":1}', `{"id":1,"_ab_cdc_deleted_at":"${TIME}"}`],
    [{}, '{ }', `{"_ab_cdc_deleted_at":"${TIME}"}`],
    [{}, '{"_ab_cdc_deleted_at":"2024","id":1}', '{"_ab_cdc_deleted_at":"2024","id":1}'],
    [{}, '{"_ab_cdc_deleted_at":17}', '{"_ab_cdc_deleted_at":17}'],
    [{}, '{"_ab_cdc_deleted_at":null}', `{"_ab_cdc_deleted_at":null,"_ab_cdc_deleted_at":"${TIME}"}`],
    [
      {},
      '{"a":{"_ab_cdc_deleted_at":"2024"}}',
      `{"a":{"_ab_cdc_deleted_at":"2024"},"_ab_cdc_deleted_at":"${TIME}"}`,
    ],
    [{ fields: ['id'] }, '{"id":1,"x":2}', `{"id":1,"_ab_cdc_deleted_at":"${TIME}"}`],
    [{ fields: ['x'] }, '{"id":1}', `{"_ab_cdc_deleted_at":"${TIME}"}`],
    [
      { fields: ['id', '_ab_cdc_deleted_at'] },
      '{"id":1,"_ab_cdc_deleted_at":"2024"}',
      '{"id":1,"_ab_cdc_deleted_at":"2024"}',
    ],
    [{ root_field: 'r' }, '{"r":{"id":1}}', `{"id":1,"_ab_cdc_deleted_at":"${TIME}"}`],
    [{ root_field: 'r' }, '{"r":{"_ab_cdc_deleted_at":"2024"}}', '{"_ab_cdc_deleted_at":"2024"}'],
    [{ root_field: 'r' }, '{"r":[1]}', '[1]'],
    [{ root_field: 'r' }, '{"r":"{}"}', '"{}"'],
  ] as [RecordOptions, string, string][])('says since when: %j, %s', (options, record, expected) => {
    expect(marked({ ...JSON_STRING, ...options }, record)).toEqual([expected])
  })

  it.each([
    [{ fields: ['id'] }, '{"id":1,"_ab_cdc_deleted_at":"2024"}', '{"id":1,"_ab_cdc_deleted_at":"2024"}'],
    [{ root_field: 'r' }, '{"r":{"id":1},"_ab_cdc_deleted_at":17}', '{"id":1,"_ab_cdc_deleted_at":17}'],
    [
      { fields: [{ from: '_ab_cdc_deleted_at', to: 'gone' }] },
      String.raw`{"_ab_cdc_deleted_at":"\u20ac"}`,
      String.raw`{"gone":"\u20ac","_ab_cdc_deleted_at":"\u20ac"}`,
    ],
    [
      { root_field: 'r', fields: [{ from: 'at', to: '_ab_cdc_deleted_at' }] },
      '{"r":{"at":"1999"},"_ab_cdc_deleted_at":"2024"}',
      '{"_ab_cdc_deleted_at":"1999"}',
    ],
  ] as [RecordOptions, string, string][])(
    'says what the record does, though that column is not written: %j',
    (options, record, expected) => {
      expect(marked({ ...JSON_STRING, ...options }, record)).toEqual([expected])
    },
  )

  it('is marked as the data of its three fields, too', () => {
    expect(marked({ key_template: 'k' }, '{"id":1}').at(-1)).toBe(`{"id":1,"_ab_cdc_deleted_at":"${TIME}"}`)
  })

  it('is each marked by itself', () => {
    const records = ['{"id":1}', '{"_ab_cdc_deleted_at":"2024"}', '{"id":3}']
    const options = { cache_type: 'list', data_format: 'json' } as const
    const layout = layoutWith(options, {}, { writesDeletedAt: true })
    const { commands } = encodeRecords(options, records, { emittedAt: '0' }, layout)
    const time = '"_ab_cdc_deleted_at":"1970-01-01T00:00:00.000Z"'
    expect(commands[0]?.slice(2)).toEqual([`{"id":1,${time}}`, records[1], `{"id":3,${time}}`])
  })

  it('says the time of emission as it came where that is no time', () => {
    expect(marked(JSON_STRING, '{}', '9000000000000000')).toEqual([
      '{"_ab_cdc_deleted_at":"9000000000000000"}',
    ])
  })
})

describe('a record as fields that marks its row as deleted', () => {
  it.each([
    [{}, '{"id":1}', ['id', '1', '_ab_cdc_deleted_at', TIME]],
    [{}, '{}', ['_ab_cdc_deleted_at', TIME]],
    [{}, '{"_ab_cdc_deleted_at":null,"id":1}', ['id', '1', '_ab_cdc_deleted_at', TIME]],
    [{}, '{"_ab_cdc_deleted_at":"2024","id":1}', ['_ab_cdc_deleted_at', '2024', 'id', '1']],
    [{ fields: ['id'] }, '{"id":1}', ['id', '1', '_ab_cdc_deleted_at', TIME]],
    [
      { fields: ['id'] },
      String.raw`{"id":1,"_ab_cdc_deleted_at":"\u20ac"}`,
      ['id', '1', '_ab_cdc_deleted_at', '€'],
    ],
    [{ fields: ['id'] }, '{"id":1,"_ab_cdc_deleted_at":17}', ['id', '1', '_ab_cdc_deleted_at', '17']],
    [{ root_field: 'r' }, '{"r":{"id":1}}', ['id', '1', '_ab_cdc_deleted_at', TIME]],
    [{ root_field: 'r' }, '{"r":{"_ab_cdc_deleted_at":"1999"}}', ['_ab_cdc_deleted_at', '1999']],
  ] as [RecordOptions, string, string[]][])('has it as a field: %j, %s', (options, record, expected) => {
    expect(marked({ ...FLAT, ...options }, record)).toEqual(expected)
  })

  it('is no different where nothing marks it', () => {
    const { commands } = encodeRecords(FLAT, ['{"id":1,"_ab_cdc_deleted_at":null}'])
    expect(commands).toEqual([['HMSET', 'k', 'id', '1']])
  })
})

/** What the one command of a record has behind its key. */
function marked(options: RecordOptions, record: string, emittedAt = EMITTED_AT): string[] {
  const layout = layoutWith(options, {}, { writesDeletedAt: true })
  const { commands, refusals } = encodeRecords(options, [record], { emittedAt }, layout)
  expect([commands.length, refusals]).toEqual([1, [undefined]])
  return commands[0]!.slice(2)
}
