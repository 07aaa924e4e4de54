// What cannot be timed from outside: in which order leases are taken, and what becomes of those that come too late.
import { expect, it } from 'vitest'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { Leases } from './leases.ts'
import type { Reply } from '../../redis/resp/reply.ts'

const RUN = 'this-run'
const log = (): void => {}

const stream = (name: string) => ({ name, leaseKey: `lease:${name}`, metadataKey: `notes:${name}` })

/** Of connections to one server. */
function known(...clientIds: number[]) {
  return clientIds.map((clientId) => ({ where: 'h:1', runId: 'server', clientId }))
}

/** Stands for a link; `reply` gives what a question is answered, or undefined for what a free lease is. */
function linkWith(reply: (question: string) => Promise<Reply | undefined>) {
  const asked: string[] = []
  const ask: RedisClient['ask'] = async (command, ...args) => {
    const question = [command, ...args].join(' ')
    asked.push(question)
    const given = await reply(question)
    if (given !== undefined) return given
    if (command === 'PTTL') return 9_000
    return command === 'SET' ? 'OK' : command === 'GET' ? RUN : null
  }
  return {
    client: {
      ask,
      onReconnect: () => undefined,
      identities: known(1, 2),
      fence: async () => true,
    } as unknown as RedisClient,
    asked,
  }
}

it('Runs that want the same streams all begin with the same one, and with no other before they have it', async () => {
  const { promise: first, resolve } = Promise.withResolvers<Reply>()
  const { client, asked } = linkWith(async (question) =>
    question.startsWith('SET lease:a ') ? first : undefined,
  )
  const taken = Leases.take(client, [stream('c'), stream('a'), stream('b')], RUN, log)
  expect(asked).toEqual([`SET lease:a ${RUN} PX 10000 NX`])
  resolve('OK')
  await using leases = await taken
  expect(leases).toBeInstanceOf(Leases)
  expect(asked.slice(1, 3)).toEqual([`SET lease:b ${RUN} PX 10000 NX`, `SET lease:c ${RUN} PX 10000 NX`])
})

it('A lease that comes when another one turned out to be in use is given back too', async () => {
  const late = Promise.withResolvers<Reply>()
  const left = [5_000, 9_000]
  const { client, asked } = linkWith(async (question) => {
    if (question.startsWith('SET lease:b ')) return null
    if (question.startsWith('SET lease:c ')) return late.promise
    if (question === 'GET lease:b') return 'another-run'
    if (question !== 'PTTL lease:b') return undefined
    // What has been asked is answered after the run has seen that the other one is alive.
    if (left.length === 1) setTimeout(() => late.resolve('OK'), 50)
    return left.shift()
  })
  const taken = Leases.take(client, ['a', 'b', 'c'].map(stream), RUN, log)
  await expect(taken).rejects.toThrow('Another run is writing stream b')
  expect(asked).toContain('DEL lease:a')
  expect(asked).toContain('DEL lease:c')
  expect(asked).not.toContain('DEL lease:b')
  expect(asked.filter((question) => question.startsWith('H'))).toEqual([])
})

it('A note that may have been repeated over a new connection is written again', async () => {
  const { client, asked } = linkWith(async (question) => {
    if (question.endsWith('h:1 server 1, h:1 server 2')) Object.assign(client, { identities: known(3, 4) })
    return undefined
  })
  await using leases = await Leases.take(client, [stream('a')], RUN, log)
  expect(leases).toBeInstanceOf(Leases)
  expect(asked.findLast((question) => question.startsWith('HSET'))).toMatch(
    /holder h:1 server 3, h:1 server 4$/,
  )
})

it('A run that was frozen while it took its leases ends before it has written anything', async () => {
  const { client } = linkWith(async (question) => (question.startsWith('GET') ? 'another-run' : undefined))
  await expect(Leases.take(client, [stream('a')], RUN, log)).rejects.toThrow(
    'Another run has taken over stream a',
  )
})

it('The connections of the run before are closed; where that cannot be proven, the run goes on with a warning', async () => {
  const { client } = linkWith(async (question) =>
    question === 'HGET notes:a holder' ? 'h:1 server 8, h:2  9' : undefined,
  )
  const closed: unknown[] = []
  Object.assign(client, { fence: async (others: unknown[]) => closed.push(...others) === 0 })
  const warned: string[] = []
  await using leases = await Leases.take(client, [stream('a')], RUN, (level) => warned.push(level))
  expect(leases).toBeInstanceOf(Leases)
  expect(closed).toEqual([
    { where: 'h:1', runId: 'server', clientId: 8 },
    { where: 'h:2', runId: undefined, clientId: 9 },
  ])
  expect(warned).toEqual(['WARN'])
})
