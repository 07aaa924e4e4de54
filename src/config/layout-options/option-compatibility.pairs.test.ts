import { describe, expect, it } from 'vitest'
import { problemsOf, refusalsOf, summaryOf } from '../parsing/parsed.support.ts'

describe('two options that do not go together', () => {
  it.each<[object, string[]]>([
    [{ cache_type: 'string', data_format: 'raw' }, ['value-field-missing: value_field']],
    [{ cache_type: 'string', value_field: 'v' }, ['value-field-without-raw: value_field (airbyte)']],
    [
      { cache_type: 'hash', hash_field: '${id}', value_field: 'v' },
      ['value-field-without-raw: value_field (json)'],
    ],
    [
      { cache_type: 'string', data_format: 'raw', value_field: 'v', fields: ['a'] },
      ['fields-with-raw: fields'],
    ],
    [{ cache_type: 'set', member: '${id}', fields: ['a'] }, ['ignored-with-member: fields']],
    [
      { cache_type: 'list', member: '${id}', data_format: 'raw', value_field: 'v' },
      ['ignored-with-member: value_field'],
    ],
    [
      { cache_type: 'set', member: '${id}', data_format: 'flat' },
      ['format-not-for-cache-type: data_format (flat, set)'],
    ],
    [
      { cache_type: 'hash', hash_field: '${id}', data_format: 'flat' },
      ['format-not-for-hash-field: data_format (flat)'],
    ],
    [{ cache_type: 'hash', data_format: 'json' }, ['format-not-for-cache-type: data_format (json, hash)']],
    [
      { cache_type: 'string', expire_at_field: 'ends', ttl_seconds: 1 },
      ['expiry-set-twice: expire_at_field'],
    ],
    [
      { cache_type: 'hash', hash_field: '${id}', expire_at_field: 'ends' },
      ['option-not-for-hash-field: expire_at_field'],
    ],
    [{ cache_type: 'string', ttl_field: 'life', ttl_seconds: 1 }, ['ttl-set-twice: ttl_field']],
    [{ ttl_field: 'life', expire_at_field: 'ends' }, ['ttl-field-with-expiry: ttl_field']],
    [{ expire_at_unit: 's' }, ['unit-without-expiry: expire_at_unit']],
    [{ null_as: 'empty' }, ['null-as-without-flat: null_as (airbyte)']],
    [
      { cache_type: 'string', data_format: 'json', null_as: 'text' },
      ['null-as-without-flat: null_as (json)'],
    ],
    [
      { cache_type: 'string', data_format: 'raw', value_field: 'v', keep_meta: true },
      ['keep-meta-with-raw: keep_meta'],
    ],
    [{ cache_type: 'set', member: '${id}', keep_meta: true }, ['ignored-with-member: keep_meta']],
    [
      { cache_type: 'list', write_condition: 'if_exists', on_retry: 'roll_back' },
      ['roll-back-with-condition: on_retry (if_exists)'],
    ],
    [{ cache_type: 'set', on_retry: 'roll_back' }, ['option-not-for-cache-type: on_retry (set)']],
    [{ ttl_jitter_percent: 10 }, ['jitter-without-ttl: ttl_jitter_percent']],
    [{ ttl_seconds: 0, ttl_jitter_percent: 10 }, ['jitter-without-ttl: ttl_jitter_percent']],
    [{ cache_type: 'stream', stream_trim: 'approximate' }, ['trim-without-max-length: stream_trim']],
    [{ cache_type: 'hash', score_field: 's' }, ['option-not-for-cache-type: score_field (hash)']],
    [
      { cache_type: 'set', write_condition: 'if_absent' },
      ['condition-not-for-cache-type: write_condition (if_absent, set)'],
    ],
    [
      { cache_type: 'list', write_condition: 'if_absent' },
      ['condition-not-for-cache-type: write_condition (if_absent, list)'],
    ],
    [{ cache_type: 'hash', data_format: 'raw' }, ['format-not-for-cache-type: data_format (raw, hash)']],
    [
      { cache_type: 'hash', data_format: 'json', on_update: 'merge' },
      ['format-not-for-cache-type: data_format (json, hash)', 'merge-not-possible: on_update'],
    ],
    [{ cache_type: 'hash', member: '${id}', fields: ['a'] }, ['option-not-for-cache-type: member (hash)']],
    [
      { cache_type: 'string', hash_field: '${id}', expire_at_field: 'ends' },
      ['option-not-for-cache-type: hash_field (string)'],
    ],
    [{ cache_type: 'string', on_update: 'merge' }, ['merge-not-possible: on_update']],
  ])('is refused by name: %j', (options, problems) => {
    expect(found(options)).toEqual(problems)
  })

  it.each<[object]>([
    [{ cache_type: 'set', member: '${id}', data_format: 'raw' }],
    [{ cache_type: 'set', member: '${id}', data_format: 'json' }],
    [{ cache_type: 'set', member: '${id}', data_format: 'airbyte' }],
    [{ cache_type: 'list', member: '${id}', root_field: 'a', record_filter: { field: 'b', equals: null } }],
    [{ cache_type: 'string', data_format: 'raw', value_field: 'v', root_field: 'a' }],
    [{ cache_type: 'string', expire_at_field: 'ends', ttl_seconds: 0 }],
    [{ cache_type: 'string', ttl_field: 'life', ttl_seconds: 0 }],
    [{ null_as: 'absent' }],
    [{ cache_type: 'list', member: '${id}', keep_meta: false }],
    [{ cache_type: 'list', write_condition: 'if_exists', on_retry: 'keep' }],
    [{ cache_type: 'stream', data_format: 'flat', null_as: 'text' }],
    [{ ttl_seconds: 0, ttl_jitter_percent: 0 }],
    [{ cache_type: 'stream', max_length: 5 }],
    [{ cache_type: 'sorted_set', score_field: '_airbyte_emitted_at' }],
  ])('is no matter here: %j', (options) => {
    expect(found(options)).toEqual([])
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
    }
    const streams = [{ stream: 'a', list_operation: 'append' }, { namespace: 'b' }]
    expect(problemsOf({ host: 'h', ...options }).flatMap((problem) => problem.options)).toEqual([
      'ttl_seconds',
      'max_length',
      'score_field',
      'max_length',
      'data_format',
      'write_condition',
      'member',
    ])
    expect(problemsOf({ host: 'h', ...options, streams }).flatMap((problem) => problem.options)).toEqual([
      'ttl_seconds',
      'streams[1].stream',
      'max_length',
      'member',
      'streams[0].list_operation',
    ])
  })

  it('is not looked for where there is no such cache type or format', () => {
    expect(refusalsOf({ host: 'h', cache_type: 'tree', member: 'm' })).toEqual([
      'option-not-allowed: cache_type',
    ])
    expect(refusalsOf({ host: 'h', data_format: 'xml', value_field: 'v' })).toEqual([
      'option-not-allowed: data_format',
    ])
  })
})

function found(options: object): string[] {
  return problemsOf({ host: 'h', ...options }).map(summaryOf)
}
