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
