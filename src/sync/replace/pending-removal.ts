/** What a run has replaced, as it is noted from the moment on that it is to go until it is gone. */
import { idIn, idKeysOf, type IdKeys } from '../../layout/locations/id-keys.ts'
import { locationForm } from '../../layout/registry/row-locator.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { fieldsIn, type StreamMetadata } from '../streams/stream-metadata.ts'
import type { IdAllocator } from '../streams/id-allocator.ts'
import type { KeyIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { removeIds, removeByIndex, type DoomedIds } from './delete-keys.ts'
import { attemptIn } from '../dedup/row-version.ts'
import { swap } from './staging.ts'
import { located } from '../dedup/index-entry.ts'

/** Held as JSON in the stream's notes. */
export interface PendingRemoval {
  /** Keys by id that go. */
  ids: DoomedIds | undefined
  /** Keys by id that stay, both included. */
  keptIds: { first: number; last: number; keys: IdKeys } | undefined
  /** Form of the places that are remembered. */
  form: string | undefined
  /** Places that runs before this one noted go. */
  before: number
  /** The run that replaces. */
  attempt: number
  /** Whether what was gathered takes the place of what is live. */
  isStaged: boolean
}

/** Of a stream whose keys are made of ids: those below go, and what was written when they were not. */
export async function removalByIds(
  client: RedisClient,
  plan: StreamPlan,
  ids: IdAllocator,
): Promise<PendingRemoval> {
  const { first, last, isNoted } = ids.replaced(plan)
  const keys = plan.idKeys!
  const form = await client.ask('HGET', plan.metadataKey, 'form')
  return {
    ids: { first, last, keys, kind: isNoted ? undefined : plan.locator.form.type },
    keptIds: { first: last + 1, last: ids.given(plan), keys },
    form: form === null ? undefined : String(form),
    before: Number.MAX_SAFE_INTEGER,
    attempt: 0,
    isStaged: false,
  }
}

/** Of a stream whose places are remembered: those that were not written again go, and keys by id of former runs. */
export async function removalByIndex(
  client: RedisClient,
  { plan, ...metadata }: StreamMetadata,
): Promise<PendingRemoval> {
  const notes = fieldsIn(await client.ask('HGETALL', plan.metadataKey))
  const last = Number(notes.get('last_id') ?? 0)
  const lowest = notes.get('lowest_id')
  const keys = idKeysOf(notes.get('key_template') ?? '', plan.stream, plan.settings.keyPrefix)
  return {
    ids:
      keys === undefined
        ? undefined
        : { first: Number(lowest ?? 1), last, keys, kind: lowest === undefined ? 'hash' : undefined },
    keptIds: undefined,
    form: plan.locator.form.name,
    before: metadata.keptFrom,
    attempt: metadata.attempt,
    isStaged: notes.has('staged'),
  }
}

/** Done again, it changes nothing. Gives how many places are left. */
export async function executeRemoval(
  client: RedisClient,
  plan: StreamPlan,
  index: KeyIndex,
  { ids, keptIds, form, before, isStaged }: PendingRemoval,
): Promise<number> {
  const isOld = (note: string): boolean => attemptIn(note) < before
  const isKept = (location: string): boolean => {
    const id = keptIds && idIn(location, keptIds.keys)
    return id !== undefined && id >= keptIds!.first && id <= keptIds!.last
  }
  if (isStaged) await swapAll(client, plan, index, isOld)
  const left =
    form === undefined
      ? 0
      : await removeByIndex(
          client,
          index,
          locationForm(form),
          (location, note) => isOld(note) && !isKept(location),
        )
  if (ids !== undefined)
    await removeIds(client, ids, async (numbers, keys) => {
      const known = keptIds === undefined ? await index.read(located(keys)) : []
      return numbers.map((id, at) => plan.foreignIds.includes(id) || (known[at] != null && !isOld(known[at])))
    })
  return left
}

async function swapAll(
  client: RedisClient,
  plan: StreamPlan,
  index: KeyIndex,
  isOld: (note: string) => boolean,
): Promise<void> {
  await index.each(async (entries) => {
    const gathered = entries.filter(([, note]) => !isOld(note))
    await Promise.all(gathered.map(([key]) => swap(client, plan, key)))
  })
}
