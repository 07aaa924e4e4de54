/**
 * Collections are replaced as a whole: records are gathered under a staging key beside each live one, which takes its
 * place in one step when the run is complete. Until then a staging key is kept for the next attempt.
 */
import { ConfigError } from '../../errors.ts'
import { spreadOut } from '../../layout/fields/expiry.ts'
import { structureOf } from '../../layout/registry/structures.ts'
import { stagingKey } from '../../layout/locations/staging-key.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { besideKey } from '../../redis/resp/key-slot.ts'
import { SWAP_SCRIPT } from '../../redis/commands/swap-script.ts'
import type { StreamMetadata } from '../streams/stream-metadata.ts'
import type { KeyIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { attemptIn } from '../dedup/row-version.ts'

/** Decides where the records of a collection go in this run, and sees to what an earlier one has gathered. */
export async function openStaging(
  client: RedisClient,
  index: KeyIndex,
  metadata: StreamMetadata,
): Promise<StreamPlan> {
  const { plan, attempt, keptFrom, live, staged } = metadata
  if (plan.staged === undefined) return plan
  const isReplaced = keptFrom > live.oldest
  if (isReplaced && live.newest >= keptFrom) throw mixed(plan)
  const isStale = staged !== undefined && staged < keptFrom
  if (isStale) await eachStaged(index, metadata, (key) => client.ask('UNLINK', stagingOf(plan, key)))
  else if (staged !== undefined && !isReplaced)
    await eachStaged(index, metadata, (key) => drain(client, plan, key))
  if (staged !== undefined && (isStale || !isReplaced)) await client.ask('HDEL', plan.metadataKey, 'staged')
  if (isReplaced) await client.ask('HSETNX', plan.metadataKey, 'staged', attempt)
  else await client.ask('HSET', plan.metadataKey, 'live_newest', attempt)
  // So that it goes, one day, even if the stream has another key by then.
  if (!isReplaced && plan.locator.only !== undefined) await index.ensure(plan.locator.only)
  return isReplaced ? { ...plan, layout: plan.staged } : plan
}

/**
 * Makes sure, before anything is replaced, that all that was gathered can take its place; and notes of keys for which
 * nothing was gathered that they are old.
 */
export async function requireSwappable(
  client: RedisClient,
  index: KeyIndex,
  metadata: StreamMetadata,
): Promise<void> {
  const { plan, keptFrom, live } = metadata
  if (plan.staged === undefined || live.oldest >= keptFrom) return
  // A key that no run has noted is replaced all the same where it is the only one.
  const { only, form } = plan.locator
  if (only !== undefined) await index.ensure(only)
  await index.each(async (entries) => {
    const keys = entries.filter(([, note]) => attemptIn(note) >= keptFrom).map(([key]) => key)
    const kinds = await Promise.all(
      keys.flatMap((key) => [client.ask('TYPE', key), client.ask('EXISTS', stagingOf(plan, key))]),
    )
    for (const [at, key] of keys.entries()) {
      const kind = kinds[2 * at]
      if (kind !== form.type && kind !== 'none') throw inTheWay(plan, key)
    }
    await index.outdate(keys.filter((_, at) => Number(kinds[2 * at + 1]) === 0))
  })
}

/** Has what was gathered for a key take the place of what is there; done again, it changes nothing. */
export async function swap(client: RedisClient, plan: StreamPlan, key: string): Promise<void> {
  const old = besideKey(Buffer.from(key), Buffer.from(plan.settings.keyPrefix), 'old').toString()
  const keys = [stagingOf(plan, key), key, old]
  await client.ask('EVAL', SWAP_SCRIPT.text, keys.length, ...keys, plan.locator.form.type, ttlOf(plan))
  // In a step of its own, as renaming over a large key would hold up all clients.
  await client.ask('UNLINK', old)
}

function stagingOf({ settings }: StreamPlan, key: string): string {
  return stagingKey(Buffer.from(key), Buffer.from(settings.keyPrefix)).toString()
}

const ITEMS_AT_ONCE = 500

/** What a replacement that was given up has gathered joins what is live. */
async function drain(client: RedisClient, plan: StreamPlan, key: string): Promise<void> {
  const { collection } = structureOf(plan.settings)
  const { text } = collection!.drain(plan.settings)
  const ask = () => client.ask('EVAL', text, 2, stagingOf(plan, key), key, ITEMS_AT_ONCE)
  let rounds = 0
  while (Number(await ask()) > 0) rounds++
  // Though nothing was left to move: it may have been moved by a run that was cut off before the following.
  const trim = collection!.trim?.(plan.settings)
  if (trim !== undefined) await client.ask(trim[0], key, ...trim.slice(1))
  const isForEver = Number(await client.ask('PTTL', key)) === -1
  if (ttlOf(plan) > 0 && (rounds > 0 || isForEver)) await client.ask('PEXPIRE', key, ttlOf(plan))
}

/** In milliseconds, 0 for ever. */
function ttlOf({ settings: { ttlSeconds, ttlJitterPercent } }: StreamPlan): number {
  return ttlSeconds > 0 ? spreadOut(ttlSeconds, ttlJitterPercent, Math.random()) : 0
}

async function eachStaged(
  index: KeyIndex,
  { plan, staged }: StreamMetadata,
  visit: (key: string) => Promise<unknown>,
): Promise<void> {
  if (plan.locator.only !== undefined) await visit(plan.locator.only)
  await index.each(async (entries) => {
    const gathered = entries.filter(([, note]) => attemptIn(note) >= (staged ?? 0))
    await Promise.all(gathered.map(([key]) => visit(key)))
  })
}

function inTheWay({ name }: StreamPlan, key: string): ConfigError {
  return new ConfigError(
    `Stream ${name}: the key ${key} holds another Redis type, so what was gathered for it cannot take its place. ` +
      'Remove or rename that key, or set a key_prefix.',
  )
}

function mixed({ name, stream }: StreamPlan): ConfigError {
  return new ConfigError(
    `Stream ${name}: minimum_generation_id is ${stream.minimumGeneration}, and the records of that generation and of ` +
      'older ones are in one place, where they cannot be told apart. Refresh the stream with a new generation.',
  )
}
