/** Opens the byte streams that connections run over: TCP or a Unix socket, through a tunnel where there is one, TLS on top. */
import { createConnection, type Socket } from 'node:net'
import type { Address, Connection, TlsSettings } from '../../config/settings/config.ts'
import { ConfigError, TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { addressText } from './address.ts'
import { opened } from './wait-for-open.ts'
import { nameAt, secured } from './tls.ts'
import { firstOf, speaksPlainText, speaksTls } from './detect-protocol.ts'
import { credentialsOf, type Credentials } from './tls-credentials.ts'
import { isTakenForSelfSigned, namesakeAt } from './same-name-ca.ts'
import { isCutShort, noTls, tlsProblem, wantsTls } from './tls-problems.ts'
import { Tunnel } from './tunnel.ts'

/** Silence after which the system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 10_000

/** Silence in the handshake after which it is doubted that the other side speaks TLS at all. */
const DOUBT_MS = 1_500

/** How long a server may take to show what it speaks. */
const LOOK_MS = 2_000

export class Transport {
  readonly #connection: Pick<Connection, 'tls' | 'tunnel'>
  readonly #tunnel: Tunnel | undefined
  readonly #understood = new Set<string>()
  #credentials: Credentials | undefined

  constructor(connection: Pick<Connection, 'tls' | 'tunnel'>, log: Log = () => {}) {
    this.#connection = connection
    this.#tunnel = connection.tunnel && new Tunnel(connection.tunnel, log)
  }

  /** Resolves when bytes may be sent; rejects, with everything closed, when that fails or `signal` is aborted. */
  async open(address: Address, signal: AbortSignal): Promise<Socket> {
    if (this.#connection.tls === undefined) return this.#stream(address, signal)
    const ended = new AbortController()
    const either = AbortSignal.any([signal, ended.signal])
    // Redis takes the greeting for the beginning of a command, and waits for the rest of it.
    const doubt = (): Promise<void> =>
      this.#look(speaksPlainText, address, either).then((isPlainText) => {
        if (isPlainText) ended.abort(new ConfigError(noTls(addressText(address))))
      })
    const timer = setTimeout(() => void doubt(), DOUBT_MS)
    try {
      return await this.#secured(address, this.#connection.tls, either)
    } finally {
      clearTimeout(timer)
      ended.abort()
    }
  }

  /** Ends the tunnel, if there is one, and with it every connection through it. */
  async close(): Promise<void> {
    await this.#tunnel?.close()
  }

  /** A login has worked there, so that one which is cut short from now on is that and no more. */
  noteUnderstood(address: Address): void {
    this.#understood.add(addressText(address))
  }

  /** A server may close a connection without a word that arrives: looks for what it has to say about TLS, else gives `error`. */
  async explain(error: unknown, address: Address): Promise<unknown> {
    const isInHandshake = error instanceof TransientError
    const where = addressText(address)
    if (this.#understood.has(where) || !isCutShort(isInHandshake ? error.cause : error)) return error
    const signal = AbortSignal.timeout(LOOK_MS)
    const { tls } = this.#connection
    if (tls !== undefined && !isInHandshake) return (await this.#refusal(address, tls, signal)) ?? error
    const speaksOther = tls === undefined ? speaksTls : speaksPlainText
    if (!(await this.#look(speaksOther, address, signal))) return error
    return new ConfigError((tls === undefined ? wantsTls : noTls)(where), { cause: error })
  }

  /** Since TLS 1.3 a server judges our certificate behind the handshake, and what is sent to it by then can drown its words. */
  async #refusal(address: Address, tls: TlsSettings, signal: AbortSignal): Promise<ConfigError | undefined> {
    const reason = await this.#secured(address, tls, signal).then(
      (socket) => firstOf(socket, signal),
      (error: unknown) => error,
    )
    return tlsProblem(reason, addressText(address))
  }

  async #secured(address: Address, tls: TlsSettings, signal: AbortSignal): Promise<Socket> {
    const credentials = (this.#credentials ??= credentialsOf(tls))
    try {
      return await secured(
        await this.#stream(address, signal),
        address,
        { settings: tls, credentials },
        signal,
      )
    } catch (error) {
      if (!isTakenForSelfSigned(error)) throw error
      const { authorities, trusted } = credentials
      const stream = await this.#stream(address, signal)
      const namesake = await namesakeAt(stream, nameAt(address, tls), authorities, signal)
      if (namesake === undefined) throw error
      const settings = { settings: tls, credentials: credentialsOf(tls, [...trusted, namesake]) }
      this.#credentials = settings.credentials
      return secured(await this.#stream(address, signal), address, settings, signal)
    }
  }

  async #look(speaks: typeof speaksTls, address: Address, signal: AbortSignal): Promise<boolean> {
    return this.#stream(address, signal).then(
      (stream) => speaks(stream, signal),
      () => false,
    )
  }

  /** The bytes that TLS, or plain text, goes over. */
  async #stream(address: Address, signal: AbortSignal): Promise<Socket> {
    if (this.#tunnel !== undefined && 'host' in address) {
      const stream: unknown = await this.#tunnel.open(address, signal)
      // It has all that is asked of a socket that is open.
      return stream as Socket
    }
    const socket = await opened(createConnection({ ...address }), 'connect', signal)
    return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
  }
}
