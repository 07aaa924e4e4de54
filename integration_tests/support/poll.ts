// Waits for a condition, for as long as a slow machine may need.
import { setTimeout as pause } from 'node:timers/promises'

/** Well below the time limit of a test, so that a test that waits in vain says for what. */
const LIMIT_MS = 60_000

/**
 * Resolves when the condition is met, and rejects with "waited in vain for …", completed by `what`. A condition that
 * throws is not met yet; one that does not settle ends the wait as well.
 */
export async function pollUntil(
  what: string,
  isMet: () => Promise<boolean>,
  limitMs = LIMIT_MS,
): Promise<void> {
  const over = AbortSignal.timeout(limitMs)
  const limit = Promise.withResolvers<false>()
  over.addEventListener('abort', () => limit.resolve(false))
  let problem: unknown
  while (!over.aborted) {
    try {
      if (await Promise.race([isMet(), limit.promise])) return
      // A condition that has not settled says nothing about the problem before.
      if (!over.aborted) problem = undefined
    } catch (error) {
      problem = error
    }
    await pause(20)
  }
  throw new Error(`waited in vain for ${what}`, { cause: problem })
}
