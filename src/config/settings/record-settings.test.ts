import { describe, expect, it } from 'vitest'
import { parseConfig } from '../parsing/parse-config.ts'
import { settingsFor, unmatchedStreams } from './record-settings.ts'
import { readSpecification } from '../schema/specification.ts'

type Sample = [options: Record<string, unknown>, settings: object]

/** The option that is tried is the last one; the others make it fit. */
const SAMPLES: Sample[] = [
  [{ cache_type: 'string' }, { cacheType: 'string' }],
  [{ data_format: 'flat' }, { dataFormat: 'flat' }],
  [{ key_prefix: 'crm:' }, { keyPrefix: 'crm:' }],
  [{ key_template: 'user:${id}' }, { keyTemplate: 'user:${id}' }],
  [{ hash_field: '${sku}' }, { hashField: '${sku}', dataFormat: 'json' }],
  [{ cache_type: 'set', member: '${id}' }, { member: '${id}' }],
  [{ cache_type: 'sorted_set', score_field: 'a.b' }, { scoreField: 'a.b' }],
  [{ cache_type: 'string', data_format: 'raw', value_field: 'html' }, { valueField: 'html' }],
  [{ cache_type: 'list', list_operation: 'prepend' }, { listOperation: 'prepend' }],
  [{ cache_type: 'list', max_length: 7 }, { maxLength: 7 }],
  [{ cache_type: 'stream', max_length: 7, stream_trim: 'exact' }, { streamTrim: 'exact' }],
  [{ ttl_seconds: 60 }, { ttlSeconds: 60 }],
  [{ ttl_seconds: 60, ttl_jitter_percent: 5 }, { ttlJitterPercent: 5 }],
  [{ expire_at_field: 'ends' }, { expireAtField: 'ends' }],
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
  [{ record_filter: { field: 'kind', equals: 'a' } }, { recordFilter: { field: 'kind', equals: 'a' } }],
]

describe('every option of what a record becomes', () => {
  it('is tried here', () => {
    const { properties } = readSpecification().connectionSpecification as {
      properties: Record<string, { group: string }>
    }
    const names = Object.keys(properties).filter((name) => properties[name]!.group === 'records')
    expect([...SAMPLES.map(([options]) => Object.keys(options).at(-1)), 'streams']).toEqual(names)
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

  it.each([['a'], [1.5], [true], [false], [null]])('a filter may ask for %j', (equals) => {
    const { records } = parse({ record_filter: { field: 'f', equals } }).config
    expect(records.recordFilter).toEqual({ field: 'f', equals })
  })

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
    [{ key_template: '' }, 'key_template: must not be empty'],
    [{ cache_type: 'list', max_length: 0 }, 'max_length: must be at least 1'],
    [{ ttl_seconds: -1 }, 'ttl_seconds: must be at least 0'],
    [{ ttl_seconds: 1.5 }, 'ttl_seconds: must be a whole number, without quotes'],
    [{ ttl_seconds: 1, ttl_jitter_percent: 101 }, 'ttl_jitter_percent: must be at most 100'],
    [{ write_condition: 'never' }, 'write_condition: must be one of always, if_exists, if_absent'],
    [{ fields: 'a' }, 'fields: must be a list'],
    [{ fields: ['a', 7] }, 'fields[1]: must be a text, or an object'],
    [{ fields: [''] }, 'fields[0]: must not be empty'],
    [{ fields: [{ from: 'a' }] }, 'fields[0].to: is missing; set it'],
    [
      { fields: ['a', { from: 'b', to: 'a' }] },
      'fields: two of them are named a; give each a name of its own',
    ],
    [
      { record_filter: { field: 'a', equals: [] } },
      'record_filter.equals: must be a text, or a number, or true or false, without quotes, or null',
    ],
    [
      { record_filter: { field: 'a' } },
      'record_filter: has no equals; give the value that records to be written have there',
    ],
    [{ record_filter: { equals: 'a' } }, 'record_filter: has no field; give the column to compare'],
    [
      { key_template: 'a:${' },
      'key_template: a ${ has no } behind it; add it, or write $${ for a literal ${',
    ],
    [{ hash_field: '${}' }, 'hash_field: ${} names no column; put its name between the braces'],
    [
      { cache_type: 'set', member: '${' },
      'member: a ${ has no } behind it; add it, or write $${ for a literal ${',
    ],
    [{ streams: {} }, 'streams: must be a list'],
    [{ streams: ['a'] }, 'streams[0]: must be an object'],
    [{ streams: [null] }, 'streams[0]: must be an object'],
    [{ streams: [{}] }, 'streams[0].stream: is missing; set it'],
    [{ streams: [{ stream: '' }] }, 'streams[0] ().stream: must not be empty'],
    [{ streams: [{ stream: 7 }] }, 'streams[0].stream: must be a text'],
    [
      { streams: [{ stream: 'a' }, { stream: 'b', ttl_seconds: 'x' }] },
      'streams[1] (b).ttl_seconds: must be a whole number, without quotes',
    ],
    [
      { streams: [{ stream: 'b', fields: [{ from: 'c' }] }] },
      'streams[0] (b).fields[0].to: is missing; set it',
    ],
  ])('that cannot be read: %j', (options, problem) => {
    expect(() => parse(options)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ sentence: `${problem}.` })] }),
    )
  })
})

