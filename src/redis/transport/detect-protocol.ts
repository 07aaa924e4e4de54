/** Finds out which protocol a server speaks, after a connection to it has failed. No credentials are sent. */
import { connect } from 'node:tls'
import type { Duplex } from 'node:stream'
import { waitForOpen } from './wait-for-open.ts'

/** Returns whether a server answers a TLS greeting with one of its own, or with a TLS alert. */
export async function isTlsServer(stream: Duplex, signal: AbortSignal): Promise<boolean> {
  // Only the protocol matters here, not the certificate.
  const socket = connect({ socket: stream, rejectUnauthorized: false })
  try {
    await waitForOpen(socket, 'secureConnect', signal)
    return true
  } catch (error) {
    return /ALERT/.test(String((error as NodeJS.ErrnoException).code))
  } finally {
    socket.destroy()
    stream.destroy()
  }
}

/** Returns whether a server answers PING in plain text as Redis does, also with an error. */
export async function isPlainTextServer(stream: Duplex, signal: AbortSignal): Promise<boolean> {
  stream.write('PING\r\n')
  const heard = await firstEventOf(stream, signal)
  return Buffer.isBuffer(heard) && /^[+-]/.test(heard.toString('latin1'))
}

/** Returns the first bytes or the first error of a stream; undefined if it closes, or `signal` is aborted. */
export async function firstEventOf(stream: Duplex, signal: AbortSignal): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const end = (): void => resolve(undefined)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  stream.once('data', resolve).on('error', resolve).once('close', end)
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', end)
    stream.destroy()
  }
}
