// What becomes of older generations.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { ALL, streamOf, type Layout, type Row } from '../support/layouts.ts'
import { globalState, record, status } from '../support/messages.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { sync } from '../support/sync.ts'
import { write } from '../support/write.ts'
import { someOf } from '../support/some-of.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const older = [row('1', 'old', 1), row('2', 'old', 2)]

describe.each(someOf(ALL, 0))('$title', (layout) => {
  it('testTruncateRefresh: in the end there are the records of the new generation and no others', async () => {
    await attempt(layout, 41, 0, older)
    await attempt(layout, 42, 42, [row('2', 'new', 3), row('3', 'new', 4)])
    await expectRows(layout, [row('2', 'new', 3), row('3', 'new', 4)])
    await expectNoStaging()
    await attempt(layout, 42, 0, [row('4', 'later', 5)])
    await expectRows(layout, [row('2', 'new', 3), row('3', 'new', 4), row('4', 'later', 5)])
  })

  it('testInterruptedTruncateWithPriorData: nothing old goes before both attempts are there', async () => {
    await attempt(layout, 41, 0, older)
    await attempt(layout, 42, 42, [row('3', 'new', 3)], 'interrupted')
    await expectRows(layout, layout.isGathered ? older : [...older, row('3', 'new', 3)])
    await attempt(layout, 42, 42, [row('4', 'new', 4)])
    await expectRows(layout, [row('3', 'new', 3), row('4', 'new', 4)])
    await expectNoStaging()
  })

  it('testInterruptedTruncateWithoutPriorData: the second attempt adds to what the first one wrote', async () => {
    await attempt(layout, 42, 42, [row('1', 'new', 1)], 'interrupted')
    await attempt(layout, 42, 42, [row('2', 'new', 2)])
    await expectRows(layout, [row('1', 'new', 1), row('2', 'new', 2)])
    await expectNoStaging()
  })

  it('resumeAfterCancelledTruncate: all is kept, what was there, what was half done, and what comes', async () => {
    await attempt(layout, 41, 0, older)
    await attempt(layout, 42, 42, [row('3', 'half', 3)], 'interrupted')
    await attempt(layout, 43, 0, [row('4', 'new', 4)])
    await expectRows(layout, [...older, row('3', 'half', 3), row('4', 'new', 4)])
    await expectNoStaging()
  })

  it('testTruncateRefreshNoData: the stream is empty in the end, and takes records again', async () => {
    await attempt(layout, 41, 0, older)
    await attempt(layout, 42, 42, [])
    await expectRows(layout, [])
    await expectNoStaging()
    await attempt(layout, 42, 0, [row('1', 'later', 3)])
    await expectRows(layout, [row('1', 'later', 3)])
  })

  it('testClear: one global state and nothing else empties the stream and leaves no key', async () => {
    await attempt(layout, 41, 0, older)
    const stream = streamOf(layout, { generation: 42, minimumGeneration: 42 })
    const end = globalState({}) + status('s', 'COMPLETE', { namespace: 'n' })
    const run = await write(redis, [stream], end, layout.options)
    expect(run.code).toBe(0)
    expect(run.states).toMatchObject([{ type: 'GLOBAL', destinationStats: { recordCount: 0 } }])
    await expectRows(layout, [])
    expect(await client.keys('*')).toEqual([])
  })

  it('testNoData: a sync without records that keeps older generations changes nothing', async () => {
    await attempt(layout, 41, 0, older)
    await attempt(layout, 41, 0, [])
    await expectRows(layout, older)
    const run = await write(
      redis,
      [streamOf(layout, { generation: 41, minimumGeneration: 0 })],
      complete,
      layout.options,
    )
    expect([run.code, run.errors, run.states]).toEqual([0, [], []])
    await expectRows(layout, older)
  })

  it('mergeRefresh: rows that are not sent again stay, beside those of the new generation', async () => {
    await attempt(layout, 41, 0, older)
    await attempt(layout, 42, 0, [row('3', 'new', 3)])
    await expectRows(layout, [...older, row('3', 'new', 3)])
  })

  it('interruptedMergeRefresh: the rows of the attempt that broke off are there, and stay', async () => {
    await attempt(layout, 41, 0, older)
    await attempt(layout, 42, 0, [row('3', 'new', 3)], 'interrupted')
    await expectRows(layout, [...older, row('3', 'new', 3)])
    await attempt(layout, 42, 0, [row('4', 'new', 4)])
    await expectRows(layout, [...older, row('3', 'new', 3), row('4', 'new', 4)])
  })
})

describe.each(
  someOf(
    ALL.filter(({ mode }) => mode === 'append'),
    0,
  ),
)('$title', (layout) => {
  it('fullRefreshOverwrite: a second overwrite leaves its own records, with generations and without', async () => {
    const overwrite = streamOf({ mode: 'append' }, { mode: 'overwrite' })
    await sync(redis, overwrite, older, layout)
    await sync(redis, overwrite, [row('2', 'second', 3)], layout)
    await expectRows(layout, [row('2', 'second', 3)])
    const third = { ...overwrite, generation: 7, minimumGeneration: 7 }
    await sync(redis, third, [row('3', 'third', 4)], layout)
    await expectRows(layout, [row('3', 'third', 4)])
  })

  it('fullRefreshAppend: a second full refresh leaves the first one as it is', async () => {
    await sync(redis, streamOf(layout), older, layout)
    await sync(redis, streamOf(layout), [row('3', 'second', 3)], layout)
    await expectRows(layout, [...older, row('3', 'second', 3)])
  })

  it('interruptedOverwriteWithoutPriorData: both attempts of an overwrite are there in the end', async () => {
    const stream = streamOf(layout, { mode: 'overwrite', generation: 43, minimumGeneration: 43 })
    await sync(redis, stream, older, { ...layout, isComplete: false })
    await sync(redis, stream, [row('3', 'new', 3)], layout)
    await expectRows(layout, [...older, row('3', 'new', 3)])
    await expectNoStaging()
  })
})

describe.each(
  someOf(
    ALL.filter(({ mode }) => mode === 'append_dedup'),
    0,
  ),
)('$title', (layout) => {
  it('truncateRefresh: cursors and deletes of the older generation count for nothing', async () => {
    const gone = { ...row('2', 'gone', 90), _ab_cdc_deleted_at: '2024-01-01T00:00:00Z' }
    await attempt(layout, 41, 0, [row('1', 'old', 99), gone, row('3', 'old', 1)])
    await attempt(layout, 42, 42, [row('1', 'new', 1), row('2', 'new', 1)])
    await expectRows(layout, [row('1', 'new', 1), row('2', 'new', 1)])
  })
})

const complete = status('s', 'COMPLETE', { namespace: 'n' })

function row(id: string, name: string, score: number): Row {
  return { id, name, score }
}

async function attempt(
  layout: Layout,
  generation: number,
  minimumGeneration: number,
  rows: Row[],
  end: 'complete' | 'interrupted' = 'complete',
): Promise<void> {
  const stream = streamOf(layout, { generation, minimumGeneration, cursor: ['score'] })
  const lines = rows.map((data) => record('s', data, { namespace: 'n', emittedAt: Number(data['score']) }))
  await sync(redis, stream, lines, { ...layout, isComplete: end === 'complete' })
}

async function expectRows(layout: Layout, rows: Row[]): Promise<void> {
  expect(await layout.read(client, 'n:s')).toEqual(rows.map(layout.seen))
}

async function expectNoStaging(): Promise<void> {
  expect((await client.keys('_airbyte:*')).filter((key) => /^_airbyte:(staging|old):/.test(key))).toEqual([])
}
