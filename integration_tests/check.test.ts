import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { record, streamState } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared), { args: ['--databases', '4'] })

async function check(config: unknown, environment: Record<string, string> = {}): Promise<ConnectorRun> {
  return runConnector(['check', '--config', writeFiles({ config }).config], '', { env: environment })
}

/** The one status, which must be the only one, with the exit code 0 that goes with any answer. */
function statusOf({ code, messages }: ConnectorRun): { status: string; message?: string } {
  const statuses = messages.flatMap((message) =>
    message.type === 'CONNECTION_STATUS' ? [message.connectionStatus] : [],
  )
  expect(statuses).toHaveLength(1)
  expect(code).toBe(0)
  return statuses[0]!
}

const here = () => ({ host: redis.host, port: redis.port })

describe('check', () => {
  it('succeeds on a server that takes writes, and leaves nothing there', async () => {
    expect(statusOf(await check(here()))).toEqual({ status: 'SUCCEEDED' })
    expect(await client.dbsize()).toBe(0)
  })

  it.each([
    ['in full', { ssl: false, ssl_mode: { mode: 'disable' }, tunnel_method: { tunnel_method: 'NO_TUNNEL' } }],
    ['without the optional options', {}],
    ['with nulls', { ssl: null, ssl_mode: null, password: null }],
  ])('succeeds with a configuration of the classic connector, %s', async (_, options) => {
    const config = { ...here(), username: 'default', password: 'pw', cache_type: 'hash', ...options }
    expect(statusOf(await check(config))).toEqual({ status: 'SUCCEEDED' })
  })

  it('uses the database and the URL that it is given', async () => {
    const { host, port } = here()
    expect(statusOf(await check({ url: `redis://${host}:${port}/3` })).status).toBe('SUCCEEDED')
    expect(statusOf(await check({ url: `redis://${host}:${port}/9` })).message).toMatch(
      /\[database-unknown\]$/,
    )
  })

  it('reads connection fields from the environment', async () => {
    const config = { host: '{{ THE_HOST }}', port: redis.port }
    expect(statusOf(await check(config, { THE_HOST: redis.host })).status).toBe('SUCCEEDED')
    expect(statusOf(await check(config)).message).toMatch(
      /host: the environment variable THE_HOST is not set/,
    )
  })

  it('warns of an option that it does not know', async () => {
    const run = await check({ ...here(), key_prefx: 'a:' })
    expect(statusOf(run).status).toBe('SUCCEEDED')
    expect(run.logs[0]).toMatchObject({ level: 'WARN', message: expect.stringMatching(/^key_prefx: /) })
  })

  it('names every problem of a configuration at once, by field', async () => {
    const { message } = statusOf(
      await check({
        port: 'abc',
        database: -1,
        cache_type: 'tree',
        tunnel_method: { tunnel_method: 'SSH_KEY_AUTH' },
      }),
    )
    for (const field of ['host', 'port', 'database', 'cache_type', 'tunnel_method.tunnel_host'])
      expect(message).toMatch(new RegExp(`\\b${field}: `))
  })

  it('never shows a password', async () => {
    const runs = [
      await check({ ...here(), password: 'top-secret', port: 1 }),
      await check({ url: 'redis://user:top-secret@127.0.0.1:1/x' }),
      await check({ ...here(), username: 'nobody', password: 'top-secret' }),
    ]
    for (const run of runs) expect(run.lines.join('\n')).not.toContain('top-secret')
  })
})

