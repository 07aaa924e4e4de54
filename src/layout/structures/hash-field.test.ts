import { describe, expect, it } from 'vitest'
import { CONDITIONAL_LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { FIELD_SCRIPT } from './hash-field.ts'
import { commandFor, commandsFor, encodeRecords, layoutWith } from '../registry/encode-records.support.ts'

const STOCK = { hash_field: '${sku}' } as const
const BY_PLACE = { ...STOCK, key_template: 'stock:${place}' } as const

describe('a record as one field of a hash', () => {
  it.each([
    [{}, ['n:s', 'a:1', '{"sku":"a:1","n":1.0,"x":{"y":"€"}}']],
    [{ data_format: 'json', fields: ['n'] }, ['n:s', 'a:1', '{"n":1.0}']],
    [{ root_field: 'x' }, ['n:s', 'a:1', '{"y":"€"}']],
    [{ data_format: 'raw', value_field: 'n' }, ['n:s', 'a:1', '1.0']],
    [{ data_format: 'raw', root_field: 'x', value_field: 'y' }, ['n:s', 'a:1', '€']],
    [{ key_template: 'k', key_prefix: 'p:' }, ['p:k', 'a:1', '{"sku":"a:1","n":1.0,"x":{"y":"€"}}']],
    [
      {
        hash_field: '${_airbyte_ab_id}/${x.y}/${_airbyte_primary_key}',
        data_format: 'raw',
        value_field: 'n',
      },
      ['n:s', '7/€/a%3A1:1', '1.0'],
    ],
  ] as [RecordOptions, string[]][])('has the name and value that are asked for: %j', (options, args) => {
    const command = commandFor({ ...STOCK, ...options }, '{ "sku":"a:1", "n":1.0, "x":{"y":"€"} }', {
      primaryKey: [['sku'], ['n']],
    })
    expect(command).toEqual(['HMSET', ...args])
  })

  it('goes into one command with those that follow it into the same hash', () => {
    const records = [
      '{"place":"b","sku":1}',
      '{"place":"b","sku":2}',
      '{"place":"m","sku":1}',
      '{"place":"b","sku":1}',
    ]
    expect(encodeRecords(BY_PLACE, records)).toMatchObject({
      commands: [
        ['HMSET', 'stock:b', '1', records[0], '2', records[1]],
        ['HMSET', 'stock:m', '1', records[2]],
        ['HMSET', 'stock:b', '1', records[3]],
      ],
      records: [[0, 1], [2], [3]],
    })
  })

  it('keeps its place where it comes again: the later is written later', () => {
    const records = ['{"sku":1,"n":1}', '{"sku":2}', '{"sku":1,"n":2}']
    const [command] = commandsFor(STOCK, records)
    expect(command?.slice(2)).toEqual(['1', records[0], '2', records[1], '1', records[2]])
  })

  it('is refused without a name, or without a value, and the others are not', () => {
    const options = { ...STOCK, data_format: 'raw', value_field: 'v' } as const
    const records = ['1,"v":"a"', '"","v":"SECRET"', '{},"v":1', '3,"v":null', '4,"w":"SECRET"', '5,"v":""']
    const encoded = encodeRecords(
      options,
      records.map((rest) => `{"sku":${rest}}`),
    )
    expect(encoded).toMatchObject({ commands: [['HMSET', 'n:s', '1', 'a', '5', '']], records: [[0, 5]] })
    expect(encoded.refusals).toEqual([
      undefined,
      'template-column-empty hash_field sku',
      'template-column-object hash_field sku',
      'value-null value_field v',
      'value-missing value_field v',
      undefined,
    ])
  })
})

describe('a field under a condition', () => {
  it.each([
    ['if_absent', ['HSETNX', 'n:s']],
    ['if_exists', ['EVALSHA', FIELD_SCRIPT.sha, '1', 'n:s', 'keep']],
  ] as const)('is a command by itself, so that each says whether it was written: %s', (condition, begin) => {
    const records = ['{"sku":1}', '{"sku":2}', '{"sku":1}']
    const { commands, records: written } = encodeRecords({ ...STOCK, write_condition: condition }, records)
    expect(commands).toEqual([
      [...begin, '1', records[0]],
      [...begin, '2', records[1]],
      [...begin, '1', records[2]],
    ])
    expect(written).toEqual([[0], [1], [2]])
  })

  it('renews the time to live of its hash only if it is written', () => {
    const options = { ...STOCK, write_condition: 'if_absent', ttl_seconds: 60 } as const
    expect(commandsFor(options, ['{"sku":1}', '{"sku":2}'])).toEqual([
      ['EVAL', CONDITIONAL_LIFETIME_SCRIPT, '1', 'n:s', '60000', 'HSETNX', '1', '{"sku":1}'],
      ['EVAL', CONDITIONAL_LIFETIME_SCRIPT, '1', 'n:s', '60000', 'HSETNX', '2', '{"sku":2}'],
    ])
  })
})

describe('the layout of fields', () => {
  it.each([
    [
      {},
      {
        deliveryMode: 'pipeline',
        isConditional: false,
        scripts: [],
        usesIds: false,
        usesColumns: true,
      },
    ],
    [{ hash_field: '${_airbyte_ab_id}' }, { usesIds: true, usesColumns: false }],
    [
      { hash_field: 'f', data_format: 'raw', value_field: 'v' },
      { usesIds: false, usesColumns: true },
    ],
    [
      { hash_field: 'f', key_template: '${a}' },
      { usesIds: false, usesColumns: true },
    ],
    [{ ttl_seconds: 60 }, { deliveryMode: 'transaction', isConditional: false }],
    [{ write_condition: 'if_absent' }, { deliveryMode: 'pipeline', isConditional: true, scripts: [] }],
    [
      { write_condition: 'if_exists' },
      { deliveryMode: 'pipeline', isConditional: true, scripts: [FIELD_SCRIPT] },
    ],
  ] as [RecordOptions, object][])('says what it needs: %j', (options, expected) => {
    expect(layoutWith({ ...STOCK, ...options })).toMatchObject(expected)
  })
})
