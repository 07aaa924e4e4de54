/** Prepares each stream of a run: completes what earlier runs left undone, and decides how its records are written. */
import type { Log } from '../../log.ts'
import { createPersistingLayout } from '../../layout/registry/create-layout.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import { RowJournal } from '../dedup/row-journal.ts'
import {
  countFormerIds,
  expiryShardsIn,
  idMetadataIn,
  openIdKeys,
  openRuns,
  readMetadata,
  writeMetadata,
  type MetadataFields,
} from '../streams/stream-metadata.ts'
import { givesExpiry, type StreamPlan } from '../streams/stream-plan.ts'
import { resume } from './finish.ts'
import { migrateFormat1 } from './format-migration.ts'
import { removeExpiredEntries } from './index-cleanup.ts'
import { recoverJournal } from './journal-recovery.ts'
import { openStaging } from './staging.ts'

/** Repeated, it changes nothing but the number of the run. */
export function prepareStreams(
  client: RedisClient,
  plans: readonly StreamPlan[],
  log: Log,
): Promise<IndexedSession[]> {
  return Promise.all(plans.map((plan) => prepareStream(client, plan, log)))
}

async function prepareStream(client: RedisClient, plan: StreamPlan, log: Log): Promise<IndexedSession> {
  const fields = await readUpToDate(client, plan, log)
  const index = new KeyIndex(client, plan, expiryShardsIn(fields))
  const journal = new RowJournal(plan)
  const ids = idMetadataIn(fields)
  const { idKeys, liveLayout, stagedLayout } = plan
  if (idKeys !== undefined) {
    await writeMetadata(client, plan, openIdKeys(plan, fields))
    const tracking = { kind: 'id-range', idKeys, formerForm: fields.get('location_form') } as const
    return { plan, tracking, ids, layout: liveLayout, index, journal }
  }
  const { runs, isTracked, changes } = openRuns(plan, fields, await countFormerIds(client, plan, fields))
  // Before the first record: a later run could not tell which run has written it.
  await writeMetadata(client, plan, changes)
  if (isTracked) await recoverJournal(client, index, journal)
  if (plan.isDeduplicated) await removeExpiredEntries(client, plan, index, Date.now())
  const isStaged = await openStaging(client, plan, index, runs)
  const tracking = { kind: isTracked ? 'index' : 'none', runs } as const
  const unstagedLayout = runs.hadExpiry && !givesExpiry(plan) ? createPersistingLayout(plan) : liveLayout
  const layout = isStaged ? stagedLayout! : unstagedLayout
  return { plan, tracking, ids, layout, index, journal }
}

/** Returns the metadata of a stream in the present format, with no removal pending. */
async function readUpToDate(client: RedisClient, plan: StreamPlan, log: Log): Promise<MetadataFields> {
  const fields = await readMetadata(client, plan)
  const isChanged =
    (!fields.has('format') && (await migrateFormat1(client, plan, log))) ||
    (await resume(client, { plan, index: new KeyIndex(client, plan, expiryShardsIn(fields)) }, fields, log))
  return isChanged ? readUpToDate(client, plan, log) : fields
}
