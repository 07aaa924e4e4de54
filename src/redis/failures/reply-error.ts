/** Tells error replies of a server from errors of the connection to it. */

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
