/**
 * Decides what a run does with what earlier runs of its stream wrote: it compares the numbers in the catalog, and the
 * layout, with the manifests of the generations. docs/guarantees.md has the table of all cases.
 */
import { isReplace, type CatalogNumbers } from '../drafts/catalog-numbers.ts'
import type { GenerationManifest } from './generation-manifest.ts'
import { differencesOf, type LayoutDifference, type StreamLayout } from './stream-layout.ts'

export type Decision =
  /** Records would be added to rows of another layout. */
  { readonly kind: 'refuse'; readonly differences: readonly LayoutDifference[] } | Acceptance

/** `joined`: the layout of the rows that are kept; undefined if there are none. */
type Acceptance = { readonly joined: StreamLayout | undefined } & (
  | {
      /** `append`: records are added, and nothing is removed. `replace`: a new generation replaces what is there. */
      readonly kind: 'append' | 'replace'
    }
  /** Another attempt of the generation; or another run of it, where it `isComplete`. */
  | { readonly kind: 'go on'; readonly isComplete: boolean }
)

/** The manifest of a generation, as far as decisions depend on it. */
type Former = Pick<
  GenerationManifest,
  'generation' | 'syncId' | 'connection' | 'endedWell' | 'hasRecords' | 'layout' | 'continues'
>

/** `manifests`: in the order in which the generations were written. */
export function decide(stream: CatalogNumbers, layout: StreamLayout, manifests: readonly Former[]): Decision {
  const last = manifests.at(-1)
  const isNew =
    isReplace(stream) &&
    (last === undefined || !isSameSync(stream, last) || (last.endedWell && stream.mode === 'overwrite'))
  const kept = keptBy(stream, manifests, isNew)
  const layouts = kept.filter(({ hasRecords }) => hasRecords).map((manifest) => manifest.layout)
  // A refresh that was not completed may have another layout than the rows that it was to replace.
  const differences = layouts
    .map((former) => differencesOf(former, layout))
    .findLast(({ length }) => length > 0)
  if (differences !== undefined) return { kind: 'refuse', differences }
  const joined = layouts.at(-1)
  if (isNew) return { kind: 'replace', joined }
  return isReplace(stream)
    ? { kind: 'go on', isComplete: last!.endedWell, joined }
    : { kind: 'append', joined }
}

/** Returns the generations whose rows the run keeps. */
function keptBy<Manifest extends Former>(
  stream: CatalogNumbers,
  manifests: readonly Manifest[],
  isNew: boolean,
): readonly Manifest[] {
  if (isNew) return generationsKept(stream, manifests)
  // Another attempt keeps no more than the one before it.
  return isReplace(stream) ? manifests.slice(firstKeptOf(stream, manifests)) : manifests
}

/**
 * Returns whether another connection has written the stream since the last run of this one, or before its first. Within
 * one connection generations and syncs never fall, and a generation that was followed by another one never comes back.
 */
export function isOtherWriter(
  stream: CatalogNumbers & Pick<Former, 'connection'>,
  manifests: readonly Former[],
): boolean {
  const last = manifests.at(-1)
  if (last === undefined) return false
  if (stream.connection !== undefined && last.connection !== undefined)
    return stream.connection !== last.connection
  const { generation, syncId } = stream
  if (generation === undefined || last.generation === undefined) return false
  if (generation !== last.generation)
    return generation < last.generation || manifests.some((one) => (one.generation ?? -1) >= generation)
  const fell = syncId !== undefined && last.syncId !== undefined && syncId < last.syncId
  return fell || (isReplace(stream) && !isSameSync(stream, last))
}

/**
 * Returns which of the generations before a new one are kept: the newest unbroken sequence of rising generations, as far
 * back as the minimum.
 */
function generationsKept<Manifest extends Former>(
  { generation, minimumGeneration }: CatalogNumbers,
  manifests: readonly Manifest[],
): readonly Manifest[] {
  const first = firstKept(generation, minimumGeneration || generation, manifests)
  return manifests.slice(first)
}

/** Returns the position of the first generation that is kept with the one at the end of `manifests`. */
export function firstKeptOf(stream: CatalogNumbers, manifests: readonly Former[]): number {
  const { generation, minimumGeneration } = stream
  const last = manifests.length - 1
  let first = last
  while (first > 0 && manifests[first]!.continues) first--
  return firstKept(generation, minimumGeneration || generation, manifests.slice(0, first))
}

/** Returns the position of the first of `manifests` that a newer `generation` is kept with. */
function firstKept(
  generation: number | undefined,
  minimum: number | undefined,
  manifests: readonly Former[],
): number {
  let first = manifests.length
  let after = { generation, continues: false }
  while (first > 0 && isKeptWith(manifests[first - 1]!, after, minimum)) after = manifests[--first]!
  return first
}

function isKeptWith(
  before: Pick<Former, 'generation'>,
  after: Pick<Former, 'generation' | 'continues'>,
  minimum: number | undefined,
): boolean {
  if (after.continues) return true
  if (before.generation === undefined || after.generation === undefined || minimum === undefined) return false
  return before.generation >= minimum && before.generation < after.generation
}

/**
 * Returns whether the run before was of the same sync, and ended well. Not where a host sends the same numbers with every
 * sync, or none.
 */
export function isRepeated(stream: CatalogNumbers, before: Former | undefined): boolean {
  const { generation, minimumGeneration, syncId } = stream
  if (syncId === undefined || (generation === 1 && minimumGeneration === 1 && syncId === 1)) return false
  return (
    before !== undefined && before.endedWell && before.syncId === syncId && before.generation === generation
  )
}

/** A host without generations starts each attempt from the beginning, so that no two of its runs are of one sync. */
function isSameSync({ generation, syncId }: CatalogNumbers, last: Former): boolean {
  if (generation === undefined || generation !== last.generation) return false
  return syncId === undefined || last.syncId === undefined || syncId === last.syncId
}
