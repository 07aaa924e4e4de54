/** Gets what a batch needs before it can be encoded: ids for its records, and the index entries of its rows. */
import type { Batch } from '../batches/batch.ts'
import type { IdAllocator } from '../ids/id-allocator.ts'
import type { RowDecisions } from '../dedup/row-decisions.ts'
import type { BatchRows, RowTracker } from '../dedup/row-tracker.ts'
import type { RowRecorder } from '../streams/row-recorder.ts'
import type { BatchIntervals } from '../attempts/state-intervals.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'

export interface Prepared {
  ids: ReadonlyMap<StreamSession, IdRange[]>
  /** Decides on the rows of streams that add them to the key index. Is called once, batch by batch. */
  decide: () => ReadonlyMap<StreamSession, RowDecisions>
  /** Of streams whose attempts are recorded. */
  intervals: BatchIntervals
}

/** Asks for everything at once, when the batch is submitted. */
export type BatchPreparation = (batch: Batch) => Promise<Prepared>

export function batchPreparation(
  ids: Pick<IdAllocator, 'reserve'>,
  trackers: ReadonlyMap<StreamSession, RowTracker>,
  recordRows: RowRecorder = () => Promise.resolve(),
  intervalsOf: (batch: Batch) => BatchIntervals = () => new Map(),
): BatchPreparation {
  return async (batch) => {
    const intervals = intervalsOf(batch)
    const counts = batch.countByStream()
    const rows = new Map<StreamSession, BatchRows>()
    for (const stream of counts.keys())
      if (trackers.has(stream)) rows.set(stream, trackers.get(stream)!.read(batch))
    const reservations = [...counts]
      .filter(([{ layout }]) => layout.usesIds)
      .map(async ([stream, count]) => {
        const written = count - (rows.get(stream)?.older.length ?? 0)
        return [stream, await ids.reserve(stream.plan, written)] as const
      })
    const readings = [...rows].map(
      async ([stream, read]) => [stream, await trackers.get(stream)!.answersTo(read)] as const,
    )
    const [reserved, read] = await Promise.all([Promise.all(reservations), Promise.all(readings)])
    // Where ids cannot be reserved, no record is written.
    await Promise.all([...counts.keys()].map((stream) => recordRows(stream)))
    const idsByStream = new Map(reserved)
    return {
      ids: idsByStream,
      intervals,
      decide: () =>
        new Map(
          read.map(([stream, answers]) => [
            stream,
            trackers.get(stream)!.decide(rows.get(stream)!, answers, idsByStream.get(stream)),
          ]),
        ),
    }
  }
}
