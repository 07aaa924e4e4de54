// Changes of a database as its log gives them: updates and deletes, again and out of order.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { DEDUPLICATED, streamOf, type Layout, type Row } from '../support/layouts.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { sync } from '../support/sync.ts'
import { someOf } from '../support/some-of.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

/** Where changes meet: in one batch, in two of one sync, or in two syncs. */
const MEETINGS = ['one batch', 'two batches', 'two syncs'] as const
type Meeting = (typeof MEETINGS)[number]

describe.each(someOf(DEDUPLICATED, 1))('$title', (layout) => {
  it.each(MEETINGS)(
    'cdcImmediateDeletion: a row inserted and deleted in %s leaves nothing',
    async (meeting) => {
      await changes(layout, meeting, [inserted(1, 100)], [deleted(1, 101)])
      await expectRows(layout, [])
    },
  )

  it('cdcIdempotent: the same changes once more change nothing', async () => {
    const batch = [inserted(1, 100), inserted(2, 101), deleted(2, 102), inserted(3, 103), inserted(3, 104)]
    const rows = [inserted(1, 100), inserted(3, 104)]
    for (let time = 1; time <= 3; time++) {
      await changes(layout, 'one batch', batch)
      await expectRows(layout, rows)
    }
    await changes(layout, 'two batches', batch, batch)
    await expectRows(layout, rows)
  })

  it('cdcComplexUpdate: many changes to rows that are there end as the last of each says', async () => {
    const before = [1, 2, 3, 4, 5].map((id) => inserted(id, id))
    const after = [
      inserted(1, 100),
      inserted(1, 101),
      deleted(2, 102),
      deleted(3, 103),
      inserted(3, 104),
      inserted(4, 105),
      deleted(4, 106),
      inserted(4, 107),
      deleted(4, 108),
      inserted(6, 109),
      deleted(7, 110),
      inserted(7, 111),
    ]
    await changes(layout, 'two syncs', before, after)
    await expectRows(layout, [
      inserted(1, 101),
      inserted(3, 104),
      inserted(5, 5),
      inserted(6, 109),
      inserted(7, 111),
    ])
  })

  it.each(MEETINGS)(
    'cdcOrdering_updateAfterDelete: an update older than the delete brings nothing back, in %s',
    async (meeting) => {
      await changes(layout, 'one batch', [inserted(1, 100), inserted(2, 100)])
      await changes(layout, meeting, [deleted(1, 300), deleted(3, 300)], [inserted(1, 200), inserted(3, 200)])
      await expectRows(layout, [inserted(2, 100)])
      await changes(layout, 'one batch', [inserted(1, 299)])
      await expectRows(layout, [inserted(2, 100)])
      await changes(layout, 'one batch', [inserted(1, 301)])
      await expectRows(layout, [inserted(1, 301), inserted(2, 100)])
    },
  )

  it.each(MEETINGS)(
    'cdcOrdering_insertAfterDelete: a delete older than the insert removes nothing, in %s',
    async (meeting) => {
      await changes(layout, meeting, [inserted(1, 300)], [deleted(1, 200)])
      await expectRows(layout, [inserted(1, 300)])
      await changes(layout, 'one batch', [deleted(1, 299)])
      await expectRows(layout, [inserted(1, 300)])
    },
  )
})

function inserted(id: number, lsn: number): Row {
  return { id, _ab_cdc_lsn: lsn, _ab_cdc_deleted_at: null, score: lsn }
}

function deleted(id: number, lsn: number): Row {
  return { id, _ab_cdc_lsn: lsn, _ab_cdc_deleted_at: '2024-05-01T10:00:00Z', score: lsn }
}

async function changes(layout: Layout, meeting: Meeting, ...parts: Row[][]): Promise<void> {
  const stream = streamOf(layout, { cursor: ['_ab_cdc_lsn'] })
  const batchRecords = meeting === 'two batches' ? { batch_records: Math.max(1, parts[0]!.length) } : {}
  const options = { ...layout.options, ...batchRecords }
  const syncs = meeting === 'two syncs' ? parts : [parts.flat()]
  for (const rows of syncs) await sync(redis, stream, rows, { options })
}

async function expectRows(layout: Layout, rows: Row[]): Promise<void> {
  expect(await layout.read(client, 'n:s')).toEqual(rows.map(layout.seen))
}
