/** Opens byte streams to servers: TCP or a Unix socket, through an SSH tunnel if there is one, with TLS on top. */
import { createConnection, type Socket } from 'node:net'
import type { Address, Connection, TlsSettings } from '../../config/settings/config.ts'
import { ConfigError, problem, TransientError, type Problem } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { shownName } from '../../shown-text.ts'
import { addressText, type Where } from './address.ts'
import { waitForOpen } from './wait-for-open.ts'
import { nameAt, openTls } from './tls.ts'
import { firstEventOf, isPlainTextServer, isTlsServer } from './detect-protocol.ts'
import { credentialsOf, type Credentials } from './tls-credentials.ts'
import { isTreatedAsSelfSigned, readSameNameCertificate } from './same-name-ca.ts'
import { isCutShort, tlsNotSupported, tlsProblem, tlsRequired } from './tls-problem.ts'
import { Tunnel } from './tunnel.ts'

/** After this time without bytes the operating system checks whether the other side still exists. */
const KEEP_ALIVE_MS = 10_000

/** After this time without bytes in the handshake, a second connection detects whether the server speaks TLS at all. */
const DOUBT_MS = 1_500

/** A server may take so long to show its protocol. */
const DETECT_MS = 2_000

type TransportSettings = Pick<Connection, 'tls' | 'tunnel' | 'redirectHosts'>

export class Transport {
  readonly #connection: TransportSettings
  readonly #tunnel: Tunnel | undefined
  /** Servers that a login has worked at. */
  readonly #reached = new Set<string>()
  #credentials: Credentials | undefined

  constructor(connection: TransportSettings, log: Log = () => {}) {
    this.#connection = connection
    this.#tunnel = connection.tunnel && new Tunnel(connection.tunnel, log)
  }

  /** Opens a stream; rejects, with everything closed, when that fails or `signal` is aborted. */
  async open(address: Address, signal: AbortSignal): Promise<Socket> {
    this.requireAllowed(address)
    if (this.#connection.tls === undefined) return this.#stream(address, signal)
    const ended = new AbortController()
    const either = AbortSignal.any([signal, ended.signal])
    // A server without TLS reads the greeting as the start of a command, and waits for the rest.
    const doubt = (): Promise<void> =>
      this.#detect(isPlainTextServer, address, either).then((isPlainText) => {
        if (isPlainText) ended.abort(new ConfigError(tlsNotSupported(addressText(address))))
      })
    const timer = setTimeout(() => void doubt(), DOUBT_MS)
    try {
      return await this.#openTls(address, this.#connection.tls, either)
    } finally {
      clearTimeout(timer)
      ended.abort()
    }
  }

  /** Throws where a server has named a host that may not be connected to. */
  requireAllowed(address: Address): void {
    const { redirectHosts } = this.#connection
    if ('path' in address || redirectHosts === undefined || redirectHosts(address.host)) return
    throw new ConfigError(deniedHost(addressText(address)))
  }

  /** Closes the tunnel, if there is one, and with it every connection through it. */
  async close(): Promise<void> {
    await this.#tunnel?.close()
  }

  /** Records that a login has worked, so that a later disconnect is a network problem and not a TLS mismatch. */
  noteReached(address: Address): void {
    this.#reached.add(addressText(address))
  }

  /** Returns the reason why a server may have closed a connection without one: a TLS mismatch, or another protocol. */
  async explain(error: unknown, address: Address): Promise<unknown> {
    const isInHandshake = error instanceof TransientError
    const where = addressText(address)
    if (this.#reached.has(where) || !isCutShort(isInHandshake ? error.cause : error)) return error
    const signal = AbortSignal.timeout(DETECT_MS)
    const { tls } = this.#connection
    if (tls !== undefined && !isInHandshake) return (await this.#readRefusal(address, tls, signal)) ?? error
    const isOtherProtocol = tls === undefined ? isTlsServer : isPlainTextServer
    if (!(await this.#detect(isOtherProtocol, address, signal)))
      return isInHandshake ? error : closedEarly(where, error)
    const mismatch = tls === undefined ? tlsRequired(where) : tlsNotSupported(where)
    return new ConfigError(mismatch, { cause: error })
  }

  /**
   * Connects once more to read why a server refuses our certificate: since TLS 1.3 it does so after the handshake, and its
   * alert is lost when we have sent data by then.
   */
  async #readRefusal(
    address: Address,
    tls: TlsSettings,
    signal: AbortSignal,
  ): Promise<ConfigError | undefined> {
    const reason = await this.#openTls(address, tls, signal).then(
      (socket) => firstEventOf(socket, signal),
      (error: unknown) => error,
    )
    return tlsProblem(reason, addressText(address))
  }

  async #openTls(address: Address, tls: TlsSettings, signal: AbortSignal): Promise<Socket> {
    const credentials = (this.#credentials ??= credentialsOf(tls))
    try {
      return await openTls(
        await this.#stream(address, signal),
        address,
        { settings: tls, credentials },
        signal,
      )
    } catch (error) {
      if (!isTreatedAsSelfSigned(error)) throw error
      const { authorities, trusted } = credentials
      const stream = await this.#stream(address, signal)
      const name = nameAt(address, tls)
      const certificate = await readSameNameCertificate(stream, name, authorities, signal)
      if (certificate === undefined) throw error
      const settings = { settings: tls, credentials: credentialsOf(tls, [...trusted, certificate]) }
      this.#credentials = settings.credentials
      return openTls(await this.#stream(address, signal), address, settings, signal)
    }
  }

  async #detect(isServer: typeof isTlsServer, address: Address, signal: AbortSignal): Promise<boolean> {
    return this.#stream(address, signal).then(
      (stream) => isServer(stream, signal),
      () => false,
    )
  }

  /** Opens the stream below TLS. */
  async #stream(address: Address, signal: AbortSignal): Promise<Socket> {
    if (this.#tunnel !== undefined && 'host' in address) {
      const stream: unknown = await this.#tunnel.open(address, signal)
      // TunnelStream has every method that TLS and ioredis call on an open socket.
      return stream as Socket
    }
    const socket = await waitForOpen(createConnection({ ...address }), 'connect', signal)
    return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
  }
}

/** For a server where no login has worked yet. */
function closedEarly(where: Where, cause: unknown): TransientError {
  const sentence =
    `The server at ${where} accepted the connection and closed it before the login was done. ` +
    'Check that it is Redis; a proxy in between may not support commands such as CLIENT and INFO.'
  return new TransientError(problem('connection-closed-early', sentence, { params: { where } }), { cause })
}

function deniedHost(address: string): Problem {
  const where = shownName(address)
  return problem(
    'redirect-host-denied',
    `Redis sends the connector to ${where}, a host that redirect_hosts does not allow. Nothing was sent there. If the host ` +
      'is one of yours, add it to redirect_hosts.',
    { options: ['redirect_hosts'], params: { where } },
  )
}
