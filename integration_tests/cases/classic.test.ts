// The classic acceptance tests that bring no inputs of their own.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { APPENDED, ROWS, streamOf, DEDUPLICATED, type Layout, type Row } from '../support/layouts.ts'
import { record, streamState } from '../support/messages.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { someOf } from '../support/some-of.ts'
import { sync } from '../support/sync.ts'
import { write } from '../support/write.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

describe.each(someOf(APPENDED, 1))('$title', (layout) => {
  it('testSecondSync: an overwrite replaces its stream, and leaves another one in the same place', async () => {
    const other = { id: '1', name: 'other' }
    const overwrite = streamOf(layout, { mode: 'overwrite' })
    await sync(redis, streamOf(layout, { name: 'DUMMY' }), [other], layout)
    await sync(
      redis,
      overwrite,
      [
        { id: '1', name: 'first' },
        { id: '2', name: 'first' },
      ],
      layout,
    )
    await sync(redis, overwrite, [{ id: '2', name: 'second' }], layout)
    await expectRows(layout, 'n:s', [{ id: '2', name: 'second' }])
    await expectRows(layout, 'n:DUMMY', [other])
  })

  it('testIncrementalSync: what is appended stands beside what was there', async () => {
    await sync(
      redis,
      streamOf(layout),
      [
        { id: '1', name: 'a' },
        { id: '2', name: 'b' },
      ],
      layout,
    )
    await sync(redis, streamOf(layout), [{ id: '3', name: 'c' }], layout)
    const rows = [
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'c'],
    ].map(([id, name]) => ({ id, name }))
    await expectRows(layout, 'n:s', rows)
  })

  it('testIncrementalSyncWithNormalizationDropOneColumn: records may lack a column that the schema has lost', async () => {
    await sync(
      redis,
      streamOf(layout, { schema: schemaOf('id', 'name', 'note') }),
      [{ id: '1', name: 'a', note: 'x' }],
      layout,
    )
    await sync(redis, streamOf(layout, { schema: schemaOf('id', 'name') }), [{ id: '2', name: 'b' }], layout)
    await expectRows(layout, 'n:s', [
      { id: '1', name: 'a', note: 'x' },
      { id: '2', name: 'b' },
    ])
  })

  it('testSyncNotFailsWithNewFields: columns that come later are stored, declared or not', async () => {
    const schema = schemaOf('id')
    await sync(redis, streamOf(layout, { schema }), [{ id: '1' }], layout)
    await sync(redis, streamOf(layout, { schema }), [{ id: '2', undeclared: 'x' }], layout)
    await sync(
      redis,
      streamOf(layout, { schema: schemaOf('id', 'added') }),
      [{ id: '3', added: 'y' }],
      layout,
    )
    await expectRows(layout, 'n:s', [{ id: '1' }, { id: '2', undeclared: 'x' }, { id: '3', added: 'y' }])
  })

  it('testSyncUsesAirbyteStreamNamespaceIfNotNull: the namespace is in the key, and nothing where there is none', async () => {
    await sync(redis, streamOf(layout, { namespace: 'given' }), [{ id: '1', of: 'given' }], layout)
    await sync(redis, streamOf(layout, { namespace: null }), [{ id: '1', of: 'none' }], layout)
    await expectRows(layout, 'given:s', [{ id: '1', of: 'given' }])
    await expectRows(layout, ':s', [{ id: '1', of: 'none' }])
  })

  it('testSyncWriteSameTableNameDifferentNamespace: streams of one name are two in two namespaces', async () => {
    const namespaces = ['one', 'other']
    const lines = namespaces.map((namespace) => record('s', { id: '1', namespace }, { namespace }))
    const streams = namespaces.map((namespace) => streamOf(layout, { namespace, mode: 'overwrite' }))
    for (let time = 1; time <= 2; time++)
      expect((await write(redis, streams, lines, layout.options)).code).toBe(0)
    for (const namespace of namespaces) await expectRows(layout, `${namespace}:s`, [{ id: '1', namespace }])
  })

  it('testLineBreakCharacters: values keep the breaks of lines, which end none of the messages', async () => {
    const rows = ['\u2028', '\u2029', '\n', '\r\n', '\u0085', '\v\f'].map((text, at) => ({
      id: String(at),
      text: `before${text}behind`,
    }))
    // Escaped and as they are: JSON only asks for it below U+0020.
    const escaped = JSON.stringify(rows[0]).replace('\u2028', String.raw`\u2028`)
    await sync(redis, streamOf(layout), [record('s', escaped, { namespace: 'n' }), ...rows.slice(1)], layout)
    await expectRows(layout, 'n:s', rows)
  })
})

