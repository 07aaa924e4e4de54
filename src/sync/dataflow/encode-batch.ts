/** Lays a batch out as shipments: what may go out command by command in one, and transactions of a bearable size. */
import { problem } from '../../errors.ts'
import { NO_GROUP, type CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { Refusal, RecordView } from '../../layout/encoding/layout.ts'
import type { Batch } from '../batches/batch.ts'
import { IdCursor, type IdRange } from '../streams/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
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
  ids: ReadonlyMap<StreamPlan, IdRange[]>
  /** Of streams whose places are remembered. */
  decisions: ReadonlyMap<StreamPlan, RowDecisions>
  client: Numbers
}

export function encodeBatch(
  batch: Batch,
  out: CommandGroups,
  { ids, decisions, client }: EncodeOptions,
): EncodedBatch {
  const ranges: CommandRange[] = []
  const refusals: EncodedBatch['refusals'] = []
  const cursors = new Map([...ids].map(([plan, idRanges]) => [plan, new IdCursor(idRanges)]))
  const plans = [...batch.countByStream().keys()]

  const write = (plan: StreamPlan, view: RecordView, record: number): number => {
    const change = decisions.get(plan)?.actions.get(record)
    if (change?.action === 'none') return NO_GROUP
    if (change?.action === 'remove') return remove(plan, change.location, out)
    view.replacesKey = change?.action === 'write anew'
    view.spread = Math.random()
    if (plan.layout.usesIds) view.id = cursors.get(plan)!.take()
    const written = view.dataEnd - view.dataStart > LONGEST_DATA ? TOO_LARGE : plan.layout.write(out, view)
    if (typeof written === 'number') return written
    refusals.push({ record, refusal: written })
    decisions.get(plan)?.passOn(record)
    return NO_GROUP
  }

  const start = { bytes: out.length, command: out.commands }
  batch.layEach(({ layout }) => layout.deliveryMode === 'pipeline', write)
  const simple = plans.filter(({ layout }) => layout.deliveryMode === 'pipeline')
  for (const { layout } of simple) layout.flush(out)
  const isCounted = simple.some(({ layout }) => layout.isConditional)
  ranges.push({ ...commandRangeFrom(start.bytes, start.command, out), isCounted })

  for (const plan of plans)
    if (plan.layout.deliveryMode !== 'pipeline')
      ranges.push(...transactionsOf(plan, batch, out, client, write))
  const refused = new Set(refusals.map(({ record }) => record))
  const isNoted = ({ record }: IndexEntry): boolean => !refused.has(record)
  // A place is noted before it is written to: what was written and not noted could never be removed. And a deletion is
  // noted behind the removal: what was noted and not removed would be taken for gone.
  const written = noteChanges(out, decisions, (entry) => isNoted(entry) && !entry.isDeleted)
  const deleted = noteChanges(out, decisions, (entry) => isNoted(entry) && entry.isDeleted)
  const [first, ...others] = ranges.filter(({ commands }) => commands > 0)
  const isNotedFirst = first !== undefined && written.commands > 0
  const rows = isNotedFirst ? [{ ...first, isBehindAll: true }, ...others] : ranges
  const all = [written, ...rows, { ...deleted, isBehindAll: true }]
  return { ranges: all.filter(({ commands }) => commands > 0), refusals }
}

function remove({ locator, deletions }: StreamPlan, location: string, out: CommandGroups): number {
  const group = out.newGroup()
  locator.form.remove(out, location, deletions?.afterMs)
  out.writes(group)
  return group
}

function noteChanges(
  out: CommandGroups,
  decisions: EncodeOptions['decisions'],
  isNoted: (entry: IndexEntry) => boolean,
): CommandRange {
  const [start, firstCommand] = [out.length, out.commands]
  for (const { index, changes, forget } of decisions.values()) {
    const noted = changes.filter(isNoted)
    index.note(out, noted)
    const locator = new Set(forget.length === 0 ? [] : noted.map(({ location }) => location))
    index.forget(
      out,
      forget.filter(({ location }) => locator.has(location)),
    )
  }
  return { ...commandRangeFrom(start, firstCommand, out), isOwn: true }
}
