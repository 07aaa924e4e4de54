// What becomes of values: they are stored as they were sent, whatever the schema says of them.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { APPENDED, DEDUPLICATED, ROWS, streamOf, type Layout, type Row } from '../support/layouts.ts'
import { record } from '../support/messages.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { someOf } from '../support/some-of.ts'
import { sync } from '../support/sync.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const TYPED = {
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date' },
  time: { type: 'string', format: 'time', airbyte_type: 'time_without_timezone' },
  timestamp: { type: 'string', format: 'date-time', airbyte_type: 'timestamp_with_timezone' },
}
/** As JSON texts, since JavaScript would not keep their digits. */
const VALUES: [type: keyof typeof TYPED, texts: string[]][] = [
  [
    'integer',
    [
      '0',
      '-0',
      '9007199254740993',
      '-9223372036854775808',
      '12345678123456781234567812345678',
      '"no integer"',
    ],
  ],
  [
    'number',
    ['50000.0000000000000001', '1e39', '-1E+39', '1.0', '1.7976931348623157e309', '"NaN"', '"-Infinity"'],
  ],
  ['boolean', ['true', 'false', '"neither"', '1']],
  ['date', ['"2021-01-23"', '"0001-01-01"', '"99999-12-31"', '"no date"']],
  ['time', ['"12:34:00"', '"12:34:56.123456789"', '"25:00:00"']],
  [
    'timestamp',
    ['"2021-01-23T12:34:00Z"', '"2021-01-23T12:34:56.123456789+05:45"', '"99999-12-31T00:00:00Z"'],
  ],
]
const flat = ROWS.filter(({ options }) => 'data_format' in options && options['data_format'] === 'flat')
const json = [...APPENDED, ...ROWS].filter(({ options }) => options['data_format'] !== 'flat')

describe.each(someOf(VALUES, 2))('a column of type %s', (type, texts) => {
  const stream = streamOf({ mode: 'append' }, { schema: schemaOf({ value: TYPED[type] }) })
  const lines = texts.map((text) => `{"id":"1","value":${text}}`)
  const records = lines.map((line) => record('s', line, { namespace: 'n' }))
  const ids = texts.map((_, at) => String(at + 1))

  it('testBasicTypes: values are stored digit for digit, of the declared type or not, under an id each', async () => {
    await sync(redis, stream, records)
    const written = ids.map((id) => client.hmget(`n:s:${id}`, '_airbyte_ab_id', '_airbyte_data'))
    expect(await Promise.all(written)).toEqual(lines.map((line, at) => [ids[at], line]))
  })

  it('testBasicTypes: values in a list of JSON texts, and in a field for each column, have all their digits', async () => {
    await sync(redis, stream, records, { options: { cache_type: 'list', data_format: 'json' } })
    expect(await client.lrange('n:s', 0, -1)).toEqual(lines)
    await client.flushall()
    const byId = { data_format: 'flat', key_template: 'row:${_airbyte_ab_id}' }
    await sync(redis, stream, records, { options: byId })
    const fields = await Promise.all(ids.map((id) => client.hgetall(`row:${id}`)))
    expect(fields).toEqual(texts.map((text) => ({ id: '1', value: text.replaceAll('"', '') })))
  })
})

