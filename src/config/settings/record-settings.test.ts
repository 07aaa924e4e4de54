import { describe, expect, it } from 'vitest'
import type { Problem } from '../../errors.ts'
import { parseConfig } from '../parsing/parse-config.ts'
import { STRUCTURES } from '../../layout/registry/structure-registry.ts'
import {
  parse as parseRaw,
  problemsOf,
  recordOptionNames,
  summaryOf,
  warningsOf,
} from '../parsing/parsed.support.ts'
import { settingsFor, unmatchedStreams } from './record-settings.ts'

type Sample = [options: Record<string, unknown>, settings: object]

/** The option that is tried is the last one; the others make it fit. */
const SAMPLES: Sample[] = [
  [{ cache_type: 'string' }, { cacheType: 'string' }],
  [{ data_format: 'flat' }, { dataFormat: 'flat' }],
  [{ key_prefix: 'crm:' }, { keyPrefix: 'crm:' }],
  [{ key_template: 'user:${id}' }, { keyTemplate: 'user:${id}' }],
  [{ key_template: 'latest', allow_constant_key: true }, { keyTemplate: 'latest' }],
  [{ null_keys: 'allow' }, { nullKeys: 'allow' }],
  [{ hash_field: '${sku}' }, { hashField: '${sku}', dataFormat: 'json' }],
  [{ cache_type: 'set', member: '${id}' }, { member: '${id}' }],
  [{ cache_type: 'sorted_set', score_field: 'a.b' }, { scoreField: 'a.b' }],
  [{ cache_type: 'string', data_format: 'raw', value_field: 'html' }, { valueField: 'html' }],
  [{ cache_type: 'list', list_operation: 'prepend' }, { listOperation: 'prepend' }],
  [{ cache_type: 'list', max_length: 7 }, { maxLength: 7 }],
  [{ cache_type: 'stream', max_length: 7, stream_trim: 'exact' }, { streamTrim: 'exact' }],
  [{ cache_type: 'list', on_retry: 'roll_back' }, { onRetry: 'roll_back' }],
  [{ ttl_seconds: 60 }, { ttlSeconds: 60 }],
  [{ ttl_seconds: 60, ttl_jitter_percent: 5 }, { ttlJitterPercent: 5 }],
  [{ expire_at_field: 'ends' }, { expireAtField: 'ends' }],
  [{ expire_at_field: 'ends', expire_at_unit: 's' }, { expireAtUnit: 's' }],
  [{ ttl_field: 'life' }, { ttlField: 'life' }],
  [{ data_format: 'flat', on_update: 'merge' }, { onUpdate: 'merge' }],
  [{ write_condition: 'if_absent' }, { writeCondition: 'if_absent' }],
  [{ root_field: 'a.b' }, { rootField: 'a.b' }],
  [
    { fields: ['id', { from: 'full_name', to: 'name' }] },
    {
      fields: [
        { from: 'id', to: 'id' },
        { from: 'full_name', to: 'name' },
      ],
    },
  ],
  [{ data_format: 'flat', null_as: 'empty' }, { nullAs: 'empty' }],
  [{ keep_meta: true }, { keepMeta: true }],
  [{ record_filter: { field: 'kind', equals: 'a' } }, { recordFilter: { field: 'kind', equals: 'a' } }],
  [{ filtered_rows: 'keep' }, { filteredRows: 'keep' }],
  [{ allow_empty_replace: true }, { allowEmptyReplace: true }],
]

describe('every option of what a record becomes', () => {
  it('is tried here', () => {
    const tried = SAMPLES.flatMap(([options]) => Object.keys(options).at(-1)!)
    expect(tried.toSorted()).toEqual(recordOptionNames().toSorted())
  })

  it.each(SAMPLES)('has its place in what is read: %j', (options, settings) => {
    const { config, warnings } = parse(options)
    expect(config.records).toMatchObject(settings)
    expect(warnings).toEqual([])
  })

  it.each(SAMPLES)('has it for a single stream, too: %j', (options, settings) => {
    const { config, warnings } = parse({ streams: [{ stream: 'a', ...options }] })
    expect(config.streams[0]!.records).toMatchObject(settings)
    expect(config.records).toEqual(parse({}).config.records)
    expect(warnings).toEqual([])
  })

  it.each(SAMPLES)('holds for streams with an entry that does not mention it: %j', (options, settings) => {
    const { config } = parse({ ...options, streams: [{ stream: 'a' }] })
    expect(config.streams[0]!.records).toMatchObject(settings)
    expect(config.streams[0]!.records).toEqual(config.records)
  })

  it.each<[filter: object, equals: string | undefined]>([
    [{ equals: 'a' }, 'a'],
    [{ equals: 1.5 }, '1.5'],
    [{ equals: true }, 'true'],
    [{ equals: false }, 'false'],
    [{ equals: null }, undefined],
    [{ is_null: true }, undefined],
    [{ equals: null, is_null: true }, undefined],
    [{ equals: 'a', is_null: false }, 'a'],
  ])('a filter compares with text: %j', (filter, equals) => {
    const { records } = parse({ record_filter: { field: 'f', ...filter } }).config
    expect(records.recordFilter).toEqual({ field: 'f', equals })
  })

  it.each(['9007199254740993', '1e400', '0.10000000000000000001'])(
    'a filter keeps the digits of %s',
    (digits) => {
      const text = `{"host":"h","record_filter":{"field":"f","equals":${digits}}}`
      expect(parseConfig(text, {}, STRUCTURES).config.records.recordFilter?.equals).toBe(digits)
    },
  )

  it('counts as not set where it is null, or what a form leaves behind', () => {
    const unset = { fields: [], record_filter: {}, key_template: null, streams: null, member: null }
    expect(parse(unset)).toEqual(parse({}))
    const { config } = parse({
      fields: ['a'],
      streams: [{ stream: 'a', namespace: null, ...unset, streams: undefined }],
    })
    expect(config.streams).toEqual([{ stream: 'a', namespace: undefined, records: config.records }])
  })
})

