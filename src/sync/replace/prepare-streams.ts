/** Prepares each stream of a run: completes what earlier runs left undone, and decides how its records are written. */
import type { Log } from '../../log.ts'
import { createClearingLayout } from '../../layout/registry/create-layout.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { formerIdsOf } from '../dedup/former-ids.ts'
import { formersOf, indexedRowsOf, indexOf, onlyKeyOf } from '../dedup/former-rows.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import { RowJournal } from '../dedup/row-journal.ts'
import { attemptRecordingOf } from '../attempts/attempt-record.ts'
import { eachOf } from '../streams/each-with-progress.ts'
import { manifestsIn, type GenerationManifest } from '../streams/generation-manifest.ts'
import { openCounter, readClassicCounter, type OpenCounter } from '../ids/id-counter.ts'
import { decideFor, openGeneration, type OpenGeneration } from '../streams/open-generation.ts'
import {
  expiryShardsIn,
  numberIn,
  readMetadata,
  writeMetadata,
  type MetadataFields,
} from '../streams/stream-metadata.ts'
import { warnOfEviction } from '../ids/eviction-warning.ts'
import { StreamDirectory } from '../streams/stream-directory.ts'
import { layoutOf, type StreamLayout } from '../streams/stream-layout.ts'
import { givesExpiry, inKeyOrder, type StreamPlan } from '../streams/stream-plan.ts'
import type { Tracking } from '../streams/stream-session.ts'
import { closeAttempt, isUnacknowledged, openAttempt } from './take-back.ts'
import { isClassicCounter, MOST_CLASSIC_ROWS } from './classic-rows.ts'
import { resume } from './finish.ts'
import { removeExpiredEntries } from './index-cleanup.ts'
import { recoverJournal } from './journal-recovery.ts'
import { withRunsOfIndex } from './lost-metadata.ts'
import { endStaging, openStaging, removeFormerStaging, requireTypes } from './staging.ts'

export interface PreparationOptions {
  readonly log: Log
  readonly signal: AbortSignal
  /** The name that the platform has for the connection. */
  readonly connection?: string | undefined
}

interface Preparation extends PreparationOptions {
  readonly known: StreamDirectory
}

/** Streams that are prepared at the same time: enough to hide the distance to Redis, and few enough for their memory. */
const STREAMS_AT_ONCE = 32

/** Repeated, it changes nothing but the number of the run. Stops between two streams when the signal is aborted. */
export async function prepareStreams(
  client: CommandClient,
  plans: readonly StreamPlan[],
  options: PreparationOptions,
): Promise<IndexedSession[]> {
  const { log, signal } = options
  const known = await StreamDirectory.read(client, plans)
  // First of all streams, so that a run that is refused for one of them changes none.
  const streams = await eachOf(plans, STREAMS_AT_ONCE, ['Reading streams', log], async (plan) => {
    signal.throwIfAborted()
    return readStream(client, known.planOf(plan), { known, ...options })
  })
  const sessions = await eachOf(streams, STREAMS_AT_ONCE, ['Opening streams', log], async (stream) => {
    signal.throwIfAborted()
    return prepareStream(client, stream, { known, ...options })
  })
  await warnOfEviction(client, sessions, log)
  return sessions
}

/** A stream with its metadata, and the manifests in them. */
interface ReadStream {
  readonly plan: StreamPlan
  readonly fields: MetadataFields
  readonly earlier: readonly GenerationManifest[]
}

/** Throws where the run must not write the stream. */
async function readStream(
  client: CommandClient,
  planned: StreamPlan,
  { known, log }: Preparation,
): Promise<ReadStream> {
  const found = await readUpToDate(client, planned, log)
  const isLost = !found.has('runs') && known.has(planned)
  const fields = isLost ? await withRunsOfIndex(client, planned, found, log) : found
  const earlier = manifestsIn(planned.name, planned.metadataKey, fields)
  // Before anything is written, also a counter.
  const plan = withFormerKeyOrder(planned, decideFor(planned, earlier).joined, log)
  if (earlier.length === 0) await known.requireFree(client, plan)
  return { plan, fields, earlier }
}

