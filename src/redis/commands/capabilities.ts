/**
 * What the servers understand. Commands that came with some version are said in other words to servers that are older;
 * a run speaks as the oldest of all that it has met understands.
 */
import type { Reply } from '../resp/reply.ts'

type Call = (command: string, ...args: (string | number)[]) => Promise<Reply>

/** Comparable; `[3, 0, 7]` is 3.0.7. */
export type Version = readonly [major: number, minor: number, patch: number]

/** What some servers lack, and since when Redis has it. */
const SINCE = {
  UNLINK: [4, 0, 0],
  'HSET of several fields': [4, 0, 0],
  'RPUSHX of several items': [4, 0, 0],
  'ZADD NX': [3, 0, 2],
  'SET PXAT': [6, 2, 0],
  'XADD NOMKSTREAM': [6, 2, 0],
  'checks at EXEC': [7, 0, 0],
} as const satisfies Record<string, Version>

/** Of a server that does not tell. */
const NEWEST: Version = [Infinity, 0, 0]

let oldest = NEWEST

export function knows(what: keyof typeof SINCE): boolean {
  return !isOlder(oldest, SINCE[what])
}

/** From now on nothing is said that a server of this version would not understand. */
export function speakTo(version: Version | undefined): void {
  if (version !== undefined && isOlder(version, oldest)) oldest = version
}

/** As if no server had been met. */
export function forgetServers(): void {
  oldest = NEWEST
}

/** A command in the words that servers understand; what it does, and which keys it names, is the same. */
export function worded<Args extends readonly unknown[]>(
  command: string,
  args: Args,
): [command: string, args: Args] {
  if (command === 'UNLINK' && !knows('UNLINK')) return ['DEL', args]
  if (command === 'HSET' && args.length > 3 && !knows('HSET of several fields')) return ['HMSET', args]
  return [command, args]
}

export function isOlder(version: Version, other: Version): boolean {
  const differing = version.findIndex((part, at) => part !== other[at])
  return differing !== -1 && version[differing]! < other[differing]!
}

/** As INFO tells it. Servers that are not Redis say there with which Redis they go. */
export function versionIn(info: string): Version | undefined {
  const [, ...parts] = /^redis_version:(\d+)\.(\d+)\.(\d+)/m.exec(info) ?? []
  return parts.length === 0 ? undefined : (parts.map(Number) as unknown as Version)
}

/** Commands by which a version can be told from the one before it; without arguments they do nothing. */
const SIGNS: readonly (readonly [command: string, version: Version])[] = [
  ['GETEX', [6, 2, 0]],
  ['XADD', [5, 0, 0]],
  ['UNLINK', [4, 0, 0]],
  ['WAIT', [3, 0, 2]],
]

/** Finds out how old a server at least behaves that does not tell. */
export async function guessVersion(call: Call): Promise<Version> {
  const answers = await Promise.all(
    SIGNS.map(([command]) => call(command).catch((error: unknown) => error as Error)),
  )
  for (const answer of answers) if (answer instanceof Error && answer.name !== 'ReplyError') throw answer
  const at = answers.findIndex((answer) => !(answer instanceof Error) || !isUnknown(answer))
  if (at === 0) return NEWEST
  return SIGNS[at]?.[1] ?? [2, 8, 0]
}

function isUnknown({ message }: Error): boolean {
  return /^ERR unknown command/i.test(message)
}
