// TLS against Redis servers that speak it, by the modes of ssl_mode.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { Authority, encrypted, selfSigned } from './support/certificates.ts'
import { check } from './support/check.ts'
import { startConnector } from './support/connector.ts'
import { record, streamState } from './support/messages.ts'
import { isState } from './support/output-message.ts'
import { RedisServer } from './support/redis-server.ts'
import { startTlsFront, startTlsRedis, type TlsRedis, type TlsServer } from './support/tls-server.ts'
import { write, writeArgs } from './support/write.ts'

const authority = new Authority('The authority')
const own = authority.issue({ hosts: ['localhost', '127.0.0.1', '::1'] })
const ca_certificate = authority.certificate

let server: TlsRedis

beforeAll(async () => {
  server = await startTlsRedis(own)
})
afterAll(() => server[Symbol.asyncDispose]())

const at = ({ host, port }: TlsServer, ssl_mode: object) => ({ host, port, ssl: true, ssl_mode })
const SUCCEEDED = { status: 'SUCCEEDED', message: '' }

describe('TLS', () => {
  it.each(['disable', 'verify-ca', 'verify-full'])('in mode %s trusts the authority given', async (mode) => {
    expect(await check(at(server, { mode, ca_certificate }))).toMatchObject(SUCCEEDED)
  })

  it('finds a host name, as well as an address, in the certificate', async () => {
    const config = { ...at(server, { mode: 'verify-full', ca_certificate }), host: 'localhost' }
    expect(await check(config)).toMatchObject(SUCCEEDED)
  })

  it('without a mode checks everything, against the authorities of the system', async () => {
    const config = { host: 'localhost', port: server.port, ssl: true }
    const file = join(server.redis.dir, 'system.pem')
    writeFileSync(file, authority.certificate)
    expect(await check(config, { env: { SSL_CERT_FILE: file } })).toMatchObject(SUCCEEDED)
    expect((await check(config)).message).toMatch(/\[certificate-authority-unknown\]$/)
  })

  it('is asked for by a URL, too', async () => {
    const url = `rediss://localhost:${server.port}/2`
    expect(await check({ url, ssl_mode: { mode: 'verify-full', ca_certificate } })).toMatchObject(SUCCEEDED)
    expect((await check({ url })).message).toMatch(/\[certificate-authority-unknown\]$/)
  })

  it('takes several authorities in one text, pasted with line ends as \\n', async () => {
    const both = new Authority('Another').certificate + ca_certificate
    const pasted = both.replaceAll(/\r?\n/g, String.raw`\n`)
    for (const text of [both, pasted])
      expect(await check(at(server, { mode: 'verify-full', ca_certificate: text }))).toMatchObject(SUCCEEDED)
  })

  it('trusts an authority in between, whether it is given alone or with its root', async () => {
    const between = new Authority('In between', authority)
    await using signed = await startTlsRedis(between.issue({ hosts: ['127.0.0.1'] }))
    for (const text of [between.certificate, between.certificate + ca_certificate])
      expect(await check(at(signed, { mode: 'verify-full', ca_certificate: text }))).toMatchObject(SUCCEEDED)
    const { message } = await check(at(signed, { mode: 'verify-full', ca_certificate }))
    expect(codesIn(message)).toEqual(['certificate-authority-unknown'])
  })

  it('trusts a certificate that is signed by itself where that is given', async () => {
    const certified = selfSigned({ hosts: ['127.0.0.1'] })
    await using alone = await startTlsRedis(certified)
    const given = { mode: 'verify-full', ca_certificate: certified.certificate }
    expect(await check(at(alone, given))).toMatchObject(SUCCEEDED)
  })

  it('shows a client certificate to a server that demands one, with its key as it is or encrypted', async () => {
    await using demanding = await startTlsRedis({ ...own, clientAuthority: authority })
    const { certificate: client_certificate, key } = authority.issue({ name: 'the client' })
    const given = { mode: 'verify-full', ca_certificate, client_certificate }
    expect(await check(at(demanding, { ...given, client_key: key }))).toMatchObject(SUCCEEDED)
    const locked = { client_key: encrypted(key, 'open!'), client_key_password: 'open!' }
    expect(await check(at(demanding, { ...given, ...locked }))).toMatchObject(SUCCEEDED)
  })

  it('tells the server which name it wants, but never an address', async () => {
    const asked: (string | false | null)[] = []
    const { certificate: cert, key } = authority.issue({ hosts: ['127.0.0.1', 'localhost', 'other'] })
    await using front = await startTlsFront(server.redis, { cert, key }, ({ servername }) =>
      asked.push(servername),
    )
    const config = at(front, { mode: 'verify-full', ca_certificate })
    const named = (server_name: string) => at(front, { mode: 'verify-full', ca_certificate, server_name })
    for (const one of [config, { ...config, host: 'localhost' }, named('other'), named('127.0.0.1')])
      expect(await check(one)).toMatchObject(SUCCEEDED)
    expect(new Set(asked)).toEqual(new Set([false, 'localhost', 'other']))
    expect(asked.at(-1)).toBe(false)
  })

  it('in mode no-verify checks nothing, and says so in check and in write', async () => {
    await using expired = await startTlsRedis(selfSigned({ name: 'elsewhere', toDay: -0.5 }))
    const config = at(expired, { mode: 'no-verify' })
    const warning = { level: 'WARN', message: expect.stringMatching(/\[tls-not-verified\]$/) }
    const { logs, ...result } = await check(config)
    expect(result).toEqual(SUCCEEDED)
    expect(logs).toContainEqual(warning)
    const run = await write(expired, [{ name: 's' }], record('s', {}) + streamState('s', 1), config)
    expect(run).toMatchObject({ code: 0, errors: [] })
    expect(run.logs).toContainEqual(warning)
  })
})

