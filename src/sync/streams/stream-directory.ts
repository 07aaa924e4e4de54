/** Reads and writes the sets that name every stream under a key prefix, and refuses streams whose keys are taken. */
import { ConfigError, problem, type Problem } from '../../errors.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { fixedKeysOf, KeyOwners, keyOfOtherStream, type PrefixedStream } from '../drafts/foreign-keys.ts'
import { knownStreamsKey } from '../drafts/internal-keys.ts'
import { isSameStream, knownStreamText, parseKnownStream, quotedName } from '../drafts/known-stream.ts'
import { prefixedStreamOf, withOwners, type StreamPlan } from './stream-plan.ts'

export class StreamDirectory {
  readonly #owners: KeyOwners
  readonly #stored: readonly PrefixedStream[]
  /** The members of the sets, each behind its prefix. */
  readonly #members: ReadonlySet<string>

  private constructor(stored: readonly PrefixedStream[], own: readonly PrefixedStream[]) {
    this.#stored = stored
    this.#members = new Set(stored.map(memberOf))
    this.#owners = new KeyOwners([...stored, ...own.filter((stream) => !this.#members.has(memberOf(stream)))])
  }

  /** Reads the sets. Throws where names tell that a stream would use the keys of another one. */
  static async read(client: CommandClient, plans: readonly StreamPlan[]): Promise<StreamDirectory> {
    const prefixes = [...new Set(plans.map(({ settings }) => settings.keyPrefix))]
    const stored = (await Promise.all(prefixes.map((prefix) => streamsUnder(client, prefix)))).flat()
    const own = plans.map(prefixedStreamOf)
    const known = new StreamDirectory(stored, own)
    const problems = own.flatMap((stream) => known.#conflictsOf(stream, stored))
    if (problems.length > 0) throw new ConfigError(problems)
    return known
  }

  /** Returns the plan of a stream that writes no keys of others. */
  planOf(plan: StreamPlan): StreamPlan {
    return withOwners(plan, this.#owners)
  }

  /** Throws where a new stream would use a key that holds a row of another one. */
  async requireFree(client: CommandClient, plan: StreamPlan): Promise<void> {
    const stream = prefixedStreamOf(plan)
    for (const key of fixedKeysOf(stream)) {
      const [writer] = this.#owners.writersOf(key, stream)
      if (writer !== undefined && (await client.ask('TYPE', key)) !== 'none')
        throw new ConfigError(keyOfOtherStream(stream, writer, key))
    }
  }

  /** Adds a stream to the set, before its first record. */
  async add(client: CommandClient, plan: StreamPlan): Promise<void> {
    const stream = prefixedStreamOf(plan)
    if (!this.#members.has(memberOf(stream)))
      await client.ask('SADD', knownStreamsKey(stream.prefix), knownStreamText(stream))
  }

  /** Returns whether an earlier run has written a stream. */
  has(plan: StreamPlan): boolean {
    const stream = prefixedStreamOf(plan)
    return this.#stored.some((other) => other.prefix === stream.prefix && isSameStream(other, stream))
  }

  /** Returns the members of the set that name a stream: the present one, and those with keys of earlier configurations. */
  membersOf(plan: StreamPlan): { own: string; former: string[] } {
    const stream = prefixedStreamOf(plan)
    const texts = this.#stored
      .filter((other) => other.prefix === stream.prefix && isSameStream(other, stream))
      .map(knownStreamText)
    const own = knownStreamText(stream)
    return { own, former: texts.filter((text) => text !== own) }
  }

  #conflictsOf(stream: PrefixedStream, stored: readonly PrefixedStream[]): Problem[] {
    const sameBase = stored.find(
      (other) => !isSameStream(other, stream) && baseKeyOf(other) === baseKeyOf(stream),
    )
    if (sameBase !== undefined) return [baseKeyTaken(stream, sameBase)]
    for (const key of fixedKeysOf(stream)) {
      const owner = this.#owners.ownerOf(key, stream)
      if (owner !== undefined) return [keyOfOtherStream(stream, owner, key)]
    }
    return []
  }
}

/** Returns the streams that have written under a prefix. */
export async function streamsUnder(client: CommandClient, prefix: string): Promise<PrefixedStream[]> {
  const key = knownStreamsKey(prefix)
  const members = (await client.ask('SMEMBERS', key)) as string[]
  return members.map((member) => {
    const stream = parseKnownStream(member)
    if (stream === undefined) throw unreadableMember(key)
    return { ...stream, prefix }
  })
}

function memberOf(stream: PrefixedStream): string {
  return stream.prefix + knownStreamText(stream)
}

function baseKeyOf({ prefix, namespace, stream }: PrefixedStream): string {
  return `${prefix}${namespace}:${stream}`
}

function baseKeyTaken(stream: PrefixedStream, other: PrefixedStream): Problem {
  const key = baseKeyOf(stream)
  return problem(
    'base-key-taken',
    `The stream ${quotedName(stream)} would use the key ${key}, which belongs to the stream ${quotedName(other)}: ` +
      'joined by a colon, both names are the same. Set another key_prefix for one of them.',
    { options: ['key_prefix'], params: { stream: stream.stream, other: other.stream, key } },
  )
}

function unreadableMember(key: string): ConfigError {
  return new ConfigError(
    problem(
      'known-streams-invalid',
      `The set ${key}, which names the streams under this key_prefix, has a member that this version of the connector did ` +
        'not write. Remove that member, or set another key_prefix.',
      { options: ['key_prefix'], params: { key } },
    ),
  )
}
