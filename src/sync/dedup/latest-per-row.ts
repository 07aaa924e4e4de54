/** Finds the rows of one stream in a batch, and the record that each row is written from. */
import { NO_GROUP } from '../../layout/encoding/command-groups.ts'
import { writabilityTest } from '../../layout/encoding/write-record.ts'
import type { RecordView } from '../../layout/encoding/layout.ts'
import { ColumnKind, compilePath, type Columns } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { Batch } from '../batches/batch.ts'
import { isDeletion } from '../streams/cdc-deletes.ts'
import { IdCursor } from '../ids/id-ranges.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import { supersedes } from './row-version.ts'
import type { ChangeKind } from './row-resolution.ts'
import { changeOf, versionOf, IndexEntryWriter, type Text, type IndexEntry } from './index-entry.ts'

export interface RowEntries {
  /** One for each location. The layout refuses records without one. */
  entries: IndexEntry[]
  /** Records that a newer one of the same row supersedes; they are left out of the batch. */
  older: number[]
  /** Records that do not pass the filter and name no row; they are left out of the batch. */
  filtered: number[]
  /** Encodes entries anew. */
  writer: IndexEntryWriter
}

/** Returns the entries of the newest record of each row. */
export function latestPerRow(batch: Batch, session: StreamSession, run: number): RowEntries {
  const { plan } = session
  const isNumeric = plan.stream.cursor?.isNumeric ?? false
  const kindOf = changeKindOf(plan)
  // What a record does may depend on the row before the batch, or on the record before it.
  const keepsChanges = plan.removesFiltered || plan.removals?.afterMs !== undefined
  const isWritable = plan.config.onRecordError === 'dead_letter' ? writabilityTest(session.layout) : undefined
  const writer = new IndexEntryWriter(run, true, batch.countOf(session))
  const locateCursor = cursorLocator(plan)
  const [emittedAt, cursor] = [emptyText(), emptyText()]
  const byLocation = new Map<string, IndexEntry>()
  const older: number[] = []
  const filtered: number[] = []
  const take = (locationText: Text, record: number, view: RecordView): void => {
    emittedAt.bytes = view.bytes
    emittedAt.start = view.emittedAtStart
    emittedAt.end = view.emittedAtEnd
    locateCursor(view.columns, cursor)
    const location = textOf(locationText)
    const kind = kindOf(view.columns)
    // A record that is set aside has no part in what becomes of its row.
    if (kind === 'write' && isWritable?.(view) === false) return
    const isDeleted = kind !== 'write'
    const entry = byLocation.get(location)
    if (entry === undefined) {
      const first = writer.begin(location)
      byLocation.set(location, first)
      first.isFiltered = kind === 'filtered'
      return writer.setVersion(first, record, locationText, emittedAt, cursor, isDeleted)
    }
    const version = { run, emittedAt: Number(textOf(emittedAt)), cursor: textOf(cursor), isDeleted }
    if (keepsChanges) {
      entry.changes ??= [changeOf(entry)]
      entry.changes.push({ record, kind, version })
      return
    }
    const isOlder = !supersedes(version, versionOf(entry), isNumeric)
    older.push(isOlder ? record : entry.record)
    if (isOlder) return
    writer.setVersion(entry, record, locationText, emittedAt, cursor, isDeleted)
    entry.version = version
  }
  eachLocation(batch, session, {
    visit: take,
    withoutLocation: (record, view) => {
      if (kindOf(view.columns) === 'filtered') filtered.push(record)
    },
  })
  for (const record of [...older, ...filtered]) batch.leaveOut(record)
  return { entries: [...byLocation.values()], older, filtered, writer }
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
  ids?: readonly IdRange[],
): RowEntries {
  const writer = new IndexEntryWriter(run, false, batch.countOf(session))
  const byLocation = new Map<string, IndexEntry>()
  const take = (locationText: Text, record: number): void => {
    const location = textOf(locationText)
    const earlier = byLocation.get(location)
    if (earlier !== undefined) {
      earlier.others ??= []
      earlier.others.push(record)
      return
    }
    const entry = writer.begin(location)
    byLocation.set(location, entry)
    writer.set(entry, record, locationText)
  }
  eachLocation(batch, session, { visit: take }, ids)
  return { entries: [...byLocation.values()], older: [], filtered: [], writer }
}

interface LocationVisitor {
  readonly visit: (location: Text, record: number, view: RecordView) => void
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
  const text = emptyText()
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
function cursorLocator({ stream: { cursor } }: StreamPlan): (columns: Columns, text: Text) => void {
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

function textOf({ bytes, start, end }: Text): string {
  return bytes.toString('utf8', start, end)
}

function emptyText(): Text {
  return { bytes: Buffer.alloc(0), start: 0, end: 0 }
}
