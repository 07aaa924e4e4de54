/**
 * Moves the metadata and the key index of a stream from the keys of 1.0.0-alpha.1, whose format had no number, to those
 * of format 2. Entries are copied and not renamed, as the two keys are in different slots of a cluster. The former
 * metadata are removed last, so that the next run begins again if this one is cut off.
 */
import type { Log } from '../../log.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { ENTRIES_PER_COMMAND, SHARDS, shardsText } from '../dedup/key-index.ts'
import { indexExpiryKey, indexKey, OWN_KEYS } from '../streams/internal-keys.ts'
import {
  fieldsIn,
  writeMetadata,
  type MetadataChanges,
  type MetadataField,
} from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IdKeyRange } from '../streams/stream-session.ts'
import type { PendingRemoval } from './pending-removal.ts'

/** The names that fields had, and have. Those that tell of the last run are left behind. */
const FIELDS: Readonly<Record<string, MetadataField>> = {
  key_template: 'key_template',
  lowest_id: 'lowest_id',
  last_id: 'last_id',
  generations: 'id_generations',
  attempts: 'runs',
  run_generations: 'run_generations',
  form: 'location_form',
  untracked: 'has_untracked',
  cursor: 'cursor',
  cursor_from: 'cursor_from_run',
  live_oldest: 'live_oldest_run',
  live_newest: 'live_newest_run',
  staged: 'staged_from_run',
}

/** A pending removal as 1.0.0-alpha.1 recorded it. */
interface FormerRemoval extends Pick<PendingRemoval, 'keptIds' | 'before' | 'isStaged'> {
  ids?: Omit<IdKeyRange, 'redisType'> & { kind?: string }
  form?: string
  attempt: number
}

/** Returns whether there was anything to move. */
export async function migrateFormat1(client: RedisClient, plan: StreamPlan, log: Log): Promise<boolean> {
  const former = fieldsIn(await client.ask('HGETALL', plan.metadataKeyOfFormat1))
  if (former.size === 0) return false
  log('INFO', `${plan.name}: moving the metadata and the key index of 1.0.0-alpha.1 to their new keys.`)
  // Confirmed before the former metadata are removed, without which no run would move the rest.
  await client.confirmed(() => move(client, plan, former))
  await client.ask('UNLINK', plan.metadataKeyOfFormat1)
  return true
}

async function move(
  client: RedisClient,
  plan: StreamPlan,
  former: ReadonlyMap<string, string>,
): Promise<void> {
  const expiryShards: number[] = []
  const shards = former.has('form') ? Array.from({ length: SHARDS }, (_, shard) => shard) : []
  await Promise.all(
    shards.map(async (shard) => {
      await moveIndex(client, plan, shard)
      if (await moveExpiries(client, plan, shard)) expiryShards.push(shard)
    }),
  )
  const changes: MetadataChanges = { expiry_shards: shardsText(expiryShards) }
  for (const [name, value] of former) {
    const field = FIELDS[name]
    if (field !== undefined) changes[field] = value
  }
  const removal = former.get('finishing')
  if (removal !== undefined) changes.pending_removal = JSON.stringify(removalIn(removal))
  await writeMetadata(client, plan, changes)
}

function removalIn(text: string): PendingRemoval {
  const { ids, keptIds, form, before, attempt, isStaged } = JSON.parse(text) as FormerRemoval
  return {
    ids: ids && { first: ids.first, last: ids.last, keys: ids.keys, redisType: ids.kind },
    keptIds,
    locationForm: form,
    before,
    run: attempt,
    isStaged,
    trash: 'old',
  }
}

async function moveIndex(
  client: RedisClient,
  { stream, settings }: StreamPlan,
  shard: number,
): Promise<void> {
  const base = `${stream.namespace}:${stream.name}`
  const from = `${settings.keyPrefix}${OWN_KEYS}places:${base}:${shard}`
  const to = indexKey(settings.keyPrefix, base, shard)
  let isFound = false
  for (let cursor: string | undefined; cursor !== '0';) {
    const reply = await client.ask('HSCAN', from, cursor ?? '0', 'COUNT', ENTRIES_PER_COMMAND)
    const [next, entries] = reply as [string, string[]]
    if (entries.length > 0) await client.ask('HMSET', to, ...entries)
    isFound ||= entries.length > 0
    cursor = next
  }
  if (isFound) await client.ask('UNLINK', from)
}

/** Returns whether the shard has entries that expire. */
async function moveExpiries(
  client: RedisClient,
  { stream, settings }: StreamPlan,
  shard: number,
): Promise<boolean> {
  const base = `${stream.namespace}:${stream.name}`
  const from = `${settings.keyPrefix}${OWN_KEYS}forget:${base}:${shard}`
  const to = indexExpiryKey(settings.keyPrefix, base, shard)
  const entriesIn = async (key: string, start: number, most: number): Promise<string[]> => {
    const range = await client.ask('ZRANGEBYSCORE', key, '-inf', '+inf', 'WITHSCORES', 'LIMIT', start, most)
    return range as string[]
  }
  let start = 0
  for (;;) {
    const entries = await entriesIn(from, start, ENTRIES_PER_COMMAND)
    if (entries.length === 0) break
    const args: string[] = []
    for (let at = 0; at < entries.length; at += 2) args.push(entries[at + 1]!, entries[at]!)
    await client.ask('ZADD', to, ...args)
    start += ENTRIES_PER_COMMAND
  }
  if (start > 0) await client.ask('UNLINK', from)
  return start > 0 || (await entriesIn(to, 0, 1)).length > 0
}
