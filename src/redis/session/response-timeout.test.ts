import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TransientError } from '../../errors.ts'
import { ResponseTimeout } from './response-timeout.ts'

const LIMIT_MS = 10_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'hrtime'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a server that owes a reply', () => {
  it('is lost when nothing arrives within the limit, and that is reported once', () => {
    const { timeout, expired } = openTimeout()
    timeout.expect()
    timeout.expect()
    vi.advanceTimersByTime(LIMIT_MS - 1)
    expect(expired).toEqual([])
    vi.advanceTimersByTime(2)
    expect(expired).toMatchObject([
      { problem: { code: 'reply-timeout', params: { where: 'h:1', seconds: 10 } } },
    ])
    timeout.expect()
    vi.advanceTimersByTime(3 * LIMIT_MS)
    expect(expired).toHaveLength(1)
  })

  it('has all of the limit again whenever bytes arrive', () => {
    const { timeout, expired } = openTimeout()
    timeout.expect()
    for (let time = 0; time < 5; time++) {
      vi.advanceTimersByTime(LIMIT_MS - 1)
      timeout.progress()
    }
    expect(expired).toEqual([])
    vi.advanceTimersByTime(LIMIT_MS + 1)
    expect(expired).toHaveLength(1)
  })

  it('is lost after six limits when it sends its reply a few bytes at a time', () => {
    const { timeout, expired } = openTimeout()
    timeout.expect()
    for (let time = 0; time < 12; time++) {
      vi.advanceTimersByTime(LIMIT_MS / 2)
      timeout.receivedBytes()
    }
    expect(expired).toEqual([])
    vi.advanceTimersByTime(LIMIT_MS + 1)
    expect(expired).toHaveLength(1)
  })

  it('is lost at the limit however often it is asked something else meanwhile', () => {
    const { timeout, expired } = openTimeout()
    for (let time = 0; time < 6; time++) {
      timeout.expect()
      vi.advanceTimersByTime(LIMIT_MS / 5)
    }
    expect(expired).toHaveLength(1)
  })

  it('has the whole limit from the command on, however long the connection was idle before', () => {
    const { timeout, expired } = openTimeout()
    timeout.expect()
    timeout.received()
    vi.advanceTimersByTime(LIMIT_MS - 1)
    timeout.expect()
    vi.advanceTimersByTime(LIMIT_MS - 1)
    expect(expired).toEqual([])
    vi.advanceTimersByTime(2)
    expect(expired).toHaveLength(1)
  })

  it('is not blamed for a process that was frozen while the reply arrived', () => {
    const { timeout, expired } = openTimeout()
    timeout.expect()
    // Timers run first after the process was frozen, and the sockets are read behind them.
    setTimeout(() => setImmediate(() => timeout.received()), LIMIT_MS - 1)
    vi.advanceTimersByTime(3 * LIMIT_MS)
    expect(expired).toEqual([])
  })
})

it('a server that owes nothing is never lost', () => {
  const { timeout, expired } = openTimeout()
  timeout.expect()
  timeout.received()
  const ended = openTimeout()
  ended.timeout.expect()
  ended.timeout.end()
  vi.advanceTimersByTime(3 * LIMIT_MS)
  expect([expired, ended.expired]).toEqual([[], []])
})

function openTimeout() {
  const expired: TransientError[] = []
  return { timeout: new ResponseTimeout('h:1', LIMIT_MS, (reason) => expired.push(reason)), expired }
}
