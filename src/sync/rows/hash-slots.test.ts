import { expect, it } from 'vitest'
import { randomFrom } from '../../random.support.ts'
import { HashSlots } from './hash-slots.ts'

it('a table has all numbers that were added and not removed, however alike their hashes are', () => {
  for (const expected of [0, 1000]) {
    const random = randomFrom(expected)
    const slots = new HashSlots(expected)
    const added: [hash: number, number: number][] = []
    let isFound = true
    for (let number = 0; number < 6_000; number++) {
      // First more are added than removed, so that it grows.
      if (added.length > 0 && random(10) < (number < 2_000 ? 3 : 5)) {
        const [hash, removed] = added.splice(random(added.length), 1)[0]!
        slots.removeAt(slotOf(slots, hash, removed))
        isFound &&= slotOf(slots, hash, removed) === -1
      } else {
        const hash = hashFrom(random)
        slots.add(hash, number)
        added.push([hash, number])
      }
      if (number % 97 === 0) isFound &&= added.every(([hash, its]) => slotOf(slots, hash, its) !== -1)
    }
    expect(isFound).toBe(true)
    const numbers = [...Array.from({ length: 6_000 }).keys()]
    const hashes = [...new Set(added.map(([hash]) => hash))]
    const there = numbers.filter((number) => hashes.some((hash) => slotOf(slots, hash, number) !== -1))
    expect(there).toEqual(added.map(([, number]) => number).toSorted((a, b) => a - b))
  }
})

it('a number may be replaced where it is', () => {
  const slots = new HashSlots()
  slots.add(-1, 5)
  slots.replaceAt(slots.first(-1), 6)
  expect([slots.numberAt(slots.first(-1)), slots.next(slots.first(-1), -1), slots.first(2)]).toEqual([
    6, -1, -1,
  ])
})

it('tables that were given memory are empty, whatever was there', () => {
  const slots = new HashSlots(10, Buffer.alloc(1 << 12, 0x55))
  expect([slots.first(0x55555555), slots.first(0)]).toEqual([-1, -1])
})

/** Some hashes are there many times, and some differ in the lowest bit alone. */
function hashFrom(random: (limit: number) => number): number {
  const hash = random(4) === 0 ? random(3) : (random(1 << 15) << 17) | random(1 << 15)
  return random(2) === 0 ? hash : -hash | 0
}

function slotOf(slots: HashSlots, hash: number, number: number): number {
  let slot = slots.first(hash)
  while (slot !== -1 && slots.numberAt(slot) !== number) slot = slots.next(slot, hash)
  return slot
}
