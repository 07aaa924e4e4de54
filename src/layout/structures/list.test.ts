import { describe, expect, it } from 'vitest'
import { LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { commandFor, commandsFor, encodeRecords, layoutWith } from '../registry/encode-records.support.ts'

const LIST = { cache_type: 'list', data_format: 'json' } as const
const THREE = ['{"n":1}', '{"n":2}', '{"n":3}']

describe('a record in a list', () => {
  it.each([
    [
      { data_format: 'airbyte' },
      '{"_airbyte_ab_id":7,"_airbyte_emitted_at":5,"_airbyte_data":{"n":1.0,"s":"€"}}',
    ],
    [{}, '{"n":1.0,"s":"€"}'],
    [{ fields: [{ from: 'n', to: 'm' }] }, '{"m":1.0}'],
    [{ root_field: 's' }, '"€"'],
    [{ data_format: 'raw', value_field: 's' }, '€'],
    [{ member: '${s}=${n}' }, '€=1.0'],
  ] as [RecordOptions, string][])('is the text that is asked for: %j', (options, element) => {
    expect(commandFor({ ...LIST, ...options }, '{"n":1.0, "s":"€"}')).toEqual(['RPUSH', 'n:s', element])
  })

  it.each([
    [{}, ['RPUSH']],
    [{ list_operation: 'append' }, ['RPUSH']],
    [{ list_operation: 'prepend' }, ['LPUSH']],
    [{ write_condition: 'if_exists' }, ['RPUSHX']],
    [{ write_condition: 'if_exists', list_operation: 'prepend' }, ['LPUSHX']],
    [{ max_length: 2 }, ['RPUSH', ['LTRIM', 'n:s', '-2', '-1']]],
    [{ max_length: 1 }, ['RPUSH', ['LTRIM', 'n:s', '-1', '-1']]],
    [{ max_length: 2, list_operation: 'prepend' }, ['LPUSH', ['LTRIM', 'n:s', '0', '1']]],
    [{ max_length: 1, list_operation: 'prepend' }, ['LPUSH', ['LTRIM', 'n:s', '0', '0']]],
    [{ max_length: 4294967295 }, ['RPUSH', ['LTRIM', 'n:s', '-4294967295', '-1']]],
    [{ ttl_seconds: 60 }, ['RPUSH', lifetime('n:s', '60000')]],
    [
      { max_length: 9, ttl_seconds: 1, write_condition: 'if_exists' },
      ['RPUSHX', ['LTRIM', 'n:s', '-9', '-1'], lifetime('n:s', '1000')],
    ],
  ] as [RecordOptions, [string, ...string[][]]][])(
    'is put in with those that follow it, in order, at the end that is asked for: %j',
    (options, [push, ...afterwards]) => {
      const { commands, records } = encodeRecords({ ...LIST, ...options }, THREE)
      expect(commands).toEqual([[push, 'n:s', ...THREE], ...afterwards])
      expect(records).toEqual([[0, 1, 2], ...afterwards.map(() => [])])
    },
  )

  it('is there as often as it came', () => {
    expect(commandsFor(LIST, ['{}', '{}'])).toEqual([['RPUSH', 'n:s', '{}', '{}']])
  })

  it('has the list trimmed that it went to', () => {
    const options = { ...LIST, member: '${m}', key_template: 'k:${k}', max_length: 5 } as const
    expect(commandsFor(options, ['{"k":1,"m":"a"}', '{"k":2,"m":"b"}'])).toEqual([
      ['RPUSH', 'k:1', 'a'],
      ['LTRIM', 'k:1', '-5', '-1'],
      ['RPUSH', 'k:2', 'b'],
      ['LTRIM', 'k:2', '-5', '-1'],
    ])
  })

  it('may be refused without harm to the others', () => {
    const options = { ...LIST, member: '${m}' } as const
    const { commands, refusals } = encodeRecords(options, ['{"m":1}', '{"m":null,"x":"SECRET"}', '{"m":3}'])
    expect(commands).toEqual([['RPUSH', 'n:s', '1', '3']])
    expect(refusals[1]).toBe('template-column-null member m')
  })
})

describe('the layout of lists', () => {
  it.each([
    [{}, { isConditional: false, usesIds: false, usesColumns: false }],
    [{ data_format: 'airbyte' }, { usesIds: true, usesColumns: false }],
    [{ key_template: '${a}' }, { usesIds: false, usesColumns: true }],
    [{ ttl_seconds: 60, max_length: 1 }, { isConditional: false }],
    [{ write_condition: 'if_exists' }, { isConditional: true }],
  ] as [RecordOptions, object][])(
    'says what it needs, and that nothing may be sent twice: %j',
    (options, expected) => {
      expect(layoutWith({ ...LIST, ...options })).toMatchObject({ deliveryMode: 'exactly_once', ...expected })
    },
  )
})

function lifetime(key: string, milliseconds: string): string[] {
  return ['EVAL', LIFETIME_SCRIPT, '1', key, milliseconds, 'list']
}
