import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { HASH_SCRIPT } from './hash.ts'
import { commandFor, commandsFor, encodeRecords, layoutWith } from '../registry/encode-records.support.ts'

const FLAT = { data_format: 'flat', key_template: 'k:${id}' } as const
const BEGIN = ['EVALSHA', HASH_SCRIPT.sha, '1']
const THREE_FIELDS = ['_airbyte_ab_id', '7', '_airbyte_emitted_at', '5', '_airbyte_data', '{"id":1}']

describe('a record as a hash', () => {
  it('is one HMSET with three fields under the key of its id', () => {
    const { bytes } = encodeRecords({}, ['{"id":1}'], { namespace: 'public', name: 'users', id: 1 })
    expect(bytes.toString()).toBe(
      '*8\r\n$5\r\nHMSET\r\n$14\r\npublic:users:1\r\n' +
        '$14\r\n_airbyte_ab_id\r\n$1\r\n1\r\n' +
        '$19\r\n_airbyte_emitted_at\r\n$1\r\n5\r\n' +
        '$13\r\n_airbyte_data\r\n$8\r\n{"id":1}\r\n',
    )
  })

  it.each([':users', 'crm:public:users', 'ü:€😀', 'a b:*?[x]', ':', 'line\r\nend:$5'])(
    'has its key as it is, sizes counted in bytes: %j',
    (name) => {
      const command = commandFor({}, '{"s":"ü€😀"}', { name })
      expect(command.slice(0, 2)).toEqual(['HMSET', `n:${name}:7`])
      expect(command.at(-1)).toBe('{"s":"ü€😀"}')
    },
  )

  it('has the fields that are chosen of it', () => {
    expect(commandFor({ ...FLAT, on_update: 'merge' }, '{"id":1.0,"a":{"b":"€"},"n":null}')).toEqual([
      'HMSET',
      'k:1.0',
      'id',
      '1.0',
      'a.b',
      '€',
    ])
  })
})

describe('a hash that is written in more than one step', () => {
  const ttl = { ttl_seconds: 60 }

  it.each([
    [{ ...FLAT }, ['replace always', 'keep', 'id', '1']],
    [{ ...FLAT, write_condition: 'if_exists' }, ['replace if_exists', 'keep', 'id', '1']],
    [{ ...FLAT, ...ttl }, ['replace always', 'after 60000', 'id', '1']],
    [{ ...FLAT, expire_at_field: 'id' }, ['replace always', 'at 1000', 'id', '1']],
    [{ ...FLAT, expire_at_field: 'no' }, ['replace always', 'never', 'id', '1']],
    [{ ...FLAT, on_update: 'merge', ...ttl }, ['merge always', 'after 60000', 'id', '1']],
    [{ ...FLAT, on_update: 'merge', write_condition: 'if_exists' }, ['merge if_exists', 'keep', 'id', '1']],
    [
      { ...FLAT, on_update: 'merge', write_condition: 'if_absent', ...ttl },
      ['merge if_absent', 'after 60000', 'id', '1'],
    ],
    [{ ...ttl }, ['merge always', 'after 60000', ...THREE_FIELDS]],
    [{ write_condition: 'if_absent' }, ['merge if_absent', 'keep', ...THREE_FIELDS]],
    [{ expire_at_field: 'id' }, ['merge always', 'at 1000', ...THREE_FIELDS]],
    [{ expire_at_field: 'no' }, ['merge always', 'never', ...THREE_FIELDS]],
  ] as [RecordOptions, string[]][])('is written by one script: %j', (options, args) => {
    const key = options.key_template === undefined ? 'n:s:7' : 'k:1'
    expect(commandFor(options, '{"id":1}')).toEqual([...BEGIN, key, ...args])
    expect(layoutWith(options).scripts).toEqual([HASH_SCRIPT])
  })

  it('tells the script of a column what it told of the one before only if it is so', () => {
    const records = ['5', 'null', '"1970-01-01T00:00:00.009Z"'].map((ends) => `{"ends":${ends}}`)
    const told = commandsFor({ expire_at_field: 'ends' }, records).map((command) => command[5])
    expect(told).toEqual(['at 5000', 'never', 'at 9'])
  })

  it('has another time to live for each record, where that is spread', () => {
    const options = { ...ttl, ttl_jitter_percent: 10 }
    const told = commandsFor(options, ['{}', '{}', '{}'], { spread: (record) => record / 2 })
    expect(told.map((command) => command[5])).toEqual(['after 54000', 'after 60000', 'after 66000'])
  })

  it('is one without fields where a record has no column, which removes what was there', () => {
    const options = { data_format: 'flat' } as const
    expect(commandFor(options, '{"a":null,"b":{}}')).toEqual([...BEGIN, 'n:s:7', 'replace always', 'keep'])
  })
})

