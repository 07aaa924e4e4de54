// The Redis that the tests of one file share, and a client of it.
import type { Redis } from 'ioredis'
import { beforeEach } from 'vitest'
import { RedisServer, type RedisServerOptions } from './redis-server.ts'
import { shareFixture } from './shared-fixture.ts'

type Use = (shared: { redis: RedisServer; client: Redis }) => void

/** Starts a server before the tests of the file and stops it behind them. */
export function shareRedis(use: Use, options: RedisServerOptions = {}): void {
  shareFixture(
    () => RedisServer.start(options),
    (redis) => use({ redis, client: redis.client() }),
  )
}

/** Does the same, and empties the server before each test. */
export function shareEmptiedRedis(use: Use, options: RedisServerOptions = {}): void {
  let client: Redis
  shareRedis((shared) => {
    client = shared.client
    use(shared)
  }, options)
  beforeEach(() => client.flushall())
}
