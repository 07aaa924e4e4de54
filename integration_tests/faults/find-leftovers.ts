// What a run that has ended well leaves of the connector's own keys.
import type { Redis } from 'ioredis'

const KEPT = ['manifest', 'index', 'index_expiry']

/** A killed run leaves its numbers, which expire. */
const LEFT_BY_KILLED = ['marker', 'sequence', 'durable', 'held']

/** Returns a description of what should not be there; undefined if there is nothing. */
export async function findLeftovers(
  masters: readonly Redis[],
  wasKilled: boolean,
): Promise<string | undefined> {
  const allowed = wasKilled ? [...KEPT, ...LEFT_BY_KILLED] : KEPT
  for (const client of masters) {
    const keys = await client.keys('_airbyte:*')
    const surplus = keys.filter((key) => !allowed.includes(key.split(':')[1]!))
    if (surplus.length > 0) return `left behind: ${surplus.join(' ')}`
    for (const key of keys.filter((name) => name.startsWith('_airbyte:manifest:'))) {
      const fields = await client.hkeys(key)
      const ofRun = fields.filter((name) =>
        ['pending_removal', 'staged_from_run', 'connections'].includes(name),
      )
      if (ofRun.length > 0) return `left in ${key}: ${ofRun.join(' ')}`
    }
  }
  return undefined
}
