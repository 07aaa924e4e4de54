/** Makes each stream of a run ready: what a former run left undone is done, and it is settled where records go. */
import type { Log } from '../../log.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { resume } from './finish.ts'
import { noteIdKeys, openMetadata } from '../streams/stream-metadata.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { openStaging } from './staging.ts'
import type { StreamSession } from '../dedup/stream-session.ts'

export function prepareStreams(
  client: RedisClient,
  plans: readonly StreamPlan[],
  log: Log,
): Promise<StreamSession[]> {
  return Promise.all(plans.map((plan) => openStream(client, plan, log)))
}

async function openStream(client: RedisClient, plan: StreamPlan, log: Log): Promise<StreamSession> {
  const index = new KeyIndex(client, plan)
  await resume(client, { plan, index }, log)
  if (plan.idKeys !== undefined) {
    await noteIdKeys(client, plan)
    return { plan, index, metadata: undefined }
  }
  const metadata = await openMetadata(client, plan)
  if (plan.isDeduplicated) await index.forgetDue(Date.now())
  const opened = await openStaging(client, index, metadata)
  return { plan: opened, index, metadata: { ...metadata, plan: opened } }
}
