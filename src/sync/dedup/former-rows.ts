/** Which rows of former generations there are beside those that are live now, by the manifests of the stream. */
import { parseTemplate } from '../../config/settings/template.ts'
import { idIn, type IdKeys } from '../../layout/locations/id-keys.ts'
import type { LocationForm } from '../../layout/locations/row-location.ts'
import { locationForm } from '../../layout/registry/row-locator.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { encodeLocations } from '../rows/index-entries.ts'
import { KeyIndex } from './key-index.ts'
import { readVersion } from '../rows/row-version.ts'
import type { GenerationManifest } from '../streams/generation-manifest.ts'
import { idKeysIn } from '../streams/stream-layout.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IdRange } from '../streams/stream-session.ts'

/** Rows whose keys are made of ids. */
export interface IdRows extends IdRange {
  readonly keys: IdKeys
  /** The reply of TYPE for the keys. */
  readonly type: string
}

/** Rows that a key index names. */
export class IndexedRows {
  readonly index: KeyIndex
  /** Its number among the indexes of the stream. */
  readonly number: number
  readonly form: LocationForm
  /** The only key, if it does not depend on the record. */
  readonly onlyKey: string | undefined
  #keys: Promise<ReadonlySet<string>> | undefined

  constructor(index: KeyIndex, number: number, form: LocationForm, onlyKey: string | undefined) {
    this.index = index
    this.number = number
    this.form = form
    this.onlyKey = onlyKey
  }

  /** Returns the keys that rows share. They are read once, as the index is not written meanwhile. */
  sharedKeys(): Promise<ReadonlySet<string>> {
    this.#keys ??= this.#readKeys()
    return this.#keys
  }

  async #readKeys(): Promise<ReadonlySet<string>> {
    const keys = new Set<string>()
    await this.index.each(async (entries) => {
      for (const [location] of entries) keys.add(this.form.key(location))
    })
    return keys
  }
}

/** Returns the index of a generation; undefined where its keys are made of ids. */
export function indexOf(
  client: CommandClient,
  plan: StreamPlan,
  manifest: GenerationManifest,
  expiryShards: readonly number[] = [],
): KeyIndex | undefined {
  const { rows, form } = manifest
  if (rows.kind !== 'index') return undefined
  const only = isMemberForm(locationForm(form)) ? undefined : onlyKeyOf(plan, manifest)
  return new KeyIndex(client, plan, expiryShards, { number: rows.index, only })
}

/** Returns the rows of the manifests that have an index, once for each index. */
export function indexedRowsOf(
  client: CommandClient,
  plan: StreamPlan,
  manifests: readonly GenerationManifest[],
  expiryShards: readonly number[] = [],
): IndexedRows[] {
  const byIndex = new Map<number, IndexedRows>()
  for (const manifest of manifests) {
    const index = indexOf(client, plan, manifest, expiryShards)
    if (index === undefined || manifest.rows.kind !== 'index') continue
    const form = locationForm(manifest.form)
    byIndex.set(
      manifest.rows.index,
      new IndexedRows(index, manifest.rows.index, form, onlyKeyOf(plan, manifest)),
    )
  }
  return [...byIndex.values()]
}

/** Returns the ids of each generation whose keys are made of ids. `lastId`: the highest id that was given out. */
export function idRowsOf(
  plan: StreamPlan,
  manifests: readonly GenerationManifest[],
  lastId: number,
): { manifest: GenerationManifest; rows: IdRows }[] {
  const byId = manifests.filter(({ rows }) => rows.kind === 'ids')
  return byId.flatMap((manifest, at) => {
    const keys = idKeysIn(manifest.layout, plan)
    if (keys === undefined || manifest.rows.kind !== 'ids') return []
    const next = byId[at + 1]?.rows
    const last = next?.kind === 'ids' ? next.firstId - 1 : lastId
    const { type } = locationForm(manifest.form)
    return [{ manifest, rows: { first: manifest.rows.firstId, last, keys, type } }]
  })
}

/** Returns the key of a stream whose rows share one key; undefined where keys depend on the record. */
export function onlyKeyOf(
  { stream, settings }: StreamPlan,
  { layout }: Pick<GenerationManifest, 'layout'>,
): string | undefined {
  const texts = parseTemplate(layout.key_template).map((part) => {
    if (part.kind === 'text') return part.text
    if (part.kind === 'namespace') return stream.namespace
    return part.kind === 'stream' ? stream.name : undefined
  })
  return texts.includes(undefined) ? undefined : settings.keyPrefix + texts.join('')
}

/** Tells which keys and locations hold rows that are kept. */
export class LiveRows {
  readonly #indexed: readonly IndexedRows[]
  readonly #ids: readonly IdRows[]
  readonly #before: number
  /** The keys of rows that share keys, which are read when they are asked for. */
  #sharedKeys: Promise<ReadonlySet<string>> | undefined

  /** `before`: rows of runs before this one are not kept. */
  constructor(indexed: readonly IndexedRows[], ids: readonly IdRows[], before: number) {
    this.#indexed = indexed
    this.#ids = ids
    this.#before = before
  }

