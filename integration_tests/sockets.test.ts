// What carries the bytes: TCP by name, by IPv4 and IPv6 address, TLS, a Unix socket; given as host and port or as a URL.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { Authority } from './support/certificates.ts'
import { check } from './support/check.ts'
import { startConnector, writeFiles } from './support/connector.ts'
import { catalog, record, streamState } from './support/messages.ts'
import { isState } from './support/output-message.ts'
import { startTlsRedis, type TlsRedis } from './support/tls-server.ts'

const authority = new Authority('The authority')
const ssl_mode = { mode: 'verify-full', ca_certificate: authority.certificate }
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

const KEEP_ALIVE = '02'
const ESTABLISHED = '01'

let server: TlsRedis
let socketPath: string

beforeAll(async () => {
  const own = authority.issue({ hosts: ['localhost', '127.0.0.1', '::1'] })
  const bind = ['--bind', '127.0.0.1', ...(hasIpv6 ? ['::1'] : [])]
  server = await startTlsRedis({ ...own, args: [...bind, '--unixsocket', 'redis.sock'] })
  socketPath = join(server.redis.dir, 'redis.sock')
})
beforeEach(async () => {
  await server.redis.client().flushall()
})
afterAll(() => server[Symbol.asyncDispose]())

const plain = () => server.redis.port
const tls = () => ({ port: server.port, ssl: true, ssl_mode })

/** What a server says of its own side of such a connection. */
const laddr = (host: string, port: number) => new RegExp(` laddr=${host}:${port} `)
const v4 = '127.0.0.1'
const v6 = String.raw`\[::1\]`
const either = `(${v4}|${v6})`

const ways: [way: string, config: () => object, place: () => RegExp][] = [
  ['an IPv4 address', () => ({ host: v4, port: plain() }), () => laddr(v4, plain())],
  ['a host name', () => ({ host: 'localhost', port: plain() }), () => laddr(either, plain())],
  ['an IPv6 address', () => ({ host: '::1', port: plain() }), () => laddr(v6, plain())],
  ['an IPv6 address in brackets', () => ({ host: '[::1]', port: plain() }), () => laddr(v6, plain())],
  ['a URL', () => ({ url: `redis://127.0.0.1:${plain()}/0` }), () => laddr(v4, plain())],
  ['a URL with an IPv6 address', () => ({ url: `redis://[::1]:${plain()}` }), () => laddr(v6, plain())],
  ['TLS', () => ({ host: v4, ...tls() }), () => laddr(v4, server.port)],
  ['TLS, by IPv6 address', () => ({ host: '::1', ...tls() }), () => laddr(v6, server.port)],
  [
    'TLS, by a URL',
    () => ({ url: `rediss://localhost:${server.port}/0`, ssl_mode }),
    () => laddr(either, server.port),
  ],
  ['a Unix socket', () => ({ url: `unix://${socketPath}` }), () => / laddr=\S*redis\.sock:0 /],
]

describe('records are written, and the connections are known by name,', () => {
  it.each(ways)('over %s', async (way, config, place) => {
    if (way.includes('IPv6') && !hasIpv6) return
    const client = server.redis.client()
    const files = writeFiles({ config: config(), catalog: catalog([{ name: 's', namespace: 'n' }]) })
    await using connector = startConnector(['write', '--config', files.config, '--catalog', files.catalog])
    connector.stdin.write(record('s', {}, { namespace: 'n' }) + streamState('s', 1, { namespace: 'n' }))
    for await (const message of connector.messages) if (isState(message)) break
    const list = String(await client.client('LIST')).split('\n')
    const named = list.filter((line) => line.includes(' name=destination-redis '))
    expect(named).toHaveLength(2)
    for (const line of named) {
      expect(line).toMatch(place())
      const timer = way === 'a Unix socket' ? undefined : KEEP_ALIVE
      // Bytes on their way have a timer of their own.
      await expect.poll(() => timerOf(line), { timeout: 30_000 }).toBe(timer)
    }
    connector.stdin.end()
    expect(await connector.exit).toMatchObject({ code: 0 })
    expect(await client.hgetall('n:s:1')).toMatchObject({ _airbyte_data: '{}' })
  })
})

describe('a Unix socket', () => {
  it('that does not exist, or is not a socket, has a code of its own', async () => {
    const missing = await check({ url: 'unix:///nowhere/redis.sock' })
    expect(missing.status).toBe('FAILED')
    expect(codesIn(missing.message)).toEqual(['unix-socket-missing'])
    const file = join(server.redis.dir, 'a file')
    writeFileSync(file, '')
    const { message } = await check({ url: `unix://${encodeURI(file)}` })
    expect(codesIn(message)).toEqual(['connection-refused'])
  })

  it('has a database, too', async () => {
    const config = { url: `unix://${socketPath}` }
    expect(await check({ ...config, database: 3 })).toMatchObject({ status: 'SUCCEEDED' })
    expect(codesIn((await check({ ...config, database: 99 })).message)).toEqual(['database-unknown'])
  })
})

/** Which timer the system runs on the connector's side of a connection, in Linux' numbers. */
function timerOf(client: string): string | undefined {
  const port = Number(/ addr=\S+:(\d+) /.exec(client)?.[1])
  if (port === 0) return undefined
  if (!existsSync('/proc/net/tcp')) return KEEP_ALIVE
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => readFileSync(table, 'utf8').split('\n'))
  const columns = rows.map((row) => row.trim().split(/\s+/))
  const row = columns.find(([, address, , state]) => address?.endsWith(local) && state === ESTABLISHED)
  return row?.[5]?.slice(0, 2)
}
