import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { startConnector } from './support/connector.ts'
import { globalState, legacyState, record, streamState } from './support/messages.ts'
import { cursorOf } from './support/output-message.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write, writeArgs } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const streams = [{ name: 'a' }, { name: 'b' }]

describe('a state', () => {
  it('comes back byte for byte, with the count put in', async () => {
    const sent =
      '{ "type":"STATE", "id": 7, "state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},' +
      '"stream_state":{"big":12345678901234567890,"x":1.0,"s":"\\u00e9é"}},"sourceStats":{"recordCount":1.0}} }'
    const run = await write(redis, streams, `${record('a', {})}${sent}\n`)

    const expected = sent.replace(
      '"recordCount":1.0}}',
      '"recordCount":1.0},"destinationStats":{"recordCount":1.0}}',
    )
    expect(run.lines).toContain(expected)
  })

  it.each(['null', '{"recordCount":99.0,"other":[1]}'])(
    'has destinationStats %s replaced in place',
    async (stats) => {
      const sent = `{"type":"STATE","state":{"data":{},"destinationStats":${stats},"last":1}}`
      const run = await write(redis, streams, `${sent}\n`)
      expect(run.lines).toContain(
        '{"type":"STATE","state":{"data":{},"destinationStats":{"recordCount":0.0},"last":1}}',
      )
    },
  )

  it('counts the records since the last one of its stream, or of all streams', async () => {
    const a = record('a', {})
    const b = record('b', {})
    const run = await write(
      redis,
      streams,
      a +
        a +
        b +
        streamState('a', 1) +
        a +
        streamState('b', 1) +
        b +
        globalState(1) +
        legacyState(2) +
        a +
        legacyState(3),
    )
    expect(run.states.map(({ destinationStats }) => destinationStats?.recordCount)).toEqual([2, 1, 2, 0, 1])
  })

  it('of a stream that the catalog does not have is an error', async () => {
    const run = await write(redis, streams, streamState('a', 1) + streamState('c', 1))
    expect(run.errors[0]?.message).toMatch(/^Line 2: a state of stream "c", namespace null/)
    expect(run.states).toHaveLength(1)
    expect(run.code).toBe(1)
  })

  it('is acknowledged within seconds while the input stands still', async () => {
    await using run = startConnector(writeArgs(redis, streams))
    for (let round = 1; round <= 3; round++) {
      run.stdin.write(record('a', { round }) + streamState('a', { round }))
      for await (const message of run.messages) if (message.type === 'STATE') break
      expect(await client.exists(`:a:${round}`)).toBe(1)
    }
    run.stdin.end()
    expect((await run.exit).code).toBe(0)
  })
})

describe('many states', () => {
  it('come back in order while the input runs, each when its records can be read', async () => {
    const records = caseCount(100_000, 1_000_000)
    const every = records / 100
    await using run = startConnector(writeArgs(redis, streams))
    let allSent = false
    // The last part of the input is held back until more than half of the states have come.
    const halfway = Promise.withResolvers<void>()
    const feeding = feedRecords(run.stdin, records, every, halfway.promise).then(() => (allSent = true))

    const cursors: number[] = []
    let whileRunning = 0
    for await (const message of run.messages) {
      if (message.type !== 'STATE') continue
      const id = cursorOf(message)
      cursors.push(id)
      if (!allSent) whileRunning++
      if (whileRunning > 50) halfway.resolve()
      const first = `:a:${id - every + 1}`
      const read = await Promise.all([first, `:a:${id}`].map((key) => client.hget(key, '_airbyte_data')))
      expect(read).toEqual([JSON.stringify({ id: id - every + 1 }), JSON.stringify({ id })])
    }
    await feeding

    expect(cursors).toEqual(Array.from({ length: 100 }, (_, index) => (index + 1) * every))
    expect(whileRunning).toBeGreaterThan(50)
    expect((await run.exit).code).toBe(0)
  })
})

async function feedRecords(
  stdin: NodeJS.WritableStream,
  records: number,
  every: number,
  halfway: Promise<void>,
): Promise<void> {
  let isHeld = true
  for (let id = 1; id <= records;) {
    let lines = ''
    for (const end = Math.min(records, id + 999); id <= end; id++) {
      lines += record('a', { id })
      if (id % every === 0) lines += streamState('a', { id })
    }
    if (!stdin.write(lines)) await new Promise((resolve) => stdin.once('drain', resolve))
    if (isHeld && id > records * 0.6) {
      await halfway
      isHeld = false
    }
  }
  stdin.end()
}
