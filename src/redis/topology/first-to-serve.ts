/** Tries servers until one serves: the first alone, and the others some at a time, as most of them may be silent. */
import { MOST_AT_ONCE } from '../session/some-at-a-time.ts'
import { limitMs, noAnswer } from '../session/time-limits.ts'

/** The first server is waited for so long before others are tried. */
const HEAD_START_MS = 500

/** Servers that nobody can reach are not tried for ever, however many were named. */
const WHOLE_MS = limitMs(10_000)

/** Resolves with the first result. Rejects with the first error when all have failed, or time is up. */
export function firstToServe<Item, Result>(
  items: readonly Item[],
  attempt: (item: Item) => Promise<Result>,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const queue = items.values()
  let most = 1
  let underWay = 0
  let firstError: unknown
  const tryMore = (): void => {
    while (underWay < most) {
      const { done, value } = queue.next()
      if (done === true) break
      underWay++
      void tryOne(value)
    }
    if (underWay === 0) reject(firstError)
  }
  const tryOne = async (item: Item): Promise<void> => {
    try {
      resolve(await attempt(item))
      most = 0
    } catch (error) {
      firstError ??= error
      if (most > 0) most = MOST_AT_ONCE
    }
    underWay--
    tryMore()
  }
  const headStart = setTimeout(() => {
    most = MOST_AT_ONCE
    tryMore()
  }, HEAD_START_MS)
  const whole = setTimeout(() => {
    most = 0
    // Without an error nobody would know that anything has failed.
    reject(firstError ?? noAnswer())
  }, WHOLE_MS)
  tryMore()
  return promise.finally(() => {
    clearTimeout(headStart)
    clearTimeout(whole)
  })
}
