// Hash slots as a server of a cluster computes them.
import { expect, it } from 'vitest'
import { slotOf } from '../src/redis/resp/key-slot.ts'
import { withSeeds, type Random } from './support/random.ts'
import { RedisServer } from './support/redis-server.ts'

const BRACES = [0x7b, 0x7d]

it('the slot of any key is the slot that CLUSTER KEYSLOT returns', async () => {
  await using redis = await RedisServer.start({ args: ['--cluster-enabled', 'yes'] })
  const client = redis.client()
  await withSeeds(1, async (random) => {
    const keys = Array.from({ length: 600 }, () => keyFrom(random, 12))
    const slots = await Promise.all(keys.map((key) => client.call('CLUSTER', 'KEYSLOT', key)))
    expect(keys.map(slotOf)).toEqual(slots)
  })
})

/** Returns a key of at most `most` bytes. Half of them are braces, as these decide which part of a key is hashed. */
function keyFrom(random: Random, most: number): Buffer {
  const length = Math.floor(random() * (most + 1))
  return Buffer.from(
    Array.from({ length }, () =>
      random() < 0.5 ? BRACES[Math.floor(random() * 2)]! : Math.floor(random() * 256),
    ),
  )
}
