// One run writes a stream at a time: what a second one, a dead one and a frozen one do.
import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startConnector, type Connector } from './support/connector.ts'
import { record, streamState } from './support/messages.ts'
import { isError } from './support/output-message.ts'
import { RedisServer } from './support/redis-server.ts'
import { write, writeArgs } from './support/write.ts'

let redis: RedisServer
let client: Redis

beforeAll(async () => {
  redis = await RedisServer.start()
  client = redis.client()
})
beforeEach(() => client.flushall())
afterAll(() => redis.stop())

const streams = [{ name: 's' }]
const row = (id: number): string => record('s', { id })

/** A run that has written one record, and waits for more. */
async function startedRun(): Promise<Connector> {
  const run = startConnector(writeArgs(redis, streams))
  run.stdin.write(row(1) + streamState('s', 1))
  for await (const message of run.messages) if (message.type === 'STATE') break
  return run
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error('It did not come to that within 30 seconds.')
    await pause(20)
  }
}

async function ownKeys(): Promise<string[]> {
  const holder = await client.hget('_airbyte:stream::s', 'holder')
  return [...(await client.keys('_airbyte:lease:*')), ...(holder === null ? [] : ['holder'])]
}

describe('a second run on a stream', () => {
  it('says so and stops, having changed nothing, and the first one ends well', async () => {
    const first = await startedRun()
    const before = await client.keys('*')
    const second = await write(redis, streams, row(2))

    expect(second.code).toBe(1)
    expect(second.errors).toMatchObject([
      { failure_type: 'transient_error', message: expect.stringMatching(/^Another run is writing stream s/) },
    ])
    expect((await client.keys('*')).toSorted()).toEqual(before.toSorted())
    first.stdin.end(row(3))
    expect(await first.exit).toMatchObject({ code: 0 })
    expect(await client.exists(':s:1', ':s:2')).toBe(2)
  })

  it('may write other streams at the same time', async () => {
    const first = await startedRun()
    expect((await write(redis, [{ name: 't' }], record('t', {}))).code).toBe(0)
    first.stdin.end()
    expect(await first.exit).toMatchObject({ code: 0 })
  })

  it('waits for the lease of one that was killed to run out', async () => {
    const first = await startedRun()
    first.kill('SIGKILL')
    await first.exit
    const second = await write(redis, streams, row(2))

    expect(second.code).toBe(0)
    expect(second.logs.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^s: another run holds the lease/),
    )
    expect(await client.exists(':s:1', ':s:2')).toBe(2)
  })
})

describe('a run leaves no lease behind', () => {
  it('when it ends well', async () => {
    expect((await write(redis, streams, row(1))).code).toBe(0)
    expect(await ownKeys()).toEqual([])
  })

  it('when it fails', async () => {
    expect((await write(redis, streams, 'garbage\n')).code).toBe(1)
    expect(await ownKeys()).toEqual([])
  })

  it('when it is told to end', async () => {
    const run = await startedRun()
    run.kill('SIGTERM')
    await run.exit
    expect(await ownKeys()).toEqual([])
  })
})

describe('a lease', () => {
  it.each([
    ['is gone by itself', async () => void (await client.del('_airbyte:lease::s')), 0],
    ['went with all data', async () => void (await client.flushall()), 1],
    ['went with a server that was restarted without its data', () => redis.restart(), 1],
  ])('that %s is taken again where nothing else is lost', async (_, lose, code) => {
    const run = await startedRun()
    await lose()
    await until(async () => (await client.keys('_airbyte:lease:*')).length === 1 || code === 1)
    if (code === 0) run.stdin.end(row(1))
    const errors = []
    for await (const message of run.messages) if (isError(message)) errors.push(message.trace.error)
    expect(await run.exit).toMatchObject({ code })
    expect(errors.map(({ failure_type }) => failure_type)).toEqual(code === 0 ? [] : ['transient_error'])
  })

  it('of a run that was frozen goes to the next one, and the frozen one writes nothing more', async () => {
    const frozen = await startedRun()
    frozen.kill('SIGSTOP')
    frozen.stdin.write(row(66) + streamState('s', 66))
    expect((await write(redis, streams, row(2))).code).toBe(0)
    const contents = await client.keys(':s:*')
    frozen.kill('SIGCONT')
    frozen.stdin.end()

    const messages = []
    for await (const message of frozen.messages) messages.push(message)
    expect(await frozen.exit).toMatchObject({ code: 1 })
    expect(messages.filter(isError).map(({ trace }) => trace.error)).toMatchObject([
      {
        failure_type: 'transient_error',
        message: expect.stringMatching(/^Another run has taken over stream s/),
      },
    ])
    expect(messages.map(({ type }) => type)).not.toContain('STATE')
    expect((await client.keys(':s:*')).toSorted()).toEqual(contents.toSorted())
  })

  it('is held on each of many streams', async () => {
    const many = Array.from({ length: 200 }, (_, number) => ({ name: `s${number}` }))
    const input = many.map(({ name }) => record(name, {})).join('')
    expect((await write(redis, many, input)).code).toBe(0)
    expect(await client.keys('_airbyte:lease:*')).toEqual([])
  })
})
