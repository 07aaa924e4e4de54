/** The keys of other streams that a stream must not write, though its key template could make them. */
import { problem, type Problem } from '../../errors.ts'
import { idIn, type IdKeys } from '../../layout/locations/id-keys.ts'
import { isSameStream, quotedName, templateTexts, type KnownStream } from './known-stream.ts'

/** A known stream with the prefix of its keys. */
export interface PrefixedStream extends KnownStream {
  readonly prefix: string
}

interface ShapedStream extends PrefixedStream {
  readonly shape: KeyShape
}

interface KeyShape {
  /** The text before the first part that differs from record to record. */
  readonly lead: string
  readonly isConstant: boolean
  /** The texts of the template in order, undefined for each column. */
  readonly texts: readonly (string | undefined)[]
}

/** All streams that write under some prefixes, by the keys that they use whatever their records are. */
export class KeyOwners {
  readonly #byKey: ReadonlyMap<string, readonly ShapedStream[]>
  /** Those whose keys have columns. */
  readonly #byLead: ReadonlyMap<string, readonly ShapedStream[]>
  /** In the order of their texts, as each of many streams asks for those that begin as its own do. */
  readonly #keys: readonly string[]
  readonly #leads: readonly string[]

  constructor(streams: readonly PrefixedStream[]) {
    const shaped = streams.map((stream) => ({ ...stream, shape: shapeOf(stream) }))
    this.#byKey = grouped(shaped, fixedKeysOf)
    this.#byLead = grouped(shaped, ({ shape }) => (shape.isConstant ? [] : [shape.lead]))
    this.#keys = [...this.#byKey.keys()].toSorted()
    this.#leads = [...this.#byLead.keys()].toSorted()
  }

  /** Returns the other stream that uses a key, whatever its records are. */
  ownerOf(key: string, writer: PrefixedStream): PrefixedStream | undefined {
    return this.#byKey.get(key)?.find((owner) => isOther(owner, writer) && !mayShare(owner, writer, key))
  }

