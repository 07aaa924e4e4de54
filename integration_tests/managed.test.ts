// Managed services keep some commands to themselves: what works without them, and what is said where something is lost.
import type { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { check } from './support/check.ts'
import { startConnector } from './support/connector.ts'
import { DenyingProxy, type Wording } from './support/denying-proxy.ts'
import { record, streamState } from './support/messages.ts'
import { startProxy } from './support/proxy.ts'
import { RedisServer } from './support/redis-server.ts'
import { isOlderThan } from './support/redis-version.ts'
import { someOf } from './support/some-of.ts'
import { write, writeArgs, type Server } from './support/write.ts'

const known = (await isOlderThan('6.0')) ? ['CONFIG', 'CLIENT', 'INFO'] : ['CONFIG', 'ACL', 'CLIENT', 'INFO']
const combinations = [...known.map((one) => [one]), known].map((all) => ({ all, title: all.join(', ') }))

let redis: RedisServer
let client: Redis

afterEach(() => redis.stop())

/** A server where these commands have no name. */
async function startWithout(commands: readonly string[]): Promise<void> {
  redis = await RedisServer.start({ config: commands.map((command) => `rename-command ${command} ""`) })
  // What the client itself asks for on the way might be missing.
  client = redis.client({ enableReadyCheck: false, disableClientInfo: true })
}

const keyed = { name: 's', mode: 'append_dedup' as const, primaryKey: [['id']] }
const list = { cache_type: 'list', data_format: 'json' }
const rows = (...ids: number[]): string =>
  ids.map((id) => record('s', { id })).join('') + streamState('s', { last: ids.at(-1) })

/** What any sync may do: scripts, notes of what was written, transactions, replacing and removing. */
async function expectAllWorks(server: Server): Promise<void> {
  const flat = { data_format: 'flat', ttl_seconds: 600 }
  expect(await write(server, [keyed], rows(1, 2), flat)).toMatchObject({ code: 0, errors: [] })
  const replacing = { name: 's', mode: 'overwrite' as const, primaryKey: [['id']] }
  expect(await write(server, [replacing], rows(2, 3), flat)).toMatchObject({ code: 0, errors: [] })
  expect((await client.keys(':s:*')).toSorted()).toEqual([':s:2', ':s:3'])
  await client.flushall()
  expect(await write(server, [{ name: 's' }], rows(1, 2), list)).toMatchObject({ code: 0, errors: [] })
  expect(await client.lrange(':s', 0, -1)).toEqual(['{"id":1}', '{"id":2}'])
  const anew = [{ name: 's', mode: 'overwrite' as const }]
  expect(await write(server, anew, rows(3), list)).toMatchObject({ code: 0, errors: [] })
  expect(await client.lrange(':s', 0, -1)).toEqual(['{"id":3}'])
  expect(await check({ host: server.host, port: server.port, ...list })).toMatchObject({
    status: 'SUCCEEDED',
  })
}

describe.each(someOf(combinations, 1))('a server without $title', ({ all }) => {
  it('takes all that a sync does, and passes check', async () => {
    await startWithout(all)
    await expectAllWorks(redis)
  })
})

describe('a service that words it in its own way', () => {
  it.each<[Wording]>([['unknown'], ['denied'], ['not allowed']])(
    '%s: takes all the same',
    async (wording) => {
      await startWithout([])
      await using proxy = await DenyingProxy.start(redis.port, [...known, 'HELLO'], wording)
      await expectAllWorks(proxy)
    },
  )

  it('may allow CLIENT, and not CLIENT KILL', async () => {
    await startWithout([])
    await using proxy = await DenyingProxy.start(redis.port, ['CLIENT KILL'], 'denied')
    await expectAllWorks(proxy)
  })
})

describe('a server that does not tell its version', () => {
  it('is spoken to in words that it knows', async () => {
    await startWithout([])
    const newer = ['GETEX', 'XADD', 'UNLINK', 'CLIENT ID']
    await using proxy = await DenyingProxy.start(redis.port, ['INFO', ...newer], 'unknown')
    await client.config('RESETSTAT')
    await expectAllWorks(proxy)
    const ends = {
      cache_type: 'string',
      data_format: 'json',
      expire_at_field: 'end',
      key_template: 'k:${id}',
    }
    const input = record('e', { id: 1, end: Date.now() + 3_600_000 }) + record('e', { id: 2, end: 1 })
    expect(await write(proxy, [{ name: 'e' }], input, ends)).toMatchObject({ code: 0, errors: [] })
    expect(await client.keys('k:*')).toEqual(['k:1'])
    expect(await client.pttl('k:1')).toBeGreaterThan(0)
    expect(await client.info('commandstats')).toMatch(/^cmdstat_pexpireat:/m)
  })
})

describe('a connection that breaks where no connection can be closed', () => {
  it.each([
    ['goes on with hashes, and says so', {}, 0],
    ['ends the run with lists, as they could be doubled', list, 1],
  ])('%s', async (_, options, code) => {
    await startWithout(['CLIENT'])
    await using proxy = await startProxy(redis.port)
    const server = { host: '127.0.0.1', port: proxy.port }
    await using run = startConnector(writeArgs(server, [{ name: 's' }], options))
    run.stdin.write(rows(1))
    const said: string[] = []
    for await (const message of run.messages) {
      if (message.type === 'STATE' && said.length === 0) {
        const cut = proxy.setMode({ kind: 'lose-replies', afterBytes: 1 })
        run.stdin.write(rows(2))
        await cut
        run.stdin.end()
      }
      if (message.type === 'LOG') said.push(message.log.message)
      if (message.type === 'TRACE' && message.trace.error) said.push(message.trace.error.message)
    }
    expect((await run.exit).code).toBe(code)
    expect(said).toContainEqual(
      expect.stringMatching(/does not let a lost connection be closed \(CLIENT KILL\)/),
    )
    if (code === 1) expect(said).toContainEqual(expect.stringMatching(/\[lost-connection-not-closed\]$/))
    // Under the next id, or one behind it, as one whose reply was lost is not used.
    else expect(await client.keys(':s:?')).toHaveLength(2)
  })
})

describe('a connection that breaks where a server does not tell a client its id', () => {
  it('is found among all clients and closed, and a list goes on', async () => {
    await startWithout([])
    const newer = ['GETEX', 'XADD', 'CLIENT ID']
    await using denying = await DenyingProxy.start(redis.port, ['INFO', ...newer], 'unknown')
    await using proxy = await startProxy(denying.port)
    const server = { host: '127.0.0.1', port: proxy.port }
    await using run = startConnector(writeArgs(server, [{ name: 's' }], list))
    run.stdin.write(rows(1))
    let states = 0
    for await (const message of run.messages) {
      if (message.type !== 'STATE' || ++states > 1) continue
      const cut = proxy.setMode({ kind: 'lose-replies', afterBytes: 1 })
      run.stdin.write(rows(2))
      await cut
      run.stdin.end(rows(3))
    }
    expect((await run.exit).code).toBe(0)
    expect(await client.lrange(':s', 0, -1)).toEqual(['{"id":1}', '{"id":2}', '{"id":3}'])
  })
})

describe('a server without scripts', () => {
  const without = ['SCRIPT', 'EVAL', 'EVALSHA']

  it('takes what needs none', async () => {
    await startWithout(without)
    expect(await write(redis, [{ name: 's' }], rows(1))).toMatchObject({ code: 0, errors: [] })
    expect(await write(redis, [{ name: 't' }], record('t', {}), list)).toMatchObject({ code: 0, errors: [] })
    expect(await check({ host: redis.host, port: redis.port })).toMatchObject({ status: 'SUCCEEDED' })
  })

  it.each([
    ['flat hashes', { data_format: 'flat', key_template: 'k:${id}' }],
    ['hashes that end', { ttl_seconds: 60 }],
    ['conditions', { hash_field: '${id}', write_condition: 'if_exists' }],
  ])('is told of in a sentence for %s, by the run and by check', async (_, options) => {
    await startWithout(without)
    const run = await write(redis, [{ name: 's' }], rows(1), options)
    expect(run.code).toBe(1)
    expect(run.errors).toMatchObject([
      {
        failure_type: 'config_error',
        message: expect.stringMatching(/SCRIPT.*\[command-missing\]$/),
      },
    ])
    const { status, message } = await check({ host: redis.host, port: redis.port, ...options })
    expect(status).toBe('FAILED')
    expect(message).toMatch(/\bSCRIPT\b.*\[command-missing\]/)
  })
})
