/** What a run has replaced, as it is noted from the moment on that it is to go until it is gone. */
import { idIn, idKeysOf, type IdKeys } from '../../layout/locations/id-keys.ts'
import { placeForm } from '../../layout/locations/row-location.ts'
import type { Link } from '../../redis/client/client.ts'
import { fieldsIn, type History } from '../streams/stream-metadata.ts'
import type { Ids } from '../streams/id-allocator.ts'
import type { PlaceIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { removeIds, removePlaces, type DoomedIds } from './delete-keys.ts'
import { attemptIn } from '../dedup/row-version.ts'
import { swap } from './staging.ts'
import { placed } from '../dedup/index-entry.ts'

/** Held as JSON in the stream's notes. */
export interface Replacement {
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
export async function replacementByIds(link: Link, plan: StreamPlan, ids: Ids): Promise<Replacement> {
  const { first, last, isNoted } = ids.replaced(plan)
  const keys = plan.idKeys!
  const form = await link.ask('HGET', plan.notesKey, 'form')
  return {
    ids: { first, last, keys, kind: isNoted ? undefined : plan.places.form.kind },
    keptIds: { first: last + 1, last: ids.given(plan), keys },
    form: form === null ? undefined : String(form),
    before: Number.MAX_SAFE_INTEGER,
    attempt: 0,
    isStaged: false,
  }
}

/** Of a stream whose places are remembered: those that were not written again go, and keys by id of former runs. */
export async function replacementByPlaces(link: Link, { plan, ...history }: History): Promise<Replacement> {
  const notes = fieldsIn(await link.ask('HGETALL', plan.notesKey))
  const last = Number(notes.get('last_id') ?? 0)
  const lowest = notes.get('lowest_id')
  const keys = idKeysOf(notes.get('key_template') ?? '', plan.stream, plan.settings.keyPrefix)
  return {
    ids:
      keys === undefined
        ? undefined
        : { first: Number(lowest ?? 1), last, keys, kind: lowest === undefined ? 'hash' : undefined },
    keptIds: undefined,
    form: plan.places.form.name,
    before: history.keptFrom,
    attempt: history.attempt,
    isStaged: notes.has('staged'),
  }
}

/** Done again, it changes nothing. Gives how many places are left. */
export async function carryOut(
  link: Link,
  plan: StreamPlan,
  index: PlaceIndex,
  { ids, keptIds, form, before, isStaged }: Replacement,
): Promise<number> {
  const isOld = (note: string): boolean => attemptIn(note) < before
  const isKept = (place: string): boolean => {
    const id = keptIds && idIn(place, keptIds.keys)
    return id !== undefined && id >= keptIds!.first && id <= keptIds!.last
  }
  if (isStaged) await swapAll(link, plan, index, isOld)
  const left =
    form === undefined
      ? 0
      : await removePlaces(link, index, placeForm(form), (place, note) => isOld(note) && !isKept(place))
  if (ids !== undefined)
    await removeIds(link, ids, async (numbers, keys) => {
      const known = keptIds === undefined ? await index.read(placed(keys)) : []
      return numbers.map((id, at) => plan.foreignIds.includes(id) || (known[at] != null && !isOld(known[at])))
    })
  return left
}

async function swapAll(
  link: Link,
  plan: StreamPlan,
  index: PlaceIndex,
  isOld: (note: string) => boolean,
): Promise<void> {
  await index.each(async (entries) => {
    const gathered = entries.filter(([, note]) => !isOld(note))
    await Promise.all(gathered.map(([key]) => swap(link, plan, key)))
  })
}
