import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { parseConfig } from '../../config/parsing/parse-config.ts'
import { HASH_SCRIPT } from '../structures/hash.ts'
import { commandFor, encodeRecords, layoutWith } from './encode-records.support.ts'
import { keyTemplateOf } from './default-key-template.ts'
import { isCollection, STRUCTURES } from './structure-registry.ts'

/** With something of all that records are made of, and white space where it means nothing. */
const RECEIVED =
  String.raw`{ "id": 12345678901234567890, "x": 1.0, "s": "\u20ac\ud800 \n", "n": null, "e": {},
  "a": [1.0, {"b": " "}], "o": {"p": {"q": "€😀"}, "r": ""} }`.replace('\n', '')
const RECORD = String.raw`{"id":12345678901234567890,"x":1.0,"s":"\u20ac\ud800 \n","n":null,"e":{},"a":[1.0,{"b":" "}],"o":{"p":{"q":"€😀"},"r":""}}`

const AIRBYTE = ['_airbyte_ab_id', '7', '_airbyte_emitted_at', '5', '_airbyte_data', RECORD]
const AIRBYTE_JSON = `{"_airbyte_ab_id":7,"_airbyte_emitted_at":5,"_airbyte_data":${RECORD}}`
const FLAT = Object.entries({
  id: '12345678901234567890',
  x: '1.0',
  s: '€\ufffd \n',
  a: '[1.0,{"b":" "}]',
  'o.p.q': '€😀',
  'o.r': '',
}).flat()
const REPLACING = ['EVALSHA', HASH_SCRIPT.sha, '1']
const BY_ID = 'n:s:7'
const BY_PRIMARY_KEY = 'n:s:12345678901234567890'
const ALL = 'n:s'
const RAW = { data_format: 'raw', value_field: 's' } as const
const TEXT = '€\ufffd \n'

describe('each structure, in each of its formats', () => {
  it.each([
    [{}, ['HMSET', BY_ID, ...AIRBYTE]],
    [{ data_format: 'flat' }, [...REPLACING, BY_PRIMARY_KEY, 'replace always', 'keep', ...FLAT]],
    [{ data_format: 'flat', on_update: 'merge' }, ['HMSET', BY_PRIMARY_KEY, ...FLAT]],
    [{ hash_field: '${x}' }, ['HMSET', ALL, '1.0', RECORD]],
    [{ hash_field: '${x}', data_format: 'json' }, ['HMSET', ALL, '1.0', RECORD]],
    [{ hash_field: '${x}', ...RAW }, ['HMSET', ALL, '1.0', TEXT]],
    [{ cache_type: 'string' }, ['SET', BY_ID, AIRBYTE_JSON]],
    [{ cache_type: 'string', data_format: 'json' }, ['SET', BY_PRIMARY_KEY, RECORD]],
    [{ cache_type: 'string', ...RAW }, ['SET', BY_PRIMARY_KEY, TEXT]],
    [{ cache_type: 'list' }, ['RPUSH', ALL, AIRBYTE_JSON]],
    [{ cache_type: 'list', data_format: 'json' }, ['RPUSH', ALL, RECORD]],
    [{ cache_type: 'list', ...RAW }, ['RPUSH', ALL, TEXT]],
    [{ cache_type: 'list', member: '${x}' }, ['RPUSH', ALL, '1.0']],
    [{ cache_type: 'set' }, ['SADD', ALL, AIRBYTE_JSON]],
    [{ cache_type: 'set', data_format: 'json' }, ['SADD', ALL, RECORD]],
    [{ cache_type: 'set', ...RAW }, ['SADD', ALL, TEXT]],
    [{ cache_type: 'set', member: '${x}' }, ['SADD', ALL, '1.0']],
    [{ cache_type: 'sorted_set' }, ['ZADD', ALL, '5', AIRBYTE_JSON]],
    [{ cache_type: 'sorted_set', data_format: 'json' }, ['ZADD', ALL, '5', RECORD]],
    [{ cache_type: 'sorted_set', ...RAW }, ['ZADD', ALL, '5', TEXT]],
    [
      { cache_type: 'sorted_set', member: '${x}', score_field: 'id' },
      ['ZADD', ALL, '12345678901234567890', '1.0'],
    ],
    [{ cache_type: 'stream' }, ['XADD', ALL, '*', ...AIRBYTE]],
    [{ cache_type: 'stream', data_format: 'flat' }, ['XADD', ALL, '*', ...FLAT]],
  ] as [RecordOptions, string[]][])('%j has a command of its own', (options, command) => {
    const context = { primaryKey: [['id']] }
    expect(commandFor(options, RECEIVED, context)).toEqual(command)
    const [, key] = commandFor({ ...options, key_prefix: 'p:', key_template: 'k:${x}' }, RECEIVED).filter(
      (word) => !REPLACING.slice(1).includes(word),
    )
    expect(key).toBe('p:k:1.0')
  })

  it.each(['hash', 'string', 'list', 'set', 'sorted_set', 'stream'] as const)(
    '%s takes no more room than it says',
    (cacheType) => {
      const options = { cache_type: cacheType }
      const emittedAt = '1700000000000'
      const { bytes } = encodeRecords(options, ['{}', '{}'], { emittedAt, id: 1_000_000 })
      const { overhead } = layoutWith(options)
      expect(bytes.length).toBeLessThanOrEqual(2 * (overhead + '{}'.length + emittedAt.length))
    },
  )
})

