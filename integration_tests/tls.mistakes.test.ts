// What can be wrong between the connector and a server with TLS: each mistake has a code of its own, and ends a run at
// once.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Authority, encrypted, selfSigned } from './support/certificates.ts'
import { check } from './support/check.ts'
import { codesIn } from './support/codes.ts'
import { record } from './support/messages.ts'
import { startTlsFront, startTlsRedis, type TlsRedis, type TlsServer } from './support/tls-server.ts'
import { write } from './support/write.ts'

const authority = new Authority('The authority')
const stranger = new Authority('A stranger')
const localhost = new Authority('localhost')
const own = authority.issue({ hosts: ['127.0.0.1'] })
const client = authority.issue({ name: 'the client' })
const ca_certificate = authority.certificate

const servers: Record<string, TlsServer> = {}
let server: TlsRedis

beforeAll(async () => {
  const start = async (name: string, options: Parameters<typeof startTlsRedis>[0]) => {
    servers[name] = await startTlsRedis(options)
  }
  server = await startTlsRedis(own)
  servers['trusted'] = server
  servers['plain'] = { ...server, port: server.redis.port }
  const { certificate: cert, key } = own
  servers['proxy'] = await startTlsFront(server.redis, { cert, key })
  await Promise.all([
    start('expired', authority.issue({ hosts: ['127.0.0.1'], fromDay: -9, toDay: -1 })),
    start('expired namesake', localhost.issue({ toDay: -0.5 })),
    start('self-signed namesake', selfSigned({ name: 'localhost' })),
    start('early', authority.issue({ hosts: ['127.0.0.1'], fromDay: 1 })),
    start('elsewhere', authority.issue({ hosts: ['redis.example.com', '192.0.2.1'] })),
    start('self-signed', selfSigned({ hosts: ['127.0.0.1'] })),
    start('old', { ...own, args: ['--tls-protocols', 'TLSv1.1'] }),
    start('demanding', { ...own, clientAuthority: authority }),
    start('demanding, TLS 1.2', { ...own, clientAuthority: authority, args: ['--tls-protocols', 'TLSv1.2'] }),
  ])
})
afterAll(() => Promise.all(Object.values(servers).map((one) => one[Symbol.asyncDispose]())))

const full = { mode: 'verify-full', ca_certificate }
const shown = { ...full, client_certificate: client.certificate, client_key: client.key }
const locked = encrypted(client.key, 'open!')
const strange = stranger.issue({ name: 'the client' })

type Case = [what: string, server: string, options: object, code: string]
const cases: Case[] = [
  [
    'an unknown authority',
    'trusted',
    { ssl_mode: { ...full, ca_certificate: stranger.certificate } },
    'certificate-authority-unknown',
  ],
  [
    'an unknown authority, host name not checked',
    'trusted',
    { ssl_mode: { mode: 'disable' } },
    'certificate-authority-unknown',
  ],
  [
    'another authority of the same name',
    'trusted',
    { ssl_mode: { ...full, ca_certificate: new Authority(authority.name).certificate } },
    'certificate-authority-differs',
  ],
  ['a self-signed certificate', 'self-signed', { ssl_mode: full }, 'certificate-self-signed'],
  [
    'a self-signed certificate with the name of an authority that is trusted',
    'self-signed namesake',
    { ssl_mode: { mode: 'verify-ca', ca_certificate: localhost.certificate } },
    'certificate-self-signed',
  ],
  [
    'a certificate that has expired, of an authority of the same name',
    'expired namesake',
    { ssl_mode: { mode: 'verify-ca', ca_certificate: localhost.certificate } },
    'certificate-expired',
  ],
  ['a certificate that has expired', 'expired', { ssl_mode: full }, 'certificate-expired'],
  [
    'a certificate that has expired, host name not checked',
    'expired',
    { ssl_mode: { ...full, mode: 'verify-ca' } },
    'certificate-expired',
  ],
  ['a certificate that is not valid yet', 'early', { ssl_mode: full }, 'certificate-valid-later'],
  ['a certificate for another host', 'elsewhere', { ssl_mode: full }, 'certificate-name-differs'],
  [
    'another server_name',
    'trusted',
    { ssl_mode: { ...full, server_name: 'redis.example.com' } },
    'certificate-name-differs',
  ],
  ['a protocol that is too old', 'old', { ssl_mode: full }, 'tls-version-unsafe'],
  [
    'a client certificate is demanded, and none given',
    'demanding',
    { ssl_mode: full },
    'client-certificate-required',
  ],
  [
    'a client certificate is demanded before TLS 1.3, and none given',
    'demanding, TLS 1.2',
    { ssl_mode: full },
    'tls-handshake-refused',
  ],
  ...['demanding', 'demanding, TLS 1.2'].map((name): Case => [
    'a client certificate of an authority unknown to the server',
    name,
    { ssl_mode: { ...full, client_certificate: strange.certificate, client_key: strange.key } },
    'client-certificate-rejected',
  ]),
  [
    'a client key that belongs to another certificate',
    'demanding',
    { ssl_mode: { ...shown, client_key: own.key } },
    'client-key-mismatch',
  ],
  [
    'a wrong password of the client key',
    'demanding',
    { ssl_mode: { ...shown, client_key: locked, client_key_password: 'sesame' } },
    'client-key-password-wrong',
  ],
  [
    'no password of the client key',
    'demanding',
    { ssl_mode: { ...shown, client_key: locked } },
    'client-key-password-missing',
  ],
  [
    'a client key that is cut short',
    'demanding',
    { ssl_mode: { ...shown, client_key: cutShort(client.key) } },
    'client-key-unreadable',
  ],
  [
    'a client certificate that is cut short',
    'demanding',
    { ssl_mode: { ...shown, client_certificate: cutShort(client.certificate) } },
    'certificate-unreadable',
  ],
  [
    'an authority that is cut short, among others',
    'trusted',
    { ssl_mode: { ...full, ca_certificate: ca_certificate + cutShort(ca_certificate) } },
    'certificate-unreadable',
  ],
  ['a plain-text server spoken to in TLS', 'plain', { ssl_mode: full }, 'tls-not-supported'],
  ['a TLS server spoken to in plain text', 'trusted', { ssl: false }, 'tls-required'],
  ['a TLS proxy spoken to in plain text', 'proxy', { ssl: false }, 'tls-required'],
  [
    'a server that demands a client certificate spoken to in plain text',
    'demanding',
    { ssl: false },
    'tls-required',
  ],
]

