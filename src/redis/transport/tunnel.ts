/** An SSH tunnel: one SSH connection that carries all Redis connections, opened when needed and again when lost. */
import type { Address, TunnelSettings } from '../../config/settings/config.ts'
import { ConnectorError, TransientError, type Problem } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { addressText } from './address.ts'
import { logIn, type SshSession } from './ssh-login.ts'
import { forwardingProblem, forwardingUnanswered, tunnelLost, unanswered } from './tunnel-problem.ts'
import { TunnelStream } from './tunnel-stream.ts'
import type { Where } from './address.ts'

/** Less than opening a connection may take, so that the error names the SSH host. */
const LOGIN_MS = 9_000

/** The SSH host is told this as the origin of each connection. */
const ORIGIN = ['127.0.0.1', 0] as const

export class Tunnel {
  readonly #settings: TunnelSettings
  readonly #log: Log
  readonly #where: Where
  readonly #closing = new AbortController()
  #session: Promise<SshSession> | undefined
  #loggedFingerprint: string | undefined

  constructor(settings: TunnelSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#where = addressText(settings)
  }

  /** Connects to an address as the SSH host sees it. */
  async open(address: Exclude<Address, { path: string }>, signal: AbortSignal): Promise<TunnelStream> {
    const session = await unlessAborted(this.#open(), signal, () => unanswered(this.#where))
    return unlessAborted(this.#forward(session, address, signal), signal, () =>
      forwardingUnanswered(addressText(address), this.#where),
    )
  }

  /** Closes the SSH connection, and with it every Redis connection. */
  async close(): Promise<void> {
    this.#closing.abort()
    const session = await this.#session?.catch(() => undefined)
    session?.client.end()
    session?.socket.destroySoon()
  }

  #open(): Promise<SshSession> {
    if (this.#closing.signal.aborted) return Promise.reject(tunnelLost(this.#where))
    if (this.#session !== undefined) return this.#session
    const session = this.#logIn()
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined
    }
    this.#session = session
    session.then(({ socket }) => socket.once('close', forget), forget)
    return session
  }

  async #logIn(): Promise<SshSession> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), LOGIN_MS)
    try {
      const session = await logIn(this.#settings, AbortSignal.any([late.signal, this.#closing.signal]))
      if (this.#settings.hostKey === undefined) this.#logFingerprint(session.fingerprint)
      return session
    } finally {
      clearTimeout(timer)
    }
  }

  #logFingerprint(fingerprint: string): void {
    if (fingerprint === this.#loggedFingerprint) return
    this.#loggedFingerprint = fingerprint
    this.#log(
      'INFO',
      `The SSH host ${this.#where} has the key ${fingerprint}, which is not checked. ` +
        'Compare it, and set tunnel_method.tunnel_host_key to it, so that no other host can take its place.',
    )
  }

  #forward(
    { client, socket }: SshSession,
    { host, port }: { host: string; port: number },
    signal: AbortSignal,
  ): Promise<TunnelStream> {
    const { promise, resolve, reject } = Promise.withResolvers<TunnelStream>()
    try {
      client.forwardOut(...ORIGIN, host, port, (error, channel) => {
        if (error) return reject(forwardingProblem(error, addressText({ host, port }), this.#where))
        const stream = new TunnelStream(channel)
        // Runs before ssh2's own listener, which ends each channel as if Redis had closed it.
        const lose = (): void => void stream.destroy(tunnelLost(this.#where))
        socket.prependOnceListener('close', lose)
        stream.once('close', () => socket.off('close', lose))
        if (signal.aborted) stream.destroy()
        resolve(stream)
      })
    } catch (error) {
      // ssh2 throws when the connection is already closed.
      reject(tunnelLost(this.#where, error))
    }
    return promise
  }
}

async function unlessAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal,
  timeoutProblem: () => Problem,
): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => {
    const reason: unknown = signal.reason
    reject(reason instanceof ConnectorError ? reason : new TransientError(timeoutProblem()))
  }
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
