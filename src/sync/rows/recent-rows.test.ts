import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import type { IndexEntries } from './index-entries.ts'
import { randomFrom } from '../../random.support.ts'
import { RecentRows } from './recent-rows.ts'
import { COLLISIONS, entriesFor } from './rows.support.ts'

describe('a row in several batches under way', () => {
  const [first, second] = [entriesFor(['a', 'ü']), entriesFor(['b', 'ü'])]

  it('is that of the newest one', () => {
    const recent = new RecentRows()
    expect(put(recent, first)).toEqual([undefined, undefined])
    expect(put(recent, second)).toEqual([undefined, [first, 1]])
    expect(find(recent, ['ü', 'a'])).toEqual([
      [second, 1],
      [first, 0],
    ])
  })

  it.each([
    ['the older one, and stays', first, [[second, 1], undefined]],
    ['the newest one, and is not that of an older one', second, [undefined, [first, 0]]],
  ])('is dropped with %s', (_, dropped, expected) => {
    const recent = new RecentRows()
    for (const entries of [first, second]) put(recent, entries)
    recent.drop(dropped, [0, 1])
    expect(find(recent, ['ü', 'a'])).toEqual(expected)
  })
})

it('rows of the same hash are told apart', () => {
  for (const [one, other] of COLLISIONS) {
    const recent = new RecentRows()
    const [first, second] = [entriesFor([one]), entriesFor([other])]
    put(recent, first)
    expect(put(recent, second)).toEqual([undefined])
    recent.drop(first, [0])
    expect(find(recent, [one, other])).toEqual([undefined, [second, 0]])
  }
})

it('rows are found as in a map, in whatever order batches are dropped', () => {
  for (let seed = 0; seed < caseCount(20, 500); seed++) {
    const random = randomFrom(seed)
    // Rows are numbered from 0 again every now and then.
    const recent = new RecentRows(2_000)
    const model = new Map<string, [IndexEntries, number]>()
    const batches: { entries: IndexEntries; rows: number[] }[] = []
    for (let step = 0; step < 60; step++) {
      if (random(3) === 0 && batches.length > 0) {
        const { entries, rows } = batches.splice(random(batches.length), 1)[0]!
        recent.drop(entries, rows)
        for (const [location, [its]] of model) if (its === entries) model.delete(location)
        continue
      }
      const locations = Array.from({ length: random(40) }, () => locationFrom(random))
      const entries = entriesFor(locations)
      const rows = Array.from({ length: entries.count })
        .map((_, row) => row)
        .filter(() => random(4) > 0)
      recent.open(entries)
      for (let row = 0; row < entries.count; row++) {
        const location = entries.locationOf(row)
        const found = recent.find(row)
        const shown = found && [found.entries, found.row]
        if (shown?.[0] !== model.get(location)?.[0] || shown?.[1] !== model.get(location)?.[1])
          expect.fail(`seed ${seed}, step ${step}: ${location}`)
        if (!rows.includes(row)) continue
        recent.put(row)
        model.set(location, [entries, row])
      }
      batches.push({ entries, rows })
    }
  }
})

/** Puts all rows of a batch in, and returns those that were there. */
function put(recent: RecentRows, entries: IndexEntries) {
  recent.open(entries)
  return Array.from({ length: entries.count }).map((_, row) => {
    const found = recent.find(row)
    const shown = found && [found.entries, found.row]
    recent.put(row)
    return shown
  })
}

function find(recent: RecentRows, locations: readonly string[]) {
  recent.open(entriesFor(locations))
  return locations.map((_, row) => {
    const found = recent.find(row)
    return found && [found.entries, found.row]
  })
}

function locationFrom(random: (limit: number) => number): string {
  const pairs = COLLISIONS.flat()
  return random(5) === 0 ? pairs[random(pairs.length)]! : `${random(2) === 0 ? 'k' : 'ü'}:${random(60)}`
}
