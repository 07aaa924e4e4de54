/** Removes what earlier runs wrote to a stream, in rounds, and nothing that is not known to be theirs. */
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { unlinkAll, type LocationForm } from '../../layout/locations/row-location.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { scanItems } from '../../redis/client/scan-items.ts'
import { sendAll } from '../../redis/client/send-all.ts'
import type { KeyIndex, StoredEntry } from '../dedup/key-index.ts'
import { typesOf } from '../../redis/client/redis-types.ts'
import type { IdRows, LiveRows } from '../dedup/former-rows.ts'
import { removeEntries } from './index-cleanup.ts'

/** Keys whose removal is under way while the next ones are listed. */
const KEYS_PER_ROUND = 20_000

const MEMBERS_AT_ONCE = 500

/** Removes the keys of a range of ids, but for those that are spared. Returns how many there were. */
export async function removeIds(
  client: CommandClient,
  { first, last, keys: { lead, tail }, type }: IdRows,
  areSpared: (keys: readonly string[]) => Promise<readonly boolean[]>,
  report: (done: number, all: number) => void = () => {},
): Promise<number> {
  let rows = 0
  for (let from = first; from <= last; from += KEYS_PER_ROUND) {
    const count = Math.min(KEYS_PER_ROUND, last - from + 1)
    const keys = Array.from({ length: count }, (_, index) => lead + (from + index) + tail)
    const spared = await areSpared(keys)
    const former = keys.filter((_, index) => !spared[index]!)
    rows += await removeKeys(client, await keysOfType(client, type, former))
    report(from + count - first, last - first + 1)
  }
  return rows
}

/** Removes the rows whose index entries are `isOld`, and those entries. Returns how many rows, and entries are left. */
export async function removeByIndex(
  client: CommandClient,
  index: KeyIndex,
  form: LocationForm,
  isOld: (location: string, value: string) => boolean,
  report?: (done: number, all: number) => void,
): Promise<{ rows: number; left: number }> {
  let [rows, left] = [0, 0]
  // On a cluster, rows and their entries are on different nodes. A row whose removal is lost with a node must still have
  // its entry, or it would stay for ever.
  if (client.isCluster)
    rows = await client.confirmed(async () => {
      let removed = 0
      await index.each(async (entries) => {
        removed += await removeRows(client, form, oldIn(entries, isOld))
      })
      return removed
    })
  await index.each(async (entries) => {
    const old = oldIn(entries, isOld)
    left += entries.length - old.length
    if (old.length === 0) return
    if (!client.isCluster) rows += await removeRows(client, form, old)
    await removeEntries(client, index, old)
  }, report)
  return { rows, left }
}

function oldIn(
  entries: readonly StoredEntry[],
  isOld: (location: string, value: string) => boolean,
): string[] {
  return entries.filter(([location, value]) => isOld(location, value)).map(([location]) => location)
}

/** Removes the rows at some locations. Returns how many there were. */
export async function removeRows(
  client: CommandClient,
  form: LocationForm,
  locations: readonly string[],
): Promise<number> {
  if (locations.length === 0) return 0
  // The entry of a row that was refused, or never written, may name a key of another program.
  const types = await typesOf(
    client,
    locations.map((location) => form.key(location)),
  )
  const ours = locations.filter((_, at) => types[at] === form.type)
  const commands = new CommandGroups(Buffer.allocUnsafeSlow(1 << 16), client.capabilities)
  form.removeAll(commands, ours, client.isCluster)
  await sendAll(client, commands)
  return ours.length
}

/** Removes keys in rounds. Returns how many. */
export async function removeKeys(client: CommandClient, keys: readonly string[]): Promise<number> {
  const commands = new CommandGroups(Buffer.allocUnsafeSlow(1 << 16), client.capabilities)
  unlinkAll(commands, keys, client.isCluster)
  await sendAll(client, commands)
  return keys.length
}

const SCANS: Partial<Record<string, 'HSCAN' | 'SSCAN' | 'ZSCAN'>> = {
  hash: 'HSCAN',
  set: 'SSCAN',
  zset: 'ZSCAN',
}

/** Removes the members of a key that are no rows of the new generation. Returns how many. */
export async function removeOtherMembers(
  client: CommandClient,
  key: string,
  form: LocationForm,
  live: LiveRows,
): Promise<number> {
  const command = SCANS[form.type]
  if (command === undefined) return 0
  let rows = 0
  await scanItems(client, { command, key, count: MEMBERS_AT_ONCE }, async (items) => {
    const members = form.type === 'set' ? items : items.filter((_, at) => at % 2 === 0)
    const locations = members.map((member) => `${key.length}:${key}${member}`)
    const areLive = await live.areLiveLocations(form, locations)
    rows += await removeRows(
      client,
      form,
      locations.filter((_, at) => !areLive[at]!),
    )
  })
  return rows
}

export async function keysOfType(
  client: CommandClient,
  type: string,
  keys: readonly string[],
): Promise<string[]> {
  const types = await typesOf(client, keys)
  return keys.filter((_, at) => types[at] === type)
}
