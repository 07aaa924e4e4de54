import { describe, expect, it } from 'vitest'
import { plansFor, planWith, stream } from './stream-sessions.support.ts'

const PK = '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_primary_key}'
const ID = '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}'
const ONE = '${_airbyte_namespace}:${_airbyte_stream}'

describe('the plan of a stream', () => {
  it.each([
    ['', 'public', 'users', 'public:users', '_airbyte:manifest:public:users'],
    ['', '', 'users', ':users', '_airbyte:manifest::users'],
    ['crm:', 'public', 'users', 'crm:public:users', 'crm:_airbyte:manifest:public:users'],
    ['', 'A b', 'x[1]*?', 'A b:x[1]*?', '_airbyte:manifest:A b:x[1]*?'],
    ['', 'a:b', 'c', 'a:b:c', '_airbyte:manifest:a:b:c'],
  ])('with prefix %j, of %j %j, has the keys %j and %j', (prefix, namespace, name, baseKey, metadataKey) => {
    const [plan] = plansFor([stream(name, { namespace })], { key_prefix: prefix })
    expect(plan).toMatchObject({ index: 0, baseKey, counterKey: baseKey, metadataKey, foreignIds: [] })
  })

  it.each([
    [{ cache_type: 'hash' }, 'p:n:s'],
    [{ cache_type: 'hash', key_template: 'x:${id}' }, 'p:n:s'],
    [{ cache_type: 'string', data_format: 'json' }, 'p:n:s'],
    [{ cache_type: 'hash', hash_field: '${id}' }, 'p:n:s:_airbyte_ab_id'],
    [{ cache_type: 'list' }, 'p:n:s:_airbyte_ab_id'],
    [{ cache_type: 'set' }, 'p:n:s:_airbyte_ab_id'],
    [{ cache_type: 'sorted_set' }, 'p:n:s:_airbyte_ab_id'],
    [{ cache_type: 'stream' }, 'p:n:s:_airbyte_ab_id'],
  ])('counts records beside the key that all of them are in: %j at %s', (options, counterKey) => {
    expect(planWith({ key_prefix: 'p:', ...options }).counterKey).toBe(counterKey)
  })

  it.each([
    [{ cache_type: 'hash' }, ID, ID],
    [{ cache_type: 'string' }, ID, ID],
    [{ cache_type: 'hash', data_format: 'flat' }, ID, PK],
    [{ cache_type: 'string', data_format: 'json' }, ID, PK],
    [{ cache_type: 'string', data_format: 'raw', value_field: 'v' }, ID, PK],
    [{ cache_type: 'hash', hash_field: '${id}' }, ONE, ONE],
    [{ cache_type: 'list', data_format: 'json' }, ONE, ONE],
    [{ cache_type: 'stream', data_format: 'flat' }, ONE, ONE],
    [{ cache_type: 'hash', key_template: '${id}' }, '${id}', '${id}'],
  ])('has the key template of %j, by whether it has a primary key', (options, without, withOne) => {
    expect(planWith(options).keyTemplate).toBe(without)
    expect(planWith(options, { primaryKey: [['id']] }).keyTemplate).toBe(withOne)
  })

  it('is made of the settings of its stream', () => {
    const streams = [
      { stream: 'b', cache_type: 'list', key_prefix: 'b:', record_filter: { field: 'x', equals: 1 } },
      { stream: 'c', namespace: 'other', cache_type: 'set' },
    ]
    const plans = plansFor([stream('a'), stream('b'), stream('c')], { cache_type: 'string', streams })
    expect(
      plans.map(({ index, name, settings, baseKey, liveLayout, filter }) => [
        index,
        name,
        settings.cacheType,
        baseKey,
        liveLayout.deliveryMode,
        filter !== undefined,
      ]),
    ).toEqual([
      [0, 'n.a', 'string', 'n:a', 'pipeline', false],
      [1, 'n.b', 'list', 'b:n:b', 'exactly_once', true],
      [2, 'n.c', 'string', 'n:c', 'pipeline', false],
    ])
  })

  it.each([
    ['append', {}, true, true],
    ['append', { write_condition: 'if_absent', track_keys: 'auto' }, false, false],
    ['update', {}, false, false],
    ['soft_delete', {}, false, false],
  ] as const)(
    'remembers no rows that a condition may keep from being written: %s, %j',
    (mode, options, is, may) => {
      const given = {
        cache_type: 'string',
        key_template: 'k:${id}',
        data_format: 'json',
        track_keys: 'always',
      }
      expect(planWith({ ...given, ...options }, { mode, primaryKey: [['id']] })).toMatchObject({
        mustTrack: is,
        mayTrack: may,
      })
    },
  )

  it('says whether it replaces, in the order of the catalog', () => {
    const plans = plansFor([stream('a'), stream('b', { mode: 'overwrite' })])
    expect(plans.map(({ index, name, replaces }) => [index, name, replaces])).toEqual([
      [0, 'n.a', false],
      [1, 'n.b', true],
    ])
  })
})

describe('ids whose key is the counter of another stream', () => {
  it('are known and rising', () => {
    const names = ['n', 'n:30', 'n:4', 'n:9007199254740991']
    const streams = [
      stream('2024', { namespace: 'a' }),
      ...names.map((name) => stream(name, { namespace: '' })),
    ]
    expect(foreignIds([...streams, stream('2024:7', { namespace: 'a' })])).toEqual({
      'a:2024': [7],
      'a:2024:7': [],
      ':n': [4, 30, 9_007_199_254_740_991],
      ':n:30': [],
      ':n:4': [],
      ':n:9007199254740991': [],
    })
  })

  it('may come from another namespace, and stand behind a prefix and line feeds', () => {
    const streams = [stream('c', { namespace: 'a\nb' }), stream('5', { namespace: 'a\nb:c' })]
    expect(foreignIds(streams, { key_prefix: 'p:7:' })).toEqual({ 'p:7:a\nb:c': [5], 'p:7:a\nb:c:5': [] })
  })

  it('may be the key of a collection', () => {
    const options = { streams: [{ stream: 's:7', cache_type: 'list' }] }
    expect(foreignIds([stream('s'), stream('s:7')], options)).toEqual({ 'n:s': [7], 'n:s:7': [] })
  })

  it.each(['0', '01', '-1', '1.5', '1e3', 'x', '', '1 ', '12345678901234567890'])(
    'are none where the name is not a number as ids are written: %j',
    (name) => expect(foreignIds([stream('a'), stream(`a:${name}`)])).toMatchObject({ 'n:a': [] }),
  )
})

function foreignIds(
  streams: Parameters<typeof plansFor>[0],
  options?: object,
): Record<string, readonly number[]> {
  return Object.fromEntries(plansFor(streams, options).map((plan) => [plan.baseKey, plan.foreignIds]))
}
