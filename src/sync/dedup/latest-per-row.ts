/** The rows of one stream that a batch has records of, and of each the record that has the last word. */
import { NO_GROUP } from '../../layout/encoding/command-groups.ts'
import type { RecordView } from '../../layout/encoding/layout.ts'
import { ColumnKind, compilePath, type Columns } from '../../protocol/columns/columns.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { Batch } from '../batches/batch.ts'
import { isDeletion } from '../streams/cdc-deletes.ts'
import { IdCursor, type IdRange } from '../streams/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { supersedes } from './row-version.ts'
import { versionOf, IndexEntryWriter, type Text, type IndexEntry } from './index-entry.ts'

export interface RowEntries {
  /** One a place. Records without a place are left to the layout to refuse. */
  entries: IndexEntry[]
  /** Records that another one of the same row takes the place of; they are left out of the batch. */
  older: number[]
}

/** Of each row the newest record. `attempt`: the run's number. */
export function latestPerRow(batch: Batch, plan: StreamPlan, attempt: number): RowEntries {
  const isNumeric = plan.stream.cursor?.isNumeric ?? false
  const mayDelete = plan.deletions !== undefined
  const writer = new IndexEntryWriter(attempt, true)
  const locateCursor = cursorLocator(plan)
  const [emittedAt, cursor] = [emptyText(), emptyText()]
  const byPlace = new Map<string, IndexEntry>()
  const older: number[] = []
  eachPlace(batch, plan, (name, record, view) => {
    emittedAt.bytes = view.bytes
    emittedAt.start = view.emittedAtStart
    emittedAt.end = view.emittedAtEnd
    locateCursor(view.columns, cursor)
    const location = textOf(name)
    const isDeleted = mayDelete && isDeletion(view.columns)
    const entry = byPlace.get(location)
    if (entry === undefined) {
      const first = writer.of(location)
      byPlace.set(location, first)
      return writer.setVersion(first, record, name, emittedAt, cursor, isDeleted)
    }
    const version = { attempt, emittedAt: Number(textOf(emittedAt)), cursor: textOf(cursor), isDeleted }
    const isOlder = !supersedes(version, versionOf(entry), isNumeric)
    older.push(isOlder ? record : entry.record)
    if (isOlder) return
    writer.setVersion(entry, record, name, emittedAt, cursor, isDeleted)
    entry.version = version
  })
  for (const record of older) batch.leaveOut(record)
  return { entries: [...byPlace.values()], older }
}

/** Of each row the first record; all of them are written. `ids`: of the records, where names of places need them. */
export function firstPerRow(
  batch: Batch,
  plan: StreamPlan,
  attempt: number,
  ids?: readonly IdRange[],
): RowEntries {
  const writer = new IndexEntryWriter(attempt, false)
  const byPlace = new Map<string, IndexEntry>()
  const take = (name: Text, record: number): void => {
    const location = textOf(name)
    const known = byPlace.get(location)
    if (known !== undefined) {
      known.others ??= []
      known.others.push(record)
      return
    }
    const entry = writer.of(location)
    byPlace.set(location, entry)
    writer.set(entry, record, name)
  }
  eachPlace(batch, plan, take, ids)
  return { entries: [...byPlace.values()], older: [] }
}

function eachPlace(
  batch: Batch,
  plan: StreamPlan,
  visit: (name: Text, record: number, view: RecordView) => void,
  ids?: readonly IdRange[],
): void {
  const cursor = ids === undefined ? undefined : new IdCursor(ids)
  const name = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const text = emptyText()
  batch.layEach(
    (other) => other === plan,
    (_, view, record) => {
      name.clear()
      if (cursor !== undefined) view.id = cursor.take()
      if (plan.locator.locate(view, name) === undefined) {
        text.bytes = name.bytes
        text.end = name.length
        visit(text, record, view)
      }
      return NO_GROUP
    },
  )
}

/** Finds the cursor's JSON text, an empty one where there is none. */
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
