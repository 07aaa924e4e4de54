/** An SSH tunnel: one session, opened when it is needed and again when it is lost, that carries all connections. */
import type { Address, TunnelSettings } from '../../config/settings/config.ts'
import { ConnectorError, TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { addressText } from './address.ts'
import { logIn, type Login } from './ssh-login.ts'
import { forwardingProblem, lost, silent } from './tunnel-problems.ts'
import { TunnelStream } from './tunnel-stream.ts'
import type { Where } from './address.ts'

/** Less than a connection may take, so that it is said what was waited for. */
const LOGIN_MS = 9_000

/** What a server is told about where a connection comes from. */
const ORIGIN = ['127.0.0.1', 0] as const

export class Tunnel {
  readonly #settings: TunnelSettings
  readonly #log: Log
  readonly #where: Where
  readonly #closing = new AbortController()
  #session: Promise<Login> | undefined
  #shown: string | undefined

  constructor(settings: TunnelSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#where = addressText(settings)
  }

  /** Connects to an address as the SSH host sees it. */
  async open(address: Exclude<Address, { path: string }>, signal: AbortSignal): Promise<TunnelStream> {
    const session = await unlessAborted(this.#open(), signal, () => silent(this.#where))
    const name = addressText(address)
    return unlessAborted(
      this.#forward(session, address, signal),
      signal,
      () => `Redis at ${name} does not answer the SSH host ${this.#where}. Check host and port.`,
    )
  }

  /** Ends the session, and with it every connection. */
  async close(): Promise<void> {
    this.#closing.abort()
    const session = await this.#session?.catch(() => undefined)
    session?.client.end()
    session?.socket.destroySoon()
  }

  #open(): Promise<Login> {
    if (this.#closing.signal.aborted) return Promise.reject(lost(this.#where))
    if (this.#session !== undefined) return this.#session
    const session = this.#logIn()
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined
    }
    this.#session = session
    session.then(({ socket }) => socket.once('close', forget), forget)
    return session
  }

  async #logIn(): Promise<Login> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), LOGIN_MS)
    try {
      const login = await logIn(this.#settings, AbortSignal.any([late.signal, this.#closing.signal]))
      if (this.#settings.hostKey === undefined) this.#show(login.fingerprint)
      return login
    } finally {
      clearTimeout(timer)
    }
  }

  #show(fingerprint: string): void {
    if (fingerprint === this.#shown) return
    this.#shown = fingerprint
    this.#log(
      'INFO',
      `The SSH host ${this.#where} shows the key ${fingerprint}, which is not checked. ` +
        'Compare it, and set tunnel_method.tunnel_host_key to it, so that no other host can take its place.',
    )
  }

  #forward(
    { client, socket }: Login,
    { host, port }: { host: string; port: number },
    signal: AbortSignal,
  ): Promise<TunnelStream> {
    const { promise, resolve, reject } = Promise.withResolvers<TunnelStream>()
    try {
      client.forwardOut(...ORIGIN, host, port, (error, channel) => {
        if (error) return reject(forwardingProblem(error, addressText({ host, port }), this.#where))
        const stream = new TunnelStream(channel)
        // Ahead of what ssh2 does then: to end each channel as if Redis had.
        const lose = (): void => void stream.destroy(lost(this.#where))
        socket.prependOnceListener('close', lose)
        stream.once('close', () => socket.off('close', lose))
        if (signal.aborted) stream.destroy()
        resolve(stream)
      })
    } catch (error) {
      // It is lost already, which shows in a moment.
      reject(lost(this.#where, error))
    }
    return promise
  }
}

async function unlessAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal,
  sentence: () => string,
): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => {
    const reason: unknown = signal.reason
    reject(reason instanceof ConnectorError ? reason : new TransientError(sentence()))
  }
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
