/** Sorts rows by the hash of the key index that has their entries, as commands are about one hash each. */
import type { IndexEntries } from './index-entries.ts'
import { SHARDS } from './location-hash.ts'

export class RowsByShard {
  /** The rows, shard by shard, each shard in the order in which they were given. */
  readonly order: Int32Array
  /** Where the rows of each shard end in `order`. */
  readonly #ends = new Int32Array(SHARDS)

  /** `rows`: some of the entries; all of them if it is left out. */
  constructor(entries: IndexEntries, rows?: readonly number[]) {
    const count = rows?.length ?? entries.count
    const ends = this.#ends
    const order = (this.order = new Int32Array(count))
    for (let at = 0; at < count; at++) ends[entries.shardOf(rows?.[at] ?? at)]!++
    // Each end begins as the start of its shard, and moves on with each row.
    let start = 0
    for (let shard = 0; shard < SHARDS; shard++) {
      const size = ends[shard]!
      ends[shard] = start
      start += size
    }
    for (let at = 0; at < count; at++) {
      const row = rows?.[at] ?? at
      order[ends[entries.shardOf(row)]!++] = row
    }
  }

  /** Calls `visit` for the rows `from` to `end` of `order`, which are all of one shard, and `most` or fewer. */
  each(most: number, visit: (shard: number, from: number, end: number) => void): void {
    let from = 0
    for (let shard = 0; shard < SHARDS; shard++)
      while (from < this.#ends[shard]!) {
        const end = Math.min(this.#ends[shard]!, from + most)
        visit(shard, from, end)
        from = end
      }
  }
}
