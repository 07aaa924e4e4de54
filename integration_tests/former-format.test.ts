// Streams that 1.0.0-alpha.1 wrote are refused, with what can be done, before anything is written.
import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { record, streamState } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

const FORMER = '_airbyte:stream:n:s'
const STREAM = { name: 's', namespace: 'n' }
const MESSAGES = [record('s', { id: 1 }, { namespace: 'n' }), streamState('s', 1, { namespace: 'n' })]

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

it('names the key with the former metadata, and writes no record', async () => {
  await client.hset(FORMER, 'run', 'r', 'attempts', '1', 'form', 'string')
  const run = await write(redis, [STREAM], MESSAGES)
  expect(run.code).toBe(1)
  expect(run.errors[0]!.message).toMatch(new RegExp(`UNLINK ${FORMER}.*\\[metadata-format-older\\]`))
  expect(run.states).toEqual([])
  expect(await client.keys('n:s*')).toEqual([])
})

it('writes the stream when the former metadata are removed as the error says', async () => {
  await client.hset(FORMER, 'run', 'r')
  await client.unlink(FORMER)
  const run = await write(redis, [STREAM], MESSAGES)
  expect([run.code, run.errors]).toEqual([0, []])
})

it('refuses metadata of a newer format', async () => {
  await client.hset('_airbyte:manifest:n:s', 'format', '3')
  const run = await write(redis, [STREAM], MESSAGES)
  expect(run.code).toBe(1)
  expect(run.errors[0]!.message).toMatch(/\[metadata-format-newer\]/)
})
