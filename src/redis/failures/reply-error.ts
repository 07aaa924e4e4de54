/** Tells error replies of a server from errors of the connection to it. */
import { commandName } from '../resp/command-replies.ts'
import type { SentCommand } from './unexpected-reply.ts'

/** The name that ioredis gives to an error made of an error reply. */
const REPLY_ERROR = 'ReplyError'

/** Returns whether the server answered with an error, which says that the connection works. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === REPLY_ERROR
}

/** Returns undefined for an error reply, for commands that a server may refuse; throws any other error. */
export function ignoreReplyError(error: unknown): undefined {
  if (!isReplyError(error)) throw error
}

/** Returns the command that an error reply is the answer to; ioredis adds it to the error. */
export function sentCommandOf(error: Error): SentCommand | undefined {
  const { command } = error as Error & { command?: { name?: unknown; args?: unknown } }
  if (typeof command?.name !== 'string') return undefined
  const args = Array.isArray(command.args) ? command.args.map(String) : []
  return { name: commandName(command.name, args[0]), args: () => args }
}
