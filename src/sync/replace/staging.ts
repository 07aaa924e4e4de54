/**
 * Collections are replaced as a whole: records are written to a staging key beside each live key, and the staging key
 * replaces the live one in one step when the run is complete. Until then the next run can continue with it.
 */
import { ConfigError, problem } from '../../errors.ts'
import { spreadOut } from '../../layout/fields/expiry.ts'
import { structureOf } from '../../layout/registry/structure-registry.ts'
import { stagingKey } from '../../layout/locations/staging-key.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { OWN_KEYS } from '../streams/internal-keys.ts'
import { besideKey } from '../../redis/resp/key-slot.ts'
import { SWAP_SCRIPT } from '../../redis/commands/swap-script.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'
import type { KeyIndex } from '../dedup/key-index.ts'
import { runIn } from '../dedup/row-version.ts'
import { writeMetadata } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { isStaged, runsOf, type RunMetadata } from '../streams/stream-session.ts'

/** How a live key is called between its replacement and its removal. `old`: as 1.0.0-alpha.1 called it. */
export type TrashName = 'trash' | 'old'

/**
 * Decides whether the records of a run are staged, and removes or merges the staging keys of earlier runs. Repeated, it
 * changes nothing.
 */
export async function openStaging(
  client: RedisClient,
  plan: StreamPlan,
  index: KeyIndex,
  { run, keptFrom, live, stagedFrom, hadExpiry }: RunMetadata,
): Promise<boolean> {
  if (plan.stagedLayout === undefined) return false
  const isReplaced = keptFrom > live.oldest
  if (isReplaced && live.newest >= keptFrom) throw mixedGenerations(plan)
  const isStale = stagedFrom !== undefined && stagedFrom < keptFrom
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
  if (isReplaced) await client.ask('HSETNX', plan.metadataKey, 'staged_from_run', run)
  else await writeMetadata(client, plan, { live_newest_run: run })
  // So that a later replace removes the key even if the stream has another one by then.
  if (!isReplaced && plan.locator.only !== undefined) await index.ensure(plan.locator.only)
  return isReplaced
}

/**
 * Makes sure, before anything is replaced, that all staging keys can replace their live keys. Keys without a staging key
 * are made older than every run, so that they are removed.
 */
export async function requireSwappable(client: RedisClient, session: IndexedSession): Promise<void> {
  if (!isStaged(session)) return
  const { plan, index } = session
  const { keptFrom } = runsOf(session)!
  // The only key is replaced whether or not a run has added it to the index.
  const { only, form } = plan.locator
  if (only !== undefined) await index.ensure(only)
  await index.each(async (entries) => {
    const keys = entries.filter(([, value]) => runIn(value) >= keptFrom).map(([key]) => key)
    const replies = await Promise.all(
      keys.flatMap((key) => [client.ask('TYPE', key), client.ask('EXISTS', stagingOf(plan, key))]),
    )
    for (const [at, key] of keys.entries()) {
      const type = replies[2 * at]
      if (type !== form.type && type !== 'none') throw otherType(plan, key)
    }
    await index.outdate(keys.filter((_, at) => Number(replies[2 * at + 1]) === 0))
  })
}

/** Replaces a live key by its staging key. Repeated, it changes nothing. */
export async function swap(
  client: RedisClient,
  plan: StreamPlan,
  key: string,
  trash: TrashName,
): Promise<void> {
  const prefix = Buffer.from(plan.settings.keyPrefix)
  const former = besideKey(Buffer.from(key), prefix, `${OWN_KEYS}${trash}`).toString()
  const keys = [stagingOf(plan, key), key, former]
  await client.ask('EVAL', SWAP_SCRIPT.text, keys.length, ...keys, plan.locator.form.type, ttlOf(plan))
  // Separately, as renaming over a large key would block all clients.
  await client.ask('UNLINK', former)
}

/** Removes the staging keys of some live keys. */
export async function removeStagingKeys(
  client: RedisClient,
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
async function drain(client: RedisClient, plan: StreamPlan, key: string, hadExpiry: boolean): Promise<void> {
  const { collection } = structureOf(plan.settings)
  const { text } = collection!.drain(plan.settings)
  const ask = () => client.ask('EVAL', text, 2, stagingOf(plan, key), key, ITEMS_AT_ONCE)
  let rounds = 0
  while (Number(await ask()) > 0) rounds++
  // Even if there were no items: a run may have been cut off behind the last of them.
  const trim = collection!.trim?.(plan.settings)
  if (trim !== undefined) await client.ask(trim[0], key, ...trim.slice(1))
  const isPersistent = Number(await client.ask('PTTL', key)) === -1
  if (ttlOf(plan) > 0 && (rounds > 0 || isPersistent)) await client.ask('PEXPIRE', key, ttlOf(plan))
  if (ttlOf(plan) === 0 && hadExpiry && rounds > 0) await client.ask('PERSIST', key)
}

/** Returns milliseconds, 0 where keys do not expire. */
function ttlOf({ settings: { ttlSeconds, ttlJitterPercent } }: StreamPlan): number {
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

function otherType({ name }: StreamPlan, key: string): ConfigError {
  return new ConfigError(
    problem(
      'live-key-other-type',
      `Stream ${name}: the key ${key} holds another Redis type, so its staging key cannot replace it. Remove or rename ` +
        'that key, or set a key_prefix.',
      { options: ['key_prefix'], params: { stream: name, key } },
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
