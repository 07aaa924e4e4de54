// TLS below what a run of the connector shows: over a stream that is no socket, as that of a tunnel; keys; looks.
import { createPrivateKey } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Authority } from './support/certificates.ts'
import { startTlsRedis, type TlsRedis } from './support/tls-server.ts'
import type { TlsSettings } from '../src/config/settings/config.ts'
import { ConfigError } from '../src/errors.ts'
import { openConnection, type OpenConnection } from '../src/redis/session/open-connection.ts'
import { openTls } from '../src/redis/transport/tls.ts'
import { credentialsOf } from '../src/redis/transport/tls-credentials.ts'
import { Transport } from '../src/redis/transport/transport.ts'

const authority = new Authority('The authority')
const settings: TlsSettings = {
  mode: 'verify-full',
  caCertificate: authority.certificate,
  clientCertificate: undefined,
  clientKey: undefined,
  clientKeyPassword: undefined,
  serverName: undefined,
}

let server: TlsRedis
beforeAll(async () => {
  server = await startTlsRedis(authority.issue({ hosts: ['127.0.0.1'] }))
})
afterAll(() => server[Symbol.asyncDispose]())

function settingsWith(tls: TlsSettings | undefined): ConstructorParameters<typeof Transport>[0] {
  return { tls, tunnel: undefined, redirectHosts: undefined }
}

/** As the stream of a tunnel. */
class Carriage extends Duplex {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause()
    })
    socket.once('end', () => this.push(null)).once('close', () => this.destroy())
    socket.on('error', (error) => this.destroy(error))
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}

class Carried extends Transport {
  readonly streams: Duplex[] = []
  readonly #settings: TlsSettings

  constructor(tls: TlsSettings) {
    super(settingsWith(tls), () => {})
    this.#settings = tls
  }

  override async open(_: unknown, signal: AbortSignal): Promise<Socket> {
    const stream = new Carriage(connect(server.port, server.host))
    this.streams.push(stream)
    const tls = { settings: this.#settings, credentials: credentialsOf(this.#settings) }
    return openTls(stream, server, tls, signal)
  }
}

function openOver(transport: Transport): Promise<OpenConnection> {
  return openConnection(transport, server, { username: undefined, password: undefined, database: 1 })
}

describe('TLS over a stream that is no socket', () => {
  it('carries a connection, with large values in both directions', async () => {
    await using connection = await openOver(new Carried(settings))
    const value = 'x'.repeat(16_000_000)
    expect(await connection.call('SET', 'large', value)).toBe('OK')
    expect((await connection.call('GETRANGE', 'large', 0, -1)) === value).toBe(true)
  })

  it('ends with that stream', async () => {
    const transport = new Carried(settings)
    await using connection = await openOver(transport)
    transport.streams[0]!.destroy(new Error('the tunnel broke down'))
    expect(await connection.gone).toMatchObject({ message: 'the tunnel broke down' })
  })

  it('closes that stream when it is cut, and when it is refused', async () => {
    const transport = new Carried(settings)
    const connection = await openOver(transport)
    connection.cut()
    await connection.gone
    await expect.poll(() => transport.streams[0]!.destroyed).toBe(true)

    const wary = new Carried({ ...settings, serverName: 'elsewhere' })
    await expect(openOver(wary)).rejects.toMatchObject({
      problem: { code: 'certificate-name-differs', params: { name: 'elsewhere', names: '127.0.0.1' } },
    })
    await expect.poll(() => wary.streams[0]!.destroyed).toBe(true)
  })

  it('is given up, with that stream closed, when the time is over', async () => {
    const transport = new Carried(settings)
    await server.redis.kill('SIGSTOP')
    const opening = transport.open(server, AbortSignal.timeout(200))
    await expect(opening).rejects.toThrow(/timeout/)
    expect(transport.streams[0]!.destroyed).toBe(true)
    await server.redis.kill('SIGCONT')
  })
})

describe('a connection in plain text that was cut short', () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })

  it('is explained by TLS, unless a login has worked there', async () => {
    const transport = new Transport(settingsWith(undefined), () => {})
    expect(await transport.explain(reset, server)).toMatchObject({
      name: 'ConfigError',
      problem: { code: 'tls-required' },
    })
    transport.noteReached(server)
    expect(await transport.explain(reset, server)).toBe(reset)
  })

  it('was closed early where plain text is spoken, unless a login has worked there', async () => {
    const transport = new Transport(settingsWith(undefined), () => {})
    expect(await transport.explain(reset, server.redis)).toMatchObject({
      problem: { code: 'connection-closed-early' },
    })
    transport.noteReached(server.redis)
    expect(await transport.explain(reset, server.redis)).toBe(reset)
  })
})

describe('a client key', () => {
  const { certificate: clientCertificate, key } = authority.issue({ name: 'the client' })
  const options = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open!' } as const

  it.each(['pkcs1', 'pkcs8'] as const)('may be encrypted as %s', (kind) => {
    const clientKey = createPrivateKey(key)
      .export({ type: kind, ...options })
      .toString()
    const locked = { ...settings, clientCertificate, clientKey }
    credentialsOf({ ...locked, clientKeyPassword: 'open!' })
    for (const clientKeyPassword of [undefined, 'sesame'])
      expect(() => credentialsOf({ ...locked, clientKeyPassword })).toThrow(ConfigError)
  })

  it('that needs no password may be given one', () => {
    credentialsOf({ ...settings, clientCertificate, clientKey: key, clientKeyPassword: 'open!' })
  })

  it('is never shown', () => {
    const wrong = { ...settings, clientCertificate, clientKey: key.slice(0, 200) + key.slice(-40) }
    expect(() => credentialsOf(wrong)).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({ code: 'client-key-unreadable', options: ['ssl_mode.client_key'] }),
        ],
        message: expect.not.stringContaining(key.slice(40, 80)),
      }),
    )
  })
})
