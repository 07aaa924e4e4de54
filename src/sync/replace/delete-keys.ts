/** Removes what earlier runs wrote to a stream, in rounds, and nothing that is not known to be theirs. */
import type { IdKeys } from '../../layout/locations/id-keys.ts'
import { Orders } from '../../layout/encoding/command-groups.ts'
import { unlinkAll, type PlaceForm } from '../../layout/locations/row-location.ts'
import type { Answers } from '../../redis/session/write-pipeline.ts'
import type { Link } from '../../redis/client/client.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { PlaceIndex } from '../dedup/key-index.ts'

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
  link: Link,
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
    if (kind !== undefined) keys = await ofKind(link, kind, keys, (key) => key)
    const commands = new Orders(Buffer.allocUnsafeSlow(1 << 16))
    unlinkAll(commands, keys, link.isCluster)
    await removing
    removing = sendAll(link, commands)
  }
  await removing
}

/** Removes what is at the places that are `doomed`, and forgets them; gives how many are left. */
export async function removePlaces(
  link: Link,
  index: PlaceIndex,
  form: PlaceForm,
  isDoomed: (place: string, note: string) => boolean,
): Promise<number> {
  let left = 0
  await index.each(async (entries) => {
    const places = entries.filter(([place, note]) => isDoomed(place, note)).map(([place]) => place)
    left += entries.length - places.length
    if (places.length === 0) return
    // A place is noted before it is written to: what was refused there, or never came, may be somebody else's.
    const ours = await ofKind(link, form.kind, places, (place) => form.key(place))
    const commands = new Orders(Buffer.allocUnsafeSlow(1 << 16))
    form.removeAll(commands, ours, link.isCluster)
    await sendAll(link, commands)
    await index.remove(places)
  })
  return left
}

async function ofKind(
  link: Link,
  kind: string,
  places: readonly string[],
  keyOf: (place: string) => string,
): Promise<string[]> {
  const commands = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  for (const place of places) commands.command('TYPE', keyOf(place))
  const { read } = await sendAll(link, commands, true)
  return places.filter((_, index) => read[index]?.[0] === kind)
}

async function sendAll(
  link: Link,
  { bytes, length, commands }: CommandBuffer,
  isReading = false,
): Promise<Answers> {
  const answers = await link.send({ bytes: bytes.subarray(0, length), commands, isReading })
  if (answers.rejections.length > 0) throw answers.rejections[0]!.error
  return answers
}
