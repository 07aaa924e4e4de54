/**
 * The end of a run that replaces streams: what earlier runs wrote is removed. It begins when everything of the run is
 * confirmed and every stream is complete. Once it has begun it is completed, by the next run if this one is cut off.
 */
import type { Log } from '../../log.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'
import { knownStreamsKey } from '../drafts/internal-keys.ts'
import { patternOf, removalRemedy } from '../streams/clear-command.ts'
import { whileLogging } from '../streams/each-with-progress.ts'
import {
  keepsOtherIndex,
  manifestField,
  manifestsIn,
  type GenerationManifest,
} from '../streams/generation-manifest.ts'
import type { IdAllocator } from '../ids/id-allocator.ts'
import type { Leases } from '../streams/leases.ts'
import { isRepeated } from '../streams/replace-decision.ts'
import { expiryShardsIn, numberIn, writeMetadata, type MetadataFields } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { forgetAttempt, forgetFormerAttempt, removeAttemptRecords } from './take-back.ts'
import { executeRemoval, type Removed, type RemovalReports, type RemovalScope } from './execute-removal.ts'
import { removeJournal } from './journal-recovery.ts'
import { pendingRemovalOf, readPendingRemoval, type PendingRemoval } from './pending-removal.ts'
import { recordEnds } from './run-ends.ts'
import { closeStaging, requireSwappable } from './staging.ts'

export interface FinishOptions {
  readonly log: Log
  readonly leases: Pick<Leases, 'forgetMetadata'>
  /** Returns whether the source has sent no record of a stream. */
  readonly isWithoutRecords: (plan: StreamPlan) => boolean
  /** Forgets a stream even if rows without an index entry may be left; `clear` looks for these itself. */
  readonly forgetsUntracked?: boolean
}

export async function finish(
  client: CommandClient,
  ids: IdAllocator,
  sessions: readonly IndexedSession[],
  { log, leases, isWithoutRecords, forgetsUntracked = false }: FinishOptions,
): Promise<void> {
  const repeated = sessions.filter((session) => isRepeatedAttempt(session, isWithoutRecords))
  for (const { plan } of repeated) log('WARN', repeatedSentence(plan))
  if (repeated.length > 0) await client.confirmed(() => closeStaging(client, repeated))
  const replaced = sessions.filter((session) => session.plan.replaces && !repeated.includes(session))
  const removals = await client.confirmed(() => beginRemovals(client, ids, replaced))
  const ended = new Map<IndexedSession, GenerationManifest | undefined>()
  for (const [at, session] of replaced.entries()) {
    const removal = removals[at]!
    const scope = await scopeOf(client, session)
    // A run that is cut off from here on is completed, and nothing of it is taken back.
    let part = ''
    const report = (done: number, all: number): void => void (part = `, ${done} of ${all} parts of it`)
    const removed = await whileLogging(
      log,
      () => `Removing what streams replace: ${at} of ${replaced.length}, now ${session.plan.name}${part}.`,
      () => complete(client, scope, { removal, attempt: session.attempt }, { log, report }),
    )
    const mayHaveOthers =
      keepsOtherIndex(session.manifests, removal.before) || (session.runs.hadUntracked && !forgetsUntracked)
    const hasOwn =
      session.tracking.kind === 'id-range' ? keptIdsOf(session, removal) <= removal.lastId : removed.left > 0
    const isEmpty = !hasOwn && !mayHaveOthers
    const own = isEmpty ? undefined : ownManifestIn(scope, session)
    logRemoved(session, { ...removal, ...removed, own, isCluster: client.isCluster }, log)
    ended.set(session, own)
    if (isEmpty) {
      leases.forgetMetadata(session.plan)
      await client.confirmed(() => removeOwnKeys(client, session))
    } else if (isOnlyGeneration(session, removal))
      await removeMembers(client, session, session.knownAs.former)
  }
  await client.confirmed(async () => {
    // Before the ends are recorded: a run that follows one that ended well does not look for a journal.
    for (const { journal } of sessions) if (journal.isUsed) await removeJournal(client, journal)
    await recordEnds(client, ids, sessions, ended, log)
  })
  // Behind the record of the end: a run that follows one that ended well takes nothing back.
  const added = sessions.filter((session) => !replaced.includes(session))
  await client.confirmed(() => Promise.all(added.map((session) => forgetAttempt(client, session))))
}

/**
 * Returns whether a replace only repeats a sync that has ended well: the host did not learn of that end, and the source
 * continues behind the last state, where nothing is left to send. Its rows are those of the sync.
 */
function isRepeatedAttempt(
  { plan, manifests }: IndexedSession,
  isWithoutRecords: FinishOptions['isWithoutRecords'],
): boolean {
  return plan.replaces && isWithoutRecords(plan) && isRepeated(plan.stream, manifests.at(-2))
}

function repeatedSentence({ name, stream }: StreamPlan): string {
  return (
    `${name}: sync ${stream.syncId} of generation ${stream.generation} is complete already, and this run has no record, so ` +
    'nothing is removed.'
  )
}

/** Returns what the metadata say when all records are confirmed: the manifest of this run now tells whether it has some. */
async function scopeOf(client: CommandClient, { plan, manifests }: IndexedSession): Promise<RemovalScope> {
  const names = ['classic_last_id', 'expiry_shards', manifestField(manifests.at(-1)!)] as const
  const values = (await client.ask('HMGET', plan.metadataKey, ...names)) as (string | null)[]
  const found = names.flatMap((name, at) => (values[at] == null ? [] : [[name, values[at]] as const]))
  const fields = new Map(found)
  return {
    plan,
    manifests: [...manifests.slice(0, -1), ...manifestsIn(plan.name, plan.metadataKey, fields)],
    classicLastId: numberIn(fields, 'classic_last_id', plan),
    expiryShards: expiryShardsIn(fields, plan),
  }
}

