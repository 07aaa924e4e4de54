// A stream is replaced while Redis, or the way to it, fails: one run makes it good by itself.
import type { Redis } from 'ioredis'
import { setTimeout as pause } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { runConnector, startConnector, type Connector } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { type Message } from './support/output-message.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'
import { withSeeds } from './support/random.ts'
import { RedisServer } from './support/redis-server.ts'
import { EVERY, expectExactly, messages, REPLACED, rowTrackersOf, streamOf } from './support/replacements.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { someOf } from './support/some-of.ts'
import { writeArgs } from './support/write.ts'

const METADATA = '_airbyte:manifest:n:s'

let redis: RedisServer
let client: Redis

shareFixture(
  () => RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] }),
  (started) => {
    redis = started
    client = redis.client({ retryStrategy: () => 20, maxRetriesPerRequest: null })
  },
)
beforeEach(() => client.flushall())

const faults: { fault: string; strike: (proxy: TcpProxy, isOver?: Promise<unknown>) => Promise<unknown> }[] =
  [
    {
      fault: 'Redis is killed and comes back with its data',
      strike: async () => {
        await redis.kill()
        await redis.restart()
      },
    },
    {
      fault: 'replies are lost after Redis has done the work',
      // There may be no more replies to lose.
      strike: (proxy, isOver = new Promise(() => {})) =>
        Promise.race([proxy.setMode({ kind: 'lose-replies', afterBytes: 1 }), isOver]),
    },
  ]

describe.each(someOf(REPLACED, 0))('$title', (replaced) => {
  describe.each(faults)('are exactly right though $fault', ({ strike }) => {
    const rows = rowTrackersOf(replaced, 'new')

    it(
      'while they are written and while others are removed',
      () =>
        withSeeds(caseCount(1, 5), async (random) => {
          await client.flushall()
          const old = writeArgs(redis, [streamOf(replaced, 1, 1)], replaced.options)
          expect((await runConnector(old, messages(rowTrackersOf(replaced, 'old')))).code).toBe(0)

          await using proxy = await startProxy(redis.port)
          const server = { host: '127.0.0.1', port: proxy.port }
          const options = { ...replaced.options, batch_records: EVERY }
          await using run = startConnector(writeArgs(server, [streamOf(replaced, 2, 2)], options))
          void feed(run.stdin, messages(rows))
          const strikesAt = Math.ceil(random() * (rows.length / EVERY - 1))
          const ended = collect(run, async (states) => {
            if (states !== strikesAt) return
            await strike(proxy)
            // From here on it takes its time, so that its removal does, too.
            await proxy.setMode({ kind: 'delay', ms: 2 })
          })
          const isOver = ended.then(() => true as const)
          if (await removalBegins(isOver)) {
            await pause(random() * 100)
            await strike(proxy, isOver)
          }
          const errors = await ended
          expect(errors).toEqual([])
          expect((await run.exit).code).toBe(0)
          await expectExactly(replaced, client, rows)
        }),
      caseCount(60_000, 600_000),
    )
  })
})

/** Reads all output; `react` is called with the number of each state, and awaited. Gives the errors. */
async function collect(run: Connector, react: (states: number) => Promise<void>): Promise<Message[]> {
  const errors: Message[] = []
  let states = 0
  for await (const message of run.messages) {
    if (message.type === 'TRACE') errors.push(message)
    if (message.type === 'STATE') await react(++states)
  }
  return errors
}

/** False if the run is over and it was not seen. */
async function removalBegins(isOver: Promise<true>): Promise<boolean> {
  for (;;) {
    const seen = client.hexists(METADATA, 'pending_removal').then((is) => (is === 1 ? 'begun' : 'not yet'))
    const first = await Promise.race([seen.catch(() => 'not yet'), isOver])
    if (first === true) return false
    if (first === 'begun') return true
  }
}
