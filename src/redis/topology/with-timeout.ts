/** Questions to a server that may not answer. */
import type { OpenConnection } from '../session/open-connection.ts'

/** Cuts the connection when the answer takes longer. */
export async function withTimeout<T>(
  timeoutMs: number,
  connection: Pick<OpenConnection, 'cut'>,
  answer: Promise<T>,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
    connection.cut()
  }, timeoutMs)
  try {
    return await Promise.race([answer, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Whether the server answered with an error, and not the network. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}