const OVERWRITES =
  'every record of a stream gets the same key and overwrites the one before; name a column to keep them apart'
const FOREIGN =
  'keys begin with record data, and may be those of another application; put a text in front, or give a key_prefix'
const UNKNOWN = 'this option does not exist and is ignored; check its spelling'

describe('a warning is given', () => {
  it.each<[object, string[]]>([
    [{ key_template: 'weather' }, [`key_template: ${OVERWRITES}`]],
    [{ key_template: 'weather:$${id}' }, [`key_template: ${OVERWRITES}`]],
    [{ key_template: '${_airbyte_namespace}:${_airbyte_stream}' }, [`key_template: ${OVERWRITES}`]],
    [{ cache_type: 'string', key_template: 'weather' }, [`key_template: ${OVERWRITES}`]],
    [{ cache_type: 'list', key_template: 'weather' }, []],
    [{ cache_type: 'hash', hash_field: '${id}', key_template: 'weather' }, []],
    [{ key_template: 'a:${_airbyte_ab_id}' }, []],
    [{ key_template: 'a:${_airbyte_primary_key}' }, []],
    [{ key_template: '${id}' }, [`key_template: ${FOREIGN}`]],
    [{ key_template: '${_airbyte_primary_key}' }, [`key_template: ${FOREIGN}`]],
    [{ cache_type: 'list', key_template: '${id}' }, [`key_template: ${FOREIGN}`]],
    [{ key_template: '${id}', key_prefix: 'a:' }, []],
    [{ key_template: '{${id}}' }, []],
    [{ cach_type: 'list' }, [`cach_type: ${UNKNOWN}`]],
    [
      {
        streams: [
          { stream: 'a', cach_type: 'list' },
          { stream: 'b', host: 'h', ssl: true },
        ],
      },
      [`streams[0].cach_type: ${UNKNOWN}`, `streams[1].host: ${UNKNOWN}`, `streams[1].ssl: ${UNKNOWN}`],
    ],
    [
      { fields: [{ from: 'a', to: 'b', as: 'c' }], record_filter: { field: 'a', equals: 1, not: 2 } },
      [`fields[0].as: ${UNKNOWN}`, `record_filter.not: ${UNKNOWN}`],
    ],
    [{ streams: [{ stream: 'a', key_template: 'weather' }] }, [`streams[0] (a).key_template: ${OVERWRITES}`]],
    [
      { key_template: 'weather', streams: [{ stream: 'a', ttl_seconds: 1 }] },
      [`key_template: ${OVERWRITES}`],
    ],
    [
      { cache_type: 'list', key_template: 'weather', streams: [{ stream: 'a', cache_type: 'string' }] },
      [`streams[0] (a).key_template: ${OVERWRITES}`],
    ],
    [
      { key_template: '${id}', key_prefix: 'a:', streams: [{ stream: 'a', key_prefix: '' }] },
      [`streams[0] (a).key_template: ${FOREIGN}`],
    ],
  ])('for %j', (options, warnings) => {
    expect(parse(options).warnings.map(({ sentence }) => sentence)).toEqual(
      warnings.map((text) => `${text}.`),
    )
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

function parse(options: object): ReturnType<typeof parseConfig> {
  return parseConfig(JSON.stringify({ host: 'h', ...options }), {})
}
