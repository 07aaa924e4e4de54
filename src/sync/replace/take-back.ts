/**
 * Takes back the records that a failed run wrote to lists, Redis streams and staging keys behind its last acknowledged
 * state, as the host sends them again.
 */
import type { Log } from '../../log.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { scanItems } from '../../redis/client/scan-items.ts'
import { TAKE_BACK_SCRIPT } from '../../redis/commands/attempt-scripts.ts'
import { onlyKeyOf } from '../dedup/former-rows.ts'
import { shownKey } from '../drafts/shown-key.ts'
import { attemptKeyOf, attemptRecordingOf, attemptSlots } from '../attempts/attempt-record.ts'
import type { GenerationManifest } from '../streams/generation-manifest.ts'
import { writeMetadata, type MetadataFields } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { AttemptRecording, RunMetadata, StreamSession } from '../streams/stream-session.ts'

const SLOTS_AT_ONCE = 64

/** Fields of an attempt record that are read at once. */
const KEYS_AT_ONCE = 500

/** Entries of a Redis stream that are removed at once. */
const ENTRIES_AT_ONCE = 1_000

interface Former {
  readonly fields: MetadataFields
  /** The manifest of the last run. */
  readonly last: GenerationManifest | undefined
}

/** Takes back what the last run did not finish, and removes the record of it. Repeated, it changes nothing. */
export async function closeAttempt(
  client: CommandClient,
  plan: StreamPlan,
  { fields, last }: Former,
  log: Log,
): Promise<void> {
  const acknowledged = fields.get('acknowledged')
  if (acknowledged === undefined || last === undefined) return
  const isTakenBack =
    !last.endedWell && (fields.has('staged_from_run') || plan.settings.onRetry === 'roll_back')
  const taken: TakenBack = { items: 0, keys: 0, changed: 0 }
  await eachRecord(client, plan, last, async (record) => {
    if (isTakenBack) await takeBackAll(client, record, acknowledged, taken)
    await client.ask('UNLINK', record)
  })
  logTaken(plan, taken, log)
}

/** Removes the record of a run that replaced everything before it, and was cut off behind that. */
export async function forgetFormerAttempt(
  client: CommandClient,
  plan: StreamPlan,
  { fields, last }: Former,
): Promise<void> {
  if (last === undefined || !fields.has('acknowledged')) return
  await eachRecord(client, plan, last, async (record) => {
    await client.ask('UNLINK', record)
  })
  await client.ask('HDEL', plan.metadataKey, 'acknowledged')
}

/** Visits the keys of all records that the last run may have left. */
async function eachRecord(
  client: CommandClient,
  plan: StreamPlan,
  last: GenerationManifest,
  visit: (record: string) => Promise<void>,
): Promise<void> {
  const slots = attemptSlots(onlyKeyOf(plan, last), client)
  const records = new Set(slots.map((slot) => attemptKeyOf(plan, slot))).values()
  const walk = async (): Promise<void> => {
    for (const record of records) await visit(record)
  }
  await Promise.all(Array.from({ length: SLOTS_AT_ONCE }, walk))
}

/** Returns whether no state was acknowledged since the staging keys began that can only be dropped as a whole. */
export function isUnacknowledged(plan: StreamPlan, fields: MetadataFields): boolean {
  return attemptRecordingOf(plan, true)?.kind === 'states' && fields.get('acknowledged') === '0'
}

interface OpenAttempt {
  readonly attempt: AttemptRecording | undefined
  readonly fields: MetadataFields
  readonly runs: RunMetadata
  /** The first run whose records are staged; undefined where records go to the live keys. */
  readonly stagedFrom: number | undefined
}

/** Writes into the metadata what is staged, and that no state of the run is acknowledged yet, if its attempt is recorded. */
export async function openAttempt(
  client: CommandClient,
  plan: StreamPlan,
  { attempt, fields, runs, stagedFrom }: OpenAttempt,
): Promise<void> {
  const goesOn = runs.stagedFrom !== undefined && runs.stagedFrom >= runs.keptFrom
  const isReset = attempt?.kind === 'lengths' || (attempt?.kind === 'states' && !goesOn)
  await writeMetadata(client, plan, {
    ...(stagedFrom === runs.run ? { staged_from_run: stagedFrom } : {}),
    ...(isReset ? { acknowledged: 0 } : {}),
  })
  if (attempt === undefined && fields.has('acknowledged'))
    await client.ask('HDEL', plan.metadataKey, 'acknowledged')
}

/** Removes the records of an attempt, which has ended well. */
export async function removeAttemptRecords(
  client: CommandClient,
  { plan, attempt }: Pick<StreamSession, 'plan' | 'attempt'>,
): Promise<void> {
  const slots = attempt?.kind === 'lengths' ? [...attempt.slots] : []
  await Promise.all(slots.map((slot) => client.ask('UNLINK', attemptKeyOf(plan, slot))))
}

/** Does the same, and removes what the metadata say of the attempt. */
export async function forgetAttempt(
  client: CommandClient,
  session: Pick<StreamSession, 'plan' | 'attempt'>,
): Promise<void> {
  if (session.attempt === undefined) return
  await removeAttemptRecords(client, session)
  await client.ask('HDEL', session.plan.metadataKey, 'acknowledged')
}

interface TakenBack {
  items: number
  keys: number
  /** Keys that another client has changed. */
  changed: number
}

async function takeBackAll(
  client: CommandClient,
  record: string,
  acknowledged: string,
  taken: TakenBack,
): Promise<void> {
  const scan = { command: 'HSCAN', key: record, count: KEYS_AT_ONCE } as const
  await scanItems(client, scan, async (fields) => {
    const keys = fields.filter((_, at) => at % 2 === 0)
    await Promise.all(keys.map((key) => takeBack(client, { record, key, acknowledged }, taken)))
  })
}

async function takeBack(
  client: CommandClient,
  { record, key, acknowledged }: { record: string; key: string; acknowledged: string },
  taken: TakenBack,
): Promise<void> {
  const ask = () =>
    client.ask('EVAL', TAKE_BACK_SCRIPT.text, 2, record, key, acknowledged, ENTRIES_AT_ONCE).then(Number)
  let count = await ask()
  if (count === -1) taken.changed++
  if (count > 0) taken.keys++
  for (; count > 0; count = count === ENTRIES_AT_ONCE ? await ask() : 0) taken.items += count
}

function logTaken(plan: StreamPlan, { items, keys, changed }: TakenBack, log: Log): void {
  const { name } = plan
  if (items > 0)
    log(
      'INFO',
      `${name}: ${items === 1 ? '1 record' : `${items} records`} that the last run wrote behind its last acknowledged ` +
        `state ${items === 1 ? 'was' : 'were'} taken back, from ${keys === 1 ? '1 key' : `${keys} keys`}.`,
    )
  if (changed > 0)
    log(
      'WARN',
      `${name}: another client has changed ${shownKey(plan)}${changed === 1 ? '' : ` and ${changed - 1} more keys`} since ` +
        'the last run wrote there, so nothing was taken back from there. Records that are sent again are there twice.',
    )
}
