import { describe, expect, it } from 'vitest'
import {
  BROKEN,
  BrokenSequenceError,
  LostNumberError,
  Sequence,
  SequenceNumbers,
} from './sequence-numbers.ts'
import type { Ask } from '../session/node-pool.ts'

const numbersIn = () => new SequenceNumbers((slot) => `k${slot}`)

/** Answers from what the servers hold. */
function asking(stored: Record<string, string>) {
  const asked: string[] = []
  const ask: Ask = async (command, ...args) => {
    asked.push([command, ...args].join(' '))
    return stored[String(args[0])] ?? null
  }
  return { ask, asked }
}

describe('a sequence', () => {
  it('counts on from what was sent last, or, while nothing is under way, from what the server holds', () => {
    const sequence = new Sequence(undefined, 'k')
    expect([sequence.first(), sequence.next(), sequence.next()]).toEqual([1, 2, 3])
    expect(sequence.takeReply(1)).toBe(true)
    expect(sequence.first()).toBe(2)
  })

  it.each([
    [1, true],
    [2, false],
    [0, false],
  ])('expects replies to follow each other: %i behind none', (number, follows) => {
    expect(new Sequence(undefined, 'k').takeReply(number)).toBe(follows)
  })

  it('goes on from what a server holds that is not less than what was confirmed', () => {
    const sequence = new Sequence(undefined, 'k')
    sequence.confirm(3)
    sequence.confirm(2)
    sequence.resume(3)
    expect([sequence.first(), sequence.takeReply(4)]).toEqual([4, true])
    expect(() => sequence.resume(2)).toThrow(LostNumberError)
  })
})

describe('sequences', () => {
  it('have a key of their own in each slot', () => {
    const numbers = numbersIn()
    expect([1, 2, 1].map((slot) => numbers.of(slot).next())).toEqual([1, 1, 2])
    expect([numbers.of(1).key, numbers.of(undefined).key]).toEqual(['k1', 'kundefined'])
  })

  it('are read by slot, none where the key is gone', async () => {
    const numbers = numbersIn()
    for (const slot of [1, 2, 3]) numbers.of(slot).next()
    const { ask } = asking({ k1: '4', k3: '1' })
    expect([...(await numbers.resume(ask))]).toEqual([[1, 4], [2, 0], [3, 1]]) // prettier-ignore
  })

  it('have lost a number if one of them has', async () => {
    const numbers = numbersIn()
    for (const slot of [1, 2]) numbers.of(slot).confirm(1)
    await expect(numbers.resume(asking({ k1: '1' }).ask)).rejects.toBeInstanceOf(LostNumberError)
    expect((await numbers.resume(asking({ k1: '1', k2: '2' }).ask)).size).toBe(2)
  })

  it('tell where a guard could rename keys only in part', async () => {
    const numbers = numbersIn()
    numbers.of(1).next()
    await expect(numbers.resume(asking({ k1: BROKEN }).ask)).rejects.toBeInstanceOf(BrokenSequenceError)
  })

  it('are not offered for slots that are avoided, and are still read there', async () => {
    const numbers = numbersIn()
    for (const slot of [1, 2]) numbers.of(slot).next()
    numbers.avoided.add(1)
    expect(numbers.slots).toEqual([2])
    expect([...(await numbers.resume(asking({}).ask)).keys()]).toEqual([1, 2])
  })
})
