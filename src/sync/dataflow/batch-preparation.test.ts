import { describe, expect, it } from 'vitest'
import { batchOf } from '../batches/batches.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import { plansFor, stream } from '../streams/stream-sessions.support.ts'
import { batchPreparation } from './batch-preparation.ts'
import { RowTracker } from '../dedup/row-tracker.ts'
import type { RowDecisions } from '../dedup/row-decisions.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'
import { indexedSessionOf, shownEntries } from '../dedup/row-trackers.support.ts'
import { answeringClient } from '../streams/played-client.support.ts'

const options = {
  data_format: 'airbyte',
  streams: [
    { stream: 'd', key_template: 'd:${id}' },
    { stream: 'm', key_template: 'm:${_airbyte_ab_id}:${id}' },
    { stream: 'f', data_format: 'flat', key_template: 'f:${id}' },
  ],
}
const sessions = plansFor(
  [
    stream('a'),
    stream('d', { mode: 'append_dedup', primaryKey: [['id']] }),
    stream('m', { mode: 'overwrite' }),
    stream('f', { mode: 'append_dedup', primaryKey: [['id']] }),
  ],
  options,
).map((plan) => indexedSessionOf(plan))
const [a, d, m, f] = sessions as [IndexedSession, IndexedSession, IndexedSession, IndexedSession]

describe('what a batch needs', () => {
  it('is asked for at once: ids for what is written, and what is known of rows', async () => {
    const { prepare, reserved, read } = opened()
    const prepared = prepare(batchOf(sessions, given(a, a, d, d, d, f)))
    expect(reserved).toEqual(['n.a 2', 'n.d 1'])
    expect(read).toEqual([['d:1'], ['f:1']])
    const { ids, decide } = await prepared
    expect([...ids.keys()]).toEqual([a, d])
    expect(ids.get(a)).toEqual([{ first: 10, last: 11 }])
    const decisions = decide()
    expect([...decisions.keys()]).toEqual([d, f])
    const { deduplicated, entries, changes } = decisions.get(d)!
    expect(deduplicated).toEqual([2, 3])
    expect(shownEntries(entries, changes)).toMatchObject([{ location: 'd:1', record: 4 }])
  })

  it('is nothing of streams that it has no records of', async () => {
    const { prepare, reserved, read } = opened()
    const { ids, decide } = await prepare(batchOf(sessions, []))
    expect([reserved, read, ids.size, decide().size]).toEqual([[], [], 0, 0])
  })

  it('is decided by what is known when it is decided, not when it is prepared', async () => {
    const { prepare } = opened()
    const [first, second] = await Promise.all([1, 2].map(() => prepare(batchOf(sessions, given(f)))))
    expect(locationsOf(first!.decide().get(f)!)).toEqual(['f:1'])
    expect(second!.decide().get(f)?.changes).toHaveLength(1)
  })

  it('includes the places of keys with ids in them, which are known only then', async () => {
    const { prepare, read } = opened()
    const { decide } = await prepare(batchOf(sessions, given(m, m)))
    const decided = decide().get(m)!
    expect(locationsOf(decided)).toEqual(['m:10:1', 'm:11:1'])
    expect([read, decided.actions.size]).toEqual([[], 0])
  })

  it.each(['ids', 'rows'])('fails where %s cannot be had', async (which) => {
    const { prepare } = opened(which)
    await expect(prepare(batchOf(sessions, given(a, d)))).rejects.toThrow(`no ${which}`)
  })
})

function given(...streams: StreamSession[]): [StreamSession, string][] {
  return streams.map((session) => [session, '{"id":1}'])
}

function locationsOf({ entries, changes }: RowDecisions): string[] {
  return shownEntries(entries, changes).map(({ location }) => location)
}

/** Ids from 10 on, and rows without index entries. */
function opened(failing?: string) {
  const reserved: string[] = []
  const read: string[][] = []
  const ids = {
    reserve: async ({ name }: StreamPlan, count: number): Promise<IdRange[]> => {
      reserved.push(`${name} ${count}`)
      if (failing === 'ids') throw new Error('no ids')
      return [{ first: 10, last: 9 + count }]
    },
  }
  const { client } = answeringClient((command) => {
    const locations = command.split(' ').slice(2)
    read.push(locations)
    if (failing === 'rows') throw new Error('no rows')
    return locations.map(() => null)
  })
  const trackers = new Map(
    [d, m, f].map((session) => {
      const index = new KeyIndex(client, session.plan, [])
      return [session, new RowTracker(session, index)]
    }),
  )
  return { prepare: batchPreparation(ids, trackers), reserved, read }
}
