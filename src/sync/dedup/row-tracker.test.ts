import { beforeEach, describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { Batch } from '../batches/batch.ts'
import { addRecord } from '../batches/batches.support.ts'
import type { StreamMetadata } from '../streams/stream-metadata.ts'
import type { KeyIndex } from './key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { planWith } from '../streams/plans.support.ts'
import { RowTracker, type BatchRows, type RowDecisions } from './row-tracker.ts'
import { versionOf } from './index-entry.ts'

const KEYED = { key_template: 'k:${id}' }
const DEDUP: Partial<SyncStream> = {
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: { path: 'v', isNumeric: false },
}

/** By place: what Redis holds. */
let known: Record<string, string>
let rows: RowTracker

beforeEach(() => (known = {}))

/** A record: its id, its cursor, and whether it deletes the row. */
type Given = readonly [id: number, cursor: number | string | null, isDeletion?: boolean]

function open(plan: StreamPlan, metadata: Partial<StreamMetadata> = {}): StreamPlan {
  const index = {
    read: async (locator: readonly { location: string }[]) =>
      locator.map(({ location }) => known[location] ?? null),
  } as unknown as KeyIndex
  const usual = { attempt: 7, keptFrom: 0, cursorFrom: 0, hasUntracked: false, staged: undefined }
  rows = new RowTracker(index, { plan, ...usual, live: { oldest: 0, newest: 0 }, ...metadata })
  return plan
}

function look(plan: StreamPlan, given: readonly Given[], emittedAt = '5'): BatchRows {
  const batch = new Batch({ records: 1000, bytes: 1 << 16 }, [plan])
  const reader = new MessageReader()
  for (const [id, v, isDeletion] of given)
    addRecord(
      batch,
      plan,
      JSON.stringify({ id, v, ...(isDeletion ? { _ab_cdc_deleted_at: 'x' } : {}) }),
      reader,
      emittedAt,
    )
  return rows.look(batch)
}

async function decide(looked: BatchRows): Promise<RowDecisions> {
  return rows.decide(looked, await looked.known)
}

/** What is noted, and what is not simply written, of a batch of its own. */
async function decided(plan: StreamPlan, given: readonly Given[], emittedAt?: string) {
  const { changes, actions, deduplicated, forget } = await decide(look(plan, given, emittedAt))
  return {
    changed: changes.map((entry) => [entry.location, versionOf(entry).cursor]),
    records: changes.map(({ record }) => record),
    actions: [...actions].map(([record, { action }]) => [record, action]),
    deduplicated: [...deduplicated].toSorted((a, b) => a - b),
    forget,
  }
}

describe('of the records of one batch', () => {
  it('the one with the highest cursor is the row, wherever it stands', async () => {
    const plan = open(planWith(KEYED, DEDUP))
    const given: Given[] = [
      [1, 5],
      [2, 1],
      [1, 9],
      [1, 7],
      [2, null],
    ]
    expect(await decided(plan, given)).toMatchObject({ records: [2, 1], deduplicated: [0, 3, 4] })
  })

  it('the later one is the row where cursors are alike', async () => {
    const plan = open(planWith(KEYED, DEDUP))
    expect(
      await decided(plan, [
        [1, 5],
        [1, 5],
      ]),
    ).toMatchObject({ records: [1], deduplicated: [0] })
  })

  it('those without a place are left to the layout to refuse', async () => {
    const plan = open(planWith(KEYED, DEDUP))
    expect(await decided(plan, [[null as unknown as number, 5]])).toMatchObject({
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
    const plan = open(planWith(KEYED, DEDUP))
    known = { 'k:1': note }
    expect((await decided(plan, [given])).records).toEqual(records)
  })

  it('what generations below the minimum wrote does not count', async () => {
    const plan = open(planWith(KEYED, DEDUP), { keptFrom: 7 })
    known = { 'k:1': '6 5 9', 'k:2': '7 5 9' }
    expect(
      await decided(plan, [
        [1, 1],
        [2, 1],
      ]),
    ).toMatchObject({ records: [0], deduplicated: [1] })
  })

  it('a cursor of another column counts for none', async () => {
    const plan = open(planWith(KEYED, DEDUP), { cursorFrom: 6 })
    known = { 'k:1': '5 5 9', 'k:2': '6 5 9' }
    expect(
      await decided(plan, [
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
    const plan = open(planWith(KEYED, DEDUP))
    if (note !== undefined) known = { 'k:1': note }
    const result = await decided(plan, [[1, 5, true]])
    expect(result.actions).toEqual([[0, action]])
    expect(result.forget).toEqual([{ location: 'k:1', time: expect.any(Number) }])
  })

  it('removes what may be there, though it is not known', async () => {
    const plan = open(planWith(KEYED, DEDUP), { hasUntracked: true })
    expect((await decided(plan, [[1, 5, true]])).actions).toEqual([[0, 'remove']])
  })

  it('that is older than the row changes nothing', async () => {
    const plan = open(planWith(KEYED, DEDUP))
    known = { 'k:1': '6 5 9' }
    expect(await decided(plan, [[1, 5, true]])).toMatchObject({ actions: [], deduplicated: [0] })
  })

  it('is remembered for as long as it is to be, and no longer once the row is back', async () => {
    const plan = open(planWith({ ...KEYED, tombstone_seconds: 60 }, DEDUP))
    const before = Date.now()
    const [forgetting] = (await decided(plan, [[1, 5, true]])).forget
    expect(forgetting!.time).toBeGreaterThanOrEqual(before + 60_000)
    expect(forgetting!.time).toBeLessThanOrEqual(Date.now() + 60_000)
    expect((await decided(plan, [[1, 6]])).forget).toEqual([{ location: 'k:1', time: 'never' }])
  })

  it('is a record like any other where it is to be soft', async () => {
    const plan = open(planWith({ ...KEYED, delete_mode: 'soft' }, DEDUP))
    expect(await decided(plan, [[1, 5, true]])).toMatchObject({ records: [0], actions: [], forget: [] })
  })
})

describe('batches that were looked at before those in front of them were decided', () => {
  it('are compared with what those say', async () => {
    const plan = open(planWith(KEYED, DEDUP))
    const looked = [
      look(plan, [[1, 5]]),
      look(plan, [[1, 4]]),
      look(plan, [[1, 6, true]]),
      look(plan, [[1, 5]]),
    ]
    const results: RowDecisions[] = []
    for (const one of looked) results.push(await decide(one))
    expect(results.map(({ changes }) => changes.length)).toEqual([1, 0, 1, 0])
    expect([...results[2]!.actions.values()]).toEqual([{ location: 'k:1', action: 'remove' }])
  })

  it('are so also when those have arrived in the meantime', async () => {
    const plan = open(planWith(KEYED, DEDUP))
    const [first, second] = [look(plan, [[1, 5]]), look(plan, [[1, 4]])]
    const { arrived } = await decide(first)
    arrived()
    expect((await decide(second)).changes).toEqual([])
  })

  it('are compared with what Redis knows once it has all that came before', async () => {
    const plan = open(planWith(KEYED, DEDUP))
    const { arrived } = await decide(look(plan, [[1, 5]]))
    arrived()
    known = { 'k:1': '7 5 9' }
    expect((await decided(plan, [[1, 8]])).records).toEqual([])
  })
})

describe('rows that are only remembered', () => {
  it('are all written, and noted once', async () => {
    const plan = open(planWith({ ...KEYED, data_format: 'flat' }, { mode: 'overwrite' }))
    const result = await decided(plan, [
      [1, 5],
      [2, 1],
      [1, 4],
    ])
    expect(result).toMatchObject({ records: [0, 1], actions: [], deduplicated: [], forget: [] })
  })

  it('are begun anew by the first record of a generation, where records are merged', async () => {
    const options = { ...KEYED, data_format: 'flat', on_update: 'merge' }
    const plan = open(planWith(options, { mode: 'overwrite' }), { keptFrom: 7 })
    known = { 'k:1': '6', 'k:2': '7' }
    const [first, second] = [
      look(plan, [
        [1, 1],
        [1, 2],
        [2, 1],
        [3, 1],
      ]),
      look(plan, [[1, 3]]),
    ]
    expect([...(await decide(first)).actions].map(([record]) => record)).toEqual([0, 3])
    expect([...(await decide(second)).actions]).toEqual([])
  })
})
