// What happens to a run when Redis, or the way to it, fails. Every fault here is a real one.
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { codesIn } from './support/codes.ts'
import { startConnector, type Connector } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { cursorOf, type Message } from './support/output-message.ts'
import { record, streamState } from './support/messages.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { writeArgs } from './support/write.ts'

beforeEach(skipWhatIsLacking)

const streams = [{ name: 's' }]
const records = caseCount(30_000, 500_000)
const every = records / 50

let redis: RedisServer
let client: Redis

afterEach(() => redis.stop())

/** Little is on its way at a time, so that a fault in the middle of a run hits the middle of the records. */
const small = { batch_bytes: 65_536, max_in_flight_bytes: 1_048_576 }

const persistent = ['--appendonly', 'yes', '--appendfsync', 'always']

async function startRedis(...args: string[]): Promise<void> {
  redis = await RedisServer.start({ args })
  client = redis.client()
}

describe('a Redis that is killed and comes back with its data', () => {
  beforeEach(() => startRedis(...persistent))

  it('has every record exactly once, with rising ids and states in order', async () => {
    await using run = startConnector(writeArgs(redis, streams, small))
    void feed(run.stdin, messages())
    const cursors: number[] = []
    for await (const message of run.messages) {
      if (message.type !== 'STATE') continue
      cursors.push(cursorOf(message))
      if ([10, 20, 30].includes(cursors.length)) {
        await redis.kill()
        await redis.restart()
      }
    }
    expect((await run.exit).code).toBe(0)
    expectAllStates(cursors)
    await expectEachRecordOnce()
  })
})

describe('replies that are lost after Redis has done the work', () => {
  beforeEach(() => startRedis())

  it('leave every record exactly once', async () => {
    await using proxy = await startProxy(redis.port)
    await using run = startConnector(writeArgs(through(proxy), streams, small))
    void feed(run.stdin, messages())
    const cursors: number[] = []
    for await (const message of run.messages) {
      if (message.type !== 'STATE') continue
      cursors.push(cursorOf(message))
      if ([5, 15, 25].includes(cursors.length)) await proxy.setMode({ kind: 'lose-replies', afterBytes: 1 })
    }
    expect((await run.exit).code).toBe(0)
    expectAllStates(cursors)
    await expectEachRecordOnce()
  })
})

describe('a connection that breaks', () => {
  beforeEach(() => startRedis())

  it('is dead on the server before anything is sent again', async () => {
    await using proxy = await startProxy(redis.port)
    await using run = startConnector(writeArgs(through(proxy), streams, small))
    void feed(run.stdin, messages())
    const cursors: number[] = []
    for await (const message of run.messages) {
      if (message.type !== 'STATE') continue
      cursors.push(cursorOf(message))
      if (cursors.length === 10) await proxy.setMode({ kind: 'hold-requests', afterBytes: 1 })
      // The run goes on only when the old connections have been killed, which the proxy notices.
      if (cursors.length === 20) expect(await proxy.deliverLate()).toBe(0)
    }
    expect((await run.exit).code).toBe(0)
    await expectEachRecordOnce()
  })

  it('is given up after max_outage_seconds when Redis is gone for good', async () => {
    await using run = startConnector(writeArgs(redis, streams, { ...small, max_outage_seconds: 2 }))
    void feed(run.stdin, messages())
    const { cursors, printed } = await collect(run, async (seen) => {
      if (seen === 10) await redis.kill()
    })
    expect((await run.exit).code).toBe(1)
    expect(errorsIn(printed)).toMatchObject([{ failure_type: 'transient_error' }])
    expect(codesIn(errorsIn(printed)[0]?.message)).toEqual(['connection-refused', 'outage-too-long'])
    expect(cursors).toEqual(cursors.map((_, index) => (index + 1) * every))
    expect(cursors.length).toBeLessThan(50)
  })
})

describe('a Redis that comes back without its data', () => {
  beforeEach(() => startRedis())

  it('ends the run with a transient error, not a green one', async () => {
    await using run = startConnector(writeArgs(redis, streams, small))
    void feed(run.stdin, messages())
    const { printed } = await collect(run, async (seen) => {
      if (seen === 10) await redis.restart()
    })
    expect((await run.exit).code).toBe(1)
    expect(errorsIn(printed)).toMatchObject([{ failure_type: 'transient_error' }])
    expect(errorsIn(printed)[0]?.message).toContain('came back with older data')
  })

  it('is noticed even when everything had been confirmed before', async () => {
    await using run = startConnector(writeArgs(redis, streams, small))
    run.stdin.write(record('s', {}) + streamState('s', { id: every }))
    const { printed } = await collect(run, async (seen) => {
      if (seen !== 1) return
      await redis.restart()
      run.stdin.end()
    })
    expect((await run.exit).code).toBe(1)
    expect(errorsIn(printed)[0]?.message).toContain('came back with older data')
  })
})

