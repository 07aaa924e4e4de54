import { expect, it } from 'vitest'
import { firstToServe } from './first-to-serve.ts'

const late = (ms: number): Error => new Error(`nobody within ${ms} ms`)

async function attempt(item: number): Promise<number> {
  if (item < 3) throw new Error(`${item} fails`)
  return item
}

it('The first server that serves is taken, though others fail', async () => {
  expect(await firstToServe([1, 2, 3, 4], attempt, { late })).toBe(3)
  await expect(firstToServe([1, 2], attempt, { late })).rejects.toThrow('1 fails')
})

it('Servers that neither serve nor fail are waited for until time is up, and an error says so', async () => {
  const waiting = firstToServe([1, 2], () => new Promise(() => {}), { late, wholeMs: 30 })
  await expect(waiting).rejects.toThrow('nobody within 30 ms')
})
