// A source that waits for changes and sends nothing more: the run ends as soon as it has failed, not with the next message.
import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { OpenRun } from './support/open-run.ts'
import type { RedisServer } from './support/redis-server.ts'
import { isOlderThan } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'

let redis: RedisServer
let client: Redis
shareEmptiedRedis((shared) => ({ redis, client } = shared))

const ROWS = { data_format: 'flat', key_template: 'k:${id}' }
const LIST = { cache_type: 'list', data_format: 'json', key_template: 'l' }

it.each([
  { layout: 'rows', options: ROWS, key: 'k:11' },
  { layout: 'a list', options: LIST, key: 'l' },
])('ends with the error of a record that Redis refuses: $layout', async ({ options, key }) => {
  await using run = new OpenRun({ host: redis.host, port: redis.port, ...options })
  run.send(10)
  await run.acknowledged()
  await client.unlink(key)
  await client.sadd(key, 'theirs')
  run.send(10)
  expect((await run.exit()).code).toBe(1)
  expect(run.errors.flatMap(({ message }) => codesIn(message))).toEqual(['record-refused'])
})

it('ends with the error of a command that its user may no longer run', async (context) => {
  if (await isOlderThan('6.0')) return context.skip('users came with Redis 6')
  await client.acl('SETUSER', 'writer', 'on', '>pw', '~*', '&*', '+@all')
  const login = { host: redis.host, port: redis.port, username: 'writer', password: 'pw' }
  await using run = new OpenRun({ ...login, ...LIST })
  run.send(10)
  await run.acknowledged()
  await client.acl('SETUSER', 'writer', '-rpush')
  run.send(10)
  expect((await run.exit()).code).toBe(1)
  expect(run.errors.flatMap(({ message }) => codesIn(message))).toEqual(['command-denied'])
})
