// Runs that replace a stream and are killed with -9, and the runs after them that make it good.
import type { Redis } from 'ioredis'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { startConnector, type Connector } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { cursorOf } from './support/output-message.ts'
import { startProxy } from './support/proxy.ts'
import { withSeeds, type Random } from './support/random.ts'
import type { RedisServer } from './support/redis-server.ts'
import {
  EVERY,
  expectExactly,
  messages,
  REPLACED,
  rowsFrom,
  rowTrackersOf,
  streamOf,
} from './support/replacements.ts'
import type { Replaced, Row } from './support/replacements.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { someOf } from './support/some-of.ts'
import { write, writeArgs } from './support/write.ts'

type Phase = 'loads' | 'removes'

/** Of a removal, over the long way to Redis that there is here. */
const LONGEST_MS = 200

const METADATA = '_airbyte:manifest:n:s'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

describe.each(someOf(REPLACED, 1))('$title', (replaced) => {
  const rows = rowTrackersOf(replaced, 'new')

  it.each<Phase>(['loads', 'removes'])(
    'are exactly right after runs that were killed while one %s',
    (phase) =>
      withSeeds(caseCount(1, 10), async (random) => {
        await writeOld(replaced)
        const acknowledged: number[] = []
        for (let kills = random() < 0.5 ? 1 : 2; kills > 0; kills--)
          acknowledged.push((await killed(replaced, rows, phase, random)).acknowledged)
        await writeAll(replaced, rows, 2, 2)
        await expectExactly(replaced, client, rows, acknowledged)
      }),
    caseCount(60_000, 600_000),
  )

  it(
    'are replaced by the next run, if one was killed while it removed, before it adds its own records',
    () =>
      withSeeds(caseCount(1, 5), async (random) => {
        await untilCaught(replaced, random)
        const later = rowsFrom(rows.at(-1)!.id + 1, 10, 'later')
        await writeAll(replaced, later, 3, 0)
        await expectExactly(replaced, client, [...rows, ...later])
      }),
    caseCount(60_000, 600_000),
  )
})

async function writeOld(replaced: Replaced): Promise<void> {
  await client.flushall()
  const old = rowTrackersOf(replaced, 'old')
  await writeAll(replaced, old, 1, 1)
  await expectExactly(replaced, client, old)
}

async function writeAll(replaced: Replaced, rows: Row[], generation: number, minimum: number): Promise<void> {
  const stream = streamOf(replaced, generation, minimum)
  const run = await write(redis, [stream], messages(rows), replaced.options)
  expect(run.errors).toEqual([])
  expect(run.code).toBe(0)
}

/** A run that is killed at some moment, if it is not through by then. */
async function killed(
  replaced: Replaced,
  rows: Row[],
  phase: Phase,
  random: Random,
  longestMs = LONGEST_MS,
): Promise<{ acknowledged: number }> {
  // The way to Redis is long: what was sent before the end arrives after it.
  await using proxy = await startProxy(redis.port)
  await proxy.setMode({ kind: 'delay', ms: 1 + Math.floor(random() * 4) })
  const args = writeArgs({ host: '127.0.0.1', port: proxy.port }, [streamOf(replaced, 2, 2)], {
    ...replaced.options,
    batch_records: EVERY,
  })
  await using run = startConnector(args)
  void feed(run.stdin, messages(rows))
  const states = Math.ceil(random() * (rows.length / EVERY))
  if (phase === 'removes') void killWhileItRemoves(run, random() * longestMs)
  let acknowledged = 0
  for await (const message of run.messages) {
    if (message.type !== 'STATE') continue
    acknowledged = cursorOf(message)
    if (phase === 'loads' && acknowledged === states * EVERY) run.kill('SIGKILL')
  }
  await run.exit
  // As if the dead run's lease had run out.
  await client.del('_airbyte:lease:n:s')
  return { acknowledged }
}

async function killWhileItRemoves(run: Connector, afterMs: number): Promise<void> {
  const isOver = run.exit.then(() => true)
  while ((await client.hexists(METADATA, 'pending_removal')) === 0)
    if (await Promise.race([isOver, nextTurn(false)])) return
  await pause(afterMs)
  run.kill('SIGKILL')
}

/** A run that was killed when it had begun to remove, and was not through. */
async function untilCaught(replaced: Replaced, random: Random): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    await writeOld(replaced)
    await killed(replaced, rowTrackersOf(replaced, 'new'), 'removes', random, LONGEST_MS / (tries + 1))
    if ((await client.hexists(METADATA, 'pending_removal')) === 1) return
  }
  throw new Error('The run was never caught while it removed.')
}
