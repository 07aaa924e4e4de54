import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { parseConfig } from '../parsing/parse-config.ts'

describe('two options that do not go together', () => {
  it.each<[object, string[]]>([
    [
      { cache_type: 'string', data_format: 'raw' },
      ['value_field: is missing; give the column whose text data_format raw is to write.'],
    ],
    [
      { cache_type: 'string', value_field: 'v' },
      ['value_field: is for data_format raw, and this is airbyte; leave it out, or use raw.'],
    ],
    [
      { cache_type: 'hash', hash_field: '${id}', value_field: 'v' },
      ['value_field: is for data_format raw, and this is json; leave it out, or use raw.'],
    ],
    [
      { cache_type: 'string', data_format: 'raw', value_field: 'v', fields: ['a'] },
      ['fields: has no effect with data_format raw, which writes the value_field alone; leave it out.'],
    ],
    [
      { cache_type: 'set', member: '${id}', fields: ['a'] },
      ['fields: has no effect beside member, which says what is put in; leave one of the two out.'],
    ],
    [
      { cache_type: 'list', member: '${id}', data_format: 'raw', value_field: 'v' },
      ['value_field: has no effect beside member, which says what is put in; leave one of the two out.'],
    ],
    [
      { cache_type: 'set', member: '${id}', data_format: 'flat' },
      ['data_format: flat is not possible with cache_type set; use airbyte, json or raw.'],
    ],
    [
      { cache_type: 'hash', hash_field: '${id}', data_format: 'flat' },
      ['data_format: flat is not possible with hash_field; use json or raw, or leave hash_field out.'],
    ],
    [
      { cache_type: 'hash', data_format: 'json' },
      ['data_format: json is not possible with cache_type hash; use airbyte or flat, or give a hash_field.'],
    ],
    [
      { cache_type: 'string', expire_at_field: 'ends', ttl_seconds: 1 },
      ['expire_at_field: ttl_seconds already says how long a key stays; keep one of the two.'],
    ],
    [
      { cache_type: 'hash', hash_field: '${id}', expire_at_field: 'ends' },
      [
        'expire_at_field: is not possible with hash_field, where many records share one key; use ttl_seconds.',
      ],
    ],
    [
      { ttl_jitter_percent: 10 },
      ['ttl_jitter_percent: there is no ttl_seconds to spread; give one above 0, or leave this out.'],
    ],
    [
      { ttl_seconds: 0, ttl_jitter_percent: 10 },
      ['ttl_jitter_percent: there is no ttl_seconds to spread; give one above 0, or leave this out.'],
    ],
    [
      { cache_type: 'stream', stream_trim: 'approximate' },
      ['stream_trim: there is no max_length to trim to; give one, or leave this out.'],
    ],
    [
      { cache_type: 'hash', score_field: 's' },
      ['score_field: is for cache_type sorted_set, and this is hash; leave it out.'],
    ],
    [
      { cache_type: 'set', write_condition: 'if_absent' },
      ['write_condition: if_absent is not possible with cache_type set; use always.'],
    ],
    [
      { cache_type: 'list', write_condition: 'if_absent' },
      ['write_condition: if_absent is not possible with cache_type list; use always or if_exists.'],
    ],
    [
      { cache_type: 'hash', data_format: 'raw' },
      ['data_format: raw is not possible with cache_type hash; use airbyte or flat, or give a hash_field.'],
    ],
    [
      { cache_type: 'hash', data_format: 'json', on_update: 'merge' },
      [
        'data_format: json is not possible with cache_type hash; use airbyte or flat, or give a hash_field.',
        'on_update: merge is possible only with cache_type hash and data_format flat; use replace.',
      ],
    ],
    [
      { cache_type: 'hash', member: '${id}', fields: ['a'] },
      ['member: is for cache_type list, set or sorted_set, and this is hash; leave it out.'],
    ],
    [
      { cache_type: 'string', hash_field: '${id}', expire_at_field: 'ends' },
      ['hash_field: is for cache_type hash, and this is string; leave it out.'],
    ],
    [
      { cache_type: 'string', on_update: 'merge' },
      ['on_update: merge is possible only with cache_type hash and data_format flat; use replace.'],
    ],
  ])('is refused by name: %j', (options, problems) => {
    expect(problemsOf(options)).toEqual(problems)
  })

  it.each<[object]>([
    [{ cache_type: 'set', member: '${id}', data_format: 'raw' }],
    [{ cache_type: 'set', member: '${id}', data_format: 'json' }],
    [{ cache_type: 'set', member: '${id}', data_format: 'airbyte' }],
    [{ cache_type: 'list', member: '${id}', root_field: 'a', record_filter: { field: 'b', equals: null } }],
    [{ cache_type: 'string', data_format: 'raw', value_field: 'v', root_field: 'a' }],
    [{ cache_type: 'string', expire_at_field: 'ends', ttl_seconds: 0 }],
    [{ ttl_seconds: 0, ttl_jitter_percent: 0 }],
    [{ cache_type: 'stream', max_length: 5 }],
    [{ cache_type: 'sorted_set', score_field: '_airbyte_emitted_at' }],
  ])('is no matter here: %j', (options) => {
    expect(problemsOf(options)).toEqual([])
  })

  it('is reported with everything else that is wrong', () => {
    const options = {
      cache_type: 'set',
      data_format: 'flat',
      max_length: 0,
      ttl_seconds: -1,
      score_field: 's',
      write_condition: 'if_exists',
      member: '${',
      streams: [{ stream: 'a', list_operation: 'append' }, { namespace: 'b' }],
    }
    expect(problemsOf(options).map((problem) => /^.*?(?=: )/.exec(problem)?.[0])).toEqual([
      'max_length',
      'ttl_seconds',
      'streams[1].stream',
      'score_field',
      'max_length',
      'data_format',
      'write_condition',
      'member',
      'streams[0] (a).list_operation',
    ])
  })

  it('is not looked for where there is no such cache type or format', () => {
    expect(problemsOf({ cache_type: 'tree', member: 'm' })).toEqual([
      'cache_type: must be one of hash, string, list, set, sorted_set, stream.',
    ])
    expect(problemsOf({ data_format: 'xml', value_field: 'v' })).toEqual([
      'data_format: must be one of airbyte, flat, json, raw.',
    ])
  })
})

function problemsOf(options: object): string[] {
  try {
    parseConfig(JSON.stringify({ host: 'h', ...options }), {})
    return []
  } catch (error) {
    return error instanceof ConfigError ? error.problems.map(({ sentence }) => sentence) : []
  }
}