/** Returns undefined where the metadata have none any more. */
function ownManifestIn({ manifests }: RemovalScope, session: IndexedSession): GenerationManifest | undefined {
  const own = manifestField(session.manifests.at(-1)!)
  return manifests.find((manifest) => manifestField(manifest) === own)
}

/** Returns the first id that is kept, of a stream whose keys are made of ids. */
function keptIdsOf({ manifests }: IndexedSession, { before }: PendingRemoval): number {
  const kept = manifests.find(({ firstRun, rows }) => firstRun >= before && rows.kind === 'ids')
  return kept?.rows.kind === 'ids' ? kept.rows.firstId : 0
}

/** Records what is removed. From here on the new content of the streams is decided, for the next run as well. */
async function beginRemovals(
  client: CommandClient,
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
  client: CommandClient,
  plan: StreamPlan,
  fields: MetadataFields,
  log: Log,
): Promise<boolean> {
  const text = fields.get('pending_removal')
  if (text === undefined) return false
  const removal = readPendingRemoval(plan, text)
  log(
    'INFO',
    `${plan.name}: an earlier run was cut off while it removed what it had replaced; completing it.`,
  )
  const manifests = manifestsIn(plan.name, plan.metadataKey, fields).filter(
    ({ firstRun }) => firstRun <= removal.run,
  )
  await forgetFormerAttempt(client, plan, { fields, last: manifests.at(-1) })
  const scope: RemovalScope = {
    plan,
    manifests,
    classicLastId: numberIn(fields, 'classic_last_id', plan),
    expiryShards: expiryShardsIn(fields, plan),
  }
  await complete(client, scope, { removal, attempt: undefined }, { log })
  return true
}

interface Completion {
  readonly removal: PendingRemoval
  /** How the run has recorded its attempt; undefined if it has not, or if that is removed already. */
  readonly attempt: StreamSession['attempt']
}

async function complete(
  client: CommandClient,
  scope: RemovalScope,
  { removal, attempt }: Completion,
  reports: RemovalReports,
): Promise<Removed> {
  // Confirmed before its record is removed, as the next run completes what is recorded.
  const removed = await client.confirmed(async () => {
    await removeAttemptRecords(client, { plan: scope.plan, attempt })
    return executeRemoval(client, scope, removal, reports)
  })
  await client.confirmed(() => endRemoval(client, scope, removal))
  return removed
}

/** Removes the record of a removal, and everything in the metadata that is not true any more. */
async function endRemoval(
  client: CommandClient,
  { plan, manifests }: RemovalScope,
  { before, run }: PendingRemoval,
): Promise<void> {
  const former = manifests.filter(({ firstRun }) => firstRun < before).map(manifestField)
  await writeMetadata(client, plan, { live_oldest_run: before, live_newest_run: run })
  await client.ask(
    'HDEL',
    plan.metadataKey,
    'pending_removal',
    'staged_from_run',
    'has_untracked',
    'classic_last_id',
    'acknowledged',
    ...former,
  )
}

/** Returns whether a run keeps no generation but its own. */
function isOnlyGeneration({ manifests }: IndexedSession, { before }: PendingRemoval): boolean {
  return manifests.filter(({ firstRun }) => firstRun >= before).length === 1
}

/** Removes members that name a stream with keys that it has no more. */
async function removeMembers(
  client: CommandClient,
  { plan: { settings } }: IndexedSession,
  members: readonly string[],
): Promise<void> {
  if (members.length > 0) await client.ask('SREM', knownStreamsKey(settings.keyPrefix), ...members)
}

/** Removes the metadata and the counter of a stream that has no records left. */
async function removeOwnKeys(client: CommandClient, session: IndexedSession): Promise<void> {
  const {
    plan: { metadataKey, counterKey: usualKey },
    layout,
    counterKey,
    knownAs: { own, former },
  } = session
  await removeMembers(client, session, [own, ...former])
  await client.ask('UNLINK', metadataKey)
  if (!layout.usesIds) return
  for (const key of new Set([usualKey, counterKey])) await client.ask('UNLINK', key)
}

interface Removal extends Removed {
  /** The first run that is kept. */
  readonly before: number
  /** The manifest that the stream has from now on; undefined if it has no records left. */
  readonly own: GenerationManifest | undefined
  readonly isCluster: boolean
}

function logRemoved(
  { plan, runs, manifests }: IndexedSession,
  { before, rows, own, isCluster }: Removal,
  log: Log,
): void {
  const { name } = plan
  if (rows > 0)
    log(
      'INFO',
      `${name}: ${rows === 1 ? '1 row or key' : `${rows} rows and keys`} of earlier generations removed.`,
    )
  if (!runs.hasUntracked) return
  const former = manifests.filter(({ firstRun, rows: { kind } }) => firstRun < before && kind === 'index')
  const templates = former.length === 0 ? [plan.keyTemplate] : former.map(({ layout }) => layout.key_template)
  const patterns = [...new Set(templates.map((template) => patternOf(template, plan)))]
  const isNamed =
    own?.rows.kind === 'index' &&
    former.every(({ layout, form }) => layout.key_template === own.layout.key_template && form === own.form)
  log(
    'WARN',
    `${name}: rows that earlier runs wrote without adding them to the key index (track_keys) could not be removed, unless ` +
      `they were written again. Their keys match ${patterns.join(', ')}. ` +
      removalRemedy(plan, patterns, { isNamed, isCluster }),
  )
}
