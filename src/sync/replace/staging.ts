/**
 * Collections are replaced as a whole: records are written to a staging key beside each live key, and the staging key
 * replaces the live one in one step when the run is complete. Until then the next run can continue with it.
 */
import { ConfigError, problem } from '../../errors.ts'
import { keyForm, shownKey } from '../drafts/shown-key.ts'
import { spreadOut } from '../../layout/fields/expiry.ts'
import { structureOf } from '../../layout/registry/structure-registry.ts'
import { stagingKey } from '../../layout/locations/staging-key.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { OWN_KEYS } from '../drafts/internal-keys.ts'
import { besideKey } from '../../redis/resp/key-slot.ts'
import { SWAP_SCRIPT } from '../../redis/commands/swap-script.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'
import type { KeyIndex } from '../dedup/key-index.ts'
import { typesOf } from '../../redis/client/redis-types.ts'
import { runIn } from '../rows/row-version.ts'
import { writeMetadata } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { isStaged, type RunMetadata } from '../streams/stream-session.ts'
import { formerTypesOf, type Formers, type IndexedRows } from '../dedup/former-rows.ts'

/**
 * Decides whether the records of a run are staged, and removes or merges the staging keys of earlier runs.
 * `isUnacknowledged`: no state behind what is staged was acknowledged, so that the host sends all of it again. Repeated, it
 * changes nothing. Returns the first run whose records are staged; undefined where records go to the live keys.
 */
export async function openStaging(
  client: CommandClient,
  plan: StreamPlan,
  index: KeyIndex,
  { run, keptFrom, live, stagedFrom, hadExpiry }: RunMetadata,
  isUnacknowledged = false,
): Promise<number | undefined> {
  if (plan.stagedLayout === undefined) return undefined
  const isReplaced = keptFrom > live.oldest
  if (isReplaced && live.newest >= keptFrom) throw mixedGenerations(plan)
  const isStale = stagedFrom !== undefined && (stagedFrom < keptFrom || isUnacknowledged)
  // Confirmed before the metadata say that nothing is staged any more, as no later run would look at these keys.
  if (isStale)
    await client.confirmed(() => eachKey(plan, index, (keys) => removeStagingKeys(client, plan, keys)))
  else if (stagedFrom !== undefined && !isReplaced)
    await client.confirmed(() =>
      eachKey(plan, index, async (keys) => {
        await Promise.all(keys.map((key) => drain(client, plan, key, hadExpiry)))
      }),
    )
  if (stagedFrom !== undefined && (isStale || !isReplaced))
    await client.ask('HDEL', plan.metadataKey, 'staged_from_run')
  if (isReplaced) return isStale ? run : (stagedFrom ?? run)
  await writeMetadata(client, plan, { live_newest_run: run })
  // So that a later replace removes the key even if the stream has another one by then.
  if (plan.locator.only !== undefined) await index.ensure(plan.locator.only)
  return undefined
}

/**
 * Merges what a replace has gathered into the live keys, or removes it where the host sends all of it again, for a run that
 * finds its rows in another way and stages nothing. Repeated, it changes nothing.
 */
export async function endStaging(
  client: CommandClient,
  plan: StreamPlan,
  former: IndexedRows | undefined,
  { stagedFrom, keptFrom, hadExpiry }: RunMetadata,
  isUnacknowledged: boolean,
): Promise<void> {
  if (former === undefined || stagedFrom === undefined || stagedFrom < keptFrom) return
  const { index, form, onlyKey } = former
  // In another layout there are no records to keep, as they would have had the run refused.
  const isSameType =
    form.type === plan.locator.form.type && structureOf(plan.settings).collection !== undefined
  const visit = async (keys: readonly string[]): Promise<void> => {
    if (isUnacknowledged || !isSameType) await removeStagingKeys(client, plan, keys)
    else await Promise.all(keys.map((key) => drain(client, plan, key, hadExpiry)))
  }
  await client.confirmed(async () => {
    if (onlyKey !== undefined) await visit([onlyKey])
    await index.each((entries) => visit(entries.map(([location]) => form.key(location))))
  })
  await client.ask('HDEL', plan.metadataKey, 'staged_from_run')
}

/**
 * Makes sure, before anything is replaced, that all staging keys can replace their live keys. Keys without a staging key
 * are made older than every run, so that they are removed.
 */
export async function requireSwappable(client: CommandClient, session: IndexedSession): Promise<void> {
  if (!isStaged(session)) return
  const { plan, index, runs } = session
  await index.each(async (entries) => {
    const keys = entries.filter(([, value]) => runIn(value) >= runs.keptFrom).map(([key]) => key)
    await requireTypes(client, session, keys)
    const replies = await Promise.all(keys.map((key) => client.ask('EXISTS', stagingOf(plan, key))))
    await index.outdate(keys.filter((_, at) => Number(replies[at]) === 0))
  })
}

/** Records that nothing is staged, for runs that had no record. */
export async function closeStaging(
  client: CommandClient,
  sessions: readonly IndexedSession[],
): Promise<void> {
  await Promise.all(
    sessions.filter(isStaged).map(({ plan }) => client.ask('HDEL', plan.metadataKey, 'staged_from_run')),
  )
}

