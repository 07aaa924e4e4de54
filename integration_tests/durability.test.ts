// Records that are acknowledged only when replicas, or disks, have them.
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { CommandProxy } from './support/command-proxy.ts'
import { OpenRun } from './support/open-run.ts'
import { pollUntil } from './support/poll.ts'
import { RedisServer } from './support/redis-server.ts'
import { isOlderThan, skipWhatIsLacking } from './support/redis-version.ts'
import { ReplicatedRedis } from './support/replicas.ts'

beforeEach(skipWhatIsLacking)

const byReplicas = { mode: 'replicas', count: 1, timeout_ms: 100 }
const byDisk = { mode: 'fsync', timeout_ms: 100 }
const onDisk = ['--appendonly', 'yes', '--appendfsync', 'everysec']

function configOf({ host, port }: RedisServer, durability: object, options: object = {}): object {
  return { host, port, max_outage_seconds: 30, durability, ...options }
}

/** How often a command has been run since the server was started. */
async function calls(client: Redis, command: string): Promise<number> {
  const stats = await client.info('commandstats')
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

async function expectWritten(client: Redis, run: OpenRun): Promise<void> {
  expect([run.errors, (await run.end()).code]).toEqual([[], 0])
  expect(run.cursors.at(-1)).toBe(run.sent)
  expect(await client.keys(':s:*')).toHaveLength(run.sent)
  // Its counter, and the notes on it, which the next run needs.
  const others = (await client.keys('*')).filter((key) => !key.startsWith(':s:'))
  expect(others.toSorted()).toEqual([':s', '_airbyte:manifest::s', '_airbyte:streams'])
}

describe('durability by replicas', () => {
  it('is content with more of them than were asked for, and leaves nothing behind', async () => {
    await using redis = await ReplicatedRedis.start({ replicas: 2 })
    const client = redis.master.client()
    await using run = new OpenRun(configOf(redis.master, byReplicas))
    run.send(100)
    // Before the input ends: who goes on writing gets states all the same.
    await run.acknowledged()
    run.send(100)
    await run.acknowledged()
    expect(await calls(client, 'wait')).toBeGreaterThanOrEqual(2)
    await expectWritten(client, run)
  })

  it('waits for a replica that is slow, goes on writing meanwhile, and writes nothing twice', async () => {
    await using redis = await ReplicatedRedis.start()
    const client = redis.master.client()
    await using run = new OpenRun(configOf(redis.master, byReplicas))
    run.send(1_000)
    await run.acknowledged()
    await redis.replicas[0]!.kill('SIGSTOP')
    run.send(1_000)
    run.send(1_000)
    await pollUntil('records to be written', async () => (await calls(client, 'hmset')) >= 3_000)
    const asked = await calls(client, 'wait')
    await pollUntil('further waits', async () => (await calls(client, 'wait')) >= asked + 3)
    expect(run.cursors).toEqual([1_000])
    await redis.replicas[0]!.kill('SIGCONT')
    await run.acknowledged()
    await expectWritten(client, run)
    expect(run.cursors).toEqual([1_000, 2_000, 3_000])
    expect(await calls(client, 'hmset')).toBe(3_000)
  })

  it('goes on where its server was a replica just as WAIT arrived', async () => {
    await using redis = await ReplicatedRedis.start()
    const client = redis.master.client()
    await using proxy = await CommandProxy.start(redis.master.port)
    let isDemoted = false
    proxy.beforeEach(([command]) => {
      if (isDemoted || command !== 'WAIT') return undefined
      isDemoted = true
      return client.replicaof(redis.master.host, 1)
    })
    await using run = new OpenRun(configOf(redis.master, byReplicas, { port: proxy.port }))
    run.send(100)
    await pollUntil('a WAIT', async () => (await calls(client, 'wait')) >= 1)
    await client.replicaof('NO', 'ONE')
    await run.acknowledged()
    await expectWritten(client, run)
  })

  it('works as the documentation has it', async () => {
    await using redis = await ReplicatedRedis.start()
    await expectDocumented('replicas', redis.master)
  })

  it('ends with an error that names the option where there are not as many of them', async () => {
    await using redis = await ReplicatedRedis.start()
    await using run = new OpenRun(
      configOf(redis.master, { ...byReplicas, count: 2 }, { max_outage_seconds: 1 }),
    )
    run.send(100)
    expect((await run.exit()).code).toBe(1)
    expect(run.cursors).toEqual([])
    expect(run.errors).toMatchObject([{ failure_type: 'transient_error' }])
    expect(run.errors[0]!.message).toContain('1 of 2 replicas (durability.count) have what was written')
  })

  it('ends with an error where WAIT has been taken away', async () => {
    await using redis = await RedisServer.start({ args: ['--rename-command', 'WAIT', ''] })
    await expectRefused(configOf(redis, byReplicas), /\bWAIT\b.*\[command-missing\]$/)
  })

  it('ends with an error where users may not use WAIT', async () => {
    const args = ['--user', 'nowait', 'on', '>p', '~*', '&*', '+@all', '-wait']
    await using redis = await ReplicatedRedis.start({ args })
    const login = { username: 'nowait', password: 'p' }
    await expectRefused(configOf(redis.master, byReplicas, login), /\bWAIT\b.*\[command-denied\]$/)
  })
})

describe('durability by fsync', () => {
  it('waits for the disk, and writes nothing twice', async () => {
    await using redis = await RedisServer.start({ args: onDisk })
    const client = redis.client()
    await using run = new OpenRun(configOf(redis, byDisk))
    run.send(1_000)
    await run.acknowledged()
    // From here on Redis leaves it to the system when that is.
    await client.config('SET', 'appendfsync', 'no')
    run.send(1_000)
    await pollUntil('records to be written', async () => (await calls(client, 'hmset')) >= 2_000)
    const asked = await calls(client, 'waitaof')
    await pollUntil('further waits', async () => (await calls(client, 'waitaof')) >= asked + 3)
    expect(run.cursors).toEqual([1_000])
    await client.config('SET', 'appendfsync', 'everysec')
    await run.acknowledged()
    await expectWritten(client, run)
    expect(await calls(client, 'hmset')).toBe(2_000)
  })

  it.each([
    { kind: 'hash', options: { cache_type: 'hash' }, read: readHashes },
    { kind: 'list', options: { cache_type: 'list', data_format: 'json' }, read: readList },
  ])('has all that was acknowledged when Redis is killed right behind a state ($kind)', async (layout) => {
    const { options, read } = layout
    await using redis = await RedisServer.start({
      args: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
    })
    const client = redis.client()
    await using run = new OpenRun(configOf(redis, byDisk, options))
    for (let times = 0; times < 5; times++) {
      run.send(500)
      await run.acknowledged()
      const acknowledged = run.sent
      // These are written when it is killed, but not acknowledged: nobody takes them to the disk.
      await client.config('SET', 'appendfsync', 'no')
      run.send(500)
      await pollUntil('the next records', async () => (await read(client)).length === run.sent)
      await redis.kill()
      await redis.restart()
      const there = new Set(await read(client))
      expect(idsTo(acknowledged).filter((id) => !there.has(id))).toEqual([])
    }
    await run.acknowledged()
    expect([run.errors, (await run.end()).code]).toEqual([[], 0])
    expect(await read(client)).toEqual(idsTo(run.sent))
  })

  it('works as the documentation has it', async () => {
    await using redis = await RedisServer.start({
      args: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
    })
    await expectDocumented('fsync', redis)
  })

  it('ends with an error where nothing is written to disk', async () => {
    await using redis = await RedisServer.start()
    await expectRefused(configOf(redis, byDisk), /\[append-only-file-off\]$/)
  })
})

describe('durability on disk where there is no WAITAOF', () => {
  it('ends with an error', async () => {
    const hasIt = !(await isOlderThan('7.2'))
    await using redis = await RedisServer.start({ args: hasIt ? ['--rename-command', 'WAITAOF', ''] : [] })
    await expectRefused(configOf(redis, byDisk), /\bWAITAOF\b.*7\.2.*\[command-missing\]$/)
  })
})

async function expectRefused(config: object, message: RegExp): Promise<void> {
  await using run = new OpenRun({ ...config, max_outage_seconds: 2 })
  run.send(10)
  expect((await run.exit()).code).toBe(1)
  expect(run.cursors).toEqual([])
  expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
  expect(run.errors[0]!.message).toMatch(message)
}

/** With the configuration of that mode in the documentation, to this server. */
async function expectDocumented(mode: string, redis: RedisServer): Promise<void> {
  const [, section = ''] = readFileSync('docs/connecting.md', 'utf8').split('\n## Durability\n')
  const examples = [...section.split('\n## ')[0]!.matchAll(/```json\n(.*?)```/gs)].map(
    ([, json = '']) => JSON.parse(json) as { durability: { mode: string } },
  )
  const documented = examples.filter(({ durability }) => durability.mode === mode)
  expect(documented).toHaveLength(1)
  const { host, port } = redis
  await using run = new OpenRun({ ...documented[0], host, port })
  run.send(100)
  await run.acknowledged()
  await expectWritten(redis.client(), run)
}

async function readHashes(client: Redis): Promise<number[]> {
  const keys = await client.keys(':s:*')
  const rows = await Promise.all(keys.map((key) => client.hget(key, '_airbyte_data')))
  return rows.map((row) => idIn(row!)).toSorted((one, other) => one - other)
}

async function readList(client: Redis): Promise<number[]> {
  return (await client.lrange(':s', 0, -1)).map(idIn)
}

function idIn(row: string): number {
  return (JSON.parse(row) as { id: number }).id
}

function idsTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1)
}
