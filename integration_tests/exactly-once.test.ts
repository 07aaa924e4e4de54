// A server that refuses writes for a moment in the middle of a pipeline, and takes them again between any two commands.
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommandProxy } from './support/command-proxy.ts'
import { LOGS } from './support/logs.ts'
import { OpenRun } from './support/open-run.ts'
import { REFUSALS, REFUSING_ARGS, type Refusal } from './support/refusals.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { someOf } from './support/some-of.ts'

beforeEach(skipWhatIsLacking)

/** Commands of a guarded transaction of one batch: MULTI, EVAL, the write, EVAL, EXEC. */
const BOUNDARIES = [0, 1, 2, 3, 4]

let redis: RedisServer
let client: Redis

beforeEach(async () => {
  redis = await RedisServer.start({ args: REFUSING_ARGS })
  client = redis.client()
})
afterEach(() => redis.stop())

describe.each(someOf(REFUSALS, 1))(
  'a server that refuses a transaction ($name) and takes writes again within the next',
  (refusal) => {
    it.each(LOGS)('has each record of $name once, in order', async (log) => {
      await using proxy = await CommandProxy.start(redis.port)
      await using run = new OpenRun({ host: proxy.host, port: proxy.port, ...log.config, ...SMALL })
      run.send(10)
      await run.acknowledged()
      for (const boundary of BOUNDARIES) {
        const over = refuseUntil(proxy, refusal, boundary)
        for (let batch = 0; batch < 6; batch++) run.send(10, { state: batch === 5 })
        await over
        await run.acknowledged()
      }
      expect((await run.end()).code).toBe(0)
      expect(await log.ids(client)).toEqual(Array.from({ length: run.sent }, (_, index) => index + 1))
    })
  },
)

/** Little is in each batch, so that each is a transaction. */
const SMALL = { batch_records: 10, max_outage_seconds: 60 }

/**
 * Has the server refuse the second transaction from now on, and take writes again before one of the commands of the
 * third. The connector sees no reply until it has sent all that it has.
 */
function refuseUntil(proxy: CommandProxy, refusal: Refusal, boundary: number): Promise<void> {
  const over = Promise.withResolvers<void>()
  let transaction = 0
  let command = 0
  proxy.holdReplies()
  proxy.beforeEach((words, settled) => {
    if (words[0] === 'MULTI') [transaction, command] = [transaction + 1, 0]
    else if (transaction > 0) command++
    const isAt = (itsTransaction: number, itsCommand: number): boolean =>
      transaction === itsTransaction && command === itsCommand
    if (isAt(2, 0)) return settled().then(() => refusal.begin(client, redis))
    if (isAt(3, boundary)) return settled().then(() => refusal.end(client, redis))
    if (!isAt(6, 0)) return undefined
    proxy.beforeEach(() => undefined)
    proxy.releaseReplies()
    over.resolve()
    return undefined
  })
  return over.promise
}
