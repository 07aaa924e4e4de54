/** Removes keys that only a pattern names: those of rows without an index entry. */
import { ConfigError, problem } from '../../errors.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { scanKeys } from '../../redis/client/scan-items.ts'
import { keysOfType, removeKeys } from './delete-keys.ts'
import type { KeyPattern } from './stored-rows.ts'

const KEYS_AT_ONCE = 1_000
const MOST_SAMPLES = 3

export interface PatternKeys {
  readonly count: number
  readonly samples: readonly string[]
}

export interface PatternSearch {
  readonly pattern: KeyPattern
  /** Returns whether a key may belong to another stream, or is one of the connector's own. */
  readonly isSpared: (key: string) => boolean
  readonly remove: boolean
}

/** Throws for a pattern that other applications' keys could match as well. */
export function requireOwnPattern({ glob }: KeyPattern, stream: string): void {
  if (!glob.startsWith('*')) return
  throw new ConfigError(
    problem(
      'clear-pattern-too-wide',
      `The keys of stream ${stream} begin with record data, so that their pattern ${glob} could match keys of other ` +
        'applications; remove them by hand.',
      { options: ['key_template', 'key_prefix'], params: { stream, pattern: glob } },
    ),
  )
}

/** Throws on a cluster, whose nodes would have to be asked one by one. */
export function requireOneServer({ isCluster }: Pick<CommandClient, 'isCluster'>): void {
  if (!isCluster) return
  throw new ConfigError(
    problem(
      'clear-pattern-on-cluster',
      'A pattern cannot be searched on a cluster, whose nodes have to be asked one by one; use redis-cli --cluster call.',
      { options: ['deployment'] },
    ),
  )
}

/** Returns how many keys there are, or were. Not for clusters. */
export async function searchPattern(
  client: CommandClient,
  { pattern: { glob, type }, isSpared, remove }: PatternSearch,
): Promise<PatternKeys> {
  let found: { count: number; samples: string[] } = { count: 0, samples: [] }
  const calls = {
    // Keys that were removed do not come again; those that were counted do.
    begin: () => {
      if (!remove) found = { count: 0, samples: [] }
    },
    visit: async (matching: string[]) => {
      const own = [...new Set(matching)].filter((key) => !isSpared(key))
      const keys = await keysOfType(client, type, own)
      found.samples.push(...keys.slice(0, MOST_SAMPLES - found.samples.length))
      found.count += remove ? await removeKeys(client, keys) : keys.length
    },
  }
  await scanKeys(client, { glob, count: KEYS_AT_ONCE }, calls)
  return found
}