describe.each(someOf(DEDUPLICATED, 1))('$title', (layout) => {
  it('testIncrementalDedupeSync: of the records of a composite key the one emitted last stays', async () => {
    const primaryKey = ['id', 'currency', 'date', 'NZD'].map((name) => [name])
    const stream = streamOf(layout, { primaryKey, cursor: [] })
    const dates = ['2020-08-29', '2020-08-30', '2020-08-31'] as const
    await sync(redis, stream, [rate(dates[0], 2, 10), rate(dates[1], 1, 11)], layout)
    await sync(redis, stream, [rate(dates[0], 1, 20), rate(dates[1], 3, 21), rate(dates[2], 1, 22)], layout)
    // What members of sets show is their key, and the score where there is one.
    const keys = dates.map((date) => `1:USD:${date}:1.14`)
    const scores = [10, 21, 22]
    const expected = ROWS.includes(layout)
      ? dates.map((date, at) => layout.seen({ id: 1, currency: 'USD', date, NZD: 1.14, score: scores[at] }))
      : keys.map((key, at) => (layout.options['score_field'] === undefined ? key : [key, scores[at]]))
    expect(await layout.read(client, 'n:s')).toEqual(expected)
  })
})

describe('hash by id', () => {
  it('testAirbyteFields: id, time and data are beside each other, and the generation is noted for its ids', async () => {
    const line = JSON.parse(record('s', { a: 1 }, { namespace: 'n', emittedAt: 1_700_000_000_123 })) as {
      record: object
    }
    const meta = {
      sync_id: 41,
      changes: [{ field: 'a', change: 'NULLED', reason: 'SOURCE_RETRIEVAL_ERROR' }],
    }
    const withMeta = `${JSON.stringify({ ...line, record: { ...line.record, meta } })}\n`
    const stream = streamOf({ mode: 'append' }, { generation: 42, minimumGeneration: 0, syncId: 43 })
    await sync(redis, stream, [withMeta, withMeta])
    for (const id of ['1', '2'])
      expect(await client.hgetall(`n:s:${id}`)).toEqual({
        _airbyte_ab_id: id,
        _airbyte_emitted_at: '1700000000123',
        _airbyte_data: '{"a":1}',
      })
    expect(JSON.parse((await client.hget('_airbyte:manifest:n:s', 'generation:1'))!)).toMatchObject({
      generation: 42,
      rows: { kind: 'ids', firstId: 1 },
    })
  })
})

describe.each(someOf([...APPENDED, ...DEDUPLICATED], 1))('$title', (layout) => {
  it('everyWrite: the last state that comes back is the last that was sent', async () => {
    const states = [1, 2, 3].map((score) => ({ id: String(score), score }))
    const lines = states.map(
      (row) => record('s', row, { namespace: 'n' }) + streamState('s', row, { namespace: 'n' }),
    )
    const run = await write(redis, [streamOf(layout)], lines, layout.options)
    expect(run.code).toBe(0)
    expect(run.states.at(-1)).toMatchObject({ stream: { stream_state: states[2]! } })
  })
})

function schemaOf(...names: string[]) {
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  }
}

function rate(date: string, emittedAt: number, score: number): string {
  return record('s', { id: 1, currency: 'USD', date, NZD: 1.14, score }, { namespace: 'n', emittedAt })
}

async function expectRows(layout: Layout, base: string, rows: Row[]): Promise<void> {
  expect(await layout.read(client, base)).toEqual(rows.map(layout.seen))
}
