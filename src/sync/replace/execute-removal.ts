/** Carries out a removal: swaps staging keys in, and removes the rows of the generations that a run has replaced. */
import type { Log } from '../../log.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { runIn } from '../rows/row-version.ts'
import type { GenerationManifest } from '../streams/generation-manifest.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { removeByIndex, removeIds, removeOtherMembers, removeRows } from './delete-keys.ts'
import { isClassicCounter, removeClassicRows } from './classic-rows.ts'
import {
  formersOf,
  formerTypesOf,
  idRowsOf,
  indexedRowsOf,
  isMemberForm,
  LiveRows,
  type IndexedRows,
} from '../dedup/former-rows.ts'
import { removeEntries, removeIndex } from './index-cleanup.ts'
import type { PendingRemoval } from './pending-removal.ts'
import { removeStagingKeys, swap } from './staging.ts'

/** What the metadata say of a stream whose former generations are removed. */
export interface RemovalScope {
  readonly plan: StreamPlan
  readonly manifests: readonly GenerationManifest[]
  /** The last id of the classic connector; 0 where it did not write the stream. */
  readonly classicLastId: number
  /** The shards of its key index that have entries which expire. */
  readonly expiryShards: readonly number[]
}

export interface Removed {
  /** The rows that were removed; keys with many rows count as one. */
  readonly rows: number
  /** The rows of the classic connector among them. */
  readonly classicRows: number
  /** Index entries that are left. */
  readonly left: number
}

/** `report` is told how far a part of the removal is: of ids, or of shards of an index. */
export interface RemovalReports {
  readonly log: Log
  readonly report?: ((done: number, all: number) => void) | undefined
}

/** Repeated, it changes nothing. */
export async function executeRemoval(
  client: CommandClient,
  { plan, manifests, classicLastId, expiryShards }: RemovalScope,
  removal: PendingRemoval,
  { log, report }: RemovalReports,
): Promise<Removed> {
  const { before, lastId } = removal
  const isOld = (value: string): boolean => runIn(value) < before
  const formers = {
    ...formersOf(client, plan, manifests, { before, lastId }),
    hasClassicCounter: removal.isStaged && (await isClassicCounter(client, plan, classicLastId)),
  }
  const kept = manifests.filter(({ firstRun }) => firstRun >= before)
  const own = indexedRowsOf(client, plan, manifests.slice(-1), expiryShards)[0]
  const live = new LiveRows(
    indexedRowsOf(client, plan, kept),
    idRowsOf(plan, manifests, lastId)
      .filter(({ manifest }) => kept.includes(manifest))
      .map(({ rows }) => rows),
    before,
  )
  let rows = 0
  let left = 0
  // The index may name a key though no record was written to it; then only others can have written the key.
  const areOurs = manifests.some(({ rows: { kind }, hasRecords }) => kind === 'index' && hasRecords)
  if (own !== undefined && !areOurs) await removeIndex(client, own.index)
  if (own !== undefined && areOurs) {
    const swapped = removal.isStaged
      ? await swapIn(client, plan, { own, isOld, formers, removal, report })
      : { rows: 0, staged: 0, old: undefined }
    const removed =
      swapped.old === 0
        ? { rows: 0, left: swapped.staged }
        : await removeByIndex(client, own.index, own.form, (_, value) => isOld(value), report)
    rows += swapped.rows + removed.rows
    left = removed.left
  }
  const keptIndexes = new Set(kept.flatMap(({ rows: its }) => (its.kind === 'index' ? [its.index] : [])))
  for (const former of formers.indexed) {
    const isGone = keptIndexes.has(former.number) ? isOld : undefined
    rows += await removeFormer(client, former, live, isGone, report)
  }
  for (const { manifest, rows: range } of idRowsOf(plan, manifests, lastId))
    if (!kept.includes(manifest))
      rows += await removeIds(
        client,
        range,
        async (keys) => {
          const areLive = await live.areLiveKeys(keys)
          return keys.map((key, at) => areLive[at]! || plan.isForeignKey(key))
        },
        report,
      )
  const classicRows =
    classicLastId === 0
      ? 0
      : await removeClassicRows(client, plan, classicLastId, (keys) => live.areLiveKeys(keys), log)
  await settleCounters(client, plan, { manifests, removal, live, classicRows })
  return { rows: rows + classicRows, classicRows, left }
}

