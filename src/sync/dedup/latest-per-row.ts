/** Finds the rows of one stream in a batch, and the record that each row is written from. */
import { NO_GROUP } from '../../layout/encoding/command-groups.ts'
import { writabilityTest } from '../../layout/encoding/write-record.ts'
import type { RecordView } from '../../layout/encoding/layout.ts'
import { ColumnKind, compilePath, type Columns } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { Batch } from '../batches/batch.ts'
import type { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { isDeletion } from '../streams/cdc-deletes.ts'
import { IdCursor } from '../ids/id-ranges.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import type { TextRange } from '../../layout/encoding/text-range.ts'
import { EncodedVersion } from '../rows/encoded-version.ts'
import { IndexEntries, NEW_ROW } from '../rows/index-entries.ts'
import type { ChangeKind, RowChange } from '../rows/row-resolution.ts'

/** Records that are left out of a batch. */
export interface LeftOut {
  /** Records that a newer one of the same row supersedes. */
  readonly older: readonly number[]
  /** The row of each of them. */
  readonly olderRows: readonly number[]
  /** Records that do not pass the filter and name no row. */
  readonly filtered: readonly number[]
}

export interface RowEntries extends LeftOut {
  /** One for each location. The layout refuses records without one. */
  readonly entries: IndexEntries
}

/** Returns the entries of the newest record of each row. */
export function latestPerRow(
  batch: Batch,
  session: StreamSession,
  run: number,
  pool?: BufferPool,
): RowEntries {
  const { plan } = session
  const isNumeric = plan.stream.cursor?.isNumeric ?? false
  const kindOf = changeKindOf(plan)
  // What a record does may depend on the row before the batch, or on the record before it.
  const keepsChanges = plan.removesFiltered || plan.removals?.afterMs !== undefined
  const isWritable = plan.config.onRecordError === 'dead_letter' ? writabilityTest(session.layout) : undefined
  const entries = new IndexEntries(run, true, batch.countOf(session), pool)
  const locateCursor = cursorLocator(plan)
  const [version, earlier] = [new EncodedVersion(), new EncodedVersion()]
  version.run = run
  const { emittedAt, cursor } = version
  const older: number[] = []
  const olderRows: number[] = []
  const filtered: number[] = []
  const take = (location: TextRange, record: number, view: RecordView): void => {
    emittedAt.bytes = view.bytes
    emittedAt.start = view.emittedAtStart
    emittedAt.end = view.emittedAtEnd
    locateCursor(view.columns, cursor)
    const kind = kindOf(view.columns)
    // A record that is set aside has no part in what becomes of its row.
    if (kind === 'write' && isWritable?.(view) === false) return
    const row = entries.locate(location)
    if (row === NEW_ROW) return entries.setVersion(row, record, kind, emittedAt, cursor)
    entries.readVersion(row, earlier)
    if (keepsChanges) {
      version.isDeleted = kind !== 'write'
      const change = { record, kind, version: version.toVersion() }
      const changes = entries.changes.get(row)
      if (changes === undefined) entries.changes.set(row, [firstChangeOf(entries, row, earlier), change])
      else changes.push(change)
      return entries.takeBack()
    }
    const isOlder = !version.supersedes(earlier, isNumeric)
    older.push(isOlder ? record : entries.recordOf(row))
    olderRows.push(row)
    if (isOlder) entries.takeBack()
    else entries.setVersion(row, record, kind, emittedAt, cursor)
  }
  eachLocation(batch, session, {
    visit: take,
    withoutLocation: (record, view) => {
      if (kindOf(view.columns) === 'filtered') filtered.push(record)
    },
  })
  older.forEach((record) => batch.leaveOut(record))
  filtered.forEach((record) => batch.leaveOut(record))
  return { entries, older, olderRows, filtered }
}

function firstChangeOf(entries: IndexEntries, row: number, version: EncodedVersion): RowChange {
  return { record: entries.recordOf(row), kind: entries.kindOf(row), version: version.toVersion() }
}

/** Returns a function that tells what a record does to its row. */
function changeKindOf({ deletions, removesFiltered, filter }: StreamPlan): (columns: Columns) => ChangeKind {
  return (columns) => {
    if (deletions !== undefined && isDeletion(columns)) return 'delete'
    return removesFiltered && filter?.(columns) === false ? 'filtered' : 'write'
  }
}

/** Returns the entries of the first record of each row; all records are written. `ids`: where locations contain them. */
export function firstPerRow(
  batch: Batch,
  session: StreamSession,
  run: number,
  pool?: BufferPool,
  ids?: readonly IdRange[],
): RowEntries {
  const entries = new IndexEntries(run, false, batch.countOf(session), pool)
  const take = (location: TextRange, record: number): void => {
    const row = entries.locate(location)
    if (row === NEW_ROW) return entries.set(row, record)
    entries.takeBack()
    const others = entries.others.get(row)
    if (others === undefined) entries.others.set(row, [record])
    else others.push(record)
  }
  eachLocation(batch, session, { visit: take }, ids)
  return { entries, older: [], olderRows: [], filtered: [] }
}

interface LocationVisitor {
  readonly visit: (location: TextRange, record: number, view: RecordView) => void
  readonly withoutLocation?: (record: number, view: RecordView) => void
}

function eachLocation(
  batch: Batch,
  session: StreamSession,
  { visit, withoutLocation }: LocationVisitor,
  ids?: readonly IdRange[],
): void {
  const cursor = ids === undefined ? undefined : new IdCursor(ids)
  const { locator } = session.plan
  const location = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const text: TextRange = { bytes: location.bytes, start: 0, end: 0 }
  batch.encodeEach(
    (other) => other === session,
    (_, view, record) => {
      if (session.layout.usesColumns) batch.readColumns(view)
      location.clear()
      if (cursor !== undefined) view.id = cursor.take()
      if (locator.locate(view, location) === undefined) {
        text.bytes = location.bytes
        text.end = location.length
        visit(text, record, view)
      } else withoutLocation?.(record, view)
      return NO_GROUP
    },
  )
}

/** Returns a function that finds the JSON text of the cursor; it is empty where there is none. */
function cursorLocator({ stream: { cursor } }: StreamPlan): (columns: Columns, text: TextRange) => void {
  if (cursor === undefined) return () => undefined
  const path = compilePath(cursor.path)
  return (columns, text) => {
    const row = columns.find(path)
    const isThere = row !== -1 && columns.kind(row) !== ColumnKind.null
    text.bytes = columns.bytes
    text.start = isThere ? columns.valueStart(row) : 0
    text.end = isThere ? columns.valueEnd(row) : 0
  }
}
