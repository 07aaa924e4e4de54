// One record a primary key: which one it is.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { DEDUPLICATED, ROWS, streamOf, type Layout, type Row } from '../support/layouts.ts'
import { codesIn } from '../support/codes.ts'
import { record, type CatalogStream } from '../support/messages.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { someOf } from '../support/some-of.ts'
import { sync } from '../support/sync.ts'
import { write } from '../support/write.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const composite = { primaryKey: [['id'], ['part']], cursor: ['updated'] }

describe.each(someOf(DEDUPLICATED, 2))('$title', (layout) => {
  it.each([
    { generation: 0, minimumGeneration: 0 },
    { generation: 42, minimumGeneration: 0 },
  ])('incrementalDedup: the highest cursor is the row, in generation $generation', async (generations) => {
    const stream = streamOf(layout, { ...composite, ...generations })
    await sync(redis, stream, [row(1, 'a', 5, 'later'), row(1, 'a', 4, 'earlier'), row(1, 'b', 1)], layout)
    await expectRows(layout, [row(1, 'a', 5, 'later'), row(1, 'b', 1)])
    await sync(redis, stream, [row(1, 'a', 6, 'newest'), row(1, 'b', 0, 'stale'), row(2, 'a', 1)], layout)
    await expectRows(layout, [row(1, 'a', 6, 'newest'), row(1, 'b', 1), row(2, 'a', 1)])
  })

  it('testDedup: inserts, updates and deletes of one sync leave the newest row of each key', async () => {
    const stream = streamOf(layout, composite)
    await sync(redis, stream, [row(1, 'a', 1), row(1, 'b', 1), row(2, 'a', 1)], layout)
    const changes = [
      row(1, 'a', 3, 'newest'),
      row(1, 'a', 2, 'out of order'),
      deleted(1, 'b', 2),
      deleted(9, 'never there', 2),
      row(3, 'a', 1, 'shortly there'),
      deleted(3, 'a', 2),
    ]
    const run = await sync(redis, stream, changes, layout)
    await expectRows(layout, [row(1, 'a', 3, 'newest'), row(2, 'a', 1)])
    // Everything that was sent is counted once, whatever became of it.
    expect(run.states).toMatchObject([
      { destinationStats: { additionalStats: { deleted: 3, deduplicated: 2 } } },
    ])
  })

  it('testDedupWithStringKey: keys that are texts are told apart by every character', async () => {
    const stream = streamOf(layout, { cursor: ['updated'] })
    const ids = [' 1', '01', '1', '1 ', '1.0', 'e\u0301', '\u00e9', 'A', 'a'].toSorted()
    const rows = ids.map((id, at) => ({ id, updated: 1, score: at }))
    await sync(redis, stream, [...rows, ...rows], layout)
    await expectRows(layout, rows)
  })

  it('testDedupNoCursor: the record emitted last is the row, and of those emitted together the last', async () => {
    const stream = streamOf(layout)
    await sync(
      redis,
      stream,
      [emitted(2_000, 1, 2), emitted(1_000, 1, 1), emitted(1_000, 2, 1), emitted(1_000, 2, 2)],
      layout,
    )
    await expectRows(layout, [
      { id: 1, score: 2 },
      { id: 2, score: 2 },
    ])
    await sync(redis, stream, [emitted(1_500, 1, 3), emitted(1_000, 2, 3)], layout)
    await expectRows(layout, [
      { id: 1, score: 2 },
      { id: 2, score: 3 },
    ])
  })

  it('incrementalDedupNullCursor: a null cursor is older than any, and a missing one is null', async () => {
    const stream = streamOf(layout, composite)
    const { updated: _, ...missing } = row(2, 'a', 0, 'missing')
    await sync(redis, stream, [row(1, 'a', -1), row(1, 'a', null, 'null'), missing], layout)
    await expectRows(layout, [row(1, 'a', -1), missing])
    await sync(redis, stream, [row(2, 'a', -1), row(1, 'a', null, 'null')], layout)
    await expectRows(layout, [row(1, 'a', -1), row(2, 'a', -1)])
  })

  it('testDedupChangeCursor: rows without the new cursor are older than those with it', async () => {
    await sync(redis, streamOf(layout, { cursor: ['updated'] }), [{ id: 1, updated: 900, score: 1 }], layout)
    const changed = streamOf(layout, { cursor: ['version'] })
    await sync(redis, changed, [{ id: 1, updated: 1, version: 1, score: 2 }], layout)
    await expectRows(layout, [{ id: 1, updated: 1, version: 1, score: 2 }])
    await sync(redis, changed, [{ id: 1, updated: 999, version: 0, score: 3 }], layout)
    await expectRows(layout, [{ id: 1, updated: 1, version: 1, score: 2 }])
  })

  it('incrementalDedupDefaultNamespace: a stream without a namespace has one of its own, which is empty', async () => {
    const rows = [{ id: 1, score: 2 }]
    const { namespace: _, ...stream } = streamOf(layout)
    await sync(redis, stream, [{ id: 1, score: 1 }, ...rows], layout)
    await sync(redis, streamOf(layout), [{ id: 1, score: 3 }], layout)
    expect(await layout.read(client, ':s')).toEqual(rows.map(layout.seen))
    await expectRows(layout, [{ id: 1, score: 3 }])
  })
})

