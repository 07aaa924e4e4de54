/** Runs a step for many items, some at a time, and logs how far it is while that takes long. */
import type { Log } from '../../log.ts'

/** Hosts take a run for dead that is silent for long. */
const LOG_EVERY_MS = 10_000

/**
 * `doing` says what is done, for the log: `Opening streams`. Returns the results in the order of the items.
 * After an error no other step begins; it is thrown when those under way have ended, as they may write.
 */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  [doing, log]: readonly [doing: string, log: Log],
  step: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const errors: unknown[] = []
  let done = 0
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (errors.length > 0) return
      try {
        results[index] = await step(item)
        done++
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await whileLogging(
    log,
    () => `${doing}: ${done} of ${items.length}.`,
    () => Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work)),
  )
  if (errors.length > 0) throw errors[0]
  return results
}

/** Runs a step, and logs what it does every now and then until it ends. */
export async function whileLogging<Result>(
  log: Log,
  text: () => string,
  step: () => Promise<Result>,
): Promise<Result> {
  const timer = setInterval(() => log('INFO', text()), LOG_EVERY_MS)
  try {
    return await step()
  } finally {
    clearInterval(timer)
  }
}
