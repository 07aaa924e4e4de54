/** Removes what earlier runs wrote to a stream, in rounds, and nothing that is not known to be theirs. */
import type { IdKeys } from '../../layout/locations/id-keys.ts'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { unlinkAll, type LocationForm } from '../../layout/locations/row-location.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { KeyIndex } from '../dedup/key-index.ts'

/** Ids whose keys go, both included. */
export interface DoomedIds {
  first: number
  last: number
  keys: IdKeys
  /** What TYPE answers for these keys, where another program may hold one that looks like them. */
  kind: string | undefined
}

/** Keys whose removal is on its way while the next ones are being listed. */
const KEYS_PER_ROUND = 20_000

/** Removes keys by their ids, but for those that are `spared`, which is asked for each of them. */
export async function removeIds(
  client: RedisClient,
  { first, last, keys: { lead, tail }, kind }: DoomedIds,
  spared: (ids: readonly number[], keys: readonly string[]) => Promise<readonly boolean[]>,
): Promise<void> {
  let removing: Promise<unknown> = Promise.resolve()
  for (let from = first; from <= last; from += KEYS_PER_ROUND) {
    const count = Math.min(KEYS_PER_ROUND, last - from + 1)
    const ids = Array.from({ length: count }, (_, index) => from + index)
    let keys = ids.map((id) => lead + id + tail)
    const areSpared = await spared(ids, keys)
    keys = keys.filter((_, index) => !areSpared[index])
    if (kind !== undefined) keys = await ofKind(client, kind, keys, (key) => key)
    const commands = new CommandGroups(Buffer.allocUnsafeSlow(1 << 16))
    unlinkAll(commands, keys, client.isCluster)
    await removing
    removing = sendAll(client, commands)
  }
  await removing
}

/** Removes what is at the places that are `doomed`, and forgets them; gives how many are left. */
export async function removeByIndex(
  client: RedisClient,
  index: KeyIndex,
  form: LocationForm,
  isDoomed: (location: string, note: string) => boolean,
): Promise<number> {
  let left = 0
  await index.each(async (entries) => {
    const locator = entries
      .filter(([location, note]) => isDoomed(location, note))
      .map(([location]) => location)
    left += entries.length - locator.length
    if (locator.length === 0) return
    // A place is noted before it is written to: what was refused there, or never came, may be somebody else's.
    const ours = await ofKind(client, form.kind, locator, (location) => form.key(location))
    const commands = new CommandGroups(Buffer.allocUnsafeSlow(1 << 16))
    form.removeAll(commands, ours, client.isCluster)
    await sendAll(client, commands)
    await index.remove(locator)
  })
  return left
}

async function ofKind(
  client: RedisClient,
  kind: string,
  locator: readonly string[],
  keyOf: (location: string) => string,
): Promise<string[]> {
  const commands = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  for (const location of locator) commands.command('TYPE', keyOf(location))
  const { read } = await sendAll(client, commands, 'read')
  return locator.filter((_, index) => read[index]?.[0] === kind)
}

async function sendAll(
  client: RedisClient,
  buffer: CommandBuffer,
  kind: 'write' | 'read' = 'write',
): Promise<WriteResult> {
  const commands = EncodedCommands.from(buffer)
  const answers = await client.send(
    kind === 'read' ? { kind, commands } : { kind, commands, isCounted: false, confirmedBy: 'reply' },
  )
  if (answers.rejections.length > 0) throw answers.rejections[0]!.error
  return answers
}