describe('a Redis that cannot take writes', () => {
  beforeEach(() => startRedis())

  it('as it is full, is waited for, and nothing is missing afterwards', async () => {
    // Before Redis 3, notes that have a time to live would be removed.
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    await using run = startConnector(writeArgs(redis, streams, small))
    void feed(run.stdin, messages())
    const { cursors, printed } = await collect(run, async (seen, message) => {
      if (seen === 10 && message.type === 'STATE') await client.config('SET', 'maxmemory', '1048576')
      if (isWarning(message, /\[memory-full\]/)) await client.config('SET', 'maxmemory', '0')
    })
    expect((await run.exit).code).toBe(0)
    expect(printed.some((message) => isWarning(message, /\[memory-full\]/))).toBe(true)
    expectAllStates(cursors)
    await expectEachRecordOnce()
  })

  it('as it became a replica, is waited for', async () => {
    await using run = startConnector(writeArgs(redis, streams, small))
    void feed(run.stdin, messages())
    const { cursors } = await collect(run, async (seen, message) => {
      if (seen === 10 && message.type === 'STATE') await client.replicaof('127.0.0.1', 1)
      if (isWarning(message, /\[server-is-replica\]/)) await client.replicaof('NO', 'ONE')
    })
    expect((await run.exit).code).toBe(0)
    expectAllStates(cursors)
    await expectEachRecordOnce()
  })

  it('as it is paused, holds the input up in bounded memory, and nothing is lost', async () => {
    await using run = startConnector(writeArgs(redis, streams))
    const large = 'x'.repeat(1_000)
    void feed(run.stdin, messages(large))
    let isResumed = false
    const { cursors } = await collect(run, async (seen) => {
      if (seen !== 10 || isResumed) return
      isResumed = true
      await redis.kill('SIGSTOP')
      // Redis stays silent until the connector has stopped reading.
      await untilStandsStill(() => run.stdin.writableLength)
      await redis.kill('SIGCONT')
    })
    expect((await run.exit).code).toBe(0)
    expectAllStates(cursors)
    expect(await client.get(':s')).toBe(String(records))
    // The counter, the metadata and the set of streams.
    expect(await client.dbsize()).toBe(records + 3)
    expect(run.peakRssKb).toBeLessThan(300_000)
  })

  it('as it is still starting, is waited for', async () => {
    await redis.kill()
    await using run = startConnector(writeArgs(redis, streams, small))
    run.stdin.end(record('s', {}) + streamState('s', { id: every }))
    let isStarted = false
    const { cursors } = await collect(run, async (_, message) => {
      if (isStarted || !isWarning(message, /\[connection-refused\]/)) return
      isStarted = true
      await redis.restart()
    })
    expect((await run.exit).code).toBe(0)
    expect(cursors).toEqual([every])
  })
})

function through(proxy: TcpProxy): { host: string; port: number } {
  return { host: '127.0.0.1', port: proxy.port }
}

function* messages(text = ''): Generator<string> {
  for (let id = 1; id <= records;) {
    let lines = ''
    for (const end = Math.min(records, id + 499); id <= end; id++) {
      lines += record('s', { id, text })
      if (id % every === 0) lines += streamState('s', { id })
    }
    yield lines
  }
}

/** Reads all output; `react` is called for each message with the number of states seen, and awaited. */
async function collect(run: Connector, react: (states: number, message: Message) => Promise<void>) {
  const cursors: number[] = []
  const printed: Message[] = []
  for await (const message of run.messages) {
    printed.push(message)
    if (message.type === 'STATE') cursors.push(cursorOf(message))
    await react(cursors.length, message)
  }
  return { cursors, printed }
}

function errorsIn(printed: Message[]) {
  return printed.flatMap((message) =>
    message.type === 'TRACE' && message.trace.error ? [message.trace.error] : [],
  )
}

function isWarning(message: Message, pattern: RegExp): boolean {
  return message.type === 'LOG' && message.log.level === 'WARN' && pattern.test(message.log.message)
}

function expectAllStates(cursors: number[]): void {
  expect(cursors).toEqual(Array.from({ length: 50 }, (_, index) => (index + 1) * every))
}

/** Ids may have gaps where replies were lost, so records are found by what they say. */
async function expectEachRecordOnce(): Promise<void> {
  const last = Number(await client.get(':s'))
  let previous = 0
  let found = 0
  for (let id = 1; id <= last; id += 5_000) {
    const pipeline = client.pipeline()
    for (let at = id; at < id + 5_000 && at <= last; at++) pipeline.hget(`:s:${at}`, '_airbyte_data')
    for (const [error, data] of (await pipeline.exec()) ?? []) {
      if (error) throw error
      if (typeof data !== 'string') continue
      const { id: sent } = JSON.parse(data) as { id: number }
      expect(sent).toBe(previous + 1)
      previous = sent
      found++
    }
  }
  expect(found).toBe(records)
  // The counter, the metadata and the set of streams.
  expect(await client.dbsize()).toBe(records + 3)
}

async function untilStandsStill(measure: () => number): Promise<void> {
  for (let still = 0, last = -1; still < 10;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const now = measure()
    still = now === last && now > 0 ? still + 1 : 0
    last = now
  }
}
