/** Lays a batch out as shipments: what may go out command by command in one, and transactions of a bearable size. */
import { problem } from '../../errors.ts'
import { NO_GROUP, type CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { Refusal, RecordView } from '../../layout/encoding/layout.ts'
import type { Batch } from '../batches/batch.ts'
import { IdCursor } from '../streams/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import type { RowDecisions } from '../dedup/row-tracker.ts'
import { commandRangeFrom, type CommandRange } from './part.ts'
import { transactionsOf, type Numbers } from './transactions.ts'
import type { IndexEntry } from '../dedup/index-entry.ts'

/** Redis takes no argument that is longer. */
const LONGEST_DATA = 512 << 20

const TOO_LARGE: Refusal = problem('record-too-large', 'It is larger than 512 MB, the most that Redis takes.')

export interface EncodedBatch {
  ranges: CommandRange[]
  refusals: { record: number; refusal: Refusal }[]
}

export interface EncodeOptions {
  ids: ReadonlyMap<StreamSession, IdRange[]>
  /** Of streams that add their rows to the key index. */
  decisions: ReadonlyMap<StreamSession, RowDecisions>
  client: Numbers
}

export function encodeBatch(
  batch: Batch,
  out: CommandGroups,
  { ids, decisions, client }: EncodeOptions,
): EncodedBatch {
  const ranges: CommandRange[] = []
  const refusals: EncodedBatch['refusals'] = []
  const cursors = new Map([...ids].map(([stream, idRanges]) => [stream, new IdCursor(idRanges)]))
  const streams = [...batch.countByStream().keys()]

  const write = (stream: StreamSession, view: RecordView, record: number): number => {
    const change = decisions.get(stream)?.actions.get(record)
    if (change?.action === 'none') return NO_GROUP
    if (change?.action === 'remove') return remove(stream.plan, change.location, out)
    view.replacesKey = change?.action === 'write anew'
    view.spread = Math.random()
    if (stream.layout.usesIds) view.id = cursors.get(stream)!.take()
    const written = view.dataEnd - view.dataStart > LONGEST_DATA ? TOO_LARGE : stream.layout.write(out, view)
    if (typeof written === 'number') return written
    refusals.push({ record, refusal: written })
    decisions.get(stream)?.refuse(record)
    return NO_GROUP
  }

  const start = { bytes: out.length, command: out.commands }
  batch.encodeEach(({ layout }) => layout.deliveryMode === 'pipeline', write)
  const simple = streams.filter(({ layout }) => layout.deliveryMode === 'pipeline')
  for (const { layout } of simple) layout.flush(out)
  const isCounted = simple.some(({ layout }) => layout.isConditional)
  ranges.push({ ...commandRangeFrom(start.bytes, start.command, out), isCounted })

  for (const stream of streams)
    if (stream.layout.deliveryMode !== 'pipeline')
      ranges.push(...transactionsOf(stream, batch, out, client, write))
  const refused = new Set(refusals.map(({ record }) => record))
  const isWritten = ({ record }: IndexEntry): boolean => !refused.has(record)
  // A row that is written and named nowhere could never be removed. And an entry stands for a row that was written, or a
  // deletion that was carried out, so entries follow their rows.
  const journal = writeJournal(out, decisions, isWritten)
  const entries = writeEntries(out, decisions, isWritten)
  const [first, ...others] = ranges.filter(({ commands }) => commands > 0)
  const isJournaled = first !== undefined && journal.commands > 0
  const rows = isJournaled ? [{ ...first, isBehindAll: true }, ...others] : ranges
  const all = [journal, ...rows, { ...entries, isBehindAll: true }]
  return { ranges: all.filter(({ commands }) => commands > 0), refusals }
}

function remove({ locator, deletions }: StreamPlan, location: string, out: CommandGroups): number {
  const group = out.newGroup()
  locator.form.remove(out, location, deletions?.afterMs)
  out.writes(group)
  return group
}

/** Names the rows that the key index has no entries for, and the shards in which entries expire for the first time. */
function writeJournal(
  out: CommandGroups,
  decisions: EncodeOptions['decisions'],
  isWritten: (entry: IndexEntry) => boolean,
): CommandRange {
  const [start, firstCommand] = [out.length, out.commands]
  for (const { index, added, expiries, writeJournal: write } of decisions.values()) {
    index.recordExpiryShards(out, expiries)
    const rows = added.filter(isWritten)
    if (rows.length > 0) write(out, rows)
  }
  return { ...commandRangeFrom(start, firstCommand, out), isOwn: true }
}

function writeEntries(
  out: CommandGroups,
  decisions: EncodeOptions['decisions'],
  isWritten: (entry: IndexEntry) => boolean,
): CommandRange {
  const [start, firstCommand] = [out.length, out.commands]
  for (const { index, changes, expiries } of decisions.values()) {
    const written = changes.filter(isWritten)
    index.write(out, written)
    const locations = new Set(expiries.length === 0 ? [] : written.map(({ location }) => location))
    index.expire(
      out,
      expiries.filter(({ location }) => locations.has(location)),
    )
  }
  return { ...commandRangeFrom(start, firstCommand, out), isOwn: true }
}