describe.each(someOf(ROWS, 2))('$title', (layout) => {
  it('testDedupChangePk: an append by another primary key is refused, and rows of the old one stay', async () => {
    const rows = [
      { id: 1, part: 'a', other: 'x', score: 1 },
      { id: 1, part: 'a', other: 'y', score: 2 },
      { id: 1, part: 'b', other: 'y', score: 3 },
    ]
    await sync(redis, streamOf(layout, { primaryKey: [['id'], ['part']] }), rows.slice(0, 1), layout)
    const changed = streamOf(layout, { primaryKey: [['id'], ['other']] })
    const run = await write(
      redis,
      [changed],
      rows
        .slice(1)
        .map((data) => record('s', data, { namespace: 'n' }))
        .join(''),
      layout.options,
    )
    expect([run.code, run.states]).toEqual([1, []])
    expect(codesIn(run.errors[0]!.message)).toEqual(['layout-changed'])
    await expectRows(layout, [rows[0]!])
  })

  it('incrementalDedupDropOneColumn: a column that is gone from schema and records is gone from the rows', async () => {
    const stream = (columns: string[]): CatalogStream =>
      streamOf(layout, { schema: { properties: Object.fromEntries(columns.map((name) => [name, {}])) } })
    const rows = [
      { id: 1, score: 1, name: 'one' },
      { id: 2, score: 2, name: 'two' },
    ]
    await sync(redis, stream(['id', 'score', 'name']), rows, layout)
    await sync(redis, stream(['id', 'score']), [{ id: 1, score: 3 }], layout)
    await expectRows(layout, [{ id: 1, score: 3 }, rows[1]!])
  })

  it('testDedup: with soft deletes the deletion record is the row, until a newer one comes', async () => {
    const stream = streamOf(layout, composite)
    const soft = { options: { ...layout.options, delete_mode: 'soft' } }
    await sync(redis, stream, [row(1, 'a', 1), row(2, 'a', 1), row(3, 'a', 3)], soft)
    await sync(
      redis,
      stream,
      [deleted(1, 'a', 2), deleted(2, 'a', 2), deleted(3, 'a', 2), deleted(9, 'a', 2)],
      soft,
    )
    await expectRows(layout, [deleted(1, 'a', 2), deleted(2, 'a', 2), row(3, 'a', 3), deleted(9, 'a', 2)])
    await sync(redis, stream, [row(1, 'a', 3, 'back'), row(2, 'a', 1, 'stale')], soft)
    await expectRows(layout, [row(1, 'a', 3, 'back'), deleted(2, 'a', 2), row(3, 'a', 3), deleted(9, 'a', 2)])
  })
})

function emitted(emittedAt: number, id: number, score: number): string {
  return record('s', { id, score }, { namespace: 'n', emittedAt })
}

/** With a score that tells one cursor from another, where nothing else of the row can be seen. */
function row(id: number, part: string, updated: number | null, name = 'first'): Row {
  return { id, part, updated, name, score: updated ?? -100 }
}

function deleted(id: number, part: string, updated: number): Row {
  return { id, part, updated, _ab_cdc_deleted_at: '2024-05-01T10:00:00Z', score: updated }
}

async function expectRows(layout: Layout, rows: Row[]): Promise<void> {
  expect(await layout.read(client, 'n:s')).toEqual(rows.map(layout.seen))
}