describe('an option is refused', () => {
  it.each<[object, string]>([
    [{ cache_type: 'list', max_length: 0 }, 'option-too-small: max_length (1)'],
    [{ ttl_seconds: -1 }, 'option-too-small: ttl_seconds (0)'],
    [{ ttl_seconds: 1.5 }, 'option-wrong-type: ttl_seconds (integer)'],
    [{ ttl_seconds: 1, ttl_jitter_percent: 101 }, 'option-too-large: ttl_jitter_percent (100)'],
    [{ write_condition: 'never' }, 'option-not-allowed: write_condition (always, if_exists, if_absent)'],
    [{ fields: 'a' }, 'option-wrong-type: fields (array)'],
    [{ fields: ['a', 7] }, 'option-wrong-type: fields[1] (string)'],
    [{ fields: [''] }, 'option-empty: fields[0]'],
    [{ fields: [{ from: 'a' }] }, 'option-wrong-type: fields[0] (string)'],
    [{ fields: ['a -> b -> c'] }, 'field-malformed: fields (a -> b -> c)'],
    [{ fields: [' -> c'] }, 'field-malformed: fields ( -> c)'],
    [{ fields: ['a', 'b -> a'] }, 'fields-same-name: fields (a)'],
    [{ fields: ['a', { from: 'b', to: 'a' }] }, 'fields-same-name: fields (a)'],
    [{ record_filter: { field: 'a', equals: [] } }, 'option-wrong-type: record_filter.equals (string)'],
    [{ record_filter: { field: 'a' } }, 'filter-without-equals: record_filter'],
    [{ record_filter: { field: 'a', is_null: false } }, 'filter-without-equals: record_filter'],
    [{ record_filter: { field: 'a', equals: 'b', is_null: true } }, 'filter-with-both: record_filter'],
    [{ record_filter: { equals: 'a' } }, 'filter-without-field: record_filter'],
    [{ key_template: 'a:${' }, 'template-not-closed: key_template'],
    [{ hash_field: '${}' }, 'template-without-column: hash_field'],
    [{ cache_type: 'set', member: '${' }, 'template-not-closed: member'],
    [{ streams: 'a' }, 'option-wrong-type: streams (array)'],
    [{ streams: ['a'] }, 'option-wrong-type: streams[0] (object)'],
    [{ streams: [null] }, 'option-wrong-type: streams[0] (object)'],
    [{ streams: [{}] }, 'option-missing: streams[0].stream'],
    [{ streams: [{ stream: '' }] }, 'option-missing: streams[0].stream'],
    [{ streams: [{ stream: 7 }] }, 'option-wrong-type: streams[0].stream (string)'],
    [
      { streams: [{ stream: 'a' }, { stream: 'b', ttl_seconds: 'x' }] },
      'option-wrong-type: streams[1].ttl_seconds (integer)',
    ],
    [
      { streams: [{ stream: 'b', fields: [{ from: 'c' }] }] },
      'option-wrong-type: streams[0].fields[0] (string)',
    ],
  ])('that cannot be read: %j', (options, problem) => {
    expect(problemsOf({ host: 'h', ...options }).map(summaryOf)).toEqual([problem])
  })
})

const FOREIGN = 'keys-begin-with-data'
const UNKNOWN = 'option-unknown'

