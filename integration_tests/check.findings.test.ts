// What check finds out about a server before a sync does, each finding against a real server that is so.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { check, type CheckResult } from './support/check.ts'
import { pollUntil } from './support/poll.ts'
import { RedisServer } from './support/redis-server.ts'
import { ReplicatedRedis } from './support/replicas.ts'
import { shareFixture } from './support/shared-fixture.ts'

let redis: RedisServer
let client: Redis

shareFixture(
  () => RedisServer.start(),
  (started) => {
    redis = started
    client = redis.client()
  },
)
afterEach(async () => {
  for (const [setting, value] of Object.entries(usual)) await client.config('SET', setting, value)
  await client.flushall()
})

const usual = {
  maxmemory: '0',
  'maxmemory-policy': 'noeviction',
  appendonly: 'no',
  appendfsync: 'everysec',
  save: '',
  'min-replicas-to-write': '0',
  'notify-keyspace-events': '',
}

function on(server: RedisServer, options: object = {}): Promise<CheckResult> {
  return check({ host: server.host, port: server.port, ...options })
}

/** What it said, a line each: `WARN …`. */
function said({ logs }: CheckResult): string {
  return logs.map(({ level, message }) => `${level} ${message}`).join('\n')
}

describe('check', () => {
  it('says nothing of a server that has nothing about it', async () => {
    await client.config('SET', 'appendonly', 'yes')
    await client.config('SET', 'appendfsync', 'always')
    const result = await on(redis)
    expect(result).toEqual({ status: 'SUCCEEDED', message: '', logs: [] })
  })

  it('warns of a server that keeps nothing on disk', async () => {
    const result = await on(redis)
    expect(result.status).toBe('SUCCEEDED')
    expect(said(result)).toMatch(/^WARN .*keeps nothing on disk.*Set appendonly to yes/)
  })

  it('says what snapshots, and a log that is written every second, may lose', async () => {
    await client.config('SET', 'save', '3600 1')
    expect(said(await on(redis))).toMatch(/^INFO .*saves snapshots only \(save 3600 1\)/)
    await client.config('SET', 'appendonly', 'yes')
    expect(said(await on(redis))).toMatch(/^INFO .*appendfsync everysec.*in the last second/)
  })

  it('fails where the server refuses writes because it cannot save', async () => {
    await using broken = await RedisServer.start({ args: ['--save', '3600 1'] })
    const admin = broken.client()
    await admin.set('k', 'v')
    // What lies where the snapshot goes keeps out even who may write everywhere.
    mkdirSync(join(broken.dir, 'dump.rdb'))
    await admin.bgsave()
    await pollUntil('the snapshot to fail', async () =>
      (await admin.info('persistence')).includes('rdb_last_bgsave_status:err'),
    )
    const result = await on(broken)
    expect(result).toMatchObject({
      status: 'FAILED',
      message: expect.stringMatching(/\[snapshot-failed\]$/),
    })
    expect(said(result)).toMatch(/WARN .*could not write its last snapshot/)
  })

  it('says how much memory is left, warns when it is little, fails when it is none', async () => {
    await client.setrange('large', 2e7, 'x')
    const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))![1])
    await client.config('SET', 'maxmemory', 4 * used)
    expect(said(await on(redis))).toMatch(/INFO .* has [\d.]+ of [\d.]+ MB \(maxmemory\) left/)
    await client.config('SET', 'maxmemory', Math.round(1.07 * used))
    expect(said(await on(redis))).toMatch(/WARN .* has [\d.]+ of [\d.]+ MB \(maxmemory\) left/)
    await client.config('SET', 'maxmemory', 1e6)
    const result = await on(redis)
    expect(result).toMatchObject({
      status: 'FAILED',
      message: expect.stringMatching(/\[memory-full\]$/),
    })
  })

  it('warns of an eviction policy that may drop what was synced', async () => {
    await client.config('SET', 'maxmemory', 1e9)
    await client.config('SET', 'maxmemory-policy', 'volatile-lru')
    expect(said(await on(redis))).not.toMatch(/maxmemory-policy/)
    expect(said(await on(redis, { ttl_seconds: 60 }))).toMatch(
      /WARN .*removes keys that have a time to live.*volatile-lru/,
    )
    await client.config('SET', 'maxmemory-policy', 'allkeys-lfu')
    expect(said(await on(redis))).toMatch(/WARN .*removes any key.*allkeys-lfu.*to noeviction/)
  })

  it('tells whether the end of keys is announced, where keys end', async () => {
    expect(said(await on(redis))).not.toMatch(/notify-keyspace-events/)
    expect(said(await on(redis, { ttl_seconds: 60 }))).toMatch(/INFO .*set notify-keyspace-events to Ex/)
    await client.config('SET', 'notify-keyspace-events', 'Ex')
    expect(said(await on(redis, { ttl_seconds: 60 }))).not.toMatch(/notify-keyspace-events/)
  })

  it('says what a server does not tell, once, and does not fail for it', async () => {
    const denied = ['INFO', 'CONFIG', 'TIME', 'CLIENT', 'TYPE'].flatMap((name) => [
      '--rename-command',
      name,
      '',
    ])
    await using managed = await RedisServer.start({ args: denied })
    const result = await on(managed, { expire_at_field: 'until', key_template: 'k', cache_type: 'list' })
    const text = said(await on(managed, { expire_at_field: 'until' }))
    expect(result.status).toBe('FAILED')
    const unknown = text.split('\n').filter((line) => /does not tell/.test(line))
    expect(unknown).toEqual([
      expect.stringMatching(
        /^INFO .*role, memory.*\(INFO\), how it saves \(CONFIG GET\).*keyspace-events\) and its clock \(TIME\)/,
      ),
    ])
    expect(text).toMatch(/WARN .*CLIENT KILL/)
  })

  it('names commands that the server does not know', async () => {
    const denied = ['XADD', 'HSCAN'].flatMap((name) => ['--rename-command', name, ''])
    await using old = await RedisServer.start({ args: denied })
    const result = await on(old, { cache_type: 'stream' })
    expect(result).toMatchObject({ status: 'FAILED', message: expect.stringMatching(/does not know XADD/) })
    expect(said(result)).toMatch(/WARN .*does not know HSCAN, which knowing what was written/)
  })

  it('fails on a replica, and names its master', async () => {
    await using replicated = await ReplicatedRedis.start({ replicas: 1 })
    const { master, replicas } = replicated
    expect(await on(replicas[0]!)).toMatchObject({
      status: 'FAILED',
      message: `Redis at 127.0.0.1:${replicas[0]!.port} is a read-only replica. Connect to its master at 127.0.0.1:${master.port}.`,
    })
  })

  it('fails where durability asks for more replicas than there are, or for a log that is not there', async () => {
    await using replicated = await ReplicatedRedis.start({ replicas: 1 })
    const { master } = replicated
    expect((await on(master, { durability: { mode: 'replicas', count: 1 } })).status).toBe('SUCCEEDED')
    expect((await on(master, { durability: { mode: 'replicas', count: 2 } })).message).toMatch(
      /durability asks for 2 replicas, and Redis at \S+ has 1\./,
    )
    expect((await on(master, { durability: { mode: 'fsync', replicas: 1 } })).message).toMatch(
      /durability: fsync waits for the log on disk, and Redis at \S+ has none/,
    )
  })

  it('fails where the server refuses writes without replicas', async () => {
    await client.config('SET', 'min-replicas-to-write', '1')
    expect((await on(redis)).message).toMatch(/too few replicas are connected/)
  })

  it('fails where a key that is known beforehand holds something else', async () => {
    await client.set('all', 'x')
    await client.lpush('n:counted', 'x')
    await client.set('_airbyte:dead_letter', 'x')
    await client.set('n:listed', 'x')
    const { message } = await on(redis, {
      on_record_error: 'dead_letter',
      streams: [
        { stream: 'one', cache_type: 'set', key_template: 'all' },
        { stream: 'counted', namespace: 'n' },
        { stream: 'listed', namespace: 'n', cache_type: 'list' },
      ],
    })
    expect(message).toMatch(/The key all on \S+ \S+ \S+ holds a string, and stream one needs a set/)
    expect(message).toMatch(/The key n:counted .* holds a list, and stream counted needs a string/)
    expect(message).toMatch(
      /The key _airbyte:dead_letter .* holds a string, and on_record_error: dead_letter/,
    )
    expect(message).toMatch(/The key n:listed .* holds a string, and stream listed needs a list/)
    expect((await on(redis)).status).toBe('SUCCEEDED')
  })

  it('tells all problems at once', async () => {
    await client.set('all', 'x')
    await client.call('ACL', 'SETUSER', 'u', 'on', '>pw', '~*', '+@all', '-sadd', '-set')
    await client.config('SET', 'maxmemory', 1e6)
    const config = { cache_type: 'set', key_template: 'all', username: 'u', password: 'pw' }
    const { message } = await on(redis, { ...config, durability: { mode: 'replicas', count: 1 } })
    for (const part of [
      /may not run SET/,
      /may not run SADD/,
      /is full/,
      /The key all/,
      /asks for 1 replica,/,
    ])
      expect(message).toMatch(part)
  })
})
