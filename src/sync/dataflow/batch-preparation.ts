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
  /** Prepares the batch again, to write these of its records alone. */
  again: (records: ReadonlySet<number>) => Promise<Prepared>
}

/** Asks for everything at once, when the batch is submitted. */
export type BatchPreparation = (batch: Batch) => Promise<Prepared>

export function batchPreparation(
  ids: Pick<IdAllocator, 'reserve'>,
  trackers: ReadonlyMap<StreamSession, RowTracker>,
  recordRows: RowRecorder = () => Promise.resolve(),
  intervalsOf: (batch: Batch) => BatchIntervals = () => new Map(),
): BatchPreparation {
  const prepare = async (
    batch: Batch,
    rows: ReadonlyMap<StreamSession, BatchRows>,
    writes: ReadonlyMap<StreamSession, number>,
    intervals: BatchIntervals,
  ): Promise<Prepared> => {
    const reservations = [...writes]
      .filter(([{ layout }]) => layout.usesIds)
      .map(async ([stream, count]) => [stream, await ids.reserve(stream.plan, count)] as const)
    const readings = [...rows].map(
      async ([stream, read]) => [stream, await trackers.get(stream)!.answersTo(read)] as const,
    )
    const [reserved, read] = await Promise.all([Promise.all(reservations), Promise.all(readings)])
    // Where ids cannot be reserved, no record is written.
    await Promise.all([...writes.keys()].map((stream) => recordRows(stream)))
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
      again: async (records) => {
        batch.encodeOnly(records)
        const byStream = [...Map.groupBy(records, (record) => batch.streamOf(record))]
        const rowsAgain = byStream.map(
          ([stream]) => [stream, trackers.get(stream)!.read(batch, rows.get(stream)!.number)] as const,
        )
        const counts = byStream.map(([stream, its]) => [stream, its.length] as const)
        return prepare(batch, new Map(rowsAgain), new Map(counts), new Map())
      },
    }
  }
  return async (batch) => {
    const intervals = intervalsOf(batch)
    const rows = new Map<StreamSession, BatchRows>()
    const writes = batch.countByStream()
    for (const [stream, count] of writes) {
      const read = trackers.get(stream)?.read(batch)
      if (read === undefined) continue
      rows.set(stream, read)
      writes.set(stream, count - read.older.length)
    }
    return prepare(batch, rows, writes, intervals)
  }
}