describe('each mistake has a code of its own', () => {
  it.each(cases)('%s (%s)', async (_, name, options, code) => {
    const { host, port } = servers[name]!
    const result = await check({ host, port, ssl: true, ...options })
    expect(result.status).toBe('FAILED')
    expect(codesIn(result.message)).toEqual([code])
  })

  it('a server that is not Redis and closes on TLS', async () => {
    const message = await checkAgainst((socket) => socket.once('data', () => socket.destroy()))
    expect(codesIn(message)).toEqual(['tls-handshake-lost'])
  })

  it('a server in plain text that is not Redis', async () => {
    const message = await checkAgainst((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(codesIn(message)).toEqual(['tls-not-supported'])
  })
})

describe('a write', () => {
  it.each([
    ['expired', { ssl: true, ssl_mode: full }, 'certificate-expired'],
    ['demanding', { ssl: true, ssl_mode: full }, 'client-certificate-required'],
    ['plain', { ssl: true, ssl_mode: full }, 'tls-not-supported'],
    ['trusted', { ssl: false }, 'tls-required'],
    ['demanding', { ssl: true, ssl_mode: { ...shown, client_key: locked } }, 'client-key-password-missing'],
  ])('ends with such a mistake at once (%s, %o)', async (name, options, code) => {
    const run = await write(servers[name]!, [{ name: 's' }], record('s', {}), options)
    expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
    expect(codesIn(run.errors[0]!.message)).toEqual([code])
    expect(run.logs.map(({ message }) => message)).not.toContainEqual(expect.stringMatching(/Retrying/))
  })

  it('waits for a TLS server that is not there', async () => {
    const options = { ssl: true, ssl_mode: full, max_outage_seconds: 1 }
    const run = await write({ host: '127.0.0.1', port: 1 }, [{ name: 's' }], record('s', {}), options)
    expect(run.errors).toMatchObject([{ failure_type: 'transient_error' }])
    expect(run.logs.map(({ message }) => message)).toContainEqual(expect.stringMatching(/Retrying/))
  })
})

/** Keeps the lines BEGIN and END, and the first half of those in between. */
function cutShort(pem: string): string {
  const lines = pem.trim().split(/\r?\n/)
  return [...lines.slice(0, lines.length / 2), lines.at(-1), ''].join('\n')
}

async function checkAgainst(accept: (socket: Socket) => void): Promise<string> {
  const listener = createServer((socket) => accept(socket.on('error', () => {})))
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const { message } = await check({ host: '127.0.0.1', port, ssl: true, ssl_mode: full })
  listener.close()
  return message
}
