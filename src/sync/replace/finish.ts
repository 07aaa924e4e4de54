/**
 * The only destructive step: removes what the run has replaced. It is taken when everything of the run is confirmed
 * and every stream is complete; once it has begun it is carried out, by the next run if this one is cut off.
 */
import type { Log } from '../../log.ts'
import type { Link } from '../../redis/client/client.ts'
import type { History } from '../streams/stream-metadata.ts'
import type { Ids } from '../streams/id-allocator.ts'
import type { PlaceIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { carryOut, replacementByIds, replacementByPlaces, type Replacement } from './pending-removal.ts'
import { requireSwappable } from './staging.ts'

type Opening = Pick<OpenStream, 'plan' | 'index'>

/** A stream as a run has it. */
export interface OpenStream {
  plan: StreamPlan
  index: PlaceIndex
  /** None where keys are made of ids. */
  history: History | undefined
}

export async function finish(link: Link, ids: Ids, streams: readonly OpenStream[], log: Log): Promise<void> {
  const replaced = streams.filter(({ plan }) => plan.replaces)
  for (const { index, history } of replaced)
    if (history !== undefined) await requireSwappable(link, index, history)
  const replacements = await Promise.all(
    replaced.map(({ plan, history }) => replacementOf(link, ids, plan, history)),
  )
  // From here on what the streams are to hold is decided, for the next run as well.
  await Promise.all(
    replaced.map(({ plan }, at) =>
      link.ask('HSET', plan.notesKey, 'finishing', JSON.stringify(replacements[at])),
    ),
  )
  for (const [at, stream] of replaced.entries()) {
    const replacement = replacements[at]!
    const left = await carryThrough(link, stream, replacement)
    tell(stream, log)
    const isEmpty =
      stream.history === undefined ? ids.given(stream.plan) <= replacement.ids!.last : left === 0
    if (isEmpty)
      for (const key of [stream.plan.notesKey, ...countersOf(stream.plan)]) await link.ask('UNLINK', key)
  }
}

/** Ends what a run that was cut off had begun. */
export async function resume(link: Link, stream: Opening, log: Log): Promise<void> {
  const note = await link.ask('HGET', stream.plan.notesKey, 'finishing')
  if (note === null) return
  log(
    'INFO',
    `${stream.plan.name}: a run was cut off while it removed what it had replaced, which goes on now.`,
  )
  await carryThrough(link, stream, JSON.parse(String(note)) as Replacement)
}

async function replacementOf(
  link: Link,
  ids: Ids,
  plan: StreamPlan,
  history: History | undefined,
): Promise<Replacement> {
  return history === undefined ? replacementByIds(link, plan, ids) : replacementByPlaces(link, history)
}

async function carryThrough(link: Link, { plan, index }: Opening, replacement: Replacement): Promise<number> {
  const left = await carryOut(link, plan, index, replacement)
  const { ids, keptIds, before, attempt } = replacement
  if (keptIds === undefined) {
    // What it counted is gone.
    if (ids !== undefined && !plan.layout.usesIds) await link.ask('UNLINK', plan.baseKey)
    await link.ask('HSET', plan.notesKey, 'live_oldest', before, 'live_newest', attempt)
    await link.ask(
      'HDEL',
      plan.notesKey,
      'finishing',
      'staged',
      'untracked',
      'key_template',
      'lowest_id',
      'last_id',
      'generations',
    )
  } else {
    await link.ask('HSET', plan.notesKey, 'lowest_id', keptIds.first)
    await link.ask('HDEL', plan.notesKey, 'finishing', 'form', 'untracked')
  }
  return left
}

function tell({ plan, history }: OpenStream, log: Log): void {
  log('INFO', `${plan.name}: what earlier runs wrote has been removed.`)
  if (history?.hasUntracked === true)
    log(
      'WARN',
      `${plan.name}: rows that earlier runs wrote without remembering their keys (track_keys) could not be removed ` +
        'where they were not written again.',
    )
}

function countersOf({ layout, counterKey }: StreamPlan): string[] {
  return layout.usesIds ? [counterKey] : []
}
