/** Looks at what a server speaks, once a connection to it has failed. Nothing that matters is sent. */
import { connect } from 'node:tls'
import type { Duplex } from 'node:stream'
import { opened } from './wait-for-open.ts'

/** It answers a greeting in TLS with one of its own, or refuses it in TLS' words. */
export async function speaksTls(stream: Duplex, signal: AbortSignal): Promise<boolean> {
  // Who it is does not matter here.
  const socket = connect({ socket: stream, rejectUnauthorized: false })
  try {
    await opened(socket, 'secureConnect', signal)
    return true
  } catch (error) {
    return /ALERT/.test(String((error as NodeJS.ErrnoException).code))
  } finally {
    socket.destroy()
    stream.destroy()
  }
}

/** It answers in plain text as Redis does, be it with an error. */
export async function speaksPlainText(stream: Duplex, signal: AbortSignal): Promise<boolean> {
  stream.write('PING\r\n')
  const heard = await firstOf(stream, signal)
  return Buffer.isBuffer(heard) && /^[+-]/.test(heard.toString('latin1'))
}

/** The first bytes or the error that come from the other side; undefined if it closes, or until `signal` is aborted. */
export async function firstOf(stream: Duplex, signal: AbortSignal): Promise<unknown> {
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