async function prepareStream(
  client: CommandClient,
  { plan, fields, earlier }: ReadStream,
  { known, log, connection }: Preparation,
): Promise<IndexedSession> {
  await closeAttempt(client, plan, { fields, last: earlier.at(-1) }, log)
  const counter = await openIds(client, plan, fields, earlier)
  const open = openGeneration(plan, fields, counter.lastId, connection)
  for (const warning of open.warnings) log('WARN', warning)
  const classic = earlier.length === 0 ? await classicCount(client, plan, fields, counter, log) : 0
  const { manifests, runs } = open
  const last = earlier.at(-1)
  const journal = new RowJournal(plan)
  const lastIndex = last && indexOf(client, plan, last)
  if (last?.endedWell === false && lastIndex !== undefined) await recoverJournal(client, lastIndex, journal)
  const own = manifests.at(-1)!
  const isSameIndex = last === undefined || indexNumber(last) === indexNumber(own)
  const index =
    indexOf(client, plan, own, isSameIndex ? expiryShardsIn(fields, plan) : []) ??
    new KeyIndex(client, plan, [])
  const before = plan.replaces ? runs.keptFrom : 0
  const formers = {
    ...formersOf(client, plan, manifests, { before, lastId: counter.lastId }),
    hasClassicCounter:
      plan.replaces &&
      plan.locator.only === plan.baseKey &&
      (await isClassicCounter(client, plan, Math.max(classic, numberIn(fields, 'classic_last_id', plan)))),
  }
  if (plan.replaces && plan.locator.only !== undefined)
    await requireTypes(client, { plan, formers }, [plan.locator.only])
  await known.add(client, plan)
  // Before the first record: a later run could not tell which run has written it.
  await writeMetadata(client, plan, { ...open.changes, ...(classic > 0 ? { classic_last_id: classic } : {}) })
  if (open.decision === 'replace' && runs.stagedFrom !== undefined)
    await removeFormerStaging(client, plan, formers)
  if (open.isTracked && plan.isDeduplicated) await removeExpiredEntries(client, plan, index, Date.now())
  const isToBeSentAgain = last?.endedWell === false && isUnacknowledged(plan, fields)
  if (plan.stagedLayout === undefined && last !== undefined)
    await endStaging(client, plan, indexedRowsOf(client, plan, [last])[0], runs, isToBeSentAgain)
  const stagedFrom =
    plan.idKeys === undefined ? await openStaging(client, plan, index, runs, isToBeSentAgain) : undefined
  const isStaged = stagedFrom !== undefined
  const attempt = attemptRecordingOf(plan, isStaged)
  await openAttempt(client, plan, { attempt, fields, runs, stagedFrom })
  const mayHaveKeys = plan.idKeys === undefined
  const cleared = {
    clearsFormerExpiry: mayHaveKeys && runs.hadExpiry && !givesExpiry(plan),
    clearsFormerMeta: mayHaveKeys && runs.hadMeta && !plan.settings.keepMeta,
    clearsFormerFields: mayHaveKeys && runs.hadFields,
  }
  const isClearing = Object.values(cleared).includes(true)
  const liveLayout = isClearing ? createClearingLayout(plan, cleared) : plan.liveLayout
  return {
    plan,
    tracking: trackingOf(plan, open),
    runs,
    manifests,
    counterKey: counter.key,
    lastId: counter.lastId,
    checksFirstIds: plan.idKeys !== undefined && !(counter.isFound && hadRecords(earlier)),
    skippedIds: sortedIds(plan.foreignIds, await formerIdsOf(plan, formers)),
    attempt,
    layout: isStaged ? plan.stagedLayout! : liveLayout,
    index,
    journal,
    formers,
    knownAs: known.membersOf(plan),
  }
}

