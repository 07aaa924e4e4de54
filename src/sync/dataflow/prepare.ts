/** What a batch needs before it can be laid out; all of it is asked for when the batch is submitted. */
import type { Batch } from '../batches/batch.ts'
import type { IdRange, IdAllocator } from '../streams/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { BatchRows, RowDecisions, RowTracker } from '../dedup/row-tracker.ts'

export interface Prepared {
  ids: ReadonlyMap<StreamPlan, IdRange[]>
  /** Of streams whose places are remembered. To be called once, batch by batch. */
  decide: () => ReadonlyMap<StreamPlan, RowDecisions>
}

export type Prepare = (batch: Batch) => Promise<Prepared>

/** `rows`: of each stream whose places are remembered. */
export function prepareBy(ids: IdAllocator, rows: ReadonlyMap<StreamPlan, RowTracker>): Prepare {
  return async (batch) => {
    const counts = batch.countByStream()
    const looked = new Map<StreamPlan, BatchRows>()
    for (const plan of counts.keys()) if (rows.has(plan)) looked.set(plan, rows.get(plan)!.look(batch))
    const reservations = [...counts]
      .filter(([{ layout }]) => layout.usesIds)
      .map(async ([plan, count]) => {
        const written = count - (looked.get(plan)?.older.length ?? 0)
        return [plan, await ids.reserve(plan, written)] as const
      })
    const readings = [...looked].map(async ([plan, { known }]) => [plan, await known] as const)
    const [reserved, read] = await Promise.all([Promise.all(reservations), Promise.all(readings)])
    const given = new Map(reserved)
    return {
      ids: given,
      decide: () =>
        new Map(
          read.map(([plan, known]) => [
            plan,
            rows.get(plan)!.decide(looked.get(plan)!, known, given.get(plan)),
          ]),
        ),
    }
  }
}
