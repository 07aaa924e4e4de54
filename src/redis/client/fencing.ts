/**
 * Makes sure that a lost connection can do no more harm. A tunnel or proxy may still deliver what was written to
 * it, long after we gave it up; put into effect behind newer commands, that would undo or double them. So before
 * anything is sent again, the server is made to drop the old connection.
 */
import { classifyReply } from '../failures/error-classifier.ts'
import { isReplyError } from '../failures/reply-error.ts'
import type { Identity } from '../session/open-connection.ts'
import type { Reply } from '../resp/reply.ts'

/** A server as it is connected to now. */
export interface Present {
  readonly identity: Identity
  ask(command: string, args: readonly (string | number)[]): Promise<Reply>
}

/**
 * Returns whether every one of `lost` is known to be closed, or to lead only to servers that refuse writes. Throws when a
 * server cannot answer now.
 */
export async function fence(lost: readonly Identity[], present: readonly Present[]): Promise<boolean> {
  const proofs = await Promise.all(lost.map((identity) => isDead(identity, present)))
  return proofs.every(Boolean)
}

async function isDead(lost: Identity, present: readonly Present[]): Promise<boolean> {
  // A process that is no master any more takes no writes; one that has ended has no connections.
  const its = present.find(({ identity }) => isSameProcess(lost, identity))
  if (its === undefined) return true
  if (lost.clientId === undefined) return false
  try {
    // Answers how many it killed: none means that the server had dropped the connection by itself.
    await its.ask('CLIENT', ['KILL', 'ID', lost.clientId])
    return true
  } catch (error) {
    // A server that is busy may allow it later, and one that wants a password has not looked at the command.
    const isDenied =
      isReplyError(error) &&
      !error.message.startsWith('NOAUTH') &&
      classifyReply(error.message, lost.where).handling !== 'retry'
    if (isDenied) return false
    throw error
  }
}

/** A server that was started again has client ids of its own, counted from 1. */
function isSameProcess(lost: Identity, now: Identity): boolean {
  if (lost.runId !== undefined && now.runId !== undefined) return lost.runId === now.runId
  if (lost.where !== now.where) return false
  return lost.clientId === undefined || now.clientId === undefined || now.clientId > lost.clientId
}
