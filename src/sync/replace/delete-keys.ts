/** Removes what earlier runs wrote to a stream, in rounds, and nothing that is not known to be theirs. */
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { unlinkAll, type LocationForm } from '../../layout/locations/row-location.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { KeyIndex, StoredEntry } from '../dedup/key-index.ts'
import type { IdKeyRange } from '../streams/stream-session.ts'
import { removeEntries } from './index-cleanup.ts'

/** Keys whose removal is under way while the next ones are listed. */
const KEYS_PER_ROUND = 20_000

/** Removes the keys of a range of ids. `isSpared` is asked for each of them. */
export async function removeIds(
  client: RedisClient,
  { first, last, keys: { lead, tail }, redisType }: IdKeyRange,
  areSpared: (ids: readonly number[], keys: readonly string[]) => Promise<readonly boolean[]>,
): Promise<void> {
  let removing: Promise<unknown> = Promise.resolve()
  for (let from = first; from <= last; from += KEYS_PER_ROUND) {
    const count = Math.min(KEYS_PER_ROUND, last - from + 1)
    const ids = Array.from({ length: count }, (_, index) => from + index)
    let keys = ids.map((id) => lead + id + tail)
    const spared = await areSpared(ids, keys)
    keys = keys.filter((_, index) => !spared[index])
    if (redisType !== undefined) keys = await ofType(client, redisType, keys, (key) => key)
    const commands = new CommandGroups(Buffer.allocUnsafeSlow(1 << 16), client.capabilities)
    unlinkAll(commands, keys, client.isCluster)
    await removing
    removing = sendAll(client, commands)
  }
  await removing
}

/** Removes the rows whose index entries are old, and those entries; returns how many entries are left. */
export async function removeByIndex(
  client: RedisClient,
  index: KeyIndex,
  form: LocationForm,
  isOld: (location: string, value: string) => boolean,
): Promise<number> {
  // On a cluster, rows and their entries are on different nodes. A row whose removal is lost with a node must still have
  // its entry, or it would stay for ever.
  if (client.isCluster)
    await client.confirmed(() =>
      index.each(async (entries) => removeRows(client, form, oldIn(entries, isOld))),
    )
  let left = 0
  await index.each(async (entries) => {
    const old = oldIn(entries, isOld)
    left += entries.length - old.length
    if (!client.isCluster) await removeRows(client, form, old)
    if (old.length > 0) await removeEntries(client, index, old)
  })
  return left
}

function oldIn(
  entries: readonly StoredEntry[],
  isOld: (location: string, value: string) => boolean,
): string[] {
  return entries.filter(([location, value]) => isOld(location, value)).map(([location]) => location)
}

async function removeRows(
  client: RedisClient,
  form: LocationForm,
  locations: readonly string[],
): Promise<void> {
  if (locations.length === 0) return
  // The entry of a row that was refused, or never written, may name a key of another program.
  const ours = await ofType(client, form.type, locations, (location) => form.key(location))
  const commands = new CommandGroups(Buffer.allocUnsafeSlow(1 << 16), client.capabilities)
  form.removeAll(commands, ours, client.isCluster)
  await sendAll(client, commands)
}

async function ofType(
  client: RedisClient,
  redisType: string,
  locations: readonly string[],
  keyOf: (location: string) => string,
): Promise<string[]> {
  const commands = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  for (const location of locations) commands.command('TYPE', keyOf(location))
  const { read } = await sendAll(client, commands, 'read')
  return locations.filter((_, index) => read[index]?.[0] === redisType)
}

async function sendAll(
  client: RedisClient,
  buffer: CommandBuffer,
  kind: 'write' | 'read' = 'write',
): Promise<WriteResult> {
  const commands = EncodedCommands.from(buffer)
  const result = await client.send(
    kind === 'read' ? { kind, commands } : { kind, commands, isCounted: false, confirmedBy: 'reply' },
  )
  if (result.rejections.length > 0) throw result.rejections[0]!.error
  return result
}
