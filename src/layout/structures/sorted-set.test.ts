import { describe, expect, it } from 'vitest'
import { CONDITIONAL_LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import {
  commandFor,
  commandsFor,
  encodeRecords,
  layoutWith,
  refusalOf,
} from '../registry/encode-records.support.ts'
import { SORTED_SET_SCRIPT } from './sorted-set.ts'

const SORTED = { cache_type: 'sorted_set', data_format: 'json' } as const
const BOARD = { ...SORTED, score_field: 'points', member: '${name}' } as const

describe('a record in a sorted set', () => {
  it.each([
    [
      { data_format: 'airbyte' },
      ['5', '{"_airbyte_ab_id":7,"_airbyte_emitted_at":5,"_airbyte_data":{"n":1.0,"s":"€"}}'],
    ],
    [{}, ['5', '{"n":1.0,"s":"€"}']],
    [{ score_field: 'n' }, ['1.0', '{"n":1.0,"s":"€"}']],
    [{ score_field: '_airbyte_emitted_at' }, ['5', '{"n":1.0,"s":"€"}']],
    [{ score_field: 'n', fields: ['s'] }, ['1.0', '{"s":"€"}']],
    [{ score_field: 'n', root_field: 's' }, ['1.0', '"€"']],
    [{ score_field: 'n', data_format: 'raw', value_field: 's' }, ['1.0', '€']],
    [{ score_field: 'n', member: '${s}=${n}' }, ['1.0', '€=1.0']],
  ] as [RecordOptions, string[]][])('is a score and the text that is asked for: %j', (options, args) => {
    expect(commandFor({ ...SORTED, ...options }, '{"n":1.0, "s":"€"}')).toEqual(['ZADD', 'n:s', ...args])
  })

  it('is put in with those that follow it into the same one', () => {
    const options = { ...BOARD, key_template: 'board:${game}' } as const
    const records = [
      '{"game":"go","name":"a","points":3}',
      '{"game":"go","name":"b","points":-1.5}',
      '{"game":"chess","name":"a","points":2}',
    ]
    expect(encodeRecords(options, records)).toMatchObject({
      commands: [
        ['ZADD', 'board:go', '3', 'a', '-1.5', 'b'],
        ['ZADD', 'board:chess', '2', 'a'],
      ],
      records: [[0, 1], [2]],
    })
  })

  it.each([
    ['always', ['ZADD', 'n:s']],
    ['if_absent', ['ZADD', 'n:s', 'NX']],
    ['if_exists', ['EVALSHA', SORTED_SET_SCRIPT.sha, '1', 'n:s', 'keep', 'XX']],
  ] as const)('is written under a condition: %s', (condition, words) => {
    const records = ['{"name":"a","points":1}', '{"name":"b","points":2}']
    const commands = commandsFor({ ...BOARD, write_condition: condition }, records)
    expect(commands).toEqual([[...words, '1', 'a', '2', 'b']])
  })

  it('renews the time to live of the whole only if it is written', () => {
    const options = { ...BOARD, ttl_seconds: 60, write_condition: 'if_absent' } as const
    expect(commandsFor(options, ['{"name":"a","points":1}'])).toEqual([
      ['EVAL', CONDITIONAL_LIFETIME_SCRIPT, '1', 'n:s', '60000', 'ZADD', 'NX', '1', 'a'],
    ])
  })
})

describe('a score', () => {
  it.each([
    '0',
    '-0',
    '0.0',
    '0e999',
    '-0.000E-999',
    '1',
    '-1.50',
    '12345678901234567890',
    '1e5',
    '1E-7',
    '1.7976931348623157e308',
    '-1e308',
    '5e-324',
    '0.1e-322',
  ])('may be %s, whose digits are kept', (points) => {
    expect(commandFor(BOARD, `{"name":"a","points":${points}}`)).toEqual(['ZADD', 'n:s', points, 'a'])
  })

  it('may be in a nested column, and is the last of its name', () => {
    const options = { ...BOARD, score_field: 'a.b' }
    expect(commandFor(options, '{"a":{"b":1},"name":"x","a":{"b":2}}')[2]).toBe('2')
    expect(commandFor(options, '{"a":{"b":1},"name":"x","a.b":3}')[2]).toBe('3')
  })

  it.each(['7.5', '-0', '007', '1E2', '12345678901234567890'])('may be a text: %s', (points) => {
    expect(commandFor(BOARD, `{"name":"x","points":"${points}"}`)).toEqual(['ZADD', 'n:s', points, 'x'])
  })

  it.each(['1700000000000', '-1', '0'])('is the time of emission where nothing is said: %s', (emittedAt) => {
    expect(commandFor(SORTED, '{}', { emittedAt })).toEqual(['ZADD', 'n:s', emittedAt, '{}'])
  })

  it('is not the time of emission where a column has its name', () => {
    expect(commandFor(SORTED, '{"_airbyte_emitted_at":9}')[2]).toBe('5')
  })

  it.each([
    ['"points":"SECRET"', 'score-not-a-number'],
    ['"points":"1 "', 'score-not-a-number'],
    ['"points":"inf"', 'score-not-a-number'],
    ['"points":"1e400"', 'score-too-large'],
    ['"points":""', 'score-not-a-number'],
    ['"points":true', 'score-not-a-number'],
    ['"points":null', 'score-not-a-number'],
    ['"points":{}', 'score-not-a-number'],
    ['"points":{"points":1}', 'score-not-a-number'],
    ['"points":[1]', 'score-not-a-number'],
    ['"other":1', 'score-missing'],
    ['"points":1,"points":null', 'score-not-a-number'],
    ['"points":1e400', 'score-too-large'],
    ['"points":-1e400', 'score-too-large'],
    ['"points":1.8e308', 'score-too-large'],
    [`"points":1${'0'.repeat(309)}`, 'score-too-large'],
    ['"points":1e-400', 'score-too-small'],
    ['"points":-1E-400', 'score-too-small'],
    ['"points":2e-324', 'score-too-small'],
    [`"points":0.${'0'.repeat(400)}1`, 'score-too-small'],
  ])('is refused from %s', (column, code) => {
    expect(refusalOf(BOARD, `{"name":"a",${column}}`)).toBe(`${code} score_field points`)
  })

  it('that is refused does no harm to the others', () => {
    const records = ['1', '1e400', '2', 'null', '3'].map((points) => `{"name":"a","points":${points}}`)
    expect(encodeRecords(BOARD, [...records, '{"points":4}'])).toMatchObject({
      commands: [['ZADD', 'n:s', '1', 'a', '2', 'a', '3', 'a']],
      records: [[0, 2, 4]],
    })
    expect(refusalOf(BOARD, '{"points":4}')).toBe('template-column-missing member name')
  })
})

describe('the layout of sorted sets', () => {
  it.each([
    [{}, { deliveryMode: 'pipeline', isConditional: false, usesIds: false, usesColumns: false }],
    [{ data_format: 'airbyte' }, { usesIds: true, usesColumns: false }],
    [{ score_field: 'a' }, { usesIds: false, usesColumns: true }],
    [{ member: '${a}' }, { usesColumns: true }],
    [{ ttl_seconds: 60 }, { deliveryMode: 'transaction' }],
    [{ write_condition: 'if_absent' }, { deliveryMode: 'pipeline', isConditional: true }],
    [
      { write_condition: 'if_exists', ttl_seconds: 1 },
      { deliveryMode: 'transaction', isConditional: true },
    ],
  ] as [RecordOptions, object][])('says what it needs: %j', (options, expected) => {
    expect(layoutWith({ ...SORTED, ...options })).toMatchObject(expected)
  })
})
