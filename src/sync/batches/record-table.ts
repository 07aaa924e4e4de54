/** The numbers that a batch keeps for each of its records, a row for each, in memory that later batches use again. */
import type { BufferPool } from '../../redis/memory/buffer-pool.ts'

/** The positions of the numbers in a row. The ranges are those of the emission time and of the data. */
export const RecordNumber = {
  stream: 0,
  emittedAtStart: 1,
  emittedAtEnd: 2,
  dataStart: 3,
  dataEnd: 4,
  line: 5,
  group: 6,
  /** The first offset of a captured column; the others follow it. */
  captured: 7,
} as const

/** The group of a record that is not encoded. */
export const LEFT_OUT = -2

/** Until it is encoded, a record with an index entry has the number of that in the place of its group, counted downwards. */
const FIRST_ENTRY = -3

/** The entry of a record without one. */
export const NO_ENTRY = -1

const FIRST_ROWS = 1024
const BYTES_PER_NUMBER = 4

export class RecordTable {
  /** A different object after `addRow` and `addRows`. */
  numbers: Int32Array
  /** The count of numbers in a row. */
  readonly rowLength: number
  readonly #pool: BufferPool
  #memory: Buffer

  /** `captured`: how many columns the scanner captures. */
  constructor(pool: BufferPool, captured: number) {
    this.#pool = pool
    this.rowLength = RecordNumber.captured + captured
    this.#memory = pool.take(FIRST_ROWS * this.rowLength * BYTES_PER_NUMBER)
    this.numbers = numbersIn(this.#memory)
  }

  /** Makes room for the row of a record, and returns its position among the numbers. */
  addRow(record: number): number {
    const row = record * this.rowLength
    if (row + this.rowLength > this.numbers.length) this.#grow()
    return row
  }

  #grow(): void {
    const larger = this.#pool.take(2 * this.#memory.length)
    this.#memory.copy(larger)
    this.#pool.give(this.#memory)
    this.#memory = larger
    this.numbers = numbersIn(larger)
  }

  /** Adds the rows of records behind those that there are. */
  addRows(records: number, rows: Int32Array): void {
    const end = records * this.rowLength + rows.length
    while (end > this.numbers.length) this.#grow()
    this.numbers.set(rows, records * this.rowLength)
  }

  numberOf(record: number, position: number): number {
    return this.numbers[record * this.rowLength + position]!
  }

  setGroup(record: number, group: number): void {
    this.numbers[record * this.rowLength + RecordNumber.group] = group
  }

  /** Records which index entry a record has. */
  setEntry(record: number, entry: number): void {
    this.setGroup(record, FIRST_ENTRY - entry)
  }

  /** Returns those of the first so many records that are in each group. */
  recordsByGroup(records: number): Map<number, number[]> {
    const groups = new Map<number, number[]>()
    for (let record = 0; record < records; record++) {
      const group = this.numberOf(record, RecordNumber.group)
      const others = groups.get(group)
      if (others === undefined) groups.set(group, [record])
      else others.push(record)
    }
    return groups
  }

  /** Returns the memory: nobody will ask for a record any more. */
  dispose(): void {
    this.#pool.give(this.#memory)
    this.#memory = Buffer.alloc(0)
    this.numbers = new Int32Array(0)
  }
}

/** Returns the index entry of a record that is not encoded yet. */
export function entryIn(group: number): number {
  return group <= FIRST_ENTRY ? FIRST_ENTRY - group : NO_ENTRY
}

/** Views memory as numbers. Buffers of the pool have memory of their own, so they are aligned. */
function numbersIn({ buffer, byteOffset, length }: Buffer): Int32Array {
  return new Int32Array(buffer, byteOffset, length / BYTES_PER_NUMBER)
}
