/** Warns where Redis may remove the counter of a stream together with everything else that tells its last id. */
import { ConfigError, problem, textOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import type { StreamSession } from '../streams/stream-session.ts'

export async function warnOfEviction(
  client: CommandClient,
  sessions: readonly Pick<StreamSession, 'plan' | 'layout' | 'lastId'>[],
  log: Log,
): Promise<void> {
  // Nothing of these streams is there: no counter, no metadata, and no first row.
  const starting = sessions.filter(({ layout, lastId }) => layout.usesIds && lastId === 0)
  if (starting.length === 0) return
  const policy = await evictionPolicy(client)
  if (policy?.startsWith('allkeys') !== true) return
  const names = starting.map(({ plan }) => plan.name).join(', ')
  log(
    'WARN',
    textOf(
      problem(
        'ids-may-start-again',
        `${names}: ids start at 1, as neither a counter nor metadata nor rows were found. If Redis evicted all of them ` +
          `(maxmemory-policy ${policy}), rows of earlier runs that are still there may be overwritten. Set ` +
          'maxmemory-policy to noeviction.',
        { params: { streams: names, policy } },
      ),
    ),
  )
}

/** Returns undefined where Redis evicts nothing, or INFO is denied. */
async function evictionPolicy(client: CommandClient): Promise<string | undefined> {
  const info = await client.ask('INFO', 'memory').catch((error: unknown) => {
    if (error instanceof ConfigError) return ''
    throw error
  })
  const [, most] = /^maxmemory:(\d+)/m.exec(String(info)) ?? []
  const [, policy] = /^maxmemory_policy:(\S+)/m.exec(String(info)) ?? []
  return Number(most ?? 0) > 0 ? policy : undefined
}
