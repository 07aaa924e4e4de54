import { describe, expect, it } from 'vitest'
import { SET_SCRIPT } from './string.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import {
  commandFor,
  commandsFor,
  encodeRecords,
  layoutWith,
  refusalOf,
} from '../registry/encode-records.support.ts'

const RECORD = '{"id":12345678901234567890,"s":"€😀","x":1.0}'
const STRING = { cache_type: 'string' } as const
const BY_KEY = { ...STRING, data_format: 'json', key_template: 'k:${id}' } as const

describe('a record as a string', () => {
  it.each([
    [{}, ['n:s:7', `{"_airbyte_ab_id":7,"_airbyte_emitted_at":5,"_airbyte_data":${RECORD}}`]],
    [{ data_format: 'json' }, ['n:s:7', RECORD]],
    [{ data_format: 'json', fields: ['x', 'no'] }, ['n:s:7', '{"x":1.0}']],
    [{ data_format: 'json', root_field: 's' }, ['n:s:7', '"€😀"']],
    [{ data_format: 'raw', value_field: 's' }, ['n:s:7', '€😀']],
    [{ data_format: 'raw', value_field: 'id', key_template: '${s}' }, ['€😀', '12345678901234567890']],
    [{ data_format: 'json', key_prefix: 'p:', key_template: '${x}' }, ['p:1.0', RECORD]],
  ] as [RecordOptions, string[]][])('is one SET: %j', (options, args) => {
    expect(commandFor({ ...STRING, ...options }, RECORD)).toEqual(['SET', ...args])
  })

  it('is the same bytes that Redis reads', () => {
    const { bytes } = encodeRecords(BY_KEY, ['{"id":"ü"}'])
    expect(bytes.toString()).toBe('*3\r\n$3\r\nSET\r\n$4\r\nk:ü\r\n$11\r\n{"id":"ü"}\r\n')
  })

  it('may be an empty string', () => {
    const options = { ...STRING, data_format: 'raw', value_field: 's' } as const
    expect(commandFor(options, '{"s":""}')).toEqual(['SET', 'n:s:7', ''])
  })
})

describe('when a string ends, and whether it is written,', () => {
  it.each([
    [{ ttl_seconds: 60 }, ['PX', '60000']],
    [{ expire_at_field: 'at' }, ['PXAT', '1700000000000']],
    [{ expire_at_field: 'no' }, []],
    [{ write_condition: 'if_absent' }, ['NX']],
    [{ write_condition: 'if_exists' }, ['XX']],
    [{ write_condition: 'always' }, []],
    [{ write_condition: 'if_absent', ttl_seconds: 1 }, ['PX', '1000', 'NX']],
    [{ write_condition: 'if_exists', expire_at_field: 'at' }, ['PXAT', '1700000000000', 'XX']],
    [{ write_condition: 'if_exists', expire_at_field: 'no' }, ['XX']],
  ] as [RecordOptions, string[]][])('is part of the command: %j', (options, end) => {
    const record = '{"id":1,"at":"2023-11-14T22:13:20Z"}'
    expect(commandFor({ ...BY_KEY, ...options }, record)).toEqual(['SET', 'k:1', record, ...end])
  })

  it('may be another time for each record', () => {
    const options = { ...BY_KEY, ttl_seconds: 10, ttl_jitter_percent: 50 }
    const records = ['{"id":1}', '{"id":1}', '{"id":1}']
    const ends = commandsFor(options, records, { spread: (record) => record / 2 }).map((words) =>
      words.at(-1),
    )
    expect(ends).toEqual(['5000', '10000', '15000'])
  })
})

describe('records as strings, one after the other', () => {
  it('are one command each, in the order they came', () => {
    const data = ['{"id":1,"v":1}', '{"id":2}', '{"id":1,"v":2}']
    const { commands, records } = encodeRecords(BY_KEY, data)
    expect(commands).toEqual([
      ['SET', 'k:1', data[0]],
      ['SET', 'k:2', data[1]],
      ['SET', 'k:1', data[2]],
    ])
    expect(records).toEqual([[0], [1], [2]])
  })

  it('are not harmed by those that are refused', () => {
    const options = { ...BY_KEY, data_format: 'raw', value_field: 'v', expire_at_field: 'ends' } as const
    const data = [
      '{"id":1,"v":"a"}',
      '{"id":null,"v":"SECRET"}',
      '{"id":2,"v":null}',
      '{"id":3,"v":"b","ends":"SECRET"}',
      '{"id":1,"v":"c"}',
    ]
    const { commands, records, refusals } = encodeRecords(options, data)
    expect(commands).toEqual([
      ['SET', 'k:1', 'a'],
      ['SET', 'k:1', 'c'],
    ])
    expect(records).toEqual([[0], [4]])
    expect(refusals).toEqual([
      undefined,
      'template-column-null key_template id',
      'value-null value_field v',
      'expiry-not-a-time expire_at_field ends',
      undefined,
    ])
  })

  it('have their key judged before their value', () => {
    const options = { ...BY_KEY, data_format: 'raw', value_field: 'v' } as const
    expect(refusalOf(options, '{}')).toBe('template-column-missing key_template id')
  })
})

describe('the layout of strings', () => {
  it.each([
    [{}, { isConditional: false, usesIds: true, usesColumns: false }],
    [{ data_format: 'json' }, { usesIds: true, usesColumns: false }],
    [
      { data_format: 'json', key_template: 'k' },
      { usesIds: false, usesColumns: false },
    ],
    [
      { data_format: 'json', key_template: '${a}' },
      { usesIds: false, usesColumns: true },
    ],
    [{ expire_at_field: 'a' }, { usesIds: true, usesColumns: true }],
    [{ write_condition: 'if_absent' }, { isConditional: true }],
    [{ write_condition: 'if_exists' }, { isConditional: true }],
  ] as [RecordOptions, object][])('says what it needs: %j', (options, expected) => {
    const layout = layoutWith({ ...STRING, ...options })
    expect(layout).toMatchObject({ deliveryMode: 'pipeline', ...expected })
    expect(layout.scripts).toEqual(options.expire_at_field === undefined ? [] : [SET_SCRIPT])
  })
})
