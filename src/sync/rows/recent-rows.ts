/** The newest entries of the rows of batches that are under way, found by the locations of the rows. */
import { HashSlots } from './hash-slots.ts'
import type { IndexEntries } from './index-entries.ts'

interface RecentBatch {
  readonly entries: IndexEntries
  /** Batches are numbered as they arrive. */
  readonly number: number
  /** The rows of all batches are numbered one after the other: the number of its row 0, and that behind its last row. */
  readonly first: number
  readonly end: number
}

/** A row of one of the batches. */
export interface RecentRow {
  entries: IndexEntries
  row: number
  /** The number of its batch. */
  batch: number
}

/** The highest number of 32 bits. There are never so many rows under way. */
const HIGHEST = 0x7fffffff

export class RecentRows {
  readonly #highest: number
  /** The numbers of the rows, by the hashes of their locations. */
  readonly #slots = new HashSlots()
  readonly #batches: RecentBatch[] = []
  #next = 0
  /** The slot of the row that was found last; -1 if there was none. */
  #slot = -1
  #found: RecentRow | undefined

  /** `highest`: rows are numbered up to this number, and from 0 again. */
  constructor(highest = HIGHEST) {
    this.#highest = highest
  }

  /** Begins a batch with a number: the calls that follow are about its rows. */
  open(entries: IndexEntries, number = 0): void {
    const first = this.#next + entries.count > this.#highest ? 0 : this.#next
    this.#next = first + entries.count
    this.#batches.push({ entries, number, first, end: this.#next })
  }

  /** Returns the newest row that has the location of a row of the batch. It is valid until the next call. */
  find(row: number): RecentRow | undefined {
    const { entries } = this.#batches.at(-1)!
    this.#slot = this.#slotOf(entries, row)
    if (this.#slot === -1) return undefined
    const number = this.#slots.numberAt(this.#slot)
    const batch = this.#batchOf(number)
    const found = (this.#found ??= { entries, row, batch: 0 })
    found.entries = batch.entries
    found.row = number - batch.first
    found.batch = batch.number
    return found
  }

  /** Puts the row that `find` was called with last in the place of the one that was found, if there was one. */
  put(row: number): void {
    const { entries, first } = this.#batches.at(-1)!
    if (this.#slot === -1) this.#slots.add(entries.hashOf(row), first + row)
    else this.#slots.replaceAt(this.#slot, first + row)
  }

  /** Drops a batch with the rows that were put in, but for those that others have replaced. */
  drop(entries: IndexEntries, rows: readonly number[]): void {
    const at = this.#batches.findIndex((batch) => batch.entries === entries)
    const { first } = this.#batches[at]!
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!
      this.#remove(entries.hashOf(row), first + row)
    }
    this.#batches.splice(at, 1)
  }

  #remove(hash: number, number: number): void {
    let slot = this.#slots.first(hash)
    while (slot !== -1 && this.#slots.numberAt(slot) !== number) slot = this.#slots.next(slot, hash)
    if (slot !== -1) this.#slots.removeAt(slot)
  }

  #slotOf(entries: IndexEntries, row: number): number {
    const hash = entries.hashOf(row)
    let slot = this.#slots.first(hash)
    while (slot !== -1) {
      const number = this.#slots.numberAt(slot)
      const batch = this.#batchOf(number)
      if (batch.entries.hasSameLocation(number - batch.first, entries, row)) return slot
      slot = this.#slots.next(slot, hash)
    }
    return -1
  }

  #batchOf(number: number): RecentBatch {
    let at = this.#batches.length - 1
    while (number < this.#batches[at]!.first || number >= this.#batches[at]!.end) at--
    return this.#batches[at]!
  }
}