describe('the key, where no template is given', () => {
  const base = '${_airbyte_namespace}:${_airbyte_stream}'
  const byId = `${base}:\${_airbyte_ab_id}`
  const byPrimaryKey = `${base}:\${_airbyte_primary_key}`

  it.each([
    [{}, byId, byId],
    [{ data_format: 'flat' }, byPrimaryKey, byId],
    [{ cache_type: 'string' }, byId, byId],
    [{ cache_type: 'string', data_format: 'json' }, byPrimaryKey, byId],
    [{ cache_type: 'string', ...RAW }, byPrimaryKey, byId],
    [{ hash_field: '${a}' }, base, base],
    [{ hash_field: '${a}', ...RAW }, base, base],
    [{ cache_type: 'list' }, base, base],
    [{ cache_type: 'list', data_format: 'json' }, base, base],
    [{ cache_type: 'set' }, base, base],
    [{ cache_type: 'sorted_set' }, base, base],
    [{ cache_type: 'stream' }, base, base],
    [{ cache_type: 'stream', data_format: 'flat' }, base, base],
    [{ key_template: 'k:${a}' }, 'k:${a}', 'k:${a}'],
    [{ cache_type: 'list', key_template: 'k', key_prefix: 'p:' }, 'k', 'k'],
  ] as [RecordOptions, string, string][])(
    'of %j is by what the stream is: %s with a primary key, %s without',
    (options, withPrimaryKey, without) => {
      const settings = settingsOf(options)
      const names = { name: 's', namespace: 'n', primaryKey: [] }
      expect(keyTemplateOf(settings, { ...names, primaryKey: [['a']] })).toBe(withPrimaryKey)
      expect(keyTemplateOf(settings, names)).toBe(without)
    },
  )

  it.each([
    [{}, false],
    [{ cache_type: 'string' }, false],
    [{ hash_field: '${a}' }, true],
    [{ cache_type: 'list' }, true],
    [{ cache_type: 'set' }, true],
    [{ cache_type: 'sorted_set' }, true],
    [{ cache_type: 'stream' }, true],
  ] as [RecordOptions, boolean][])('of %j may stand for many records: %s', (options, expected) => {
    expect(isCollection(settingsOf(options))).toBe(expected)
  })
})

function settingsOf(options: RecordOptions) {
  return parseConfig(JSON.stringify({ host: 'h', allow_constant_key: true, ...options }), {}, STRUCTURES)
    .config.records
}
