/** Finds out what is at the keys of a batch's rows, where that decides what becomes of its records. */
import { isStaged } from '../streams/stream-session.ts'
import { formerTypesOf, isMemberForm, type Formers } from './former-rows.ts'
import type { IndexedSession } from './indexed-session.ts'
import type { IndexEntries } from '../rows/index-entries.ts'
import type { KeyIndex } from './key-index.ts'
import { isSameLayout, layoutOf } from '../streams/stream-layout.ts'

/** Rows of a batch, by what is at their keys. */
export interface FoundKeys {
  /** Rows whose keys a former generation has written, so that a record may replace what is there. */
  readonly former: ReadonlySet<number>
  /** Rows that a former generation may have in another form, so that a delete has something to remove. */
  readonly removable: ReadonlySet<number>
  /** Rows whose key holds a type that the layout cannot have written. */
  readonly foreign: ReadonlySet<number>
  /** Those of them that keep a staging key from replacing the key at the end of the run. */
  readonly blocked: ReadonlySet<number>
}

const NONE: ReadonlySet<number> = new Set()

export const NOTHING_FOUND: Promise<FoundKeys> = Promise.resolve({
  former: NONE,
  removable: NONE,
  foreign: NONE,
  blocked: NONE,
})

/** Returns whether rows may be written to keys that former generations have in other indexes. */
export function mayTakeOver(session: IndexedSession): boolean {
  const { plan, formers } = session
  return plan.replaces && !isStaged(session) && formers.manifests.length > 0 && hasOthers(formers)
}

export async function findKeys(
  session: IndexedSession,
  index: KeyIndex,
  entries: IndexEntries,
): Promise<FoundKeys> {
  const { plan, formers } = session
  const takesOver = mayTakeOver(session)
  // The key of a stream with one key was looked at before the first record.
  const mayBeBlocked = isStaged(session) && plan.locator.only === undefined
  const { form } = plan.locator
  const asksAll = takesOver || mayBeBlocked
  const asked: number[] = []
  for (let row = 0; row < entries.count; row++)
    if (asksAll || (plan.isDeduplicated && mayDelete(entries, row))) asked.push(row)
  if (asked.length === 0) return NOTHING_FOUND
  const keys = asked.map((row) => form.key(entries.locationOf(row)))
  const [types, formerTypes] = await Promise.all([
    index.typesOf(keys),
    asksAll ? formerTypesOf(plan, formers, keys) : keys.map(() => new Set<string>()),
  ])
  const haveSameLayout =
    takesOver && formers.manifests.every(({ layout }) => isSameLayout(layout, layoutOf(plan)))
  const [former, removable] = [new Set<number>(), new Set<number>()]
  const [foreign, blocked] = [new Set<number>(), new Set<number>()]
  for (const [at, row] of asked.entries()) {
    const type = types[at] ?? 'none'
    const isOurs = type === form.type || type === 'none'
    const isFormer = formerTypes[at]!.has(type)
    if (!isOurs) foreign.add(row)
    if (mayBeBlocked && !isOurs && !isFormer) blocked.add(row)
    if (!takesOver || !isFormer) continue
    // Where members share a key with those of a former generation, these are removed one by one at the end.
    if (!isMemberForm(form) || !isOurs) former.add(row)
    // A key of another layout may hold another row, which stays until the end.
    if (isOurs && haveSameLayout) removable.add(row)
  }
  return { former, removable, foreign, blocked }
}

/** Returns whether rows of former generations may have keys that the index of the run does not name. */
function hasOthers({ manifests, indexed }: Formers): boolean {
  return indexed.length > 0 || manifests.some(({ rows }) => rows.kind === 'ids')
}

/** Returns whether a record of the row may delete it; the row before the batch decides which record counts. */
function mayDelete(entries: IndexEntries, row: number): boolean {
  return entries.isDeleted(row) || entries.changes.get(row)?.some(({ kind }) => kind !== 'write') === true
}
