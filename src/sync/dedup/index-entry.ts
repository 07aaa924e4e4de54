/**
 * A word on a row is what a record says of it. The row's place, and what is to be noted of it, are put together once, as
 * arguments of commands, and copied from there: there is one for nearly every record.
 */
import { digitsOf } from '../../redis/resp/byte-buffer.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { readVersion, type RowVersion } from './row-version.ts'

/** A place as an argument: bytes `start` to `middle` of `text`. */
export interface Placed {
  readonly place: string
  readonly text: CommandBuffer
  readonly start: number
  readonly middle: number
}

export interface Word extends Placed {
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
export function placed(places: readonly string[]): Placed[] {
  const text = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 12))
  return places.map((place) => {
    const start = text.length
    text.word(place)
    return { place, text, start, middle: text.length }
  })
}

/** Makes the words of one batch; what is noted is in the form that `readVersion` reads. */
export class Words {
  readonly #text = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  /** `<run>`, and a space where more is noted. */
  readonly #attempt: Buffer

  constructor(attempt: number, isVersioned: boolean) {
    this.#attempt = Buffer.from(isVersioned ? `${attempt} ` : String(attempt))
  }

  /** The word on a row of which nothing has been said yet. */
  of(place: string): Word {
    const range = { start: 0, middle: 0, end: 0 }
    return {
      place,
      text: this.#text,
      record: 0,
      others: undefined,
      isDeleted: false,
      ...range,
      version: undefined,
    }
  }

  /** Has the word be that of another record of the row, whose versions do not matter. */
  set(word: Word, record: number, name: Text): void {
    this.#begin(word, record, name)
    this.#text.argument(this.#attempt)
    word.end = this.#text.length
  }

  /** Has the word be that of another record of the row; the cursor is JSON text, empty where there is none. */
  setVersion(
    word: Word,
    record: number,
    name: Text,
    emittedAt: Text,
    cursor: Text,
    isDeleted: boolean,
  ): void {
    this.#begin(word, record, name)
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
    word.isDeleted = isDeleted
    word.end = text.length
  }

  #begin(word: Word, record: number, { bytes, start, end }: Text): void {
    word.record = record
    word.version = undefined
    word.start = this.#text.length
    this.#text.argument(bytes, start, end)
    word.middle = this.#text.length
  }
}

/** The version of the row that a word makes known. */
export function versionOf(word: Word): RowVersion {
  const { bytes } = word.text
  word.version ??= readVersion(bytes.toString('utf8', bytes.indexOf(LF, word.middle) + 1, word.end - 2))
  return word.version
}
