import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { eachOf } from './each-with-progress.ts'

const ITEMS = Array.from({ length: 10 }, (_, item) => item)

describe('steps for many items', () => {
  it('run some at a time, and give their results in order', async () => {
    let [running, most] = [0, 0]
    const results = await eachOf(ITEMS, 3, ['Doing', () => {}], async (item) => {
      most = Math.max(most, ++running)
      await turn()
      running--
      return item * 2
    })
    expect(results).toEqual(ITEMS.map((item) => item * 2))
    expect(most).toBe(3)
  })

  it('end with the first error, when those under way have ended', async () => {
    const ended: number[] = []
    const all = eachOf(ITEMS, 3, ['Doing', () => {}], async (item) => {
      if (item === 1) throw new Error('one')
      await turn()
      ended.push(item)
    })
    await expect(all).rejects.toThrow('one')
    expect(ended).toEqual([0, 2])
  })

  it('say every ten seconds how far they are', async () => {
    vi.useFakeTimers()
    const lines: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const all = eachOf(ITEMS, 1, ['Opening streams', (_, line) => lines.push(line)], (item) =>
      item === 2 ? promise : Promise.resolve(),
    )
    await vi.advanceTimersByTimeAsync(20_000)
    expect(lines).toEqual(['Opening streams: 2 of 10.', 'Opening streams: 2 of 10.'])
    resolve()
    vi.useRealTimers()
    await all
  })
})
