/** Reads the limits at which a server closes a connection, and describes a command or a connection that is over them. */
import { ConfigError, problem, type Problem } from '../../errors.ts'
import { ignoreReplyError } from '../failures/reply-error.ts'
import type { EncodedCommands } from '../resp/encoded-commands.ts'
import type { RedisNode } from './redis-node.ts'
import type { Where } from '../transport/address.ts'

/** By name of the setting, the bytes that it allows; without those that the user may not read. */
export type ServerLimits = ReadonlyMap<string, number>

const LONGEST_ARGUMENT = 'proto-max-bulk-len'
const LONGEST_QUERY = 'client-query-buffer-limit'
const CLIENT_MEMORY = 'maxmemory-clients'

export async function readLimits(node: RedisNode): Promise<ServerLimits> {
  const limits = new Map<string, number>()
  for (const name of [LONGEST_ARGUMENT, LONGEST_QUERY, CLIENT_MEMORY]) {
    const reply = await node.ask('CONFIG', ['GET', name]).catch(ignoreReplyError)
    const value = Array.isArray(reply) ? Number(reply[1]) : Number.NaN
    if (Number.isFinite(value)) limits.set(name, value)
  }
  return limits
}

/** Returns whether both limits for a single command are known. */
export function areKnown(limits: ServerLimits): boolean {
  return limits.has(LONGEST_ARGUMENT) && limits.has(LONGEST_QUERY)
}

/** Returns the error for a command that a server with these limits never takes; undefined if it may take it. */
export function overLimit(
  commands: EncodedCommands,
  index: number,
  limits: ServerLimits,
  where: Where,
): ConfigError | undefined {
  const [argument, query] = [limits.get(LONGEST_ARGUMENT), limits.get(LONGEST_QUERY)]
  const longest = commands.longestArgument(index)
  if (argument !== undefined && longest > argument) return tooLong(where, longest, LONGEST_ARGUMENT, argument)
  // The server holds one argument at a time in its query buffer.
  if (query !== undefined && longest >= query) return tooLong(where, longest, LONGEST_QUERY, query)
  return undefined
}

/** Returns the error for a command that needs more memory than a server allows its clients. */
export function overClientMemory(bytes: number, limits: ServerLimits, where: Where): ConfigError {
  return tooLong(where, bytes, CLIENT_MEMORY, limits.get(CLIENT_MEMORY))
}

/** Returns the error for a command at which a server closes the connection for a reason that is not known. */
export function closesConnection(bytes: number, where: Where): ConfigError {
  const sentence =
    `Redis at ${where} closes the connection whenever it is sent, also alone (${bytes} bytes). Raise ` +
    `${LONGEST_ARGUMENT}, ${LONGEST_QUERY} and ${CLIENT_MEMORY}, or the limit of a proxy in between.`
  return new ConfigError(problem('command-closes-connection', sentence, { params: { where, bytes } }))
}

/** Returns the error for a server that closes connections even when little is sent over them at a time. */
export function clientMemoryTooSmall(bytes: number, limits: ServerLimits, where: Where): ConfigError {
  const limit = limits.get(CLIENT_MEMORY)
  const sentence =
    `Redis at ${where} closes the connection as its clients use too much memory (${settingText(CLIENT_MEMORY, limit)}), ` +
    `although only ${bytes} bytes were sent. Raise ${CLIENT_MEMORY}.`
  return new ConfigError(
    problem('client-memory-too-small', sentence, {
      params: { where, bytes, ...(limit === undefined ? {} : { limit }) },
    }),
  )
}

/** Returns whether a problem says that Redis never takes a command, because of its size. */
export function isTooLarge({ code }: Problem): boolean {
  return code === 'command-over-limit' || code === 'command-closes-connection'
}

function tooLong(where: Where, bytes: number, setting: string, limit: number | undefined): ConfigError {
  const sentence =
    `It has ${bytes} bytes, more than Redis at ${where} takes (${settingText(setting, limit)}). Raise ${setting} ` +
    'there, or make the record smaller.'
  const params = { where, bytes, setting, ...(limit === undefined ? {} : { limit }) }
  return new ConfigError(problem('command-over-limit', sentence, { params }))
}

function settingText(setting: string, limit: number | undefined): string {
  return limit === undefined ? setting : `${setting} ${limit}`
}