// As RudderStack's recipe has it, which calls the authority localhost, too.
describe.each([
  ['an authority', authority],
  ['an authority of that name', new Authority('localhost')],
])(
  'a certificate of %s with nothing but the common name localhost, on a TLS proxy before a plain Redis',
  (_, signer) => {
    const { certificate: cert, key } = signer.issue({ name: 'localhost' })
    const given = { ca_certificate: signer.certificate }
    let front: TlsServer
    beforeAll(async () => {
      front = await startTlsFront(server.redis, { cert, key })
    })
    afterAll(() => front[Symbol.asyncDispose]())

    it.each([
      ['no-verify', { mode: 'no-verify' }],
      ['disable', { mode: 'disable', ...given }],
      ['verify-ca', { mode: 'verify-ca', ...given }],
      ['verify-full with server_name', { mode: 'verify-full', ...given, server_name: 'localhost' }],
    ])('is written to by address in mode %s', async (mode, ssl_mode) => {
      const input = record('s', { a: 1 }, { namespace: mode }) + streamState('s', 1, { namespace: mode })
      const run = await write(front, [{ name: 's', namespace: mode }], input, { ssl: true, ssl_mode })
      expect(run).toMatchObject({ code: 0, errors: [], states: [{}] })
    })

    it('is checked in full by that name, and refused by address', async () => {
      const config = at(front, { mode: 'verify-full', ...given })
      expect(await check({ ...config, host: 'localhost' })).toMatchObject(SUCCEEDED)
      const { message } = await check(config)
      expect(codesIn(message)).toEqual(['certificate-name-differs'])
    })
  },
)

describe('a write over TLS', () => {
  const given = { ssl: true, ssl_mode: { mode: 'verify-full', ca_certificate } }

  it('takes 200 000 records', async () => {
    const client = server.redis.client()
    await client.flushall()
    const names = Array.from({ length: 200_000 }, (_, id) => record('s', { id }, { namespace: 'n' }))
    const run = await write(
      server,
      [{ name: 's', namespace: 'n' }],
      [...names, streamState('s', { id: 200_000 }, { namespace: 'n' })],
      given,
    )
    expect(run).toMatchObject({ code: 0, errors: [], states: [{}] })
    expect(await client.get('n:s')).toBe('200000')
    expect(await client.dbsize()).toBeGreaterThan(200_000)
    expect(await client.hget('n:s:200000', '_airbyte_data')).toBe('{"id":199999}')
  })

  it('goes on after the connection was cut, without loss or doubles', async () => {
    await using plain = await RedisServer.start()
    const options = { cert: own.certificate, key: own.key }
    const cuts: (() => void)[] = []
    await using front = await startTlsFront(plain, options, (socket) => cuts.push(() => socket.destroy()))
    const args = writeArgs(front, [{ name: 's', namespace: 'n' }], { ...given, cache_type: 'list' })
    await using connector = startConnector(args)
    let id = 0
    connector.stdin.write(line(++id))
    for await (const message of connector.messages) {
      if (!isState(message)) continue
      if (id === 5) break
      for (const cut of cuts.splice(0)) cut()
      connector.stdin.write(line(++id))
    }
    connector.stdin.end()
    expect(await connector.exit).toMatchObject({ code: 0 })
    expect(await plain.client().llen('n:s')).toBe(5)
  })
})

function line(id: number): string {
  return record('s', { id }, { namespace: 'n' }) + streamState('s', { id }, { namespace: 'n' })
}