describe('each wrong setting has a sentence of its own', () => {
  const cases: [what: string, config: () => object, message: RegExp][] = [
    [
      'a host that is not known',
      () => ({ host: 'no-such-host.invalid' }),
      /no-such-host\.invalid:6379 .*\[host-(unknown|lookup-failed)\]$/,
    ],
    [
      'a port where nothing listens',
      () => ({ ...here(), port: 1 }),
      /127\.0\.0\.1:1 .*\[connection-refused\]$/,
    ],
    ['a database that is not there', () => ({ ...here(), database: 4 }), /\[database-unknown\]$/],
    [
      'a user that is not there',
      () => ({ ...here(), username: 'nobody', password: 'x' }),
      /\[login-refused\]$/,
    ],
    ['a password where there is none', () => ({ ...here(), password: 'x' }), /\[password-not-expected\]$/],
    ['a TLS option', () => ({ ...here(), ssl_mode: { mode: 'verify-full' } }), /\[tls-mode-without-ssl\]$/],
    ['TLS', () => ({ ...here(), ssl: true }), /\[tls-not-supported\]$/],
    [
      'a tunnel',
      () => ({ ...here(), tunnel_method: { tunnel_method: 'SSH_PASSWORD_AUTH' } }),
      /tunnel_method\.tunnel_host: .*\[option-missing\]/,
    ],
    [
      'a host beside a URL',
      () => ({ ...here(), url: 'redis://127.0.0.1' }),
      /url and host: .*\[url-and-option\]/,
    ],
    ['a URL of another kind', () => ({ url: 'http://127.0.0.1' }), /url: .*\[option-malformed\]/],
    ['a configuration that is not JSON', () => ({ text: '{' }), /\[file-not-json\]$/],
  ]
  it.each(cases)('%s', async (_, config, message) => {
    const value = config()
    const status = statusOf(await check('text' in value ? value.text : value))
    expect(status).toEqual({ status: 'FAILED', message: expect.stringMatching(message) })
  })

  it('a file that is not there', async () => {
    const status = statusOf(await runConnector(['check', '--config', '/nowhere/config.json']))
    expect(status.message).toMatch(/nowhere\/config\.json does not exist\. \[file-unreadable\]$/)
  })

  it('a missing and a wrong password', async () => {
    await using locked = await RedisServer.start({ args: ['--requirepass', 'right'] })
    const { host, port } = locked
    const missing = await check({ host, port })
    expect(codesIn(statusOf(missing).message)).toEqual(['password-missing'])
    // Everything else would be a consequence of the missing login.
    expect(missing.logs).toEqual([])
    const wrong = statusOf(await check({ host, port, password: 'wrong' }))
    expect(codesIn(wrong.message)).toEqual(['login-refused'])
    expect(statusOf(await check({ host, port, password: 'right' })).status).toBe('SUCCEEDED')
  })

  it('a user who may not write, with the command that was denied', async () => {
    await client.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '~*', '+@all', '-incrby')
    const { message } = statusOf(await check({ ...here(), username: 'reader', password: 'pw' }))
    expect(message).toMatch(/^The user may not run INCRBY on Redis at .*ACL SETUSER reader \+incrby/)
  })

  it('a replica', async () => {
    await client.replicaof('127.0.0.1', 1)
    const { message } = statusOf(await check(here()))
    await client.replicaof('NO', 'ONE')
    expect(codesIn(message)).toEqual(['server-is-replica'])
  })

  it('a server that is loading its data', async () => {
    // A key takes 300 µs to load, and clients are served after every 1 024th.
    await using loading = await RedisServer.start({
      args: ['--appendonly', 'yes', '--key-load-delay', '300'],
    })
    const filling = loading.client().pipeline()
    for (let id = 0; id < 40_000; id++) filling.set(`k${id}`, id)
    await filling.exec()
    await loading.restart()
    expect(statusOf(await check({ host: loading.host, port: loading.port })).message).toMatch(
      /\[server-loading\]$/,
    )
  })

  it('a server that is not Redis', async () => {
    const server = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const { message } = statusOf(
      await check({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }),
    )
    server.close()
    expect(codesIn(message)).toEqual([expect.stringMatching(/^(not-redis|connection-closed-early)$/)])
  })

  it('a server, or a proxy, that closes the connection at the first command', async () => {
    const server = await listen((socket) => socket.once('data', () => socket.destroy()))
    const { message } = statusOf(
      await check({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }),
    )
    server.close()
    expect(codesIn(message)).toEqual(['connection-closed-early'])
  })

  it('a server that accepts connections and never answers, within 15 seconds', async () => {
    const sockets: Socket[] = []
    // The time before the first connection is the start of the process, which takes long on a busy machine.
    let started = 0
    const server = await listen((socket) => {
      started ||= performance.now()
      sockets.push(socket)
    })
    const { message } = statusOf(
      await check({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }),
    )
    const seconds = (performance.now() - started) / 1000
    for (const socket of sockets) socket.destroy()
    server.close()
    // The whole handshake and each reply have limits of their own, of the same length.
    expect(['connection-timeout', 'reply-timeout']).toContain(codesIn(message).join())
    expect(seconds).toBeLessThan(15)
  })
})

describe('a managed server', () => {
  it('that denies INFO, CONFIG, CLIENT, ACL and KEYS is checked and written like any other', async () => {
    const denied = ['INFO', 'CONFIG', 'CLIENT', 'ACL', 'KEYS', 'SCAN'].flatMap((name) => [
      '--rename-command',
      name,
      '',
    ])
    await using managed = await RedisServer.start({ args: denied })
    const config = { host: managed.host, port: managed.port }
    expect(statusOf(await check(config))).toEqual({ status: 'SUCCEEDED' })
    const run = await write(
      managed,
      [{ name: 's', mode: 'overwrite' }],
      record('s', {}) + streamState('s', 1),
    )
    expect(run).toMatchObject({ code: 0, errors: [] })
  })
})

async function listen(accept: (socket: Socket) => void) {
  const server = createServer(accept)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
