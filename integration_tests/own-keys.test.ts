// Keys of the connector's own that another application has written: the run ends with a sentence that names the key.
import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const STREAM: CatalogStream = { name: 's', namespace: 'n', mode: 'append_dedup', primaryKey: [['id']] }

it('names its own key that holds another type', { timeout: 300_000 }, async () => {
  const options = { data_format: 'flat', key_template: 'row:${id}', delete_mode: 'soft' }
  const input = [
    record('s', { id: 'secret-value' }, { namespace: 'n' }),
    streamState('s', 1, { namespace: 'n' }),
    status('s', 'COMPLETE', { namespace: 'n' }),
  ].join('')
  expect(await write(redis, [STREAM], input, options)).toMatchObject({ code: 0 })
  const own = (await client.keys('_airbyte:*')).toSorted()
  expect(own.length).toBeGreaterThan(2)
  for (const key of own) {
    const before = await client.dumpBuffer(key)
    await client.del(key)
    // A type that none of the connector's own keys has.
    await client.rpush(key, 'x')
    const run = await write(redis, [STREAM], input, options)
    expect(run, key).toMatchObject({ code: 1, states: [] })
    expect(['own-key-other-type', 'index-key-refused'], key).toContain(codesIn(run.errors[0]!.message)[0])
    expect(run.errors[0]!.message).toContain(key)
    expect(JSON.stringify(run.errors)).not.toContain('secret-value')
    await client.del(key)
    await client.restore(key, 0, before)
  }
})
