// Many records, many streams, and several connections at once.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../../src/case-count.support.ts'
import { startConnector } from '../support/connector.ts'
import { ALL, DEDUPLICATED, streamOf, type Row } from '../support/layouts.ts'
import { record, status, streamState } from '../support/messages.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { write, writeArgs } from '../support/write.ts'
import { someOf } from '../support/some-of.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

describe.each(someOf(DEDUPLICATED, 0))('$title', (layout) => {
  it('largeDedupSync: thousands of copies of the same changes end as one of them does', async () => {
    const stream = streamOf(layout, { cursor: ['updated'] })
    const gone = { id: 2, updated: 3, _ab_cdc_deleted_at: '2024-05-01T10:00:00Z' }
    const changes = [row(1, 1), row(1, 3), row(1, 2), row(2, 1), gone, row(3, 1)]
    const copy = changes.map((data) => record('s', data, { namespace: 'n' })).join('')
    const copies = caseCount(2_500, 25_000)
    const input = function* (): Generator<string> {
      for (let at = 0; at < copies; at++) yield copy
      yield streamState('s', {}, { namespace: 'n' })
    }
    const run = await write(redis, [stream], input(), layout.options)

    expect([run.code, run.errors]).toEqual([0, []])
    expect(run.states).toMatchObject([{ destinationStats: { recordCount: copies * changes.length } }])
    expect(await layout.read(client, 'n:s')).toEqual([row(1, 3), row(3, 1)].map(layout.seen))
  })
})

describe.each(someOf(ALL, 0))('$title', (layout) => {
  it('testManyStreamsCompletion: twenty streams are each replaced by their own records', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `s${at}`)
    const streams = (generation: number, minimumGeneration: number) =>
      names.map((name) => streamOf(layout, { name, generation, minimumGeneration }))
    const lines = (score: number): string[] =>
      names.flatMap((name, at) => [
        record(name, row(at, score), { namespace: 'n' }),
        streamState(name, { score }, { namespace: 'n' }),
      ])
    const complete = names.map((name) => status(name, 'COMPLETE', { namespace: 'n' }))
    for (const generation of [1, 2]) {
      const input = [...lines(generation), ...complete]
      const run = await write(redis, streams(generation, generation), input, layout.options)
      expect([run.code, run.errors]).toEqual([0, []])
      expect(new Set(run.states.map(({ stream }) => stream?.stream_descriptor.name))).toEqual(new Set(names))
      expect(run.states).toHaveLength(names.length)
    }
    for (const [at, name] of names.entries())
      expect(await layout.read(client, `n:${name}`)).toEqual([row(at, 2)].map(layout.seen))
  })

  it('identicalNameSimultaneousSync: two connections write a stream of one name in two namespaces', async () => {
    const namespaces = ['north', 'south']
    const args = namespaces.map((namespace) =>
      writeArgs(redis, [streamOf(layout, { namespace })], layout.options),
    )
    await using north = startConnector(args[0]!)
    await using south = startConnector(args[1]!)
    const runs = [north, south]
    for (const score of [1, 2]) {
      for (const [at, run] of runs.entries()) {
        const namespace = namespaces[at]!
        const data = row(10 * (at + 1) + score, score)
        run.stdin.write(record('s', data, { namespace }) + streamState('s', { score }, { namespace }))
      }
      // Both are at work, and neither has come to its end.
      for (const run of runs) for await (const message of run.messages) if (message.type === 'STATE') break
    }
    for (const run of runs) run.stdin.end()
    for (const run of runs) expect((await run.exit).code).toBe(0)

    expect(await layout.read(client, 'north:s')).toEqual([row(11, 1), row(12, 2)].map(layout.seen))
    expect(await layout.read(client, 'south:s')).toEqual([row(21, 1), row(22, 2)].map(layout.seen))
  })
})

describe.each(someOf(DEDUPLICATED, 0))('$title', (layout) => {
  it('incrementalDedupIdenticalName: one catalog has a stream of one name in two namespaces', async () => {
    const streams = ['north', 'south'].map((namespace) =>
      streamOf(layout, { namespace, cursor: ['updated'] }),
    )
    for (const score of [1, 2]) {
      const lines = [
        record('s', row(1, score), { namespace: 'north' }),
        record('s', row(1, 10 - score), { namespace: 'south' }),
      ]
      expect((await write(redis, streams, lines, layout.options)).code).toBe(0)
    }
    expect(await layout.read(client, 'north:s')).toEqual([row(1, 2)].map(layout.seen))
    expect(await layout.read(client, 'south:s')).toEqual([row(1, 9)].map(layout.seen))
  })
})

describe.each(someOf(ALL, 0))('$title', (layout) => {
  it('testStressPerformance: five streams take turns with many records each, and all arrive', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const ids = Array.from({ length: 300 }, (_, at) => at + 100)
    const input = ids.flatMap((id) => names.map((name) => record(name, row(id, id), { namespace: 'n' })))
    const streams = names.map((name) => streamOf(layout, { name }))
    const run = await write(redis, streams, input, { ...layout.options, batch_records: 70 })
    expect([run.code, run.errors]).toEqual([0, []])
    for (const name of names)
      expect(await layout.read(client, `n:${name}`)).toEqual(ids.map((id) => layout.seen(row(id, id))))
  })
})

function row(id: number, score: number): Row {
  return { id, updated: score, score }
}
