import { describe, expect, it } from 'vitest'
import { errorWith } from '../../errors.support.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { plansFor, planWith, stream } from '../streams/stream-sessions.support.ts'

const FLAT = { cache_type: 'hash', data_format: 'flat' }
const MERGE = { ...FLAT, on_update: 'merge' }

describe('streams that share a base key', () => {
  it('are refused, both named unmistakably', () => {
    expect(() => plansFor([named('a', 'b:c'), named('a:b', 'c')])).toThrow(
      errorWith('base-key-shared', { stream: 'a.b:c', other: 'a:b.c', key: 'a:b:c' }),
    )
  })

  it('are refused also where their keys are told apart, as their counters are not', () => {
    const options = { streams: [{ stream: 'c', key_template: 'c:${id}' }] }
    expect(() => plansFor([named('a', 'b:c'), named('a:b', 'c')], options)).toThrow(
      errorWith('base-key-shared'),
    )
  })
})

describe('streams that could write the same keys', () => {
  it.each([
    ['their columns aside', '${id}', '${other.id}', '${…}'],
    ['with literal text', 'user:${id}', 'user:${user_id}', 'user:${…}'],
    ['ids and primary keys aside', 'x:${_airbyte_ab_id}', 'x:${_airbyte_primary_key}', 'x:${…}'],
    ['without any column', 'leaders', 'leaders', 'leaders'],
    ['with the namespace they have in common', '${_airbyte_namespace}:${id}', 'n:${id}', 'n:${…}'],
    ['with the name of one of them', '${_airbyte_stream}:${id}', 'a:${id}', 'a:${…}'],
  ])('are refused where their keys look the same, %s', (_, one, other, shape) => {
    const options = templates(one, other)
    expect(() => both(options)).toThrow(errorWith('keys-shared', { stream: 'n.a', other: 'n.b', key: shape }))
  })

  it.each([
    ['user:${id}', 'users:${id}'],
    ['${_airbyte_stream}:${id}', '${_airbyte_stream}:${id}'],
    ['${a}:${b}', '${a}'],
    ['$${a}', '${a}'],
  ])('may be there where their keys look different: %s and %s', (one, other) => {
    expect(both(templates(one, other))).toHaveLength(2)
  })

  it('may be there where a prefix tells their keys apart', () => {
    const { streams } = templates('${id}', '${id}')
    expect(both({ streams: [streams[0], { ...streams[1], key_prefix: 'b:' }] })).toHaveLength(2)
  })

  it('may be there where all of them merge columns into one hash', () => {
    expect(both({ ...MERGE, ...templates('user:${id}', 'user:${uid}') })).toHaveLength(2)
  })

  it.each([
    [FLAT],
    [{ cache_type: 'hash' }],
    [{ cache_type: 'string', data_format: 'json' }],
    [{ cache_type: 'list' }],
  ])('are refused where one of them does not merge: %j', (structure) => {
    const [one, other] = templates('user:${id}', 'user:${uid}').streams
    for (const streams of [
      [
        { ...one, ...MERGE },
        { ...other, ...structure },
      ],
      [
        { ...one, ...structure },
        { ...other, ...MERGE },
      ],
    ])
      expect(() => both({ streams })).toThrow(errorWith('keys-shared'))
  })
})

describe('a stream whose keys are reserved', () => {
  it.each([
    ['_airbyte', 'stream:a:b'],
    ['_airbyte:stream', 'a'],
  ])('is refused: %s %s', (namespace, name) => {
    for (const prefix of ['', 'crm:'])
      expect(() => plansFor([named(namespace, name)], { key_prefix: prefix })).toThrow(
        errorWith('keys-reserved', { stream: `${namespace}.${name}` }),
      )
  })

  it.each(['_airbyte:${id}', '_airbyte:dead_letter', '${_airbyte_stream}:${id}'])(
    'is refused where its key_template has it so: %s',
    (template) => {
      for (const prefix of ['', 'crm:'])
        expect(() =>
          plansFor([named('n', '_airbyte')], { key_template: template, key_prefix: prefix }),
        ).toThrow(errorWith('keys-reserved', { stream: 'n._airbyte' }))
    },
  )

  it.each([
    ['', '_airbyte'],
    ['_airbyte_raw', 'users'],
    ['x', '_airbyte:y'],
  ])('is none that only looks like it: %j %j', (namespace, name) => {
    expect(plansFor([named(namespace, name)])).toHaveLength(1)
  })
})

describe('a key by the primary key', () => {
  it('is refused for a stream that has none', () => {
    expect(() => planWith({ key_template: 'x:${_airbyte_primary_key}' })).toThrow(
      errorWith('primary-key-missing-in-template', { stream: 'n.s' }),
    )
  })

  it('is no problem for one that has', () => {
    const key = { primaryKey: [['a'], ['b', 'c']] }
    expect(planWith({ key_template: 'x:${_airbyte_primary_key}' }, key).keyTemplate).toContain('x:')
  })
})

