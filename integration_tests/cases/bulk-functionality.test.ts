// What the newest acceptance tests ask of every write, and of schemas that change between two of them.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { startConnector } from '../support/connector.ts'
import { ALL, APPENDED, ROWS, streamOf, type Layout, type Row } from '../support/layouts.ts'
import { record, streamState } from '../support/messages.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { sync } from '../support/sync.ts'
import { write, writeArgs } from '../support/write.ts'
import { someOf } from '../support/some-of.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

describe.each(someOf(ALL, 1))('$title', (layout) => {
  it('testBasicWrite: a record is stored with what its schema does not declare, and its state counts one', async () => {
    const schema = { type: 'object', properties: { id: { type: 'string' }, score: { type: 'integer' } } }
    const row = { id: '1', score: 5, undeclared: 'stays' }
    const changes = [{ field: 'score', change: 'TRUNCATED', reason: 'SOURCE_RECORD_SIZE_LIMITATION' }]
    const line = record('s', row, { namespace: 'n' }).replace(
      '"data":',
      `"meta":${JSON.stringify({ changes })},"data":`,
    )
    const state = streamState('s', { at: 1 }, { namespace: 'n', id: 7 })
    const run = await write(redis, [streamOf(layout, { schema })], line + state, layout.options)
    expect([run.code, run.errors]).toEqual([0, []])
    expect(run.states).toHaveLength(1)
    expect(run.states[0]).toMatchObject({
      id: 7,
      stream: { stream_state: { at: 1 } },
      destinationStats: { recordCount: 1 },
    })
    await expectRows(layout, [row])
  })

  it('testMidSyncCheckpointingStreamState: what a state acknowledged is there after a kill', async () => {
    const run = startConnector(
      writeArgs(redis, [streamOf(layout, { generation: 1, minimumGeneration: 0 })], layout.options),
    )
    const rows = [1, 2].map((score) => ({ id: String(score), score }))
    for (const [at, row] of rows.entries()) {
      run.stdin.write(record('s', row, { namespace: 'n' }) + streamState('s', row, { namespace: 'n' }))
      for await (const message of run.messages)
        if (message.type === 'STATE') {
          expect(message.state).toMatchObject({
            stream: { stream_state: row },
            destinationStats: { recordCount: 1 },
          })
          break
        }
      await expectRows(layout, rows.slice(0, at + 1))
    }
    run.kill('SIGKILL')
    expect(await run.exit).toEqual({ code: null, signal: 'SIGKILL' })
    await expectRows(layout, rows)
  })
})

/** One after the other: a column added, one dropped, one of another type. */
const VERSIONS = [
  { properties: { id: 'string', dropped: 'integer', retyped: 'integer' }, row: { dropped: 1, retyped: 1 } },
  { properties: { id: 'string', retyped: 'string', added: 'boolean' }, row: { retyped: 'one', added: true } },
]

describe.each(someOf([...APPENDED, ...ROWS], 1))('$title', (layout) => {
  it('testAppendSchemaEvolution: rows of each schema are as they were sent under it', async () => {
    for (const [at, { properties, row }] of VERSIONS.entries())
      await sync(
        redis,
        streamOf(layout, { schema: schemaOf(properties) }),
        [{ id: String(at), ...row }],
        layout,
      )
    await expectRows(
      layout,
      VERSIONS.map(({ row }, at) => ({ id: String(at), ...row })),
    )
  })

  it('testOverwriteSchemaEvolution: a replacement under another schema has nothing of the former one', async () => {
    for (const [at, { properties, row }] of VERSIONS.entries()) {
      const options = { schema: schemaOf(properties), generation: at + 1, minimumGeneration: at + 1 }
      await sync(redis, streamOf(layout, options), [{ id: '1', ...row }], layout)
    }
    await expectRows(layout, [{ id: '1', ...VERSIONS[1]!.row }])
  })
})

const JSON_LAYOUTS = [...APPENDED, ...ROWS].filter(({ options }) => options['data_format'] !== 'flat')

describe.each(someOf(JSON_LAYOUTS, 1))('$title', (layout) => {
  it('testAppendJsonSchemaEvolution: a column inside an object may come, go, and change its type', async () => {
    const schema = schemaOf({ id: 'string', nested: 'object' })
    const nested = [{ a: 1, b: { c: 'x' } }, { b: ['x'], d: null }, { a: 'one', b: 2 }, 'no object']
    const rows = nested.map((value, at) => ({ id: String(at), nested: value }))
    for (const row of rows) await sync(redis, streamOf(layout, { schema }), [row], layout)
    await expectRows(layout, rows)
  })
})

/** Without a primary key, which would be a column. */
const UNKEYED = APPENDED.filter(({ title }) => /^(hash by id|list|Redis stream)/.test(title))

describe.each(someOf(UNKEYED, 1))('$title', (layout) => {
  it('testNoColumns: records without columns are as many as were sent', async () => {
    const stream = streamOf(layout, { schema: { type: 'object', properties: {} }, primaryKey: [] })
    await sync(redis, stream, [{}, {}, { undeclared: 1 }], layout)
    await expectRows(layout, [{}, {}, { undeclared: 1 }])
  })
})

function schemaOf(types: Record<string, string>) {
  const properties = Object.entries(types).map(([name, type]) => [name, { type }])
  return { type: 'object', properties: Object.fromEntries(properties) as Record<string, unknown> }
}

async function expectRows(layout: Layout, rows: Row[]): Promise<void> {
  expect(await layout.read(client, 'n:s')).toEqual(rows.map(layout.seen))
}
