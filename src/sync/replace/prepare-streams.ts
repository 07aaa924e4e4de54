/** Makes each stream of a run ready: what a former run left undone is done, and it is settled where records go. */
import type { Log } from '../../log.ts'
import type { Link } from '../../redis/client/client.ts'
import { resume, type OpenStream } from './finish.ts'
import { noteIdKeys, openHistory } from '../streams/stream-metadata.ts'
import { PlaceIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { openStaging } from './staging.ts'

export function openStreams(link: Link, plans: readonly StreamPlan[], log: Log): Promise<OpenStream[]> {
  return Promise.all(plans.map((plan) => openStream(link, plan, log)))
}

async function openStream(link: Link, plan: StreamPlan, log: Log): Promise<OpenStream> {
  const index = new PlaceIndex(link, plan)
  await resume(link, { plan, index }, log)
  if (plan.idKeys !== undefined) {
    await noteIdKeys(link, plan)
    return { plan, index, history: undefined }
  }
  const history = await openHistory(link, plan)
  if (plan.isDeduplicated) await index.forgetDue(Date.now())
  const opened = await openStaging(link, index, history)
  return { plan: opened, index, history: { ...history, plan: opened } }
}
