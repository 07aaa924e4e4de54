/** Encodes a batch as requests: one for commands that may run one by one, and transactions of limited size. */
import { NO_GROUP, type CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { Refusal, RecordView } from '../../layout/encoding/layout.ts'
import type { Batch } from '../batches/batch.ts'
import { IdCursor, type IdRange } from '../streams/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { RowDecisions } from '../dedup/row-tracker.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { BatchRequest } from './batch-request.ts'
import { transactionsOf, type Slots } from './transactions.ts'
import type { IndexEntry } from '../dedup/index-entry.ts'

/** Redis takes no argument that is longer. */
const LONGEST_DATA = 512 << 20

export interface EncodedBatch {
  requests: BatchRequest[]
  refusals: { record: number; reason: Refusal }[]
}

export interface EncodeOptions {
  ids: ReadonlyMap<StreamPlan, IdRange[]>
  /** Of streams that have a key index. */
  decisions: ReadonlyMap<StreamPlan, RowDecisions>
  client: Slots
}

export function encodeBatch(
  batch: Batch,
  out: CommandGroups,
  { ids, decisions, client }: EncodeOptions,
): EncodedBatch {
  const requests: BatchRequest[] = []
  const refusals: EncodedBatch['refusals'] = []
  const cursors = new Map([...ids].map(([plan, idRanges]) => [plan, new IdCursor(idRanges)]))
  const plans = [...batch.countByStream().keys()]

  const write = (plan: StreamPlan, view: RecordView, record: number): number => {
    const change = decisions.get(plan)?.actions.get(record)
    if (change?.action === 'none') return NO_GROUP
    if (change?.action === 'remove') return remove(plan, change.location, out)
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

  const first = out.commands
  batch.layEach(({ layout }) => layout.delivery === 'each', write)
  const simple = plans.filter(({ layout }) => layout.delivery === 'each')
  for (const { layout } of simple) layout.flush(out)
  const isCounted = simple.some(({ layout }) => layout.isConditional)
  const commands = EncodedCommands.from(out, first)
  requests.push({ request: { kind: 'write', commands, isCounted, confirmedBy: 'marker' } })

  for (const plan of plans)
    if (plan.layout.delivery !== 'each') requests.push(...transactionsOf(plan, batch, out, client, write))
  const refused = new Set(refusals.map(({ record }) => record))
  const isNoted = ({ record }: IndexEntry): boolean => !refused.has(record)
  // A key is in the index before it is written: one that was written and is not there could never be removed. A deletion
  // is in the index behind the removal: else a row whose removal failed would count as gone.
  const written = indexChanges(out, decisions, (entry) => isNoted(entry) && !entry.isDeleted)
  const deleted = indexChanges(out, decisions, (entry) => isNoted(entry) && entry.isDeleted)
  const rows = requests.filter(isFilled)
  const isIndexedFirst = rows[0] !== undefined && isFilled(written)
  const ordered = isIndexedFirst ? [behindAll(rows[0]!), ...rows.slice(1)] : rows
  return { requests: [written, ...ordered, behindAll(deleted)].filter(isFilled), refusals }
}

function isFilled({ request }: BatchRequest): boolean {
  return request.commands.count > 0
}

function behindAll(part: BatchRequest): BatchRequest {
  return { ...part, request: { ...part.request, isBehindAll: true } }
}

function remove({ locator, deletions }: StreamPlan, location: string, out: CommandGroups): number {
  const group = out.newGroup()
  locator.form.remove(out, location, deletions?.afterMs)
  out.writes(group)
  return group
}

function indexChanges(
  out: CommandGroups,
  decisions: EncodeOptions['decisions'],
  isChosen: (entry: IndexEntry) => boolean,
): BatchRequest {
  const first = out.commands
  for (const { index, changes, forget } of decisions.values()) {
    const chosen = changes.filter(isChosen)
    index.note(out, chosen)
    const locations = new Set(forget.length === 0 ? [] : chosen.map(({ location }) => location))
    index.forget(
      out,
      forget.filter(({ location }) => locations.has(location)),
    )
  }
  const commands = EncodedCommands.from(out, first)
  return { request: { kind: 'write', commands, isCounted: false, confirmedBy: 'marker' }, isOwn: true }
}
