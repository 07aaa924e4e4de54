import { describe, expect, it } from 'vitest'
import { LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { commandFor, commandsFor, encodeRecords, layoutWith } from '../registry/encode-records.support.ts'

const SET = { cache_type: 'set', data_format: 'json' } as const

describe('a record in a set', () => {
  it.each([
    [
      { data_format: 'airbyte' },
      '{"_airbyte_ab_id":7,"_airbyte_emitted_at":5,"_airbyte_data":{"n":1.0,"s":"€"}}',
    ],
    [{}, '{"n":1.0,"s":"€"}'],
    [{ fields: ['s', 'n'] }, '{"s":"€","n":1.0}'],
    [{ root_field: 'n' }, '1.0'],
    [{ data_format: 'raw', value_field: 's' }, '€'],
    [{ member: '${s}=${n}' }, '€=1.0'],
  ] as [RecordOptions, string][])('is the text that is asked for: %j', (options, member) => {
    expect(commandFor({ ...SET, ...options }, '{"n":1.0, "s":"€"}')).toEqual(['SADD', 'n:s', member])
  })

  it('of the format airbyte is another each time, by its id', () => {
    const [command] = commandsFor({ cache_type: 'set' }, ['{}', '{}'])
    expect(new Set(command?.slice(2)).size).toBe(2)
  })

  it('is put in with those that follow it into the same set', () => {
    const options = { ...SET, member: '${m}', key_template: 'tags:${k}' } as const
    const records = ['{"k":1,"m":"a"}', '{"k":1,"m":"b"}', '{"k":2,"m":"a"}']
    expect(encodeRecords(options, records)).toMatchObject({
      commands: [
        ['SADD', 'tags:1', 'a', 'b'],
        ['SADD', 'tags:2', 'a'],
      ],
      records: [[0, 1], [2]],
    })
  })

  it('has the time to live of the set renewed', () => {
    expect(commandsFor({ ...SET, ttl_seconds: 60 }, ['{"a":1}', '{"a":2}'])).toEqual([
      ['SADD', 'n:s', '{"a":1}', '{"a":2}'],
      lifetime('n:s', '60000'),
    ])
  })

  it('may be refused without harm to the others', () => {
    const options = { ...SET, data_format: 'raw', value_field: 'm' } as const
    const { commands, refusals } = encodeRecords(options, ['{"m":1}', '{"x":"SECRET"}', '{"m":3}'])
    expect(commands).toEqual([['SADD', 'n:s', '1', '3']])
    expect(refusals[1]).toBe('value-missing value_field m')
  })
})

describe('the layout of sets', () => {
  it.each([
    [{}, { deliveryMode: 'pipeline', usesIds: false, usesColumns: false }],
    [{ data_format: 'airbyte' }, { deliveryMode: 'pipeline', usesIds: true, usesColumns: false }],
    [{ key_template: '${_airbyte_ab_id}' }, { usesIds: true, usesColumns: false }],
    [{ ttl_seconds: 60 }, { deliveryMode: 'transaction' }],
  ] as [RecordOptions, object][])('says what it needs: %j', (options, expected) => {
    expect(layoutWith({ ...SET, ...options })).toMatchObject({ isConditional: false, ...expected })
  })
})

function lifetime(key: string, milliseconds: string): string[] {
  return ['EVAL', LIFETIME_SCRIPT, '1', key, milliseconds, 'set']
}
