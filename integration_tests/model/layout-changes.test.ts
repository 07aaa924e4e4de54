// A stream whose layout changes between two runs: a replace leaves nothing of the former layout, an append is refused.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { RedisServer } from '../support/redis-server.ts'
import { shareRedis } from '../support/share-redis.ts'
import { someOf } from '../support/some-of.ts'
import type { Case } from './case.ts'
import { compareCase } from './compare-case.ts'
import { example, row } from './example-case.ts'
import type { ModelStream, Options } from './options.ts'
import { isBuilt } from './rules.ts'

let redis: RedisServer
let client: Redis

shareRedis((shared) => ({ redis, client } = shared))

const LAYOUTS: Record<string, Options> = {
  'classic hashes': {},
  'flat hashes': { data_format: 'flat', key_template: 'u:${id}' },
  'strings at the same keys': { cache_type: 'string', data_format: 'json', key_template: 'u:${id}' },
  'a shared hash': { hash_field: '${id}' },
  'a list': { cache_type: 'list', data_format: 'json' },
  'a list at another key': { cache_type: 'list', data_format: 'json', key_template: 'l' },
  'a set': { cache_type: 'set', data_format: 'json' },
  'a sorted set': { cache_type: 'sorted_set', member: '${id}' },
  'a Redis stream': { cache_type: 'stream', data_format: 'flat' },
}

const CHANGES = Object.keys(LAYOUTS).flatMap((from) =>
  Object.keys(LAYOUTS)
    .filter((to) => to !== from)
    .map((to) => [from, to] as const),
)

const [first, second] = [row({ id: 1, c: 1 }), row({ id: 2, c: 1 })]

function replace(mode: ModelStream['mode'], generation: number): Partial<ModelStream> {
  return { mode, generation, minimum: generation, syncId: generation }
}

describe.skipIf(!isBuilt('layout.replaced'))('a replace in another layout', () => {
  it.each(someOf(CHANGES, 0))('removes %s after an overwrite with %s', async (from, to) => {
    await expectAsModelled(
      example([
        { options: LAYOUTS[from]!, stream: replace('overwrite', 1), input: [first, second] },
        { options: LAYOUTS[to]!, stream: replace('overwrite', 2), input: [first, 1] },
      ]),
    )
  })

  it.each(someOf(CHANGES, 1))('removes %s when %s is cleared', async (from, to) => {
    await expectAsModelled(
      example([
        { options: LAYOUTS[from]!, stream: replace('append', 1), input: [first, second] },
        { options: LAYOUTS[to]!, stream: replace('append', 2) },
      ]),
    )
  })
})

describe.skipIf(!isBuilt('layout.append-refused'))('an append in another layout', () => {
  it.each(someOf(CHANGES, 2))('to %s is refused for %s', async (from, to) => {
    await expectAsModelled(
      example([
        { options: LAYOUTS[from]!, input: [first, second] },
        { options: LAYOUTS[to]!, input: [first, 1] },
      ]),
    )
  })
})

async function expectAsModelled(one: Case): Promise<void> {
  const { host, port } = redis
  expect(await compareCase(one, { connection: { host, port }, nodes: [client] })).toBeUndefined()
}
