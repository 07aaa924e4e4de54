import { expect, it } from 'vitest'
import { TransientError } from '../../errors.ts'
import { SequenceNumbers } from './sequence-numbers.ts'
import type { Ask } from '../session/node-pool.ts'

const numbering = () => new SequenceNumbers((slot) => `k${slot}`)

/** Answers from what the servers hold. */
function asking(stored: Record<string, string>) {
  const asked: string[] = []
  const ask: Ask = async (command, ...args) => {
    asked.push([command, ...args].join(' '))
    return stored[String(args[0])] ?? null
  }
  return { ask, asked }
}

it('each slot has numbers and a key of its own', () => {
  const numbers = numbering()
  expect([1, 2, 1].map((slot) => numbers.of(slot).next())).toEqual([1, 1, 2])
  expect([numbers.of(1).key, numbers.of(undefined).key]).toEqual(['k1', 'kundefined'])
})

it('what has been run is told by slot', async () => {
  const numbers = numbering()
  for (const slot of [1, 2, 3]) numbers.of(slot).next()
  const { ask } = asking({ k1: '4', k3: '1' })
  expect([...(await numbers.runs(ask))]).toEqual([[1, 4], [2, 0], [3, 1]]) // prettier-ignore
})

it('one slot that has lost what was confirmed is enough for an end', async () => {
  const numbers = numbering()
  for (const slot of [1, 2]) numbers.of(slot).confirmed(numbers.of(slot).next())
  await expect(numbers.runs(asking({ k1: '1' }).ask)).rejects.toBeInstanceOf(TransientError)
  await expect(numbers.end(asking({ k2: '1' }).ask)).rejects.toBeInstanceOf(TransientError)
})

it('a run that ends well leaves nothing in any slot', async () => {
  const numbers = numbering()
  for (const slot of [1, 2]) numbers.of(slot).next()
  const { ask, asked } = asking({})
  await numbers.end(ask)
  expect(asked.filter((question) => question.startsWith('UNLINK'))).toEqual(['UNLINK k1', 'UNLINK k2'])
})

it('slots that are avoided are given no more numbers, and are still asked about', async () => {
  const numbers = numbering()
  for (const slot of [1, 2]) numbers.of(slot).next()
  numbers.avoided.add(1)
  expect(numbers.slots).toEqual([2])
  expect([...(await numbers.runs(asking({}).ask)).keys()]).toEqual([1, 2])
})