/** Removes the staging keys that former generations have in other indexes. */
export async function removeFormerStaging(
  client: CommandClient,
  plan: StreamPlan,
  { indexed }: Formers,
): Promise<void> {
  for (const { index, form } of indexed)
    await index.each((entries) =>
      removeStagingKeys(
        client,
        plan,
        entries.map(([location]) => form.key(location)),
      ),
    )
}

/** Throws where a key has a type that neither this run nor a former generation can have written. */
export async function requireTypes(
  client: CommandClient,
  { plan, formers }: Pick<IndexedSession, 'plan' | 'formers'>,
  keys: readonly string[],
): Promise<void> {
  const types = await typesOf(client, keys)
  const others = keys.filter((_, at) => types[at] !== plan.locator.form.type && types[at] !== 'none')
  const formerTypes = await formerTypesOf(plan, formers, others)
  const inTheWay = others.find((key, at) => !formerTypes[at]!.has(types[keys.indexOf(key)]!))
  if (inTheWay !== undefined) throw otherType(plan)
}

interface TimeToLive {
  readonly ttlSeconds: number
  readonly ttlJitterPercent: number
}

/**
 * Replaces a live key, which may have one of some types, by its staging key. Repeated, it changes nothing. Returns whether
 * there was a live key.
 */
export async function swap(
  client: CommandClient,
  plan: StreamPlan,
  key: string,
  types: readonly string[],
  timeToLive: TimeToLive,
): Promise<boolean> {
  const prefix = Buffer.from(plan.settings.keyPrefix)
  const former = besideKey(Buffer.from(key), prefix, `${OWN_KEYS}trash`).toString()
  const keys = [stagingOf(plan, key), key, former]
  const allowed = [...new Set(types)].join(' ')
  await client.ask('EVAL', SWAP_SCRIPT.text, keys.length, ...keys, allowed, millisecondsOf(timeToLive))
  // Separately, as renaming over a large key would block all clients.
  return Number(await client.ask('UNLINK', former)) > 0
}

/** Removes the staging keys of some live keys. */
export async function removeStagingKeys(
  client: CommandClient,
  plan: StreamPlan,
  keys: readonly string[],
): Promise<void> {
  await Promise.all(keys.map((key) => client.ask('UNLINK', stagingOf(plan, key))))
}

function stagingOf({ settings }: StreamPlan, key: string): string {
  return stagingKey(Buffer.from(key), Buffer.from(settings.keyPrefix)).toString()
}

const ITEMS_AT_ONCE = 500

/** Moves the items of a staging key to its live key, when the replacement was given up. */
async function drain(
  client: CommandClient,
  plan: StreamPlan,
  key: string,
  hadExpiry: boolean,
): Promise<void> {
  const { collection } = structureOf(plan.settings)
  const { text } = collection!.drain(plan.settings)
  const ttl = ttlOf(plan)
  const lifetime = ttl > 0 ? ttl : hadExpiry ? 'never' : 'keep'
  const ask = () => client.ask('EVAL', text, 2, stagingOf(plan, key), key, ITEMS_AT_ONCE, lifetime)
  while (Number(await ask()) > 0);
  // Even if there were no items: a run may have been cut off behind the last of them.
  const trim = collection!.trim?.(plan.settings)
  if (trim !== undefined) await client.ask(trim[0], key, ...trim.slice(1))
}

/** Returns milliseconds, 0 where keys do not expire. */
function ttlOf({ settings }: StreamPlan): number {
  return millisecondsOf(settings)
}

function millisecondsOf({ ttlSeconds, ttlJitterPercent }: TimeToLive): number {
  return ttlSeconds > 0 ? spreadOut(ttlSeconds, ttlJitterPercent, Math.random()) : 0
}

/** Visits all keys of the stream: any may have a staging key, as a run that died may not have recorded its own. */
async function eachKey(
  { locator }: StreamPlan,
  index: KeyIndex,
  visit: (keys: readonly string[]) => Promise<void>,
): Promise<void> {
  if (locator.only !== undefined) await visit([locator.only])
  await index.each((entries) => visit(entries.map(([key]) => key)))
}

function otherType(plan: StreamPlan): ConfigError {
  const { name } = plan
  return new ConfigError(
    problem(
      'live-key-other-type',
      `Stream ${name}: ${shownKey(plan)} holds another Redis type, and nothing says that the connector wrote it, so the ` +
        'stream cannot replace it. Set another key_template or key_prefix, or rename the key if no connector needs it.',
      { options: ['key_prefix'], params: { stream: name, key: keyForm(plan) } },
    ),
  )
}

function mixedGenerations({ name, stream: { minimumGeneration } }: StreamPlan): ConfigError {
  return new ConfigError(
    problem(
      'generations-mixed',
      `Stream ${name}: minimum_generation_id is ${minimumGeneration}, and the records of that generation and of older ` +
        'ones are in the same keys, where they cannot be told apart. Refresh the stream with a new generation.',
      { params: { stream: name, minimumGeneration } },
    ),
  )
}
