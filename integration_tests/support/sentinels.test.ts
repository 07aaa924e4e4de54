// The masters, replicas and sentinels that other tests run against are what these take them for.
import { describe, expect, it } from 'vitest'
import { ReplicatedRedis } from './replicas.ts'
import { SentinelRedis } from './sentinels.ts'

describe('a master with replicas', () => {
  it('is copied by each', async () => {
    await using redis = await ReplicatedRedis.start({ replicas: 2, password: 'secret' })
    await redis.master.client().set('a', 'b')
    await redis.inSync()
    expect(await Promise.all(redis.replicas.map((server) => server.client().get('a')))).toEqual(['b', 'b'])
  })
})

const logins = [
  { title: 'sentinels without a password' },
  { title: 'sentinels with a password', sentinelPassword: 'watch', password: 'secret' },
  { title: 'sentinels with a user', sentinelUsername: 'watcher', sentinelPassword: 'watch' },
]

describe.each(logins)('$title', (options) => {
  it('replace a master on demand, and one that is killed, which comes back as a replica', async () => {
    await using redis = await SentinelRedis.start(options)
    const first = await redis.master()
    expect(first).toBe(redis.servers[0])
    const second = await redis.failover()
    expect(second).not.toBe(first)
    await second.client().set('a', 'b')
    await redis.inSync()
    const third = await redis.killMaster()
    expect(third).not.toBe(second)
    expect(await third.client().get('a')).toBe('b')
    await redis.restart(second)
    expect(await redis.master()).toBe(third)
    expect(await second.client().get('a')).toBe('b')
  })
})
