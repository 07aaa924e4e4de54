/** Ascending ranges of ids: taken one by one, cut, and without ids that are left out. */
import type { IdRange } from '../streams/stream-session.ts'

/** Returns the ids of ascending ranges one by one. */
export class IdCursor {
  readonly #ranges: readonly IdRange[]
  #range = 0
  #next: number
  #last: number

  constructor(ranges: readonly IdRange[]) {
    this.#ranges = ranges
    this.#next = ranges[0]!.first
    this.#last = ranges[0]!.last
  }

  /** The next id; it is followed by `left` - 1 more. */
  get next(): number {
    this.#advance()
    return this.#next
  }

  get left(): number {
    this.#advance()
    return this.#last - this.#next + 1
  }

  skip(count: number): void {
    this.#next += count
  }

  take(): number {
    this.#advance()
    return this.#next++
  }

  #advance(): void {
    if (this.#next <= this.#last) return
    const { first, last } = this.#ranges[++this.#range]!
    this.#next = first
    this.#last = last
  }
}

/** Takes the first `count` ids of ascending ranges. */
export function takeIds(free: IdRange[], count: number): IdRange[] {
  const taken: IdRange[] = []
  for (let missing = count; missing > 0;) {
    const { first, last } = free.shift()!
    const end = Math.min(last, first + missing - 1)
    taken.push({ first, last: end })
    missing -= end - first + 1
    if (end < last) free.unshift({ first: end + 1, last })
  }
  return taken
}

/** Returns the ids of a range without those in `skipped`, which rise. */
export function withoutSkipped({ first, last }: IdRange, skipped: readonly number[]): IdRange[] {
  const ranges: IdRange[] = []
  let from = first
  for (const id of skipped) {
    if (id < from || id > last) continue
    if (id > from) ranges.push({ first: from, last: id - 1 })
    from = id + 1
  }
  if (from <= last) ranges.push({ first: from, last })
  return ranges
}
