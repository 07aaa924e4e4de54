/** Lays a batch out as shipments: what may go out command by command in one, and transactions of a bearable size. */
import { NO_GROUP, type Orders } from '../../layout/encoding/command-groups.ts'
import type { Refusal, RecordView } from '../../layout/encoding/layout.ts'
import type { Batch } from '../batches/batch.ts'
import { IdCursor, type IdRange } from '../streams/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { Decisions } from '../dedup/row-tracker.ts'
import { partFrom, type Part } from './part.ts'
import { transactionsOf, type Numbers } from './transactions.ts'
import type { Word } from '../dedup/index-entry.ts'

/** Redis takes no argument that is longer. */
const LONGEST_DATA = 512 << 20

export interface LaidOut {
  parts: Part[]
  refusals: { record: number; reason: Refusal }[]
}

export interface LayingOut {
  ids: ReadonlyMap<StreamPlan, IdRange[]>
  /** Of streams whose places are remembered. */
  decisions: ReadonlyMap<StreamPlan, Decisions>
  link: Numbers
}

export function layOut(batch: Batch, out: Orders, { ids, decisions, link }: LayingOut): LaidOut {
  const parts: Part[] = []
  const refusals: LaidOut['refusals'] = []
  const cursors = new Map([...ids].map(([plan, ranges]) => [plan, new IdCursor(ranges)]))
  const plans = [...batch.countByStream().keys()]

  const write = (plan: StreamPlan, view: RecordView, record: number): number => {
    const change = decisions.get(plan)?.actions.get(record)
    if (change?.action === 'none') return NO_GROUP
    if (change?.action === 'remove') return remove(plan, change.place, out)
    view.startsAnew = change?.action === 'write anew'
    view.spread = Math.random()
    if (plan.layout.usesIds) view.id = cursors.get(plan)!.take()
    const written =
      view.dataEnd - view.dataStart > LONGEST_DATA
        ? 'it is larger than 512 MB, the most that Redis takes'
        : plan.layout.write(out, view)
    if (typeof written === 'number') return written
    refusals.push({ record, reason: written })
    decisions.get(plan)?.passOn(record)
    return NO_GROUP
  }

  const start = { bytes: out.length, command: out.commands }
  batch.layEach(({ layout }) => layout.delivery === 'each', write)
  const simple = plans.filter(({ layout }) => layout.delivery === 'each')
  for (const { layout } of simple) layout.flush(out)
  const isCounted = simple.some(({ layout }) => layout.isConditional)
  parts.push({ ...partFrom(start.bytes, start.command, out), isCounted })

  for (const plan of plans)
    if (plan.layout.delivery !== 'each') parts.push(...transactionsOf(plan, batch, out, link, write))
  const refused = new Set(refusals.map(({ record }) => record))
  const isNoted = ({ record }: Word): boolean => !refused.has(record)
  // A place is noted before it is written to: what was written and not noted could never be removed. And a deletion is
  // noted behind the removal: what was noted and not removed would be taken for gone.
  const written = noteChanges(out, decisions, (word) => isNoted(word) && !word.isDeleted)
  const deleted = noteChanges(out, decisions, (word) => isNoted(word) && word.isDeleted)
  const [first, ...others] = parts.filter(({ commands }) => commands > 0)
  const isNotedFirst = first !== undefined && written.commands > 0
  const rows = isNotedFirst ? [{ ...first, isBehindAll: true }, ...others] : parts
  const all = [written, ...rows, { ...deleted, isBehindAll: true }]
  return { parts: all.filter(({ commands }) => commands > 0), refusals }
}

function remove({ places, deletions }: StreamPlan, place: string, out: Orders): number {
  const group = out.newGroup()
  places.form.remove(out, place, deletions?.afterMs)
  out.writes(group)
  return group
}

function noteChanges(out: Orders, decisions: LayingOut['decisions'], isNoted: (word: Word) => boolean): Part {
  const [start, firstCommand] = [out.length, out.commands]
  for (const { index, changes, forget } of decisions.values()) {
    const noted = changes.filter(isNoted)
    index.note(out, noted)
    const places = new Set(forget.length === 0 ? [] : noted.map(({ place }) => place))
    index.forget(
      out,
      forget.filter(({ place }) => places.has(place)),
    )
  }
  return { ...partFrom(start, firstCommand, out), isOwn: true }
}
