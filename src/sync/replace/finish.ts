/**
 * The only destructive step: removes what the run has replaced. It is taken when everything of the run is confirmed
 * and every stream is complete; once it has begun it is carried out, by the next run if this one is cut off.
 */
import type { Log } from '../../log.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { StreamMetadata } from '../streams/stream-metadata.ts'
import type { IdAllocator } from '../streams/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { executeRemoval, removalByIds, removalByIndex, type PendingRemoval } from './pending-removal.ts'
import { requireSwappable } from './staging.ts'
import type { StreamSession } from '../dedup/stream-session.ts'

type Opening = Pick<StreamSession, 'plan' | 'index'>

export async function finish(
  client: RedisClient,
  ids: IdAllocator,
  streams: readonly StreamSession[],
  log: Log,
): Promise<void> {
  const replaced = streams.filter(({ plan }) => plan.replaces)
  const replacements = await client.confirmed(() => beginRemovals(client, ids, replaced))
  for (const [at, stream] of replaced.entries()) {
    const replacement = replacements[at]!
    const left = await carryThrough(client, stream, replacement)
    tell(stream, log)
    const isEmpty =
      stream.metadata === undefined ? ids.given(stream.plan) <= replacement.ids!.last : left === 0
    if (isEmpty)
      await client.confirmed(async () => {
        for (const key of [stream.plan.metadataKey, ...countersOf(stream.plan)])
          await client.ask('UNLINK', key)
      })
  }
}

/** Records what is to be removed. From here on it is decided what the streams hold, for the next run as well. */
async function beginRemovals(
  client: RedisClient,
  ids: IdAllocator,
  replaced: readonly StreamSession[],
): Promise<PendingRemoval[]> {
  for (const { index, metadata } of replaced)
    if (metadata !== undefined) await requireSwappable(client, index, metadata)
  const replacements = await Promise.all(
    replaced.map(({ plan, metadata }) => replacementOf(client, ids, plan, metadata)),
  )
  await Promise.all(
    replaced.map(({ plan }, at) =>
      client.ask('HSET', plan.metadataKey, 'finishing', JSON.stringify(replacements[at])),
    ),
  )
  return replacements
}

/** Ends what a run that was cut off had begun. */
export async function resume(client: RedisClient, stream: Opening, log: Log): Promise<void> {
  const note = await client.ask('HGET', stream.plan.metadataKey, 'finishing')
  if (note === null) return
  log(
    'INFO',
    `${stream.plan.name}: a run was cut off while it removed what it had replaced, which goes on now.`,
  )
  await carryThrough(client, stream, JSON.parse(String(note)) as PendingRemoval)
}

async function replacementOf(
  client: RedisClient,
  ids: IdAllocator,
  plan: StreamPlan,
  metadata: StreamMetadata | undefined,
): Promise<PendingRemoval> {
  return metadata === undefined ? removalByIds(client, plan, ids) : removalByIndex(client, metadata)
}

async function carryThrough(
  client: RedisClient,
  { plan, index }: Opening,
  replacement: PendingRemoval,
): Promise<number> {
  // Confirmed before the record of the removal goes: the next run carries out what is recorded.
  const left = await client.confirmed(() => executeRemoval(client, plan, index, replacement))
  await client.confirmed(() => endRemoval(client, plan, replacement))
  return left
}

async function endRemoval(client: RedisClient, plan: StreamPlan, replacement: PendingRemoval): Promise<void> {
  const { ids, keptIds, before, attempt } = replacement
  if (keptIds === undefined) {
    // What it counted is gone.
    if (ids !== undefined && !plan.layout.usesIds) await client.ask('UNLINK', plan.baseKey)
    await client.ask('HSET', plan.metadataKey, 'live_oldest', before, 'live_newest', attempt)
    await client.ask(
      'HDEL',
      plan.metadataKey,
      'finishing',
      'staged',
      'untracked',
      'key_template',
      'lowest_id',
      'last_id',
      'generations',
    )
  } else {
    await client.ask('HSET', plan.metadataKey, 'lowest_id', keptIds.first)
    await client.ask('HDEL', plan.metadataKey, 'finishing', 'form', 'untracked')
  }
}

function tell({ plan, metadata }: StreamSession, log: Log): void {
  log('INFO', `${plan.name}: what earlier runs wrote has been removed.`)
  if (metadata?.hasUntracked === true)
    log(
      'WARN',
      `${plan.name}: rows that earlier runs wrote without remembering their keys (track_keys) could not be removed ` +
        'where they were not written again.',
    )
}

function countersOf({ layout, counterKey }: StreamPlan): string[] {
  return layout.usesIds ? [counterKey] : []
}
