// Waits for a condition, for as long as a slow machine may need.
import { setTimeout as pause } from 'node:timers/promises'

const deadlineMs = 30_000

/** `what` completes "waited in vain for …". A condition that throws is not met yet. */
export async function pollUntil(what: string, isMet: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + deadlineMs
  let problem: unknown
  for (;;) {
    try {
      if (await isMet()) return
      problem = undefined
    } catch (error) {
      problem = error
    }
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`, { cause: problem })
    await pause(20)
  }
}
