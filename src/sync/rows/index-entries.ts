/**
 * The index entries of the rows of a batch: the location and the version of each. Both are encoded once, as arguments of
 * commands, and copied from there. There is an entry for nearly every record, so the entries are numbers in a table, and
 * no string or object is made for one; only what few of them have is kept in maps beside it.
 */
import type { TextRange } from '../../layout/encoding/text-range.ts'
import { areSame } from '../../redis/resp/byte-buffer.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { PooledMemory } from '../../redis/memory/pooled-memory.ts'
import type { EncodedVersion } from './encoded-version.ts'
import { bytesFor, HashSlots } from './hash-slots.ts'
import { hashIn, shardIn } from './location-hash.ts'
import type { ChangeKind, RowChange } from './row-resolution.ts'

/** The positions of the numbers of an entry. Bytes `start` to `middle` are its location, those up to `end` its value. */
const EntryNumber = { record: 0, start: 1, middle: 2, end: 3, hash: 4, flags: 5 } as const

const NUMBERS = 6

/** `deleted`: its record deletes the row. `filtered`: because it does not pass the filter. `unwritten`: the row was not written. */
const Flag = { deleted: 1, filtered: 2, unwritten: 4 } as const

/** Most entries have no more, so that their memory need not grow. */
const USUAL_BYTES = 96

/** The run in the version of a row that does not exist: it is older than every run. */
const NO_RUN = 0

/** The row of a location that has no entry yet. */
export const NEW_ROW = -1

const SHORTEST_HEADER = 4
const LINE_END = 2

const LF = 0x0a
const SPACE = Buffer.from(' ')
const DELETED = Buffer.from('! ')

export class IndexEntries {
  count = 0
  readonly text: CommandBuffer
  /** Later records of a row, where all of them are written. */
  readonly others = new Map<number, number[]>()
  /** All changes of a row, where the row before the batch decides which of them counts. */
  readonly changes = new Map<number, RowChange[]>()
  /** Rows whose record Redis has refused; their values are those that they had before. */
  readonly refused = new Set<number>()
  readonly #memory: PooledMemory
  readonly #numbers: Int32Array
  readonly #slots: HashSlots
  /** `<run>`, and a space where a version follows. */
  readonly #run: Buffer
  /** The hash of the location that was encoded last, and where it begins and ends. */
  #hash = 0
  #start = 0
  #middle = 0

  /** `most`: how many entries there may be. `pool`: memory for them, which `dispose` gives back. */
  constructor(run: number, isVersioned: boolean, most: number, pool?: BufferPool) {
    const slotsEnd = bytesFor(most)
    const numbersEnd = slotsEnd + most * NUMBERS * Int32Array.BYTES_PER_ELEMENT
    this.#memory = new PooledMemory(numbersEnd + most * USUAL_BYTES, pool)
    const { bytes } = this.#memory
    this.#slots = new HashSlots(most, bytes)
    this.#numbers = new Int32Array(bytes.buffer, bytes.byteOffset + slotsEnd, most * NUMBERS)
    this.text = new CommandBuffer(bytes.subarray(numbersEnd))
    this.#run = Buffer.from(isVersioned ? `${run} ` : String(run))
  }

