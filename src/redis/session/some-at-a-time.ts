/** Bounds how many servers are connected to at the same time: sentinels and nodes may name any number. */
export const MOST_AT_ONCE = 16

/**
 * Runs a task for each item, some at a time, and returns the results in the order of the items. After an error no other
 * task begins; it is thrown when those under way have ended.
 */
export async function someAtATime<Item, Result>(
  items: readonly Item[],
  task: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const errors: unknown[] = []
  const queue = items.entries()
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (errors.length > 0) return
      try {
        results[index] = await task(item, index)
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, work))
  if (errors.length > 0) throw errors[0]
  return results
}
