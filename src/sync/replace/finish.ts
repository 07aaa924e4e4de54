/**
 * The end of a run that replaces streams: what earlier runs wrote is removed. It begins when everything of the run is
 * confirmed and every stream is complete. Once it has begun it is completed, by the next run if this one is cut off.
 */
import type { Log } from '../../log.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'
import type { IdAllocator } from '../streams/id-allocator.ts'
import { writeMetadata, type MetadataFields } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { runsOf } from '../streams/stream-session.ts'
import { removeJournal } from './journal-recovery.ts'
import { executeRemoval, pendingRemovalOf, type PendingRemoval } from './pending-removal.ts'
import { requireSwappable } from './staging.ts'

export async function finish(
  client: RedisClient,
  ids: IdAllocator,
  sessions: readonly IndexedSession[],
  log: Log,
): Promise<void> {
  const replaced = sessions.filter(({ plan }) => plan.replaces)
  const removals = await client.confirmed(() => beginRemovals(client, ids, replaced))
  for (const [at, session] of replaced.entries()) {
    const removal = removals[at]!
    const left = await complete(client, session, removal)
    logRemoved(session, log)
    const isEmpty = removal.keptIds === undefined ? left === 0 : ids.last(session.plan) <= removal.ids!.last
    if (isEmpty) await client.confirmed(() => removeOwnKeys(client, session.plan))
  }
  for (const { journal } of sessions)
    if (journal.isUsed) await client.confirmed(() => removeJournal(client, journal))
}

/** Records what is removed. From here on the new content of the streams is decided, for the next run as well. */
async function beginRemovals(
  client: RedisClient,
  ids: IdAllocator,
  replaced: readonly IndexedSession[],
): Promise<PendingRemoval[]> {
  for (const session of replaced) await requireSwappable(client, session)
  const removals = replaced.map((session) => pendingRemovalOf(session, ids))
  await Promise.all(
    replaced.map(({ plan }, at) =>
      writeMetadata(client, plan, { pending_removal: JSON.stringify(removals[at]) }),
    ),
  )
  return removals
}

/** Completes the removal that a run began which was cut off. Returns whether there was one. */
export async function resume(
  client: RedisClient,
  session: Pick<IndexedSession, 'plan' | 'index'>,
  fields: MetadataFields,
  log: Log,
): Promise<boolean> {
  const text = fields.get('pending_removal')
  if (text === undefined) return false
  log(
    'INFO',
    `${session.plan.name}: an earlier run was cut off while it removed what it had replaced; completing it.`,
  )
  await complete(client, session, JSON.parse(text) as PendingRemoval)
  return true
}

/** Returns how many index entries are left. */
async function complete(
  client: RedisClient,
  { plan, index }: Pick<IndexedSession, 'plan' | 'index'>,
  removal: PendingRemoval,
): Promise<number> {
  // Confirmed before its record is removed, as the next run completes what is recorded.
  const left = await client.confirmed(() => executeRemoval(client, plan, index, removal))
  await client.confirmed(() => endRemoval(client, plan, removal))
  return left
}

/** Removes the record of a removal, and everything in the metadata that is not true any more. */
async function endRemoval(client: RedisClient, plan: StreamPlan, removal: PendingRemoval): Promise<void> {
  const { ids, keptIds, before, run } = removal
  if (keptIds === undefined) {
    // The records that it counted are gone.
    if (ids !== undefined && !plan.liveLayout.usesIds) await client.ask('UNLINK', plan.baseKey)
    await writeMetadata(client, plan, { live_oldest_run: before, live_newest_run: run })
    await client.ask(
      'HDEL',
      plan.metadataKey,
      'pending_removal',
      'staged_from_run',
      'has_untracked',
      'key_template',
      'lowest_id',
      'last_id',
      'id_generations',
    )
  } else {
    await writeMetadata(client, plan, { lowest_id: keptIds.first })
    await client.ask('HDEL', plan.metadataKey, 'pending_removal', 'location_form', 'has_untracked')
  }
}

/** Removes the metadata and the counter of a stream that has no records left. */
async function removeOwnKeys(
  client: RedisClient,
  { metadataKey, counterKey, liveLayout }: StreamPlan,
): Promise<void> {
  await client.ask('UNLINK', metadataKey)
  if (liveLayout.usesIds) await client.ask('UNLINK', counterKey)
}

function logRemoved(session: IndexedSession, log: Log): void {
  const { name } = session.plan
  log('INFO', `${name}: what earlier runs wrote has been removed.`)
  if (runsOf(session)?.hasUntracked === true)
    log(
      'WARN',
      `${name}: rows that earlier runs wrote without adding them to the key index (track_keys) could not be removed ` +
        'unless they were written again.',
    )
}
