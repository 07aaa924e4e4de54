/**
 * A word on a row is what a record says of it. The row's place, and what is to be noted of it, are put together once, as
 * arguments of commands, and copied from there: there is one for nearly every record.
 */
import { digitsOf } from '../../redis/resp/byte-buffer.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { readVersion, type RowVersion } from './row-version.ts'

/** A place as an argument: bytes `start` to `middle` of `text`. */
export interface Located {
  readonly location: string
  readonly text: CommandBuffer
  readonly start: number
  readonly middle: number
}

export interface IndexEntry extends Located {
  record: number
  /** Records of the row behind that one, where all of them are written. */
  others: number[] | undefined
  /** Whether it says that the row is gone. */
  isDeleted: boolean
  start: number
  middle: number
  /** What is noted of the place, as an argument, goes from `middle` to here. */
  end: number
  /** What is noted, once it has been looked at. */
  version: RowVersion | undefined
}

/** A range of bytes. */
export interface Text {
  bytes: Buffer
  start: number
  end: number
}

const LF = 0x0a
const SPACE = Buffer.from(' ')
const DELETED = Buffer.from('! ')

/** Places that are not those of records. */
export function located(locator: readonly string[]): Located[] {
  const text = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 12))
  return locator.map((location) => {
    const start = text.length
    text.textArgument(location)
    return { location, text, start, middle: text.length }
  })
}

/** Makes the words of one batch; what is noted is in the form that `readVersion` reads. */
export class IndexEntryWriter {
  readonly #text = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  /** `<run>`, and a space where more is noted. */
  readonly #attempt: Buffer

  constructor(attempt: number, isVersioned: boolean) {
    this.#attempt = Buffer.from(isVersioned ? `${attempt} ` : String(attempt))
  }

  /** The word on a row of which nothing has been said yet. */
  of(location: string): IndexEntry {
    const range = { start: 0, middle: 0, end: 0 }
    return {
      location,
      text: this.#text,
      record: 0,
      others: undefined,
      isDeleted: false,
      ...range,
      version: undefined,
    }
  }

  /** Has the word be that of another record of the row, whose versions do not matter. */
  set(entry: IndexEntry, record: number, name: Text): void {
    this.#begin(entry, record, name)
    this.#text.argument(this.#attempt)
    entry.end = this.#text.length
  }

  /** Has the word be that of another record of the row; the cursor is JSON text, empty where there is none. */
  setVersion(
    entry: IndexEntry,
    record: number,
    name: Text,
    emittedAt: Text,
    cursor: Text,
    isDeleted: boolean,
  ): void {
    this.#begin(entry, record, name)
    const text = this.#text
    const mark = isDeleted ? DELETED : SPACE
    const size =
      this.#attempt.length + emittedAt.end - emittedAt.start + mark.length + cursor.end - cursor.start
    text.reserve(size + digitsOf(size) + 5)
    text.putSize(size)
    text.put(this.#attempt)
    text.put(emittedAt.bytes, emittedAt.start, emittedAt.end)
    text.put(mark)
    text.put(cursor.bytes, cursor.start, cursor.end)
    text.putLineEnd()
    entry.isDeleted = isDeleted
    entry.end = text.length
  }

  #begin(entry: IndexEntry, record: number, { bytes, start, end }: Text): void {
    entry.record = record
    entry.version = undefined
    entry.start = this.#text.length
    this.#text.argument(bytes, start, end)
    entry.middle = this.#text.length
  }
}

/** The version of the row that a word makes known. */
export function versionOf(entry: IndexEntry): RowVersion {
  const { bytes } = entry.text
  entry.version ??= readVersion(bytes.toString('utf8', bytes.indexOf(LF, entry.middle) + 1, entry.end - 2))
  return entry.version
}
