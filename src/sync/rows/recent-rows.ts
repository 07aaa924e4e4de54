/** The newest entries of the rows of batches that are under way, found by the locations of the rows. */
import { HashSlots } from './hash-slots.ts'
import type { IndexEntries } from './index-entries.ts'

interface RecentBatch {
  readonly entries: IndexEntries
  /** The number of its row 0: the rows of all batches are numbered one after the other. */
  readonly first: number
}

/** A row of one of the batches. */
export interface RecentRow {
  entries: IndexEntries
  row: number
}

export class RecentRows {
  /** The numbers of the rows, by the hashes of their locations. */
  readonly #slots = new HashSlots()
  readonly #batches: RecentBatch[] = []
  #next = 0
  #found: RecentRow | undefined

  /** Returns the newest row of the same location as a row of another batch. It is valid until the next call. */
  find(entries: IndexEntries, row: number): RecentRow | undefined {
    const slot = this.#slotOf(entries, row)
    if (slot === -1) return undefined
    const number = this.#slots.numberAt(slot)
    const batch = this.#batchOf(number)
    const found = (this.#found ??= { entries, row })
    found.entries = batch.entries
    found.row = number - batch.first
    return found
  }

  /** Adds some rows of a batch, in the place of those that have the same locations. */
  add(entries: IndexEntries, rows: readonly number[]): void {
    const first = this.#next
    this.#batches.push({ entries, first })
    this.#next += entries.count
    for (const row of rows) {
      const slot = this.#slotOf(entries, row)
      if (slot === -1) this.#slots.add(entries.hashOf(row), first + row)
      else this.#slots.replaceAt(slot, first + row)
    }
  }

  /** Drops the rows that `add` was called with, but for those that others have replaced. */
  drop(entries: IndexEntries, rows: readonly number[]): void {
    const at = this.#batches.findIndex((batch) => batch.entries === entries)
    const { first } = this.#batches[at]!
    for (const row of rows) {
      const hash = entries.hashOf(row)
      let slot = this.#slots.first(hash)
      while (slot !== -1 && this.#slots.numberAt(slot) !== first + row) slot = this.#slots.next(slot, hash)
      if (slot !== -1) this.#slots.removeAt(slot)
    }
    this.#batches.splice(at, 1)
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
    while (this.#batches[at]!.first > number) at--
    return this.#batches[at]!
  }
}
