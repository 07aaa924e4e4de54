// Check reports problems of a server before a sync meets them: each finding is made on a real server.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { check, type CheckResult } from './support/check.ts'
import { codesIn } from './support/codes.ts'
import { pollUntil } from './support/poll.ts'
import { RedisServer } from './support/redis-server.ts'
import { ReplicatedRedis } from './support/replicas.ts'
import { shareRedis } from './support/share-redis.ts'

let redis: RedisServer
let client: Redis

shareRedis((shared) => ({ redis, client } = shared))
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

/** Returns the level and the code of each finding: `WARN persistence-off`. */
function findingsOf({ message, logs }: CheckResult): string[] {
  return [
    ...codesIn(message).map((code) => `FAILED ${code}`),
    ...logs.flatMap(({ level, message: text }) => codesIn(text).map((code) => `${level} ${code}`)),
  ]
}

/** Returns the sentence of a code. */
function sentenceOf({ logs }: CheckResult, code: string): string | undefined {
  return logs.map(({ message }) => message).find((text) => text.endsWith(`[${code}]`))
}

describe('check', () => {
  it('reports nothing about a server without any flaw', async () => {
    await client.config('SET', 'appendonly', 'yes')
    await client.config('SET', 'appendfsync', 'always')
    const result = await on(redis)
    expect(result).toEqual({ status: 'SUCCEEDED', message: '', logs: [] })
  })

  it('warns of a server that keeps nothing on disk', async () => {
    const result = await on(redis)
    expect(result.status).toBe('SUCCEEDED')
    expect(findingsOf(result)).toEqual(['WARN persistence-off'])
  })

  it('reports what snapshots, and an append-only file that is written every second, may lose', async () => {
    await client.config('SET', 'save', '3600 1')
    const snapshots = await on(redis)
    expect(findingsOf(snapshots)).toEqual(['INFO snapshots-only'])
    expect(sentenceOf(snapshots, 'snapshots-only')).toContain('save 3600 1')
    await client.config('SET', 'appendonly', 'yes')
    const delayed = await on(redis)
    expect(findingsOf(delayed)).toEqual(['INFO fsync-delayed'])
    expect(sentenceOf(delayed, 'fsync-delayed')).toContain('appendfsync everysec')
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
    expect(findingsOf(result)).toContain('WARN last-snapshot-failed')
  })

  it('reports how much memory is left, warns when it is low, fails when there is none', async () => {
    await client.setrange('large', 2e7, 'x')
    const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))![1])
    await client.config('SET', 'maxmemory', 4 * used)
    const plenty = await on(redis)
    expect(findingsOf(plenty)).toContain('INFO memory-limited')
    expect(sentenceOf(plenty, 'memory-limited')).toMatch(/ has [\d.]+ of [\d.]+ MB \(maxmemory\) left/)
    await client.config('SET', 'maxmemory', Math.round(1.07 * used))
    expect(findingsOf(await on(redis))).toContain('WARN memory-low')
    await client.config('SET', 'maxmemory', 1e6)
    const result = await on(redis)
    expect(result).toMatchObject({
      status: 'FAILED',
      message: expect.stringMatching(/\[memory-full\]$/),
    })
  })

  it('warns of an eviction policy that may remove synced data', async () => {
    await client.config('SET', 'maxmemory', 1e9)
    await client.config('SET', 'maxmemory-policy', 'volatile-lru')
    expect(findingsOf(await on(redis))).not.toContain('WARN eviction-enabled')
    const expiring = await on(redis, { ttl_seconds: 60 })
    expect(findingsOf(expiring)).toContain('WARN eviction-enabled')
    expect(sentenceOf(expiring, 'eviction-enabled')).toMatch(/keys that have a time to live.*volatile-lru/)
    await client.config('SET', 'maxmemory-policy', 'allkeys-lfu')
    const any = await on(redis)
    expect(findingsOf(any)).toContain('WARN eviction-enabled')
    expect(sentenceOf(any, 'eviction-enabled')).toMatch(/any key.*allkeys-lfu/)
  })

  it('reports whether expired keys are announced, where keys expire', async () => {
    expect(findingsOf(await on(redis))).not.toContain('INFO expiry-not-announced')
    expect(findingsOf(await on(redis, { ttl_seconds: 60 }))).toContain('INFO expiry-not-announced')
    await client.config('SET', 'notify-keyspace-events', 'Ex')
    expect(findingsOf(await on(redis, { ttl_seconds: 60 }))).not.toContain('INFO expiry-not-announced')
  })

  it('reports once what a server does not report, which is no failure', async () => {
    const denied = ['INFO', 'CONFIG', 'TIME', 'CLIENT', 'TYPE'].flatMap((name) => [
      '--rename-command',
      name,
      '',
    ])
    await using managed = await RedisServer.start({ args: denied })
    const result = await on(managed, { expire_at_field: 'until', key_template: 'k', cache_type: 'list' })
    expect(result.status).toBe('FAILED')
    const other = await on(managed, { expire_at_field: 'until' })
    const findings = findingsOf(other)
    expect(findings.filter((found) => found === 'INFO server-info-denied')).toHaveLength(1)
    expect(sentenceOf(other, 'server-info-denied')).toMatch(
      /role, memory.*\(INFO\), how it saves \(CONFIG GET\).*keyspace-events\) and its clock \(TIME\)/,
    )
    expect(findings).toContain('WARN client-kill-denied')
  })

  it('names commands that the server does not have', async () => {
    const denied = ['XADD', 'HSCAN'].flatMap((name) => ['--rename-command', name, ''])
    await using old = await RedisServer.start({ args: denied })
    const result = await on(old, { cache_type: 'stream' })
    expect(result).toMatchObject({ status: 'FAILED', message: expect.stringMatching(/\bXADD\b/) })
    expect(findingsOf(result)).toEqual(
      expect.arrayContaining(['FAILED command-missing', 'WARN command-missing']),
    )
    expect(sentenceOf(result, 'command-missing')).toMatch(/\bHSCAN\b/)
  })

  it('fails on a replica, and names its master', async () => {
    await using replicated = await ReplicatedRedis.start({ replicas: 1 })
    const { master, replicas } = replicated
    const { message } = await on(replicas[0]!)
    expect(codesIn(message)).toEqual(['server-is-replica'])
    expect(message).toContain(`at 127.0.0.1:${replicas[0]!.port} is a read-only replica`)
    expect(message).toContain(`its master at 127.0.0.1:${master.port}`)
  })

  it('fails where durability requires more replicas than there are, or an append-only file that is off', async () => {
    await using replicated = await ReplicatedRedis.start({ replicas: 1 })
    const { master } = replicated
    expect((await on(master, { durability: { mode: 'replicas', count: 1 } })).status).toBe('SUCCEEDED')
    const replicas = await on(master, { durability: { mode: 'replicas', count: 2 } })
    expect(codesIn(replicas.message)).toEqual(['replicas-missing'])
    const fsync = await on(master, { durability: { mode: 'fsync', replicas: 1 } })
    expect(codesIn(fsync.message)).toContain('append-only-file-off')
  })

  it('fails where the server refuses writes without replicas', async () => {
    await client.config('SET', 'min-replicas-to-write', '1')
    expect(codesIn((await on(redis)).message)).toEqual(['too-few-replicas'])
  })

  it('fails where a predictable key has another type', async () => {
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

  it('reports all problems at once', async () => {
    await client.set('all', 'x')
    await client.call('ACL', 'SETUSER', 'u', 'on', '>pw', '~*', '+@all', '-sadd', '-set')
    await client.config('SET', 'maxmemory', 1e6)
    const config = { cache_type: 'set', key_template: 'all', username: 'u', password: 'pw' }
    const { message } = await on(redis, { ...config, durability: { mode: 'replicas', count: 1 } })
    for (const part of [/may not run SET and SADD\b/, /The key all\b/]) expect(message).toMatch(part)
    expect(new Set(codesIn(message))).toEqual(
      new Set(['command-denied', 'memory-full', 'key-type-differs', 'replicas-missing']),
    )
  })
})
