/** Waits for a stream to be open. */
import type { Socket } from 'node:net'

/** Resolves at `event`; rejects, with the stream destroyed, when it fails first, ends, or `signal` is aborted. */
export async function waitForOpen<Stream extends Socket>(
  stream: Stream,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<Stream> {
  const { promise, resolve, reject } = Promise.withResolvers<Stream>()
  const open = (): void => resolve(stream)
  const close = (): void => reject(new Error('the connection was closed'))
  const abort = (): void => reject(signal.reason as Error)
  stream.once(event, open).once('error', reject).once('close', close)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    return await promise
  } catch (error) {
    // Errors that follow from the first one are ignored.
    stream.on('error', () => {}).destroy()
    throw error
  } finally {
    stream.off(event, open).off('error', reject).off('close', close)
    signal.removeEventListener('abort', abort)
  }
}