describe('a key without a column, where each record has a key of its own', () => {
  it.each([
    ['weather', ''],
    ['${_airbyte_namespace}:${_airbyte_stream}', ''],
    ['weather:$${id}', ' (weather:${id})'],
    ['user:{id}', ' (user:${id})'],
    ['user:{{id}}', ' (user:${id})'],
    ['user:{{ address.city }}:x', ' (user:${address.city}:x)'],
    ['user:$id', ' (user:${id})'],
    ['user:<id>', ' (user:${id})'],
    ['user:%(id)s', ' (user:${id})'],
    ['${_airbyte_stream}:{id}', ' (${_airbyte_stream}:${id})'],
  ])('is refused, and the right spelling is named: %s', (key_template, meant) => {
    const entries = [{ stream: 'a', key_template }]
    expect(problemsBeside({ host: 'h', streams: entries }).map(summaryOf)).toEqual([
      `key-template-constant: streams[0].key_template${meant}`,
    ])
    const inherited = {
      host: 'h',
      cache_type: 'list',
      key_template,
      streams: [{ stream: 'a', cache_type: 'string' }],
    }
    expect(problemsBeside(inherited).map(summaryOf)).toEqual([
      `key-template-constant: streams[0].key_template${meant}`,
    ])
    const refusal = [`key-template-constant: key_template${meant}`]
    for (const options of [{ key_template }, { key_template, cache_type: 'string' }])
      expect(problemsBeside({ host: 'h', ...options }).map(summaryOf)).toEqual(refusal)
    expect(problemsBeside({ host: 'h', key_template, allow_constant_key: true })).toEqual([])
  })
})

describe('a value of another form', () => {
  it('is answered with one that would be accepted', () => {
    const raw = { host: 'h', ssl: true, ssl_mode: 'verify-ca', deployment: 'cluster' }
    const sentences = problemsOf(raw).map(({ sentence }) => sentence)
    expect(sentences).toEqual([
      'deployment: must be an object, such as {"mode": "cluster"}.',
      'ssl_mode: must be an object, such as {"mode": "verify-ca"}.',
    ])
  })
})

describe('a warning is given', () => {
  it.each<[object, string[]]>([
    [{ key_template: 'weather', allow_constant_key: true }, []],
    [{ cache_type: 'list', key_template: 'weather' }, []],
    [{ cache_type: 'hash', hash_field: '${id}', key_template: 'weather' }, []],
    [{ key_template: 'a:${_airbyte_ab_id}' }, []],
    [{ key_template: 'a:${_airbyte_primary_key}' }, []],
    [{ key_template: '${id}' }, [`${FOREIGN}: key_template`]],
    [{ key_template: '${_airbyte_primary_key}' }, [`${FOREIGN}: key_template`]],
    [{ cache_type: 'list', key_template: '${id}' }, [`${FOREIGN}: key_template`]],
    [{ key_template: '${id}', key_prefix: 'a:' }, []],
    [{ key_template: '{${id}}' }, []],
    [{ cach_type: 'list' }, [`${UNKNOWN}: cach_type`]],
    [
      {
        streams: [
          { stream: 'a', cach_type: 'list' },
          { stream: 'b', host: 'h', ssl: true },
        ],
      },
      [`${UNKNOWN}: streams[0].cach_type`, `${UNKNOWN}: streams[1].host`, `${UNKNOWN}: streams[1].ssl`],
    ],
    [
      { fields: [{ from: 'a', to: 'b', as: 'c' }], record_filter: { field: 'a', equals: 1, not: 2 } },
      [`${UNKNOWN}: record_filter.not`],
    ],
    [{ key_template: '${id}', key_prefix: 'a:', streams: [{ stream: 'a', key_prefix: '' }] }, []],
  ])('for %j', (options, warnings) => {
    expect(warningsOf({ host: 'h', ...options })).toEqual(warnings)
  })
})

describe('a stream', () => {
  const { config } = parse({
    ttl_seconds: 1,
    streams: [
      { stream: 'orders', ttl_seconds: 2 },
      { stream: 'orders', namespace: 'crm', ttl_seconds: 3 },
      { stream: 'orders', namespace: '', ttl_seconds: 4 },
      { stream: 'people', namespace: 'crm', ttl_seconds: 5 },
    ],
  })

  it.each([
    ['crm', 'orders', 3],
    ['shop', 'orders', 2],
    ['', 'orders', 4],
    ['crm', 'people', 5],
    ['shop', 'people', 1],
    ['crm', 'Orders', 1],
  ])('has the settings of the entry that names it most exactly: %j %s', (namespace, name, ttlSeconds) => {
    expect(settingsFor(config, { name, namespace })).toMatchObject({ ttlSeconds })
  })

  it('that is in no catalog is known by its entry', () => {
    const catalog = [
      { namespace: 'crm', name: 'orders' },
      { namespace: 'shop', name: 'people' },
    ]
    const names = unmatchedStreams(config, catalog).map(({ namespace, stream }) => [namespace, stream])
    expect(names).toEqual([
      ['', 'orders'],
      ['crm', 'people'],
    ])
    expect(unmatchedStreams(config, [])).toEqual(config.streams)
  })
})

function parse(options: object): ReturnType<typeof parseRaw> {
  return parseRaw({ host: 'h', ...options })
}

/** Returns the problems but for those of `{{id}}`, which is refused wherever it stands. */
function problemsBeside(raw: object): Problem[] {
  return problemsOf(raw).filter(({ code }) => code !== 'environment-variable-unread')
}
