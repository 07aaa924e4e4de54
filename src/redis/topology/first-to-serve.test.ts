import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { firstToServe } from './first-to-serve.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('servers', () => {
  it('none of which answers or fails in time end in an error that says so', async () => {
    const result = firstToServe(['a', 'b'], () => new Promise(() => {}))
    const caught = expect(result).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    await vi.advanceTimersByTimeAsync(10_000)
    await caught
  })

  it('some of which fail end in the first error when time is up', async () => {
    const failures = { a: new Error('a'), b: new Error('b') }
    const result = firstToServe(['a', 'b', 'silent'] as const, (name) =>
      name === 'silent' ? new Promise(() => {}) : Promise.reject(failures[name]),
    )
    const caught = expect(result).rejects.toBe(failures.a)
    await vi.advanceTimersByTimeAsync(10_000)
    await caught
  })

  it('are tried one after the other until one serves', async () => {
    const tried: string[] = []
    const served = firstToServe(['a', 'b', 'c'], (name) => {
      tried.push(name)
      return name === 'b' ? Promise.resolve(name) : Promise.reject(new Error(name))
    })
    expect(await served).toBe('b')
    expect(tried.slice(0, 2)).toEqual(['a', 'b'])
  })
})
