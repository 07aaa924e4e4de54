// Finds keys of the connector that a run should have removed when it ended well.
import type { Redis } from 'ioredis'

const KEPT = ['streams', 'manifest', 'index', 'index_expiry']

/** The numbers of a run that was killed, or whose last commands were lost. */
const NUMBERS = ['marker', 'sequence', 'durable', 'held']

/** Returns a description of what should not be there; undefined if there is nothing. */
export async function findLeftovers(masters: readonly Redis[]): Promise<string | undefined> {
  for (const client of masters) {
    const keys = await client.keys('_airbyte:*')
    for (const key of keys) {
      // A lease that could not be released runs out.
      if (isKind(key, ['lease']) && (await client.pttl(key)) <= 10_000) continue
      if (!isKind(key, [...KEPT, ...NUMBERS])) return `left behind: ${key}`
      if (!isKind(key, ['manifest'])) continue
      const fields = await client.hkeys(key)
      const pending = fields.filter((name) => name === 'pending_removal' || name === 'staged_from_run')
      if (pending.length > 0) return `left in ${key}: ${pending.join(' ')}`
    }
  }
  return undefined
}

function isKind(key: string, kinds: readonly string[]): boolean {
  return kinds.includes(key.split(':')[1]!)
}