  /** Returns the other streams whose rows may have a key. */
  writersOf(key: string, writer: PrefixedStream): PrefixedStream[] {
    const leads = Array.from({ length: key.length + 1 }, (_, length) => key.slice(0, length))
    return leads
      .flatMap((lead) => this.#byLead.get(lead) ?? [])
      .filter((owner) => isOther(owner, writer) && canBeMadeOf(key, owner.shape.texts))
  }

  /** Returns the keys of other streams that a stream could make. */
  foreignKeysOf(writer: PrefixedStream): ForeignKeys {
    const shape = shapeOf(writer)
    const keys = new Map<string, PrefixedStream>()
    const nested: ShapedStream[] = []
    if (shape.isConstant) return new ForeignKeys(writer, keys, nested)
    for (const key of startingWith(shape.lead, this.#keys)) {
      const owner = canBeMadeOf(key, shape.texts) ? this.ownerOf(key, writer) : undefined
      if (owner !== undefined) keys.set(key, owner)
    }
    for (const lead of startingWith(shape.lead, this.#leads))
      if (lead !== shape.lead)
        nested.push(...this.#byLead.get(lead)!.filter((owner) => isOther(owner, writer)))
    return new ForeignKeys(writer, keys, nested)
  }
}

export class ForeignKeys {
  readonly #writer: PrefixedStream
  readonly #keys: ReadonlyMap<string, PrefixedStream>
  /** Streams whose keys begin with all that comes before the columns of this one's, and go on with text of their own. */
  readonly #nested: readonly ShapedStream[]

  constructor(
    writer: PrefixedStream,
    keys: ReadonlyMap<string, PrefixedStream>,
    nested: readonly ShapedStream[],
  ) {
    this.#writer = writer
    this.#keys = keys
    this.#nested = nested
  }

  /** Whether there are none, so that no key has to be looked at. */
  get isEmpty(): boolean {
    return this.#keys.size === 0 && this.#nested.length === 0
  }

  /** Returns the ids whose keys belong to another stream, in ascending order. */
  idsIn(keys: IdKeys | undefined): number[] {
    if (keys === undefined) return []
    const ids = [...this.#keys.keys()].map((key) => idIn(key, keys)).filter((id) => id !== undefined)
    return ids.toSorted((a, b) => a - b)
  }

  /** Returns why a record cannot be written under a key; undefined if the key is no other stream's. */
  refuse(key: string): Problem | undefined {
    const exact = this.#keys.get(key)
    if (exact !== undefined) return keyOfOtherStream(this.#writer, exact, key)
    const owner = this.#nested.find(
      ({ shape: { lead, texts } }) => key.startsWith(lead) && canBeMadeOf(key, texts),
    )
    // The rest of the key is record data.
    return owner && keyOfOtherStream(this.#writer, owner, `${owner.shape.lead}…`)
  }
}

/** Returns the key of a stream that has one for all of its records. */
function constantKeyOf(stream: PrefixedStream): string | undefined {
  const { isConstant, lead } = shapeOf(stream)
  return isConstant ? lead : undefined
}

/** Returns the keys that a stream uses whatever its records are. */
export function fixedKeysOf(stream: PrefixedStream): string[] {
  const { prefix, counter } = stream
  return [counter === undefined ? undefined : prefix + counter, constantKeyOf(stream)].filter(
    (key) => key !== undefined,
  )
}

export function keyOfOtherStream(
  writer: Pick<KnownStream, 'namespace' | 'stream'>,
  owner: Pick<KnownStream, 'namespace' | 'stream'>,
  key: string,
): Problem {
  return problem(
    'key-of-other-stream',
    `The stream ${quotedName(writer)} would write the key ${key}, which belongs to the stream ${quotedName(owner)}. ` +
      'Give one of them another key_template or key_prefix.',
    {
      options: ['key_template', 'key_prefix'],
      params: { stream: writer.stream, other: owner.stream, key },
    },
  )
}

function grouped(
  streams: readonly ShapedStream[],
  textsOf: (stream: ShapedStream) => readonly string[],
): Map<string, ShapedStream[]> {
  const groups = new Map<string, ShapedStream[]>()
  for (const stream of streams)
    for (const text of textsOf(stream)) {
      const others = groups.get(text)
      if (others === undefined) groups.set(text, [stream])
      else others.push(stream)
    }
  return groups
}

/** Returns those of some sorted texts that start with a lead: they follow each other. */
function startingWith(lead: string, sorted: readonly string[]): string[] {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < lead) low = middle + 1
    else high = middle
  }
  const found: string[] = []
  for (let at = low; sorted[at]?.startsWith(lead) === true; at++) found.push(sorted[at]!)
  return found
}

function isOther(owner: PrefixedStream, writer: PrefixedStream): boolean {
  return owner.prefix !== writer.prefix || !isSameStream(owner, writer)
}

/** Streams that merge their columns into the same hash may share it; a counter is nobody else's. */
function mayShare(owner: ShapedStream, writer: PrefixedStream, key: string): boolean {
  return owner.merges === true && writer.merges === true && key === owner.shape.lead
}

function shapeOf(stream: Pick<PrefixedStream, 'prefix' | 'namespace' | 'stream' | 'key_template'>): KeyShape {
  const texts = [stream.prefix, ...templateTexts(stream)]
  const end = texts.indexOf(undefined)
  return {
    lead: texts.slice(0, end === -1 ? undefined : end).join(''),
    isConstant: end === -1,
    texts: joined(texts),
  }
}

/** Makes one text of those that follow each other. */
function joined(texts: readonly (string | undefined)[]): (string | undefined)[] {
  const all: (string | undefined)[] = []
  for (const text of texts) {
    const before = all.at(-1)
    if (text !== undefined && before !== undefined) all[all.length - 1] = before + text
    else all.push(text)
  }
  return all
}

/**
 * Returns whether a template makes such a key: its texts are there in order, and a character or more for each column. Keys
 * hold record data, so this takes linear time, as an expression with several gaps would not.
 */
function canBeMadeOf(key: string, texts: readonly (string | undefined)[]): boolean {
  let at = 0
  let columns = 0
  for (const [index, text] of texts.entries()) {
    if (text === undefined) {
      columns++
      continue
    }
    if (index === texts.length - 1)
      return columns === 0
        ? key.slice(at) === text
        : key.endsWith(text) && key.length - text.length >= at + columns
    const found = columns === 0 ? (key.startsWith(text, at) ? at : -1) : key.indexOf(text, at + columns)
    if (found === -1) return false
    at = found + text.length
    columns = 0
  }
  return key.length >= at + columns
}
