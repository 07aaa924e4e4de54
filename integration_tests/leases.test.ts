// One run writes a stream at a time: what a second one, a dead one and a frozen one do.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { CommandProxy } from './support/command-proxy.ts'
import { startConnector, type Connector } from './support/connector.ts'
import { record, streamState } from './support/messages.ts'
import { isError } from './support/output-message.ts'
import { pollUntil } from './support/poll.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write, writeArgs } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const streams = [{ name: 's' }]
const row = (id: number): string => record('s', { id })

/** A run that has written one record, and waits for more. */
async function startedRun(): Promise<Connector> {
  const run = startConnector(writeArgs(redis, streams))
  run.stdin.write(row(1) + streamState('s', 1))
  for await (const message of run.messages) if (message.type === 'STATE') break
  return run
}

async function ownKeys(): Promise<string[]> {
  const connections = await client.hget('_airbyte:manifest::s', 'connections')
  return [...(await client.keys('_airbyte:lease:*')), ...(connections === null ? [] : ['connections'])]
}

/** The ids of the connections of the run that has the lease, when both are known. */
async function connected(): Promise<string[]> {
  const connections = String(await client.hget('_airbyte:manifest::s', 'connections'))
  const ids = connections.split(', ').flatMap((words) => words.split(' ')[2] ?? [])
  const list = String(await client.client('LIST'))
  return ids.length === 2 && ids.every((id) => new RegExp(`^id=${id} `, 'm').test(list)) ? ids : []
}

describe('a second run on a stream', () => {
  it('says so and stops, having changed nothing, and the first one ends well', async () => {
    const first = await startedRun()
    const before = await client.keys('*')
    const second = await write(redis, streams, row(2))

    expect(second.code).toBe(1)
    expect(second.errors).toMatchObject([
      { failure_type: 'transient_error', message: expect.stringMatching(/\[stream-in-use\]$/) },
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

describe('a run of several streams', () => {
  const several = ['a', 'b', 'c'].map((name) => ({ name }))

  it('gives back what it took where it cannot have all, and leaves what it found', async () => {
    await client.hset('_airbyte:manifest::a', 'connections', 'h:1 another-server 1')
    await using other = startConnector(writeArgs(redis, [{ name: 'b' }]))
    await pollUntil('the lease of b', async () => (await client.exists('_airbyte:lease::b')) === 1)
    const run = await write(redis, several, record('a', {}))

    expect(run.code).toBe(1)
    expect(run.errors[0]?.message).toMatch(/stream b.*\[stream-in-use\]$/)
    expect(await client.keys('_airbyte:lease:*')).toEqual(['_airbyte:lease::b'])
    expect(await client.hgetall('_airbyte:manifest::a')).toEqual({ connections: 'h:1 another-server 1' })
    expect(await client.exists('_airbyte:manifest::c')).toBe(0)
    other.stdin.end()
    expect(await other.exit).toMatchObject({ code: 0 })
  })

  it('that begins when another one does: one of them has all of them, whatever their order', async () => {
    const many = Array.from({ length: 300 }, (_, number) => ({ name: `s${number}` }))
    await using one = startConnector(writeArgs(redis, many))
    await using two = startConnector(writeArgs(redis, many.toReversed()))
    const loser = await Promise.race([one.exit.then(() => one), two.exit.then(() => two)])
    const winner = loser === one ? two : one
    winner.stdin.end()

    expect(await loser.exit).toMatchObject({ code: 1 })
    expect(await winner.exit).toMatchObject({ code: 0 })
    expect(await client.keys('_airbyte:lease:*')).toEqual([])
  })

  it('tells once that it waits, and once that it may not close the connections of a dead run', async () => {
    await client.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+@all', '-client|kill')
    const login = { username: 'limited', password: 'secret' }
    await using first = startConnector(writeArgs(redis, several, login))
    await pollUntil(
      'the connections of c',
      async () => (await client.hexists('_airbyte:manifest::c', 'connections')) === 1,
    )
    first.kill('SIGKILL')
    await first.exit
    const second = await write(redis, several, record('a', {}), login)

    expect(second.code).toBe(0)
    const said = second.logs.map(({ message }) => message)
    expect(said.filter((message) => message.includes('another run holds the lease'))).toHaveLength(1)
    expect(second.logs.filter(({ level }) => level === 'WARN').map(({ message }) => message)).toEqual([
      'The connections of a run that did not end well could not be closed (CLIENT KILL).',
    ])
  })
})

describe('the holder of a lease', () => {
  it('is known by its connections, and by the new ones after they broke', async () => {
    const run = await startedRun()
    const before = await connected()
    expect(before).toHaveLength(2)
    for (const id of before) await client.client('KILL', 'ID', Number(id))
    await pollUntil('two connections', async () => (await connected()).length === 2)
    expect(await connected()).not.toEqual(before)
    run.stdin.end()
    expect(await run.exit).toMatchObject({ code: 0 })
  })

  it('that is dead has its connections closed by the next one', async () => {
    // Stands for the connection of a run that was frozen.
    const zombie = redis.client({ retryStrategy: () => null })
    const id = await zombie.client('ID')
    const server = /run_id:(\S+)/.exec(await client.info('server'))?.[1]
    await client.hset('_airbyte:manifest::s', 'connections', `${redis.host}:${redis.port} ${server} ${id}`)
    expect((await write(redis, streams, row(1))).code).toBe(0)
    await expect(zombie.ping()).rejects.toThrow('Connection is closed')
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
    await pollUntil('a lease', async () => (await client.keys('_airbyte:lease:*')).length === 1 || code === 1)
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
        message: expect.stringMatching(/stream s.*\[stream-taken-over\]$/),
      },
    ])
    expect(messages.map(({ type }) => type)).not.toContain('STATE')
    expect((await client.keys(':s:*')).toSorted()).toEqual(contents.toSorted())
  })

  it('is kept where a run removes the metadata of a stream, also when its connection breaks then', async () => {
    const both = ['a', 'b'].map((name) => ({ name, mode: 'overwrite' as const }))
    const rows = [record('a', { id: 1 }), record('b', { id: 1 })]
    const options = { completion: 'end_of_input', allow_empty_replace: true }
    expect((await write(redis, both, rows.join(''), options)).code).toBe(0)
    await using proxy = await CommandProxy.start(redis.port)
    let isRemoved = false
    let isCut = false
    proxy.beforeEach(([command, key = ''], _, connection) => {
      if (command === 'UNLINK' && key === '_airbyte:manifest::a') isRemoved = true
      else if (isRemoved && !isCut && key.startsWith(':b:')) {
        isCut = true
        connection.cut()
      }
      return undefined
    })
    expect(await write(proxy, both, rows[1]!, options)).toMatchObject({ code: 0, errors: [] })
    expect(isCut).toBe(true)
    expect((await client.keys('*:[ab]*')).filter((key) => !key.includes('index')).toSorted()).toEqual([
      ':b',
      ':b:2',
      '_airbyte:manifest::b',
    ])
  })

  it('is held on each of many streams', async () => {
    const many = Array.from({ length: 200 }, (_, number) => ({ name: `s${number}` }))
    const input = many.map(({ name }) => record(name, {})).join('')
    expect((await write(redis, many, input)).code).toBe(0)
    expect(await client.keys('_airbyte:lease:*')).toEqual([])
  })
})