interface SwapOptions {
  own: IndexedRows
  isOld: (value: string) => boolean
  formers: Parameters<typeof formerTypesOf>[1]
  removal: PendingRemoval
  report: RemovalReports['report']
}

interface Swapped {
  /** Live keys that were there. */
  readonly rows: number
  /** Entries of keys that may have had staging keys, and of those that are left to remove. */
  readonly staged: number
  readonly old: number
}

/** Replaces live keys by their staging keys. */
async function swapIn(
  client: CommandClient,
  plan: StreamPlan,
  { own: { index, form }, isOld, formers, removal, report }: SwapOptions,
): Promise<Swapped> {
  const swapped = { rows: 0, staged: 0, old: 0 }
  await index.each(async (entries) => {
    const [old, staged] = [true, false].map((isOne) =>
      entries.filter(([, value]) => isOld(value) === isOne).map(([key]) => key),
    )
    // A run that died may have staged records that it did not confirm.
    await removeStagingKeys(client, plan, old!)
    const types = await formerTypesOf(plan, formers, staged!)
    const replaced = await Promise.all(
      staged!.map((key, at) => swap(client, plan, key, [form.type, ...types[at]!], removal)),
    )
    swapped.rows += replaced.filter(Boolean).length
    swapped.staged += staged!.length
    swapped.old += old!.length
  }, report)
  return swapped
}

/**
 * Removes the rows of an index that is not used any more, and the index; or, where a generation that is kept has rows in it,
 * those that `isGone` tells by the values of their entries.
 */
async function removeFormer(
  client: CommandClient,
  { index, form }: IndexedRows,
  live: LiveRows,
  isGone: ((value: string) => boolean) | undefined,
  report: RemovalReports['report'],
): Promise<number> {
  const areLive = (locations: readonly string[]): Promise<boolean[]> =>
    isMemberForm(form)
      ? live.areLiveLocations(form, locations)
      : live.areIndexedKeys(locations.map((location) => form.key(location)))
  const shared = live.memberForms.find(({ type }) => type === form.type)
  let rows = 0
  await index.each(async (entries) => {
    const locations = entries
      .filter(([, value]) => isGone === undefined || isGone(value))
      .map(([location]) => location)
    const spared = await areLive(locations)
    // The key holds members of both generations: those that the new one has not written are removed one by one.
    if (!isMemberForm(form) && shared !== undefined)
      for (const [at, key] of locations.entries())
        if (spared[at]!) rows += await removeOtherMembers(client, key, shared, live)
    rows += await removeRows(
      client,
      form,
      locations.filter((_, at) => !spared[at]!),
    )
    if (isGone !== undefined && locations.length > 0) await removeEntries(client, index, locations)
  }, report)
  if (isGone === undefined) await removeIndex(client, index)
  return rows
}

interface CounterOptions {
  manifests: readonly GenerationManifest[]
  removal: PendingRemoval
  live: LiveRows
  classicRows: number
}

/** Removes the counter of a former layout, or moves that of this run to its usual key. */
async function settleCounters(
  client: CommandClient,
  plan: StreamPlan,
  { manifests, removal, live, classicRows }: CounterOptions,
): Promise<void> {
  const { baseKey } = plan
  const memberCounter = `${baseKey}:_airbyte_ab_id`
  const own = manifests.at(-1)
  const former = manifests.filter(({ firstRun }) => firstRun < removal.before && firstRun !== own?.firstRun)
  if (own?.usesIds === true && removal.otherCounter) {
    const value = Number(await client.ask('GET', baseKey))
    if (value < removal.lastId) await client.ask('INCRBY', baseKey, removal.lastId - value)
    await client.ask('UNLINK', memberCounter)
    return
  }
  const counters = new Set<string>()
  for (const manifest of former) if (manifest.usesIds) counters.add(counterOf(plan, manifest))
  if (classicRows > 0) counters.add(baseKey)
  if (own?.usesIds === true) counters.delete(counterOf(plan, own))
  for (const key of counters) {
    const [isLive] = await live.areLiveKeys([key])
    if (!isLive! && (await client.ask('TYPE', key)) === 'string') await client.ask('UNLINK', key)
  }
}

/** Returns the counter of a layout: where rows share keys it is beside the default key. */
function counterOf({ baseKey }: StreamPlan, { layout }: GenerationManifest): string {
  const hasOwnKeys = ['hash', 'string'].includes(layout.cache_type) && layout.hash_field === undefined
  return hasOwnKeys ? baseKey : `${baseKey}:_airbyte_ab_id`
}
