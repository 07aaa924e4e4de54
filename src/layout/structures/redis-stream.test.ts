import { describe, expect, it } from 'vitest'
import { LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { commandFor, commandsFor, encodeRecords, layoutWith } from '../registry/encode-records.support.ts'

const LOG = { cache_type: 'stream' } as const
const FLAT = { ...LOG, data_format: 'flat' } as const
const NO_COLUMN = 'entry-without-fields'

describe('a record in a Redis stream', () => {
  const record = '{"n":1.0,"a":{"b":"€","c":null}}'

  it.each([
    [{}, ['_airbyte_ab_id', '7', '_airbyte_emitted_at', '5', '_airbyte_data', record]],
    [{ fields: ['n'] }, ['_airbyte_ab_id', '7', '_airbyte_emitted_at', '5', '_airbyte_data', '{"n":1.0}']],
    [
      { root_field: 'a' },
      ['_airbyte_ab_id', '7', '_airbyte_emitted_at', '5', '_airbyte_data', '{"b":"€","c":null}'],
    ],
    [{ data_format: 'flat' }, ['n', '1.0', 'a.b', '€']],
    [{ data_format: 'flat', fields: [{ from: 'a', to: 'x' }] }, ['x.b', '€']],
    [{ data_format: 'flat', root_field: 'a' }, ['b', '€']],
  ] as [RecordOptions, string[]][])(
    'is an entry with the fields that are asked for: %j',
    (options, fields) => {
      expect(commandFor({ ...LOG, ...options }, record)).toEqual(['XADD', 'n:s', '*', ...fields])
    },
  )

  it.each([
    [{}, ['*']],
    [{ max_length: 10 }, ['MAXLEN', '~', '10', '*']],
    [{ max_length: 10, stream_trim: 'approximate' }, ['MAXLEN', '~', '10', '*']],
    [{ max_length: 10, stream_trim: 'exact' }, ['MAXLEN', '10', '*']],
    [{ write_condition: 'if_exists' }, ['NOMKSTREAM', '*']],
    [
      { max_length: 1, stream_trim: 'exact', write_condition: 'if_exists' },
      ['NOMKSTREAM', 'MAXLEN', '1', '*'],
    ],
  ] as [RecordOptions, string[]][])('is added in the way that is asked for: %j', (options, words) => {
    expect(commandFor({ ...FLAT, ...options }, '{"n":1}')).toEqual(['XADD', 'n:s', ...words, 'n', '1'])
  })

  it('is a command by itself, with the time to live renewed', () => {
    const options = { ...FLAT, key_template: 'k:${k}', ttl_seconds: 60 } as const
    const { commands, records } = encodeRecords(options, ['{"k":1,"a":2}', '{"k":1}', '{"k":2}'])
    expect(commands).toEqual([
      ['XADD', 'k:1', '*', 'k', '1', 'a', '2'],
      lifetime('k:1', '60000'),
      ['XADD', 'k:1', '*', 'k', '1'],
      lifetime('k:1', '60000'),
      ['XADD', 'k:2', '*', 'k', '2'],
      lifetime('k:2', '60000'),
    ])
    expect(records).toEqual([[0], [], [1], [], [2], []])
  })

  it('has the name of a column once, however often that comes', () => {
    expect(commandFor(FLAT, '{"a":1,"a.b":2,"a":{"b":3}}').slice(3)).toEqual(['a.b', '3'])
  })
})

describe('a record without a column', () => {
  it.each(['{}', '{"a":null}', '{"a":{},"b":{"c":null}}'])('cannot be an entry: %s', (record) => {
    const { commands, refusals } = encodeRecords(FLAT, ['{"a":1}', record, '{"a":3}'])
    expect(commands).toEqual([
      ['XADD', 'n:s', '*', 'a', '1'],
      ['XADD', 'n:s', '*', 'a', '3'],
    ])
    expect(refusals).toEqual([undefined, NO_COLUMN, undefined])
  })

  it.each([{ fields: ['b'] }, { root_field: 'b' }, { root_field: 'b', fields: ['c'] }])(
    'may be one of which nothing is chosen: %j',
    (options) => {
      const { commands, refusals } = encodeRecords({ ...FLAT, ...options }, ['{"a":"SECRET","b":{}}'])
      expect([commands, refusals]).toEqual([[], [NO_COLUMN]])
    },
  )

  it('has the three fields all the same', () => {
    expect(commandsFor(LOG, ['{}'])).toEqual([
      ['XADD', 'n:s', '*', '_airbyte_ab_id', '7', '_airbyte_emitted_at', '5', '_airbyte_data', '{}'],
    ])
  })

  it('may have something else under the root', () => {
    const { refusals } = encodeRecords({ ...FLAT, root_field: 'a' }, ['{"a":["SECRET"]}'])
    expect(refusals).toEqual(['root-not-an-object root_field'])
  })
})

describe('the layout of Redis streams', () => {
  it.each([
    [LOG, { isConditional: false, usesIds: true, usesColumns: false }],
    [FLAT, { isConditional: false, usesIds: false, usesColumns: true }],
    [
      { ...LOG, key_template: '${a}' },
      { usesIds: true, usesColumns: true },
    ],
    [{ ...FLAT, write_condition: 'if_exists', ttl_seconds: 1 }, { isConditional: true }],
  ] as [RecordOptions, object][])(
    'says what it needs, and that nothing may be sent twice: %j',
    (options, expected) => {
      expect(layoutWith(options)).toMatchObject({ deliveryMode: 'exactly_once', ...expected })
    },
  )
})

function lifetime(key: string, milliseconds: string): string[] {
  return ['EVAL', LIFETIME_SCRIPT, '1', key, milliseconds, 'stream']
}