describe.each(someOf(json, 1))('$title', (layout) => {
  it('testContainerTypes: arrays and objects come back with all that is nested in them', async () => {
    const deep = { a: { b: [{ c: [[1, 'two', null], {}, []] }] } }
    const rows = [
      { id: '1', array: [1, 2, 3], object: { z: 1, a: { b: 2 } } },
      { id: '2', array: [], object: {} },
      { id: '3', array: [deep, [deep]], object: deep },
    ]
    await sync(
      redis,
      streamOf(layout, { schema: schemaOf({ array: { type: 'array' }, object: { type: 'object' } }) }),
      rows,
      layout,
    )
    await expectRows(layout, rows)
  })

  it('testUnknownTypes: a column whose schema says nothing holds whatever comes', async () => {
    const rows = [1, 'text', true, null, [1], { a: 1 }].map((value, at) => ({ id: String(at), value }))
    await sync(
      redis,
      streamOf(layout, { schema: schemaOf({ value: {}, other: { type: 'whatever' } }) }),
      rows,
      layout,
    )
    await expectRows(layout, rows)
  })

  it('testUnions: a column of one of several types holds each of them', async () => {
    const oneOf = [
      { type: 'string' },
      { type: 'integer' },
      { type: 'object', properties: { id: { type: 'string' } } },
    ]
    const rows = ['text', 7, { id: 'nested' }, null].map((value, at) => ({ id: String(at), value }))
    const schema = schemaOf({ value: { oneOf }, other: { type: ['string', 'integer'] } })
    await sync(redis, streamOf(layout, { schema }), rows, layout)
    await expectRows(layout, rows)
  })
})

describe.each(someOf(flat, 0))('$title', (layout) => {
  it('jsonStringifyTypes: a field for each column holds texts as they are, arrays as JSON and objects by path', async () => {
    const line =
      '{"id":1,"text":"a \\"b\\"","number":1.50,"flag":true,"none":null,"list":[1, {"a": "b"}],"nested":{"a":{"b":2},"c":[]},"empty":{}}'
    await sync(redis, streamOf(layout), [record('s', line, { namespace: 'n' })], layout)
    expect(await layout.read(client, 'n:s')).toEqual([
      {
        id: '1',
        text: 'a "b"',
        number: '1.50',
        flag: 'true',
        list: '[1,{"a":"b"}]',
        'nested.a.b': '2',
        'nested.c': '[]',
      },
    ])
  })
})

describe.each(someOf(DEDUPLICATED, 1))('$title', (layout) => {
  it('minTimestamp: the first instant there is is stored, and is older than any other but null', async () => {
    const stream = streamOf(layout, { cursor: ['updated'] })
    const rows = ['0001-01-01T00:00:00Z', null, '0001-01-01T00:00:00.000001Z', '0001-01-01T00:00:00Z']
    for (const [at, updated] of rows.entries())
      await sync(redis, stream, [{ id: 1, updated, score: at }], layout)
    await expectRows(layout, [{ id: 1, updated: rows[2], score: 2 }])
    const min = { id: 2, updated: rows[0], score: 4 }
    await sync(redis, stream, [min, { id: 2, updated: null, score: 5 }], layout)
    await expectRows(layout, [{ id: 1, updated: rows[2], score: 2 }, min])
  })

  it('timestampFormats: instants are compared, however they are written', async () => {
    const rising = [
      '2023-01-23T00:00:00Z',
      '2023-01-22T23:00:00.5-01:00',
      '2023-01-23T02:00:01+0200',
      '2023-01-23 00:00:02Z',
      '2023-01-23T05:45:03+05:45',
      '2023-01-23T00:00:03.000000001',
      '2023-01-22T19:00:04-05',
      '2023-01-24',
    ]
    const stream = streamOf(layout, { cursor: ['updated'] })
    const rows = (id: number): Row[] => rising.map((updated, at) => ({ id, updated, score: at }))
    // In one batch, and then a batch each.
    await sync(redis, stream, [...rows(1), ...rows(2).toReversed()], layout)
    await expectRows(layout, [rows(1).at(-1)!, rows(2).at(-1)!])
    const options = { ...layout.options, batch_records: 1 }
    await sync(redis, stream, [...rows(3), ...rows(4).toReversed()], { options })
    await expectRows(
      layout,
      [1, 2, 3, 4].map((id) => rows(id).at(-1)!),
    )
  })
})

function schemaOf(properties: Record<string, object>) {
  return { type: 'object', properties: { id: { type: 'string' }, ...properties } }
}

async function expectRows(layout: Layout, rows: Row[]): Promise<void> {
  expect(await layout.read(client, 'n:s')).toEqual(rows.map(layout.seen))
}