describe('a record without a column', () => {
  it('leaves a hash that is merged as it is', () => {
    const merge = { data_format: 'flat', on_update: 'merge' } as const
    const { commands, records, refusals } = encodeRecords(merge, ['{}', '{"a":1}', '{"a":null}', '{"a":2}'])
    expect(commands).toEqual([
      ['HMSET', 'n:s:8', 'a', '1'],
      ['HMSET', 'n:s:10', 'a', '2'],
    ])
    expect(records).toEqual([[1], [3]])
    expect(refusals.filter(Boolean)).toEqual([])
  })
})

describe('records as hashes, one after the other', () => {
  it('are one command each, across the points where their ids become longer and the buffer larger', () => {
    const data = Array.from({ length: 1_010 }, (_, index) => `{"n":${index}}`)
    const { commands, records } = encodeRecords({}, data, { id: 95 })
    const fields = data.map((text, index) => {
      const id = String(95 + index)
      return [`n:s:${id}`, '_airbyte_ab_id', id, '_airbyte_emitted_at', '5', '_airbyte_data', text]
    })
    expect(commands).toEqual(fields.map((args) => ['HMSET', ...args]))
    expect(records).toEqual(data.map((_, index) => [index]))
  })

  it('stay in the order they came, with the same key, too', () => {
    const records = ['{"id":1,"a":1}', '{"id":2,"a":2}', '{"id":1,"a":3}', '{"id":1,"b":4}']
    const commands = commandsFor({ ...FLAT, on_update: 'merge' }, records)
    expect(commands.map(([, key, , , ...rest]) => [key, ...rest])).toEqual([
      ['k:1', 'a', '1'],
      ['k:2', 'a', '2'],
      ['k:1', 'a', '3'],
      ['k:1', 'b', '4'],
    ])
  })

  it('are not harmed by one that is refused', () => {
    const options = { ...FLAT, expire_at_field: 'ends' }
    const data = ['{"id":1}', '{"id":2,"ends":"SECRET"}', '{"ends":5}', '{"id":1,"ends":5}']
    const { commands, records, refusals } = encodeRecords(options, data)
    expect(commands.map((command) => command.slice(3))).toEqual([
      ['k:1', 'replace always', 'never', 'id', '1'],
      ['k:1', 'replace always', 'at 5000', 'id', '1', 'ends', '5'],
    ])
    expect(records).toEqual([[0], [3]])
    expect(refusals).toEqual([
      undefined,
      'expiry-not-a-time expire_at_field ends',
      'template-column-missing key_template id',
      undefined,
    ])
  })

  it('are refused for a root that has no columns', () => {
    const options = { data_format: 'flat', root_field: 'a', key_template: 'k:${id}' } as const
    const { commands, refusals } = encodeRecords(options, ['{"id":1,"a":[]}', '{"id":2,"a":{"b":3}}'])
    expect(commands.map((command) => command.slice(3))).toEqual([['k:2', 'replace always', 'keep', 'b', '3']])
    expect(refusals[0]).toBe('root-not-an-object root_field')
  })
})

describe('the layout of hashes', () => {
  it.each([
    [{}, { isConditional: false, scripts: [], usesIds: true, usesColumns: false }],
    [{ key_template: '${a}' }, { usesIds: true, usesColumns: true }],
    [{ expire_at_field: 'a' }, { usesIds: true, usesColumns: true }],
    [
      { ...FLAT, on_update: 'merge' },
      { isConditional: false, scripts: [], usesIds: false },
    ],
    [
      { ...FLAT, write_condition: 'if_exists' },
      { isConditional: true, usesColumns: true },
    ],
  ] as [RecordOptions, object][])('says what it needs: %j', (options, expected) => {
    expect(layoutWith(options)).toMatchObject({ deliveryMode: 'pipeline', ...expected })
  })
})
