// A server that runs the long script of another client, while connections are lost: both are waited for.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { OpenRun } from './support/open-run.ts'
import { pollUntil } from './support/poll.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'
import { RedisServer } from './support/redis-server.ts'
import { isOlderThan } from './support/redis-version.ts'

let redis: RedisServer
let proxy: TcpProxy

beforeAll(async () => {
  redis = await RedisServer.start()
  proxy = await startProxy(redis.port)
})
afterAll(async () => {
  await proxy.stop()
  await redis.stop()
})

it('a list is complete and in order after connections were lost while the server was busy', async () => {
  const client = redis.client()
  const option = (await isOlderThan('7.0')) ? 'lua-time-limit' : 'busy-reply-threshold'
  await client.config('SET', option, '1')
  await using run = new OpenRun({
    host: '127.0.0.1',
    port: proxy.port,
    cache_type: 'list',
    data_format: 'json',
    key_template: 'l',
    batch_records: 10,
    max_outage_seconds: 60,
  })
  run.send(30)
  await run.acknowledged()
  const script = redis.client().eval('while true do end', 0)
  const killed = expect(script).rejects.toThrow(/killed/)
  await pollUntil('the server is busy', async () => (await answerOf(client.get('l'))).startsWith('BUSY'))
  run.send(30)
  proxy.cut()
  await pollUntil('the run connects again', async () => proxy.connections > 0)
  await client.call('SCRIPT', 'KILL')
  await killed
  await run.acknowledged()
  expect(await run.end()).toMatchObject({ code: 0 })
  const ids = (await client.lrange('l', 0, -1)).map((row) => (JSON.parse(row) as { id: number }).id)
  expect(ids).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
})

async function answerOf(reply: Promise<unknown>): Promise<string> {
  return reply.then(String, (error: Error) => error.message)
}
