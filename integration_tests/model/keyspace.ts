// The contents of Redis as the model keeps them, and how one record changes a key.
import type { Addition } from './content.ts'
import type { Expiry } from './expiry.ts'
import { RecordFault } from './keys.ts'
import { cacheTypeOf, dataFormatOf, isUpdate, type Settings } from './options.ts'

export type Contents =
  | { type: 'string'; text: string }
  | { type: 'hash'; fields: Map<string, string> }
  | { type: 'list'; items: string[] }
  | { type: 'set'; members: Set<string> }
  | { type: 'zset'; scores: Map<string, number> }
  | { type: 'stream'; entries: [name: string, text: string][][] }

export interface Entry {
  contents: Contents
  expiry: Expiry
}

export type Keyspace = Map<string, Entry>

export interface Change {
  key: string
  member: string | undefined
  addition: Addition
  expiry: Expiry
  /** Whether the record starts its row anew, even where records merge. */
  isFresh: boolean
  /** Whether the key may hold another type, because it is known to be a row of a former generation. */
  takesOver: boolean
}

/**
 * Adds a record to its key. Returns false if the write condition fails; a refused or skipped record changes neither
 * contents nor expiry. Throws a RecordFault if the key holds another type.
 */
export function put(keyspace: Keyspace, change: Change, settings: Settings): boolean {
  const { key, expiry } = change
  const type = typeOf(settings)
  const found = keyspace.get(key)?.contents
  const isInTheWay = found !== undefined && type !== 'string' && found.type !== type
  if (isInTheWay && !change.takesOver) throw new RecordFault(`the key ${key} holds another type`)
  const present = isInTheWay ? undefined : found
  if (!isAllowed(present, change, settings)) return false
  const contents = withRecord(present, change, settings)
  if (isEmpty(contents)) keyspace.delete(key)
  else keyspace.set(key, { contents, expiry })
  return true
}

export function typeOf({ options }: Settings): Contents['type'] {
  const cacheType = cacheTypeOf(options)
  return cacheType === 'sorted_set' ? 'zset' : cacheType
}

function isAllowed(present: Contents | undefined, { member }: Change, settings: Settings): boolean {
  const { stream, options } = settings
  const condition = isUpdate(stream) ? 'if_exists' : (options.write_condition ?? 'always')
  if (condition === 'always') return true
  return isThere(present, member) === (condition === 'if_exists')
}

function isThere(present: Contents | undefined, member: string | undefined): boolean {
  if (present?.type === 'hash' && member !== undefined) return present.fields.has(member)
  if (present?.type === 'zset' && member !== undefined) return present.scores.has(member)
  return present !== undefined
}

function withRecord(present: Contents | undefined, change: Change, settings: Settings): Contents {
  const { options } = settings
  const { addition, member = '', isFresh } = change
  const type = typeOf(settings)
  if (addition.kind === 'member')
    return type === 'set'
      ? { type, members: new Set([...(present?.type === 'set' ? present.members : []), addition.member]) }
      : { type: 'zset', scores: new Map([...scoresOf(present), [addition.member, addition.score]]) }
  if (addition.kind === 'fields') {
    if (type === 'stream') {
      const entries = present?.type === 'stream' ? present.entries : []
      return { type, entries: lastOf([...entries, addition.fields], options.max_length) }
    }
    // A soft delete changes the columns of the row that is there.
    const merges =
      options.on_update === 'merge' ||
      (settings.stream.mode === 'soft_delete' && dataFormatOf(options) === 'flat')
    const kept = merges && !isFresh ? fieldsOf(present) : []
    return { type: 'hash', fields: new Map([...kept, ...addition.fields]) }
  }
  if (type === 'string') return { type, text: addition.text }
  if (type === 'hash') return { type, fields: new Map([...fieldsOf(present), [member, addition.text]]) }
  return { type: 'list', items: withItems(present, [addition.text], settings) }
}

/** Adds elements to a list one after the other, and trims it. */
export function withItems(present: Contents | undefined, added: string[], { options }: Settings): string[] {
  const items = present?.type === 'list' ? present.items : []
  if (options.list_operation !== 'prepend') return lastOf([...items, ...added], options.max_length)
  return [...added.toReversed(), ...items].slice(0, options.max_length)
}

export function fieldsOf(contents: Contents | undefined): Map<string, string> {
  return contents?.type === 'hash' ? contents.fields : new Map<string, string>()
}

export function scoresOf(contents: Contents | undefined): Map<string, number> {
  return contents?.type === 'zset' ? contents.scores : new Map<string, number>()
}

export function lastOf<Item>(items: Item[], count = items.length): Item[] {
  return count === 0 ? [] : items.slice(-count)
}

export function membersOf(contents: Contents | undefined): string[] {
  if (contents?.type === 'hash') return [...contents.fields.keys()]
  if (contents?.type === 'set') return [...contents.members]
  return contents?.type === 'zset' ? [...contents.scores.keys()] : []
}

/** Removes the elements or entries that were added last. */
export function removeNewest(keyspace: Keyspace, key: string, count: number, { options }: Settings): void {
  const contents = keyspace.get(key)?.contents
  if (contents?.type === 'list')
    contents.items =
      options.list_operation === 'prepend'
        ? contents.items.slice(count)
        : contents.items.slice(0, Math.max(0, contents.items.length - count))
  if (contents?.type === 'stream')
    contents.entries = contents.entries.slice(0, Math.max(0, contents.entries.length - count))
  if (contents !== undefined && isEmpty(contents)) keyspace.delete(key)
}

/** Removes one member or field; the key goes with the last of them. */
export function removeMember(keyspace: Keyspace, key: string, member: string): void {
  const contents = keyspace.get(key)?.contents
  if (contents?.type === 'hash') contents.fields.delete(member)
  if (contents?.type === 'set') contents.members.delete(member)
  if (contents?.type === 'zset') contents.scores.delete(member)
  if (contents !== undefined && isEmpty(contents)) keyspace.delete(key)
}

function isEmpty(contents: Contents): boolean {
  if (contents.type === 'hash') return contents.fields.size === 0
  if (contents.type === 'set') return contents.members.size === 0
  if (contents.type === 'list') return contents.items.length === 0
  if (contents.type === 'stream') return contents.entries.length === 0
  return contents.type === 'zset' && contents.scores.size === 0
}
