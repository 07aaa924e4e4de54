import { beforeEach, describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { addRecord, emptyBatch } from '../batches/batches.support.ts'
import type { RunMetadata, StreamSession } from '../streams/stream-session.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { shownEntries, trackerOf } from './row-trackers.support.ts'
import type { RowDecisions } from './row-decisions.ts'
import type { BatchRows, RowTracker } from './row-tracker.ts'

const KEYED = { key_template: 'k:${id}' }
const DEDUP: Partial<SyncStream> = {
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: { path: 'v', isNumeric: false },
}

/** The index entries in Redis, by location. */
let stored: Record<string, string>
let tracker: RowTracker

beforeEach(() => (stored = {}))

/** A record: its id, its cursor, and whether it deletes the row. */
type Given = readonly [id: number | null, cursor: number | string | null, isDeletion?: boolean]

function open(plan: StreamPlan, runs: Partial<RunMetadata> = {}): StreamSession {
  const opened = trackerOf(plan, runs, () => stored)
  tracker = opened.tracker
  return opened.session
}

function read(session: StreamSession, given: readonly Given[], emittedAt = '5'): BatchRows {
  const batch = emptyBatch([session])
  const reader = new MessageReader()
  for (const [id, v, isDeletion] of given)
    addRecord(
      batch,
      session,
      JSON.stringify({ id, v, ...(isDeletion ? { _ab_cdc_deleted_at: 'x' } : {}) }),
      reader,
      emittedAt,
    )
  return tracker.read(batch)
}

async function decide(rows: BatchRows): Promise<RowDecisions> {
  return tracker.decide(rows, await tracker.answersTo(rows))
}

/** The changes of the index, and the records that are not simply written, of a batch of its own. */
async function decided(session: StreamSession, given: readonly Given[], emittedAt?: string) {
  const { entries, changes, actions, deduplicated, expiries } = await decide(read(session, given, emittedAt))
  const shown = shownEntries(entries, changes)
  return {
    changed: shown.map(({ location, cursor }) => [location, cursor]),
    records: shown.map(({ record }) => record),
    actions: [...actions].map(([record, { action }]) => [record, action]),
    deduplicated: [...deduplicated].toSorted((a, b) => a - b),
    expiries,
  }
}

describe('of the records of one batch', () => {
  it('the one with the highest cursor is the row, wherever it stands', async () => {
    const session = open(planWith(KEYED, DEDUP))
    const given: Given[] = [
      [1, 5],
      [2, 1],
      [1, 9],
      [1, 7],
      [2, null],
    ]
    expect(await decided(session, given)).toMatchObject({ records: [2, 1], deduplicated: [0, 3, 4] })
  })

  it('the later one is the row where cursors are alike', async () => {
    const session = open(planWith(KEYED, DEDUP))
    expect(
      await decided(session, [
        [1, 5],
        [1, 5],
      ]),
    ).toMatchObject({ records: [1], deduplicated: [0] })
  })

  it('those without a location are left to the layout to refuse', async () => {
    const session = open(planWith(KEYED, DEDUP))
    expect(await decided(session, [[null, 5]])).toMatchObject({
      changed: [],
      deduplicated: [],
    })
  })
})

describe('against what is known of a row', () => {
  it.each([
    ['a higher cursor', '6 5 4', [1, 5], [0]],
    ['a lower cursor', '6 5 6', [1, 5], []],
    ['the same cursor, emitted at the same time', '6 5 5', [1, 5], [0]],
    ['the same cursor, emitted earlier', '6 6 5', [1, 5], []],
    ['no cursor where there was one', '6 5 1', [1, null], []],
    ['a cursor where there was none', '6 9 ', [1, 1], [0]],
    ['a lower cursor than that of a deleted row', '6 5! 6', [1, 5], []],
    ['anything where no cursor was noted', '6', [1, null], [0]],
  ] as const)('%s decides', async (_, note, given, records) => {
    const session = open(planWith(KEYED, DEDUP))
    stored = { 'k:1': note }
    expect((await decided(session, [given])).records).toEqual(records)
  })

  it('what generations below the minimum wrote does not count', async () => {
    const session = open(planWith(KEYED, DEDUP), { keptFrom: 7 })
    stored = { 'k:1': '6 5 9', 'k:2': '7 5 9' }
    expect(
      await decided(session, [
        [1, 1],
        [2, 1],
      ]),
    ).toMatchObject({ records: [0], deduplicated: [1] })
  })

  it('a cursor of another column counts for none', async () => {
    const session = open(planWith(KEYED, DEDUP), { cursorFrom: 6 })
    stored = { 'k:1': '5 5 9', 'k:2': '6 5 9' }
    expect(
      await decided(session, [
        [1, 1],
        [2, 1],
      ]),
    ).toMatchObject({ records: [0] })
  })
})

describe('a deletion', () => {
  it.each([
    ['of a row that is there removes it', '6 5 1', 'remove'],
    ['of a row that is not there removes nothing', undefined, 'none'],
    ['of a row that was deleted removes nothing', '6 5! 1', 'none'],
  ])('%s', async (_, note, action) => {
    const session = open(planWith(KEYED, DEDUP))
    if (note !== undefined) stored = { 'k:1': note }
    const result = await decided(session, [[1, 5, true]])
    expect(result.actions).toEqual([[0, action]])
    expect(result.expiries).toEqual([{ location: 'k:1', time: expect.any(Number) }])
  })

  it('removes what may be there, though it is not known', async () => {
    const session = open(planWith(KEYED, DEDUP), { hadUntracked: true })
    expect((await decided(session, [[1, 5, true]])).actions).toEqual([[0, 'remove']])
  })

  it('that is older than the row changes nothing', async () => {
    const session = open(planWith(KEYED, DEDUP))
    stored = { 'k:1': '6 5 9' }
    expect(await decided(session, [[1, 5, true]])).toMatchObject({ actions: [], deduplicated: [0] })
  })

  it('is remembered for as long as it is to be, and no longer once the row is back', async () => {
    const session = open(planWith({ ...KEYED, tombstone_seconds: 60 }, DEDUP))
    const before = Date.now()
    const [expiry] = (await decided(session, [[1, 5, true]])).expiries
    expect(expiry!.time).toBeGreaterThanOrEqual(before + 60_000)
    expect(expiry!.time).toBeLessThanOrEqual(Date.now() + 60_000)
    expect((await decided(session, [[1, 6]])).expiries).toEqual([{ location: 'k:1', time: 'never' }])
  })

  it('is a record like any other where it is to be soft', async () => {
    const session = open(planWith({ ...KEYED, delete_mode: 'soft' }, DEDUP))
    expect(await decided(session, [[1, 5, true]])).toMatchObject({ records: [0], actions: [], expiries: [] })
  })
})

describe('batches that were rows at before those in front of them were decided', () => {
  it('are compared with what those say', async () => {
    const session = open(planWith(KEYED, DEDUP))
    const rows = [
      read(session, [[1, 5]]),
      read(session, [[1, 4]]),
      read(session, [[1, 6, true]]),
      read(session, [[1, 5]]),
    ]
    const results: RowDecisions[] = []
    for (const one of rows) results.push(await decide(one))
    expect(results.map(({ changes }) => changes.length)).toEqual([1, 0, 1, 0])
    expect([...results[2]!.actions.values()]).toEqual([{ location: 'k:1', action: 'remove' }])
  })

  it('are so also when those have confirm in the meantime', async () => {
    const session = open(planWith(KEYED, DEDUP))
    const [first, second] = [read(session, [[1, 5]]), read(session, [[1, 4]])]
    const { confirm } = await decide(first)
    confirm()
    expect((await decide(second)).changes).toEqual([])
  })

  it('are compared with what Redis knows once it has all that came before', async () => {
    const session = open(planWith(KEYED, DEDUP))
    const { confirm } = await decide(read(session, [[1, 5]]))
    confirm()
    stored = { 'k:1': '7 5 9' }
    expect((await decided(session, [[1, 8]])).records).toEqual([])
  })
})

describe('rows that are only remembered', () => {
  it('are all written, and noted once', async () => {
    const session = open(planWith({ ...KEYED, data_format: 'flat' }, { mode: 'overwrite' }))
    const result = await decided(session, [
      [1, 5],
      [2, 1],
      [1, 4],
    ])
    expect(result).toMatchObject({ records: [0, 1], actions: [], deduplicated: [], expiries: [] })
  })

  it('are begun anew by the first record of a generation, where records are merged', async () => {
    const options = { ...KEYED, data_format: 'flat', on_update: 'merge' }
    const session = open(planWith(options, { mode: 'overwrite' }), { keptFrom: 7 })
    stored = { 'k:1': '6', 'k:2': '7' }
    const [first, second] = [
      read(session, [
        [1, 1],
        [1, 2],
        [2, 1],
        [3, 1],
      ]),
      read(session, [[1, 3]]),
    ]
    expect([...(await decide(first)).actions].map(([record]) => record)).toEqual([0, 3])
    expect([...(await decide(second)).actions]).toEqual([])
  })
})

describe('a record that does not pass the filter', () => {
  const FILTER = { ...KEYED, record_filter: { field: 'v', equals: '7' } }

  it('without a key is filtered, and not refused', async () => {
    const session = open(planWith(FILTER, DEDUP))
    const batch = emptyBatch([session])
    const reader = new MessageReader()
    for (const data of ['{"v":1}', '{"id":null,"v":7}']) addRecord(batch, session, data, reader, '5')
    const { filtered, changes } = await decide(tracker.read(batch))
    expect([filtered, changes]).toEqual([[0], []])
    const left: number[] = []
    batch.encodeEach(
      () => true,
      (_, __, record) => left.push(record),
    )
    expect(left).toEqual([1])
  })

  it('removes its row, if it is not older', async () => {
    const session = open(planWith(FILTER, DEDUP))
    stored = { 'k:1': '1 5 8', 'k:2': '1 5 9' }
    const decisions = await decide(
      read(session, [
        [1, 8],
        [2, 8],
        [3, 8],
      ]),
    )
    expect(decisions.filtered.toSorted((a, b) => a - b)).toEqual([0, 1, 2])
    expect([...decisions.actions.values()]).toEqual([{ action: 'remove', location: 'k:1' }])
    const changed = shownEntries(decisions.entries, decisions.changes)
    expect(changed.map(({ location, isDeleted }) => [location, isDeleted])).toEqual([['k:1', true]])
  })

  it('has no effect where filtered rows are kept', () => {
    const { removesFiltered, removals } = planWith(
      { ...FILTER, filtered_rows: 'keep', delete_mode: 'soft' },
      DEDUP,
    )
    expect([removesFiltered, removals]).toEqual([false, undefined])
  })
})

describe('a row that is deleted in the batch that wrote it', () => {
  it('keeps its newest content until it expires, with delete_mode ttl', async () => {
    const options = { ...KEYED, delete_mode: 'ttl', delete_ttl_seconds: 9 }
    const session = open(planWith(options, DEDUP))
    const { deduplicated, actions, records } = await decided(session, [
      [1, 1],
      [1, 2],
      [1, 3, true],
    ])
    expect([deduplicated, actions, records]).toEqual([[0], [[2, 'remove']], [2]])
  })
})

describe('a record that cannot be written', () => {
  it('has no part in what becomes of its row, with dead letters', async () => {
    const options = {
      ...KEYED,
      cache_type: 'string',
      data_format: 'raw',
      value_field: 'v',
      on_record_error: 'dead_letter',
    }
    const session = open(planWith(options, { ...DEDUP, cursor: { path: 'w', isNumeric: false } }))
    const batch = emptyBatch([session])
    const reader = new MessageReader()
    for (const data of ['{"id":1,"w":2,"v":null}', '{"id":1,"w":1,"v":5}'])
      addRecord(batch, session, data, reader, '5')
    const { deduplicated, entries, changes } = await decide(tracker.read(batch))
    expect([deduplicated, shownEntries(entries, changes).map(({ record }) => record)]).toEqual([[], [1]])
  })
})
