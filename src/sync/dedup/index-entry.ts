/**
 * An index entry for one row: its location and its version. Both are encoded once, as arguments of commands, and copied
 * from there, as there is an entry for nearly every record. `row-version.ts` reads and compares the versions.
 */
import { digitsOf } from '../../redis/resp/byte-buffer.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { ChangeKind, RowChange } from './row-resolution.ts'
import { readVersion, type RowVersion } from './row-version.ts'

/** A location, encoded as an argument: bytes `start` to `middle` of `text`. */
export interface EncodedLocation {
  readonly location: string
  /** The hash of the key index that has its entry. */
  readonly shard: number
  readonly text: CommandBuffer
  readonly start: number
  readonly middle: number
}

export interface IndexEntry extends EncodedLocation {
  /** The record that the row is written from. */
  record: number
  /** Later records of the row, where all of them are written. */
  others: number[] | undefined
  /** Whether the record deletes the row. */
  isDeleted: boolean
  /** Whether it does so because it does not pass the filter. */
  isFiltered: boolean
  /** All changes of the row, where the row before the batch decides which of them counts. */
  changes: RowChange[] | undefined
  start: number
  middle: number
  /** The value of the entry is encoded in bytes `middle` to `end`. */
  end: number
  /** The version that the value holds, once it was read. */
  version: RowVersion | undefined
}

/** A range of bytes. */
export interface Text {
  bytes: Buffer
  start: number
  end: number
}

/** Most entries have no more, so that their memory need not grow. */
const USUAL_BYTES = 96

const LF = 0x0a
const SPACE = Buffer.from(' ')
const DELETED = Buffer.from('! ')

/** Encodes locations that are not taken from records. */
export function encodeLocations(locations: readonly string[]): EncodedLocation[] {
  const text = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 12))
  return locations.map((location) => {
    const start = text.length
    text.textArgument(location)
    return { location, shard: shardOf(location), text, start, middle: text.length }
  })
}

/** The key index is kept in so many hashes. */
export const SHARDS = 256

/** Returns a hash, FNV-1a. It must never change, as one version of the connector reads what another one wrote. */
export function shardOf(location: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < location.length; at++) hash = Math.imul(hash ^ location.charCodeAt(at), 0x01000193)
  return (hash >>> 16) % SHARDS
}

/** Encodes the entries of one batch; `readVersion` reads their values. */
export class IndexEntryWriter {
  readonly #text: CommandBuffer
  /** `<run>`, and a space where a version follows. */
  readonly #run: Buffer

  /** `entries`: how many there may be. */
  constructor(run: number, isVersioned: boolean, entries: number) {
    this.#text = new CommandBuffer(Buffer.allocUnsafeSlow(entries * USUAL_BYTES))
    this.#run = Buffer.from(isVersioned ? `${run} ` : String(run))
  }

  /** Returns an entry that has no record yet. */
  begin(location: string): IndexEntry {
    const range = { start: 0, middle: 0, end: 0 }
    return {
      location,
      shard: shardOf(location),
      text: this.#text,
      record: 0,
      others: undefined,
      isDeleted: false,
      isFiltered: false,
      changes: undefined,
      ...range,
      version: undefined,
    }
  }

  /** Encodes an entry without a version. */
  set(entry: IndexEntry, record: number, location: Text): void {
    this.#setLocation(entry, record, location)
    this.#text.argument(this.#run)
    entry.end = this.#text.length
  }

  /** Encodes an entry, or encodes it anew for another record of its row. The cursor is JSON text, or empty. */
  setVersion(
    entry: IndexEntry,
    record: number,
    location: Text,
    emittedAt: Text,
    cursor: Text,
    isDeleted: boolean,
  ): void {
    this.#setLocation(entry, record, location)
    const text = this.#text
    const separator = isDeleted ? DELETED : SPACE
    const size =
      this.#run.length + emittedAt.end - emittedAt.start + separator.length + cursor.end - cursor.start
    text.reserve(size + digitsOf(size) + 5)
    text.putSize(size)
    text.put(this.#run)
    text.put(emittedAt.bytes, emittedAt.start, emittedAt.end)
    text.put(separator)
    text.put(cursor.bytes, cursor.start, cursor.end)
    text.putLineEnd()
    entry.isDeleted = isDeleted
    entry.end = text.length
  }

  /** Encodes an entry anew for one of the changes of its row. */
  choose(entry: IndexEntry, { record, kind, version }: RowChange): void {
    const [location, emittedAt, cursor] = [entry.location, String(version.emittedAt), version.cursor].map(
      textFrom,
    ) as [Text, Text, Text]
    this.setVersion(entry, record, location, emittedAt, cursor, kind !== 'write')
    entry.isFiltered = kind === 'filtered'
  }

  #setLocation(entry: IndexEntry, record: number, { bytes, start, end }: Text): void {
    entry.record = record
    entry.version = undefined
    entry.start = this.#text.length
    this.#text.argument(bytes, start, end)
    entry.middle = this.#text.length
  }
}

/** Returns the change of its row that an entry stands for. */
export function changeOf(entry: IndexEntry): RowChange {
  return { record: entry.record, kind: changeKindOf(entry), version: versionOf(entry) }
}

export function changeKindOf({ isDeleted, isFiltered }: IndexEntry): ChangeKind {
  if (!isDeleted) return 'write'
  return isFiltered ? 'filtered' : 'delete'
}

function textFrom(text: string): Text {
  const bytes = Buffer.from(text)
  return { bytes, start: 0, end: bytes.length }
}

/** Returns the version that an entry holds. */
export function versionOf(entry: IndexEntry): RowVersion {
  const { bytes } = entry.text
  entry.version ??= readVersion(bytes.toString('utf8', bytes.indexOf(LF, entry.middle) + 1, entry.end - 2))
  return entry.version
}
