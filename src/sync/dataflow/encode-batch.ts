/** Encodes a batch as requests: one for commands that may run one by one, and transactions of limited size. */
import { problem } from '../../errors.ts'
import { NO_GROUP, type CommandGroups } from '../../layout/encoding/command-groups.ts'
import { isPipelined, type Refusal } from '../../layout/encoding/layout.ts'
import type { TextRange } from '../../layout/encoding/text-range.ts'
import { writeRecord } from '../../layout/encoding/write-record.ts'
import { IdCursor } from '../ids/id-ranges.ts'
import { keyForm, shownKey } from '../drafts/shown-key.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import type { RowDecisions } from '../dedup/row-decisions.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import { NO_ENTRY } from '../batches/record-table.ts'
import type { CompiledPrograms } from '../batches/compiled-program.ts'
import { RunEncoder } from '../batches/encode-run.ts'
import type { BatchIntervals } from '../attempts/state-intervals.ts'
import type { BatchRequest } from './batch-request.ts'
import { transactionsOf, type EncodableBatch, type Slots, type Write } from './transactions.ts'

export interface EncodedBatch {
  requests: BatchRequest[]
  refusals: { record: number; refusal: Refusal }[]
  /** Records whose commands leave no data. */
  dataless: { record: number; kind: 'expired' | 'empty' }[]
}

export interface EncodeOptions {
  ids: ReadonlyMap<StreamSession, IdRange[]>
  /** Of streams that add their rows to the key index. */
  decisions: ReadonlyMap<StreamSession, RowDecisions>
  client: Slots
  /** Of streams whose attempts are recorded. */
  intervals?: BatchIntervals
  /** Compiled record programs; without them, records are encoded one by one. */
  programs?: CompiledPrograms
}

/** Returns which of some rows are written from a record that was not refused. */
type WrittenRows = (decided: RowDecisions, rows: readonly number[]) => readonly number[]

export function encodeBatch(
  batch: EncodableBatch,
  out: CommandGroups,
  { ids, decisions, client, intervals, programs }: EncodeOptions,
): EncodedBatch {
  const requests: BatchRequest[] = []
  const refusals: EncodedBatch['refusals'] = []
  const dataless: EncodedBatch['dataless'] = []
  const cursors = new Map([...ids].map(([stream, idRanges]) => [stream, new IdCursor(idRanges)]))
  const streams = [...batch.countByStream().keys()]
  const areDecided = decisions.size > 0

  const key: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }

  const write: Write = (stream, view, record, number) => {
    const decided = areDecided ? decisions.get(stream) : undefined
    const change = decided?.actions.get(record)
    if (change?.action === 'none') return NO_GROUP
    if (change?.action === 'remove') {
      // The row may have been written by a record before this one, whose command is held back.
      stream.layout.flush(out)
      return remove(stream.plan, change.location, out)
    }
    if (change?.action === 'refuse') {
      refusals.push({ record, refusal: keyOfOthers(stream.plan) })
      decided?.refuse(record)
      return NO_GROUP
    }
    const hasKey = number !== NO_ENTRY && decided !== undefined
    if (hasKey) decided.entries.locationIn(number, key)
    view.key = hasKey ? key : undefined
    const { layout } = stream
    if (hasKey ? layout.usesColumnsBesideKey : layout.usesColumns) batch.readColumns(view)
    view.replacesKey = change?.action === 'write anew' || change?.action === 'take over'
    view.takesOver = change?.action === 'take over'
    if (stream.plan.settings.ttlJitterPercent > 0) view.spread = Math.random()
    if (layout.usesIds) view.id = cursors.get(stream)!.take()
    const written = writeRecord(layout, out, view)
    if (typeof written === 'number') {
      if (view.result !== 'written') dataless.push({ record, kind: view.result })
      return written
    }
    refusals.push({ record, refusal: written })
    decided?.refuse(record)
    return NO_GROUP
  }

  const runs =
    programs &&
    new RunEncoder({
      out,
      programs,
      captured: batch.capturedColumns,
      idsOf: (stream) => (stream.layout.usesIds ? cursors.get(stream) : undefined),
      isUsual: (stream) => (decisions.get(stream)?.actions.size ?? 0) === 0,
      owners: client.slotOwners,
    })
  const first = out.commands
  batch.encodeEach(
    ({ layout }) => isPipelined(layout, out),
    write,
    (stream, rows) => runs?.encode(stream, rows)?.rows ?? 0,
  )
  const simple = streams.filter(({ layout }) => isPipelined(layout, out))
  for (const { layout } of simple) layout.flush(out)
  const isCounted = simple.some(({ layout }) => layout.isConditional)
  const commands = EncodedCommands.from(out, first)
  requests.push({ request: { kind: 'write', commands, isCounted, confirmedBy: 'marker' } })

  for (const stream of streams)
    if (!isPipelined(stream.layout, out))
      requests.push(...transactionsOf(stream, batch, out, client, { write, runs }, intervals?.get(stream)))
  const refused = new Set(refusals.map(({ record }) => record))
  const written: WrittenRows = ({ entries: its }, rows) =>
    refused.size === 0 ? rows : rows.filter((row) => !refused.has(its.recordOf(row)))
  // A row that is written and named nowhere could never be removed. And an entry stands for a row that was written, or a
  // deletion that was carried out, so entries follow their rows.
  const journal = writeJournal(out, decisions, written)
  const entries = writeEntries(out, decisions, written)
  const rows = requests.filter(isFilled)
  const isJournaled = rows[0] !== undefined && isFilled(journal)
  const ordered = isJournaled ? [behindAll(rows[0]!), ...rows.slice(1)] : rows
  return { requests: [journal, ...ordered, behindAll(entries)].filter(isFilled), refusals, dataless }
}

