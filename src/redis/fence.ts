/**
 * Makes sure that a lost connection can do no more harm. A tunnel or proxy may still deliver what was written to
 * it, long after we gave it up; put into effect behind newer commands, that would undo or double them. So before
 * anything is sent again, the server is made to drop the old connection.
 */
import type { Identity, OpenConnection } from './connect.ts'

type Now = Pick<OpenConnection, 'identity' | 'call'>

/** Whether every one of `lost` is known to be dead on the server that `now` is connected to. */
export async function fence(lost: readonly Identity[], now: Now): Promise<boolean> {
  const proofs = await Promise.all(lost.map((identity) => isDead(identity, now)))
  return proofs.every(Boolean)
}

async function isDead(lost: Identity, now: Now): Promise<boolean> {
  if (isOtherProcess(lost, now.identity)) return true
  if (lost.clientId === undefined) return false
  try {
    // Answers how many it killed: none means that the server had dropped the connection by itself.
    await now.call('CLIENT', 'KILL', 'ID', lost.clientId)
    return true
  } catch (error) {
    if (error instanceof Error && error.name === 'ReplyError') return false
    throw error
  }
}

/** A server that was started again has no old connections, and client ids of its own, counted from 1. */
function isOtherProcess(lost: Identity, now: Identity): boolean {
  if (lost.runId !== undefined && now.runId !== undefined) return lost.runId !== now.runId
  return lost.clientId !== undefined && now.clientId !== undefined && now.clientId <= lost.clientId
}