describe('a template with a column', () => {
  const columns = new Set(['id', 'address', 'a.b'])

  it.each([
    ['key_template', { key_template: '${id}:${nope}' }, 'nope'],
    ['key_template', { key_template: '${ID}' }, 'ID'],
    ['key_template', { key_template: '${a.c}' }, 'a.c'],
    ['hash_field', { hash_field: '${nope.id}' }, 'nope.id'],
    ['member', { cache_type: 'set', member: '${nope}' }, 'nope'],
  ])('is refused where the source does not declare it: %s of %j', (option, options, column) => {
    expect(() => planWith(options, { columns })).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({
            code: 'template-column-unknown',
            options: [option],
            params: expect.objectContaining({ stream: 'n.s', column }),
          }),
        ],
      }),
    )
  })

  it('is reported before what may follow from it', () => {
    const streams = [stream('a', { columns }), stream('b', { columns })]
    const codes = ['template-column-unknown', 'template-column-unknown', 'keys-shared']
    expect(() => plansFor(streams, { ...FLAT, key_template: 'u:${nope}' })).toThrow(
      expect.objectContaining({ problems: codes.map((code) => expect.objectContaining({ code })) }),
    )
  })

  it.each([
    ['score_field', { cache_type: 'sorted_set', score_field: 'nope' }, 'nope'],
    ['value_field', { cache_type: 'string', data_format: 'raw', value_field: 'nope' }, 'nope'],
    ['fields', { data_format: 'flat', fields: ['id', 'nope.a -> a'] }, 'nope.a'],
    ['expire_at_field', { expire_at_field: 'nope' }, 'nope'],
    ['ttl_field', { ttl_field: 'nope' }, 'nope'],
    ['record_filter', { record_filter: { field: 'nope', equals: '1' } }, 'nope'],
    ['root_field', { root_field: 'nope.a', fields: ['anything'] }, 'nope.a'],
  ])('is refused in every other option: %s of %j', (option, options, column) => {
    expect(() => planWith(options, { columns })).toThrow(
      errorWith('column-unknown', { stream: 'n.s', column }),
    )
    expect(planWith(options, { columns: undefined })).toBeDefined()
    expect(option in options).toBe(true)
  })

  it('is named with the column that was meant', () => {
    expect(() => planWith({ expire_at_field: 'adress' }, { columns })).toThrow(
      errorWith('column-unknown', { stream: 'n.s', column: 'adress', nearest: 'address' }),
    )
  })

  it.each([
    { key_template: '${id}:${_airbyte_ab_id}:${_airbyte_stream}' },
    { key_template: '${address.city.name}' },
    { key_template: '${a.b}' },
    { key_template: '$${nope}:${id}' },
    { hash_field: '${id}', key_template: '${address.zip}' },
  ])('is no problem where the source declares it, or its first name: %j', (options) => {
    expect(planWith(options, { columns }).index).toBe(0)
  })

  it('is no problem where the source declares none', () => {
    expect(planWith({ key_template: '${anything}' }).index).toBe(0)
  })
})

it('all problems are reported at the same time', () => {
  const streams = [
    named('a', 'b:c'),
    named('a:b', 'c'),
    named('_airbyte', 'x'),
    named('', ':u'),
    named(':', 'u'),
  ]
  const more = [{ ...named('n', 'o'), mode: 'append_dedup' as const }, named('n', 'k')]
  const options = {
    key_prefix: 'p:',
    streams: [
      { stream: 'o', cache_type: 'list' },
      { stream: 'k', key_template: '${_airbyte_primary_key}' },
    ],
  }
  const problems = [
    ['keys-reserved', '_airbyte.x'],
    ['base-key-shared', 'a.b:c'],
    ['base-key-shared', ':u'],
    ['primary-key-missing-in-template', 'n.k'],
    ['mode-needs-rows', 'n.o'],
  ].map(([code, name]) =>
    expect.objectContaining({ code, params: expect.objectContaining({ stream: name }) }),
  )
  expect(() => plansFor([...streams, ...more], options)).toThrow(
    expect.objectContaining({ failureType: 'config_error', problems }),
  )
})

function named(namespace: string, name: string): SyncStream {
  return stream(name, { namespace })
}

/** Options that give the streams `a` and `b` their key templates. */
function templates(one: string, other: string) {
  return {
    streams: [
      { stream: 'a', key_template: one },
      { stream: 'b', key_template: other },
    ],
  }
}

function both(options: object) {
  return plansFor([stream('a', { primaryKey: [['id']] }), stream('b', { primaryKey: [['id']] })], options)
}

describe('a key where records are counted', () => {
  it.each([
    [{ cache_type: 'string', key_template: '${_airbyte_namespace}:${_airbyte_stream}' }, 'n:a'],
    [{ cache_type: 'list', key_template: 'n:b:_airbyte_ab_id' }, 'n:b:_airbyte_ab_id'],
  ])('can hold no records: %j', (options, key) => {
    const streams = [{ stream: 'a', ...options }]
    expect(() => plansFor([named('n', 'a'), named('n', 'b')], { cache_type: 'list', streams })).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({
          code: 'counter-key-conflict',
          params: expect.objectContaining({ stream: 'n.a', key }),
        }),
      }),
    )
  })
})