function keyOfOthers(plan: StreamPlan): Refusal {
  const key = shownKey(plan)
  return problem(
    'live-key-other-type',
    `${key.charAt(0).toUpperCase()}${key.slice(1)} holds another Redis type, and nothing says that the connector wrote it.`,
    { options: ['key_template'], params: { key: keyForm(plan) } },
  )
}

function isFilled({ request }: BatchRequest): boolean {
  return request.commands.count > 0
}

function behindAll(part: BatchRequest): BatchRequest {
  return { ...part, request: { ...part.request, isBehindAll: true } }
}

function remove({ locator, removals }: StreamPlan, location: string, out: CommandGroups): number {
  const group = out.newGroup()
  locator.form.remove(out, location, removals?.afterMs)
  out.writes(group)
  return group
}

/** Names the rows that the key index has no entries for, and the shards in which entries expire for the first time. */
function writeJournal(
  out: CommandGroups,
  decisions: EncodeOptions['decisions'],
  written: WrittenRows,
): BatchRequest {
  const first = out.commands
  for (const decided of decisions.values()) {
    decided.index.recordExpiryShards(out, decided.expiries)
    const rows = written(decided, decided.added)
    if (rows.length > 0) decided.writeJournal(out, rows)
  }
  return ownWrite(out, first)
}

function writeEntries(
  out: CommandGroups,
  decisions: EncodeOptions['decisions'],
  written: WrittenRows,
): BatchRequest {
  const first = out.commands
  for (const decided of decisions.values()) {
    const { index, entries, changes, expiries } = decided
    const rows = written(decided, changes)
    index.write(out, entries, rows)
    const locations = new Set(expiries.length === 0 ? [] : rows.map((row) => entries.locationOf(row)))
    index.expire(
      out,
      expiries.filter(({ location }) => locations.has(location)),
    )
  }
  return ownWrite(out, first)
}

/** Returns the request of the commands from `first` on, which write keys of the connector's own. */
function ownWrite(out: CommandGroups, first: number): BatchRequest {
  const commands = EncodedCommands.from(out, first)
  return { request: { kind: 'write', commands, isCounted: false, confirmedBy: 'marker' }, isOwn: true }
}
