/** Removes entries of a key index: those of rows that were removed, and those that have expired. */
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { unlinkAll } from '../../layout/locations/row-location.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { sendAll } from '../../redis/client/send-all.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { shardOf } from '../rows/location-hash.ts'
import { ENTRIES_PER_COMMAND, NEVER, shardsText, type KeyIndex } from '../dedup/key-index.ts'
import { readVersion } from '../rows/row-version.ts'
import { writeMetadata } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

/** Removes the entries of some locations, and when they expire. */
export async function removeEntries(
  client: CommandClient,
  index: KeyIndex,
  locations: readonly string[],
): Promise<void> {
  const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  for (const [shard, some] of [...Map.groupBy(locations, shardOf)].toSorted(([a], [b]) => a - b)) {
    out.command('HDEL', index.keyOf(shard), ...some)
    if (index.expiryShards.has(shard)) out.command('ZREM', index.expiryKeyOf(shard), ...some)
  }
  await sendAll(client, out)
}

/** Removes an index whose rows are gone. */
export async function removeIndex(client: CommandClient, index: KeyIndex): Promise<void> {
  const out = new CommandGroups(Buffer.allocUnsafeSlow(1 << 16), client.capabilities)
  unlinkAll(
    out,
    index.shards.flatMap((shard) => [index.keyOf(shard), index.expiryKeyOf(shard)]),
    client.isCluster,
  )
  await sendAll(client, out)
}

/** Removes the entries that have expired. Asks only the shards that the metadata name, and records which are left. */
export async function removeExpiredEntries(
  client: CommandClient,
  plan: StreamPlan,
  index: KeyIndex,
  now: number,
): Promise<void> {
  const shards = [...index.expiryShards]
  const areLeft = await Promise.all(shards.map((shard) => removeExpiredIn(client, plan, index, shard, now)))
  if (!areLeft.includes(false)) return
  for (const [at, shard] of shards.entries()) if (!areLeft[at]!) index.dropExpiryShard(shard)
  await writeMetadata(client, plan, { expiry_shards: shardsText(index.expiryShards) })
}

/** Returns whether the shard has more entries which expire. */
async function removeExpiredIn(
  client: CommandClient,
  plan: StreamPlan,
  index: KeyIndex,
  shard: number,
  now: number,
): Promise<boolean> {
  const [key, expiryKey] = [index.keyOf(shard), index.expiryKeyOf(shard)]
  const between = async (from: string, to: string, most: number): Promise<string[]> => {
    const range = await client.ask('ZRANGEBYSCORE', expiryKey, from, to, 'LIMIT', 0, most)
    return range as string[]
  }
  const drop = (locations: readonly string[]) => client.ask('ZREM', expiryKey, ...locations)
  for (;;) {
    const expired = await between('-inf', String(now), ENTRIES_PER_COMMAND)
    if (expired.length === 0) break
    const values = (await client.ask('HMGET', key, ...expired)) as (string | null)[]
    const gone = expired.filter((_, at) => isGone(plan, values[at]!))
    if (gone.length > 0) await client.ask('HDEL', key, ...gone)
    await drop(expired)
  }
  for (;;) {
    const kept = await between(NEVER, NEVER, ENTRIES_PER_COMMAND)
    if (kept.length === 0) break
    await drop(kept)
  }
  return (await between('-inf', '+inf', 1)).length > 0
}

/** Entries without a version do not say that a row is back; and rows may have expired under former settings alone. */
function isGone({ settings }: StreamPlan, value: string | null): boolean {
  if (value === null || !value.includes(' ')) return false
  return settings.ttlSeconds > 0 || readVersion(value).isDeleted
}