/** Rows that are kept have their keys made of the columns of the primary key in the order that it had then. */
function withFormerKeyOrder(plan: StreamPlan, joined: StreamLayout | undefined, log: Log): StreamPlan {
  const now = layoutOf(plan).primary_key
  const former = joined?.primary_key ?? now
  if (now.every((path, at) => path === former[at])) return plan
  log(
    'WARN',
    `${plan.name}: the primary key was (${former.join(', ')}) and is (${now.join(', ')}); keys keep the former order of ` +
      'its columns until a full refresh.',
  )
  return inKeyOrder(plan, former)
}

function indexNumber({ rows }: GenerationManifest): number | undefined {
  return rows.kind === 'index' ? rows.index : undefined
}

function trackingOf({ idKeys }: StreamPlan, { isTracked }: OpenGeneration): Tracking {
  if (idKeys !== undefined) return { kind: 'id-range', idKeys }
  return { kind: isTracked ? 'index' : 'none' }
}

async function openIds(
  client: CommandClient,
  plan: StreamPlan,
  fields: MetadataFields,
  earlier: readonly GenerationManifest[],
): Promise<OpenCounter> {
  if (!plan.liveLayout.usesIds)
    return { key: plan.counterKey, lastId: await lastIdOfFormers(client, plan, fields), isFound: false }
  // A former generation may have its rows in the key that would count those of this run, until they are removed.
  const isTaken =
    plan.replaces &&
    earlier.some(
      (manifest) => manifest.rows.kind === 'index' && onlyKeyOf(plan, manifest) === plan.counterKey,
    ) &&
    !['string', 'none'].includes(String(await client.ask('TYPE', plan.counterKey)))
  return openCounter(client, plan, fields, isTaken ? `${plan.baseKey}:_airbyte_ab_id` : undefined)
}

/** Returns the highest id that runs of a former layout may have given out: one that was cut off has not recorded it. */
async function lastIdOfFormers(
  client: CommandClient,
  plan: StreamPlan,
  fields: MetadataFields,
): Promise<number> {
  const [recorded, limit] = [numberIn(fields, 'last_id', plan), numberIn(fields, 'id_limit', plan)]
  if (limit <= recorded) return recorded
  const counted = await readClassicCounter(client, plan)
  return counted === 0 ? limit : Math.max(recorded, Math.min(counted, limit))
}

/** Returns the last id that the classic connector may have given out, 0 where it did not write the stream. */
async function classicCount(
  client: CommandClient,
  plan: StreamPlan,
  fields: MetadataFields,
  counter: OpenCounter,
  log: Log,
): Promise<number> {
  if (numberIn(fields, 'classic_last_id', plan) > 0) return 0
  const isOwn = plan.liveLayout.usesIds && counter.key === plan.baseKey
  const count = isOwn ? counter.lastId : await readClassicCounter(client, plan)
  if (count <= MOST_CLASSIC_ROWS) return count
  log(
    'WARN',
    `${plan.name}: ${plan.baseKey} holds ${count}, too large for a counter of the classic connector.`,
  )
  return 0
}

function hadRecords(manifests: readonly GenerationManifest[]): boolean {
  return manifests.some(({ hasRecords }) => hasRecords)
}

/** Returns the ids whose keys belong to another stream, or to rows of a former generation. */
function sortedIds(foreign: readonly number[], former: readonly number[]): number[] {
  return [...new Set([...foreign, ...former])].toSorted((a, b) => a - b)
}

/** Returns the metadata of a stream with no removal pending. */
async function readUpToDate(client: CommandClient, plan: StreamPlan, log: Log): Promise<MetadataFields> {
  const fields = await readMetadata(client, plan)
  return (await resume(client, plan, fields, log)) ? readUpToDate(client, plan, log) : fields
}