  /** Returns the form of the rows at keys that several of them share. */
  get memberForms(): LocationForm[] {
    return this.#indexed.map(({ form }) => form).filter(isMemberForm)
  }

  async areLiveKeys(keys: readonly string[]): Promise<boolean[]> {
    const indexed = await this.areIndexedKeys(keys)
    return keys.map((key, at) => indexed[at]! || this.#isLiveId(key))
  }

  /** The same without keys that are made of ids: none of these is given out while an index names it. */
  async areIndexedKeys(keys: readonly string[]): Promise<boolean[]> {
    const live = new Set<string>()
    for (const rows of this.#indexed)
      if (isMemberForm(rows.form)) {
        const shared = await (this.#sharedKeys ??= this.#readSharedKeys())
        for (const key of keys) if (shared.has(key)) live.add(key)
      } else for (const key of await this.#keptIn(rows.index, keys)) live.add(key)
    return keys.map((key) => live.has(key))
  }

  /** The same for locations of a form whose rows share keys. */
  async areLiveLocations(form: LocationForm, locations: readonly string[]): Promise<boolean[]> {
    const same = this.#indexed.filter((rows) => isMemberForm(rows.form) && rows.form.type === form.type)
    if (same.length === 0) return this.areLiveKeys(locations.map((location) => form.key(location)))
    const live = new Set<string>()
    for (const { index } of same) for (const one of await this.#keptIn(index, locations)) live.add(one)
    const keys = locations.map((location) => form.key(location))
    for (const rows of this.#indexed)
      if (!isMemberForm(rows.form)) for (const key of await this.#keptIn(rows.index, keys)) live.add(key)
    return locations.map((location, at) => live.has(location) || live.has(keys[at]!))
  }

  #isLiveId(key: string): boolean {
    return this.#ids.some(({ first, last, keys }) => {
      const id = idIn(key, keys)
      return id !== undefined && id >= first && id <= last
    })
  }

  async #keptIn(index: KeyIndex, locations: readonly string[]): Promise<string[]> {
    if (locations.length === 0) return []
    const stored = await index.read(encodeLocations(locations))
    return locations.filter((_, at) => this.#isKept(stored[at]))
  }

  async #readSharedKeys(): Promise<ReadonlySet<string>> {
    const keys = new Set<string>()
    for (const { index, form } of this.#indexed.filter((rows) => isMemberForm(rows.form)))
      await index.each(async (entries) => {
        for (const [location, value] of entries) if (this.#isKept(value)) keys.add(form.key(location))
      })
    return keys
  }

  /** A row that the new generation has deleted is not live, whatever a former one has at its place. */
  #isKept(value: string | null | undefined): boolean {
    if (value == null) return false
    const { run, isDeleted } = readVersion(value)
    return run >= this.#before && !isDeleted
  }
}

export function isMemberForm({ name }: LocationForm): boolean {
  return name.startsWith('member of ')
}

/** Returns the Redis types that a key may have because a former generation wrote it. */
export async function formerTypesOf(
  plan: StreamPlan,
  { manifests, indexed, lastId, hasClassicCounter = false }: Formers,
  keys: readonly string[],
): Promise<Set<string>[]> {
  const types = keys.map(() => new Set<string>())
  const ids = idRowsOf(plan, manifests, lastId)
  const hasCounter = hasClassicCounter || manifests.some(({ usesIds }) => usesIds)
  for (const [at, key] of keys.entries()) {
    if (hasCounter && key === plan.baseKey) types[at]!.add('string')
    for (const { rows } of ids) {
      const id = idIn(key, rows.keys)
      if (id !== undefined && id >= rows.first && id <= rows.last) types[at]!.add(rows.type)
    }
    for (const { onlyKey, form } of indexed) if (key === onlyKey) types[at]!.add(form.type)
  }
  if (keys.length === 0) return types
  for (const rows of indexed) {
    const { index, form, onlyKey } = rows
    if (onlyKey !== undefined) continue
    if (isMemberForm(form)) {
      const shared = await rows.sharedKeys()
      for (const [at, key] of keys.entries()) if (shared.has(key)) types[at]!.add(form.type)
    } else {
      const stored = await index.read(encodeLocations(keys))
      for (const [at, value] of stored.entries()) if (value !== null) types[at]!.add(form.type)
    }
  }
  return types
}

/** The generations that a run replaces and that are not in its own index. */
export interface Formers {
  readonly manifests: readonly GenerationManifest[]
  readonly indexed: readonly IndexedRows[]
  readonly lastId: number
  /** Whether the classic connector counted the records of the stream in its base key. */
  readonly hasClassicCounter?: boolean
}

/** Returns the generations before a run, and their indexes but for the one that the last manifest uses. */
export function formersOf(
  client: CommandClient,
  plan: StreamPlan,
  manifests: readonly GenerationManifest[],
  { before, lastId }: { before: number; lastId: number },
): Formers {
  const live = manifests.at(-1)
  const former = manifests.filter(({ firstRun }) => firstRun < before)
  const others = former.filter(
    ({ rows }) => rows.kind === 'index' && (live?.rows.kind !== 'index' || live.rows.index !== rows.index),
  )
  return { manifests: former, indexed: indexedRowsOf(client, plan, others), lastId }
}
