import { describe, expect, it } from 'vitest'
import { parse as parseRaw, problemsOf, summaryOf } from '../parsing/parsed.support.ts'

const RAW = { cache_type: 'string', data_format: 'raw', value_field: 'v' }

describe('what an entry says wins', () => {
  it.each<[string, object, object, object]>([
    [
      'a format that the new cache type does not have',
      { data_format: 'flat', on_update: 'merge' },
      { cache_type: 'list' },
      { cacheType: 'list', dataFormat: 'airbyte', onUpdate: 'replace' },
    ],
    [
      'what belongs to the old cache type only',
      { cache_type: 'sorted_set', score_field: 's', member: '${id}', ttl_seconds: 5 },
      { cache_type: 'hash' },
      { cacheType: 'hash', scoreField: '_airbyte_emitted_at', member: undefined, ttlSeconds: 5 },
    ],
    [
      'a condition that the new cache type does not have',
      { cache_type: 'string', write_condition: 'if_absent' },
      { cache_type: 'list' },
      { writeCondition: 'always' },
    ],
    [
      'the column of raw, where the format is another',
      RAW,
      { data_format: 'json' },
      { dataFormat: 'json', valueField: undefined },
    ],
    [
      'raw and its column, where the cache type has fields',
      RAW,
      { cache_type: 'stream' },
      { dataFormat: 'airbyte', valueField: undefined },
    ],
    [
      'a hash field that does not go with the new format',
      { hash_field: '${id}' },
      { data_format: 'flat', on_update: 'merge' },
      { hashField: undefined, dataFormat: 'flat', onUpdate: 'merge' },
    ],
    [
      'a format that does not go with a hash field',
      { data_format: 'flat', on_update: 'merge', expire_at_field: 'e' },
      { hash_field: '${id}' },
      { hashField: '${id}', dataFormat: 'json', onUpdate: 'replace', expireAtField: undefined },
    ],
    [
      'a time to live, where a column says when the key ends',
      { ttl_seconds: 5, ttl_jitter_percent: 10 },
      { expire_at_field: 'e' },
      { ttlSeconds: 0, ttlJitterPercent: 0, expireAtField: 'e' },
    ],
    [
      'the column that says when the key ends, where there is a time to live',
      { expire_at_field: 'e' },
      { ttl_seconds: 5 },
      { ttlSeconds: 5, expireAtField: undefined },
    ],
    [
      'the spread, where keys stay for ever',
      { ttl_seconds: 5, ttl_jitter_percent: 10 },
      { ttl_seconds: 0 },
      { ttlSeconds: 0, ttlJitterPercent: 0 },
    ],
    [
      'the trimming of a stream, but not its length, in a list',
      { cache_type: 'stream', max_length: 9, stream_trim: 'exact' },
      { cache_type: 'list' },
      { maxLength: 9, streamTrim: 'approximate' },
    ],
    [
      'the fields, where a member is put in',
      { cache_type: 'set', fields: ['a'] },
      { member: '${id}' },
      { member: '${id}', fields: undefined },
    ],
    [
      'nothing that fits',
      { cache_type: 'string', data_format: 'json', key_template: 'a:${id}', key_prefix: 'p:', fields: ['a'] },
      { hash_field: '${id}', cache_type: 'hash' },
      { dataFormat: 'json', keyTemplate: 'a:${id}', keyPrefix: 'p:', fields: [{ from: 'a', to: 'a' }] },
    ],
  ])('and what holds for all streams and does not fit is left out: %s', (_, all, entry, settings) => {
    const { config } = parse({ ...all, streams: [{ stream: 'a', ...entry }] })
    expect(config.streams[0]!.records).toMatchObject(settings)
    expect(config.records).toEqual(parse(all).config.records)
  })
})

