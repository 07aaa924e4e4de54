import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { batchOf, recordsOf } from '../batches/batches.support.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { NOTHING_FOUND } from './found-keys.ts'
import { shownEntries, trackerOf } from './row-trackers.support.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import type { RowDecisions } from './row-decisions.ts'
import type { BatchRows } from './row-tracker.ts'

const DEDUP: Partial<SyncStream> = {
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: { path: 'v', isNumeric: false },
}
const MERGED = { data_format: 'flat', on_update: 'merge', key_template: 'k:${id}' }

/** Records by their cursor, all of one row: batches of one each. */
const CURSORS = [4, 6, 5, 6, 3, 7]

describe('batches on their way', () => {
  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [6, 1],
    [3, 2],
    [6, 3],
  ])(
    'leave the same rows, however late they arrive: %i are read before one is decided, %i heard of at once',
    (ahead, together) => {
      for (const order of ordersOf(CURSORS.length, ahead)) {
        const { written, rows } = run(CURSORS, order, together)
        expect(written, order.join(' ')).toEqual([4, 6, 6, 7])
        expect(rows, order.join(' ')).toEqual({ 'k:1': '7' })
      }
    },
  )

  it('remember nothing of their rows once all of them have arrived and the next one has been read', () => {
    const { open, server } = opened(planWith({ key_template: 'k:${id}' }, DEDUP))
    const first = open([1])
    const decided = first.decide()
    put(decided, server)
    decided.confirm()
    // Only what Redis knows counts now, whatever that is.
    server.set('k:1', '7 5 0')
    const second = open([0])
    expect(second.decide().changes).toHaveLength(1)
  })
})

describe('when a place may be forgotten', () => {
  it.each([
    ['a deleted row: when its tombstone ends', {}, '7 5 1', true, 604_800_000],
    ['a deleted row that was deleted before: later', {}, '7 5! 1', true, 604_800_000],
    ['a row that is back: never', {}, '7 5! 1', false, 'never'],
    ['a row that stays: no more than before', {}, '7 5 1', false, undefined],
    [
      'a row that ends by itself: twice as late, and a tombstone more',
      { ttl_seconds: 60 },
      null,
      false,
      604_920_000,
    ],
    [
      'a row that ends by itself and is back: in the same way',
      { ttl_seconds: 60 },
      '7 5! 1',
      false,
      604_920_000,
    ],
    [
      'a row that ends by itself, deletions being records',
      { ttl_seconds: 60, delete_mode: 'soft' },
      null,
      false,
      120_000,
    ],
  ] as const)('%s', (_, options, note, isDeletion, expected) => {
    const plan = planWith({ key_template: 'k:${id}', ...options }, DEDUP)
    const { open, server } = opened(plan)
    if (note !== null) server.set('k:1', note)
    const batch = open([9], isDeletion)
    const start = Date.now()
    const [expiry, ...more] = batch.decide().expiries
    const time = expiry?.time
    expect(more).toEqual([])
    expect(typeof time === 'number' ? Math.round((time - start) / 60_000) * 60_000 : time).toBe(
      typeof expected === 'number' ? Math.round(expected / 60_000) * 60_000 : expected,
    )
  })
})

describe('a record that the layout refuses', () => {
  const plan = planWith(MERGED, { mode: 'overwrite' })

  it('passes what was to be done with it on to the next record of its row', () => {
    const { open } = opened(plan, 7)
    const { entries, changes, actions, refuse } = open([1, 2, 3]).decide()
    const recordOf = () => entries.recordOf(changes[0]!)
    expect([...actions.keys()]).toEqual([0])
    refuse(0)
    expect([recordOf(), actions.get(1)]).toEqual([1, { action: 'write anew', location: 'k:1' }])
    refuse(2)
    expect(recordOf()).toBe(1)
    refuse(1)
    expect(recordOf()).toBe(2)
  })

  it('leaves it to a later batch to begin the row anew, if it was alone', () => {
    const { open } = opened(plan, 7)
    const [first, second, third] = [open([1]), open([2]), open([3])]
    first.decide().refuse(0)
    expect([...second.decide().actions.values()]).toEqual([{ action: 'write anew', location: 'k:1' }])
    expect(third.decide().actions.size).toBe(0)
  })

  it('does not have a row begun anew twice', () => {
    const { open } = opened(plan, 7)
    const [first, second, third] = [open([1]), open([2]), open([3])]
    first.decide()
    second.decide().refuse(0)
    expect(third.decide().actions.size).toBe(0)
  })
})

/** All orders in which batches can be read, decided and arrive: each of them in this order, batches by number. */
function ordersOf(batches: number, ahead: number): string[][] {
  const orders: string[][] = []
  const go = (order: string[], read: number, decided: number, arrived: number): void => {
    if (arrived === batches) return void orders.push(order)
    if (read < batches && read < decided + ahead) go([...order, 'read'], read + 1, decided, arrived)
    if (decided < read) go([...order, 'decide'], read, decided + 1, arrived)
    if (arrived < decided) go([...order, 'arrive'], read, decided, arrived + 1)
  }
  go([], 0, 0, 0)
  // There are thousands: some of each kind will do.
  return orders.filter((_, at) => at % Math.ceil(orders.length / caseCount(25, 150)) === 0)
}

/** What is written, in the order it is, and what Redis holds in the end, by cursor. */
function run(cursors: readonly number[], order: readonly string[], together: number) {
  const { open, server } = opened(planWith({ key_template: 'k:${id}' }, DEDUP))
  const batches: ReturnType<typeof open>[] = []
  const decisions: RowDecisions[] = []
  const written: number[] = []
  const unheard: RowDecisions[] = []
  let arrived = 0
  for (const step of order) {
    if (step === 'read') {
      batches.push(open([cursors[batches.length]!]))
    } else if (step === 'arrive') {
      const one = decisions[arrived++]!
      put(one, server)
      unheard.push(one)
      // Their replies may be seen to in another order.
      if (unheard.length === together) for (const each of unheard.splice(0).toReversed()) each.confirm()
    } else {
      const decided = batches[decisions.length]!.decide()
      decisions.push(decided)
      written.push(...shownEntries(decided.entries, decided.changes).map(({ cursor }) => Number(cursor)))
    }
  }
  const rows = [...server].map(([location, note]) => [location, note.split(' ')[2]])
  return { written, rows: Object.fromEntries(rows) as unknown }
}

function put({ entries, changes }: RowDecisions, server: Map<string, string>): void {
  for (const { location, run: its, emittedAt, cursor, isDeleted } of shownEntries(entries, changes))
    server.set(location, `${its} ${emittedAt}${isDeleted ? '!' : ''} ${cursor}`)
}

/** The rows of a plan in the run 7, over a server that answers with the entries it has when they are read. */
function opened(plan: StreamPlan, keptFrom = 0) {
  const server = new Map<string, string>()
  const { session, tracker } = trackerOf(plan, { keptFrom })
  const reader = new MessageReader()
  /** A batch of records of one row. */
  const open = (cursors: readonly number[], isDeletion = false) => {
    const gone = isDeletion ? ',"_ab_cdc_deleted_at":1' : ''
    const data = cursors.map((v) => `{"id":1,"v":${v}${gone}}`)
    const rows: BatchRows = tracker.read(batchOf([session], recordsOf(session, data), reader))
    const stored = shownEntries(rows.entries).map(({ location }) => server.get(location) ?? null)
    return { decide: () => tracker.decide(rows, { stored, keys: NO_KEYS }) }
  }
  return { open, server }
}

const NO_KEYS = await NOTHING_FOUND