  /** Encodes a location, for the calls that follow, and returns its row. */
  locate({ bytes, start, end }: TextRange): number {
    const { text } = this
    this.#hash = hashIn(bytes, start, end)
    this.#start = text.length
    text.argument(bytes, start, end)
    this.#middle = text.length
    let slot = this.#slots.first(this.#hash)
    while (slot !== -1) {
      const row = this.#slots.numberAt(slot)
      if (this.#isAt(row, text.bytes, this.#start, this.#middle)) return row
      slot = this.#slots.next(slot, this.#hash)
    }
    return NEW_ROW
  }

  /** Takes the location back that was encoded last: it stays with the entry that it has. */
  takeBack(): void {
    this.text.length = this.#start
  }

  /** Writes the entry of the location that was encoded last, without a version. */
  set(row: number, record: number): void {
    this.text.argument(this.#run)
    this.#setNumbers(row, record, 'write')
  }

  /** Writes the entry of the location that was encoded last. The cursor is JSON text, or empty. */
  setVersion(row: number, record: number, kind: ChangeKind, emittedAt: TextRange, cursor: TextRange): void {
    const { text } = this
    const separator = kind === 'write' ? SPACE : DELETED
    const size =
      this.#run.length + emittedAt.end - emittedAt.start + separator.length + cursor.end - cursor.start
    text.beginArgument(size)
    text.put(this.#run)
    text.put(emittedAt.bytes, emittedAt.start, emittedAt.end)
    text.put(separator)
    text.put(cursor.bytes, cursor.start, cursor.end)
    text.putLineEnd()
    this.#setNumbers(row, record, kind)
  }

  /** Writes an entry anew for one of the changes of its row. */
  choose(row: number, { record, kind, version }: RowChange): void {
    this.locate(rangeOf(this.locationOf(row)))
    this.setVersion(row, record, kind, rangeOf(String(version.emittedAt)), rangeOf(version.cursor))
  }

  /** Gives a row, whose record Redis has refused, the value that it had before; null if there was no such row. */
  restore(row: number, value: string | null): void {
    const record = this.recordOf(row)
    this.locate(rangeOf(this.locationOf(row)))
    this.text.argument(Buffer.from(value ?? ''))
    this.#setNumbers(row, record, 'write')
    this.refused.add(row)
  }

  /** Returns the row of a location, NEW_ROW if it has none. */
  rowOf(location: string): number {
    const row = this.locate(rangeOf(location))
    this.takeBack()
    return row
  }

  /** The record was not written, so that the row does not exist for those behind it. */
  setUnwritten(row: number): void {
    this.#numbers[row * NUMBERS + EntryNumber.flags]! |= Flag.unwritten
  }

  /** Returns the record that the row is written from. */
  recordOf(row: number): number {
    return this.#numbers[row * NUMBERS + EntryNumber.record]!
  }

  isUnwritten(row: number): boolean {
    return (this.#flagsOf(row) & Flag.unwritten) !== 0
  }

  setRecord(row: number, record: number): void {
    this.#numbers[row * NUMBERS + EntryNumber.record] = record
  }

  kindOf(row: number): ChangeKind {
    if (!this.isDeleted(row)) return 'write'
    return this.isFiltered(row) ? 'filtered' : 'delete'
  }

  isDeleted(row: number): boolean {
    return (this.#flagsOf(row) & Flag.deleted) !== 0
  }

  isFiltered(row: number): boolean {
    return (this.#flagsOf(row) & Flag.filtered) !== 0
  }

  hashOf(row: number): number {
    return this.#numbers[row * NUMBERS + EntryNumber.hash]!
  }

  /** Returns the hash of the key index that has the entry. */
  shardOf(row: number): number {
    return shardIn(this.hashOf(row))
  }

  startOf(row: number): number {
    return this.#numbers[row * NUMBERS + EntryNumber.start]!
  }

  middleOf(row: number): number {
    return this.#numbers[row * NUMBERS + EntryNumber.middle]!
  }

  endOf(row: number): number {
    return this.#numbers[row * NUMBERS + EntryNumber.end]!
  }

  /** Sets `range` to the location. */
  locationIn(row: number, range: TextRange): void {
    range.bytes = this.text.bytes
    range.start = contentStart(this.text.bytes, this.startOf(row))
    range.end = this.middleOf(row) - LINE_END
  }

  locationOf(row: number): string {
    const start = contentStart(this.text.bytes, this.startOf(row))
    return this.text.bytes.toString('utf8', start, this.middleOf(row) - LINE_END)
  }

  readVersion(row: number, version: EncodedVersion): void {
    const { bytes } = this.text
    version.read(bytes, contentStart(bytes, this.middleOf(row)), this.endOf(row) - LINE_END)
    if (this.isUnwritten(row)) version.run = NO_RUN
  }

  /** Returns the value of the entry; null if there is no such row. */
  valueOf(row: number): string | null {
    const { bytes } = this.text
    const value = bytes.toString('utf8', contentStart(bytes, this.middleOf(row)), this.endOf(row) - LINE_END)
    return value === '' ? null : value
  }

  /** Counts the bytes of the encoded locations. */
  get locationBytes(): number {
    let size = 0
    for (let row = 0; row < this.count; row++) size += this.middleOf(row) - this.startOf(row)
    return size
  }

  /** Gives the memory back: nobody will read the entries any more. */
  dispose(): void {
    this.#memory.giveBack()
  }

  hasSameLocation(row: number, other: IndexEntries, otherRow: number): boolean {
    return this.#isAt(row, other.text.bytes, other.startOf(otherRow), other.middleOf(otherRow))
  }

  /** Returns whether the row has this location, which is encoded. */
  #isAt(row: number, bytes: Buffer, start: number, middle: number): boolean {
    const itsStart = this.startOf(row)
    const size = middle - start
    return this.middleOf(row) - itsStart === size && areSame(this.text.bytes, itsStart, bytes, start, size)
  }

  #flagsOf(row: number): number {
    return this.#numbers[row * NUMBERS + EntryNumber.flags]!
  }

  #setNumbers(row: number, record: number, kind: ChangeKind): void {
    if (row === NEW_ROW) this.#slots.add(this.#hash, this.count)
    const at = (row === NEW_ROW ? this.count++ : row) * NUMBERS
    const numbers = this.#numbers
    numbers[at + EntryNumber.record] = record
    numbers[at + EntryNumber.start] = this.#start
    numbers[at + EntryNumber.middle] = this.#middle
    numbers[at + EntryNumber.end] = this.text.length
    numbers[at + EntryNumber.hash] = this.#hash
    numbers[at + EntryNumber.flags] =
      (kind === 'write' ? 0 : Flag.deleted) | (kind === 'filtered' ? Flag.filtered : 0)
  }
}

/** Returns entries of locations that are not taken from records. Only their locations count. */
export function encodeLocations(locations: readonly string[]): IndexEntries {
  const entries = new IndexEntries(0, false, locations.length)
  for (const location of locations) {
    entries.locate(rangeOf(location))
    entries.set(NEW_ROW, 0)
  }
  return entries
}

/** Returns where the bytes of an argument begin. */
function contentStart(bytes: Buffer, start: number): number {
  let at = start + SHORTEST_HEADER
  while (bytes[at - 1] !== LF) at++
  return at
}

function rangeOf(text: string): TextRange {
  const bytes = Buffer.from(text)
  return { bytes, start: 0, end: bytes.length }
}