describe('an entry is refused by its place and stream', () => {
  it.each<[object, object, string]>([
    [{ cache_type: 'string' }, { member: '${id}' }, 'option-not-for-cache-type: streams[1].member (string)'],
    [
      { cache_type: 'list' },
      { data_format: 'flat' },
      'format-not-for-cache-type: streams[1].data_format (flat, list)',
    ],
    [{ member: '${id}', cache_type: 'set' }, { fields: ['a'] }, 'ignored-with-member: streams[1].fields'],
    [
      {},
      { cache_type: 'list', max_length: 5, stream_trim: 'exact' },
      'option-not-for-cache-type: streams[1].stream_trim (list)',
    ],
    [{}, { cache_type: 'string', data_format: 'raw' }, 'value-field-missing: streams[1].value_field'],
    [{}, { expire_at_field: 'e', ttl_seconds: 5 }, 'expiry-set-twice: streams[1].expire_at_field'],
    [
      {},
      { hash_field: '${id}', data_format: 'flat' },
      'format-not-for-hash-field: streams[1].data_format (flat)',
    ],
    [{}, { key_template: '${' }, 'template-not-closed: streams[1].key_template'],
    [{}, { key_template: 'user:{id}' }, 'key-template-constant: streams[1].key_template (user:${id})'],
    [{}, { record_filter: { field: 'f' } }, 'filter-without-equals: streams[1].record_filter'],
  ])('%j with %j', (all, entry, problem) => {
    const options = { ...all, streams: [{ stream: 'first' }, { stream: 'orders', ...entry }] }
    const [found, ...others] = problemsOf({ host: 'h', ...options })
    expect([summaryOf(found!), others]).toEqual([problem, []])
    expect(found!.sentence).toMatch(/^streams\[1\] \(orders\)\./)
  })

  it('but not for what is wrong in the options for all streams', () => {
    const options = { key_template: '${', cache_type: 'list', streams: [{ stream: 'a' }] }
    expect(problemsIn(options)).toEqual(['template-not-closed: key_template'])
  })

  it.each([
    [[{ stream: 'a' }, { stream: 'b' }, { stream: 'a' }], 'streams[2]', 0],
    [[{ stream: 'a' }, { stream: 'a', namespace: null }], 'streams[1]', 0],
    [[{ stream: 'a' }, { stream: 'a', namespace: 'n' }, { stream: 'a', namespace: 'n' }], 'streams[2]', 1],
  ])('where there is another one for the stream: %j', (streams, twin, first) => {
    expect(problemsIn({ streams })).toEqual([`stream-entry-duplicate: ${twin} (${first})`])
  })

  it('and not where the names differ', () => {
    const streams = [
      { stream: 'a' },
      { stream: 'a', namespace: '' },
      { stream: 'a', namespace: 'n' },
      { stream: 'b' },
    ]
    expect(parse({ streams }).config.streams).toHaveLength(4)
  })
})

describe('options for all streams that fit no structure', () => {
  it.each<[options: object, entry: object, problem: string]>([
    [{ data_format: 'json' }, { hash_field: '${id}' }, 'format-not-for-cache-type: data_format (json, hash)'],
    [{ cache_type: 'string', data_format: 'raw' }, { value_field: 'v' }, 'value-field-missing: value_field'],
    [
      { cache_type: 'string', key_template: 'user:{id}' },
      { key_template: 'user:${id}' },
      'key-template-constant: key_template (user:${id})',
    ],
  ])('concern only streams without an entry: %j', (options, entry, problem) => {
    expect(problemsIn(options)).toEqual([problem])
    const { config, warnings } = parse({ ...options, streams: [{ stream: 'a', ...entry }] })
    expect(config.defaultProblems.map(summaryOf)).toEqual([problem])
    expect(warnings.map(summaryOf)).toEqual([problem])
  })
})

function problemsIn(options: object): string[] {
  return problemsOf({ host: 'h', ...options }).map(summaryOf)
}

function parse(options: object): ReturnType<typeof parseRaw> {
  return parseRaw({ host: 'h', ...options })
}
