/** Removes keys that only a pattern names: those of rows without an index entry. */
import { ConfigError, problem } from '../../errors.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
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
  const samples: string[] = []
  let count = 0
  let cursor = '0'
  do {
    const reply = await client.ask('SCAN', cursor, 'MATCH', glob, 'COUNT', KEYS_AT_ONCE)
    const [next, found] = reply as [string, string[]]
    const keys = await keysOfType(
      client,
      type,
      [...new Set(found)].filter((key) => !isSpared(key)),
    )
    for (const key of keys) if (samples.length < MOST_SAMPLES) samples.push(key)
    count += remove ? await removeKeys(client, keys) : keys.length
    cursor = next
  } while (cursor !== '0')
  return { count, samples }
}
