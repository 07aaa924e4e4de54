/**
 * Features that only newer servers have. Commands that rely on them are translated for servers that lack them, or
 * replaced by a script.
 */
import type { Reply } from '../resp/reply.ts'

type Call = (command: string, ...args: (string | number)[]) => Promise<Reply>

/** Comparable; `[3, 0, 7]` is 3.0.7. */
export type Version = readonly [major: number, minor: number, patch: number]

/** The first Redis version with each feature. */
const FIRST_VERSIONS = {
  unlink: [4, 0, 0],
  hsetManyFields: [4, 0, 0],
  pushxManyItems: [4, 0, 0],
  zaddConditions: [3, 0, 2],
  setPxat: [6, 2, 0],
  xaddNomkstream: [6, 2, 0],
  clientId: [5, 0, 0],
  checksAtExec: [7, 0, 0],
} as const satisfies Record<string, Version>

export type Capability = keyof typeof FIRST_VERSIONS

/** The features of one server, or those that several servers have in common. */
export type Capabilities = Readonly<Record<Capability, boolean>>

const NAMES = Object.keys(FIRST_VERSIONS) as Capability[]

/** A server that hides its version and answers every command of `SIGNS` is taken for the newest. */
const NEWEST: Version = [Infinity, 0, 0]

export const ALL_CAPABILITIES = capabilitiesOf(NEWEST)

export function capabilitiesOf(version: Version): Capabilities {
  return capabilitiesWhere((name) => !isOlder(version, FIRST_VERSIONS[name]))
}

/** Returns the features that all of the servers have. */
export function commonCapabilities(servers: readonly Capabilities[]): Capabilities {
  return capabilitiesWhere((name) => servers.every((capabilities) => capabilities[name]))
}

function capabilitiesWhere(has: (name: Capability) => boolean): Capabilities {
  return Object.freeze(
    Object.fromEntries(NAMES.map((name) => [name, has(name)])) as Record<Capability, boolean>,
  )
}

/** Replaces a command that the server lacks by an older one with the same effect on the same keys. */
export function translate<Args extends readonly unknown[]>(
  command: string,
  args: Args,
  capabilities: Capabilities,
): [command: string, args: Args] {
  if (command === 'UNLINK' && !capabilities.unlink) return ['DEL', args]
  if (command === 'HSET' && args.length > 3 && !capabilities.hsetManyFields) return ['HMSET', args]
  return [command, args]
}

export function isOlder(version: Version, other: Version): boolean {
  const differing = version.findIndex((part, at) => part !== other[at])
  return differing !== -1 && version[differing]! < other[differing]!
}

/** Reads the version from the reply to INFO. Compatible servers (Valkey) report the Redis version they emulate. */
export function versionIn(info: string): Version | undefined {
  const [, major, minor, patch] = /^redis_version:(\d+)\.(\d+)\.(\d+)/m.exec(info) ?? []
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)]
}

/** Commands that a version has and the one before it lacks. Without arguments they only return an error. */
const SIGNS: readonly (readonly [command: string, version: Version])[] = [
  ['GETEX', [6, 2, 0]],
  ['XADD', [5, 0, 0]],
  ['UNLINK', [4, 0, 0]],
  ['WAIT', [3, 0, 2]],
]

/** Returns the oldest version that has the commands of a server whose INFO does not report one. */
export async function guessVersion(call: Call): Promise<Version> {
  const replies = await Promise.all(
    SIGNS.map(([command]) => call(command).catch((error: unknown) => error as Error)),
  )
  for (const reply of replies) if (reply instanceof Error && reply.name !== 'ReplyError') throw reply
  const at = replies.findIndex((reply) => !(reply instanceof Error) || !isUnknown(reply))
  if (at === 0) return NEWEST
  return SIGNS[at]?.[1] ?? [2, 8, 0]
}

function isUnknown({ message }: Error): boolean {
  return /^ERR unknown command/i.test(message)
}
