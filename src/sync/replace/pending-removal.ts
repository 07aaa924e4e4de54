/**
 * What a run removes when it replaces a stream. It is recorded in the metadata from the moment it is decided until it is
 * done, so that the next run completes it if this one is cut off.
 */
import { idIn, type IdKeys } from '../../layout/locations/id-keys.ts'
import { locationForm } from '../../layout/registry/row-locator.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { encodeLocations } from '../dedup/index-entry.ts'
import type { KeyIndex } from '../dedup/key-index.ts'
import { runIn } from '../dedup/row-version.ts'
import type { IdAllocator } from '../streams/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { isStaged, type IdKeyRange, type IdRange, type StreamSession } from '../streams/stream-session.ts'
import { removeByIndex, removeIds } from './delete-keys.ts'
import { removeStagingKeys, swap, type TrashName } from './staging.ts'

/** Is stored as JSON in the metadata of the stream. */
export interface PendingRemoval {
  /** Keys made of ids that are removed. */
  ids: IdKeyRange | undefined
  /** Keys made of ids that are kept. */
  keptIds: (IdRange & { keys: IdKeys }) | undefined
  /** What the entries of the key index are; undefined where the index is empty. */
  locationForm: string | undefined
  /** Rows of runs before this one are removed. */
  before: number
  /** The run that replaces them. */
  run: number
  /** Whether staging keys replace the live ones. */
  isStaged: boolean
  /** How keys are named that are being removed. */
  trash: TrashName
}

/** Returns what a session removes when its run has ended well. */
export function pendingRemovalOf(
  session: StreamSession,
  ids: Pick<IdAllocator, 'replaced' | 'last'>,
): PendingRemoval {
  const { plan, tracking } = session
  if (tracking.kind !== 'id-range') {
    const { runs } = tracking
    return {
      ids: runs.formerIds,
      keptIds: undefined,
      locationForm: plan.locator.form.name,
      before: runs.keptFrom,
      run: runs.run,
      isStaged: isStaged(session),
      trash: 'trash',
    }
  }
  const { idKeys: keys, formerForm } = tracking
  const { first, last, isRecorded } = ids.replaced(plan)
  return {
    ids: { first, last, keys, redisType: isRecorded ? undefined : plan.locator.form.type },
    keptIds: { first: last + 1, last: ids.last(plan), keys },
    locationForm: formerForm,
    before: Number.MAX_SAFE_INTEGER,
    run: 0,
    isStaged: false,
    trash: 'trash',
  }
}

/** Removes it. Repeated, it changes nothing. Returns how many index entries are left. */
export async function executeRemoval(
  client: RedisClient,
  plan: StreamPlan,
  index: KeyIndex,
  { ids, keptIds, locationForm: form, before, isStaged: isSwapped, trash }: PendingRemoval,
): Promise<number> {
  const isOld = (value: string): boolean => runIn(value) < before
  const isKept = (location: string): boolean => {
    const id = keptIds && idIn(location, keptIds.keys)
    return id !== undefined && id >= keptIds!.first && id <= keptIds!.last
  }
  if (isSwapped)
    await index.each(async (entries) => {
      const [old, staged] = [true, false].map((isOne) =>
        entries.filter(([, value]) => isOld(value) === isOne).map(([key]) => key),
      )
      // A run that died may have staged records that it did not confirm.
      await removeStagingKeys(client, plan, old!)
      await Promise.all(staged!.map((key) => swap(client, plan, key, trash)))
    })
  const left =
    form === undefined
      ? 0
      : await removeByIndex(
          client,
          index,
          locationForm(form),
          (location, value) => isOld(value) && !isKept(location),
        )
  if (ids !== undefined)
    await removeIds(client, ids, async (numbers, keys) => {
      const stored = keptIds === undefined ? await index.read(encodeLocations(keys)) : []
      return numbers.map(
        (id, at) => plan.foreignIds.includes(id) || (stored[at] != null && !isOld(stored[at])),
      )
    })
  return left
}
