// What cannot be timed from outside: in which order leases are taken, and what becomes of those that come too late.
import { describe, expect, it } from 'vitest'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { problemOf, thrownBy } from '../../errors.support.ts'
import { Leases } from './leases.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import type { Reply } from '../../redis/resp/reply.ts'

const RUN = 'this-run'
const log = (): void => {}

const stream = (name: string) => ({
  name,
  leaseKey: `lease:${name}`,
  metadataKey: `metadata:${name}`,
})

/** Of connections to one server. */
function connections(...clientIds: number[]) {
  return clientIds.map((clientId) => ({ where: 'h:1', runId: 'server', clientId }))
}

/** A client whose replies are those of `reply`, or of a free lease where that gives undefined. */
function clientWith(reply: (command: string) => Promise<Reply | undefined>) {
  const asked: string[] = []
  const ask: RedisClient['ask'] = async (command, ...args) => {
    const text = [command, ...args].join(' ')
    asked.push(text)
    const replied = await reply(text)
    if (replied !== undefined) return replied
    if (command === 'PTTL') return 9_000
    if (command === 'HMGET') return ['2', null, null]
    return command === 'SET' ? 'OK' : command === 'GET' ? RUN : null
  }
  return {
    client: {
      ask,
      onReconnect: () => undefined,
      forgetRun: async (runId: string) => void asked.push(`forget ${runId}`),
      identities: connections(1, 2),
      fence: async () => true,
      end: () => undefined,
      endWithLoss: async () => undefined,
    },
    asked,
  }
}

it('Runs that want the same streams all begin with the same one, and with no other before they have it', async () => {
  const { promise: first, resolve } = Promise.withResolvers<Reply>()
  const { client, asked } = clientWith(async (command) =>
    command.startsWith('SET lease:a ') ? first : undefined,
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
  const { client, asked } = clientWith(async (command) => {
    if (command.startsWith('SET lease:b ')) return null
    if (command.startsWith('SET lease:c ')) return late.promise
    if (command === 'GET lease:b') return 'another-run'
    if (command !== 'PTTL lease:b') return undefined
    // What has been asked is answered after the run has seen that the other one is alive.
    if (left.length === 1) setTimeout(() => late.resolve('OK'), 50)
    return left.shift()
  })
  const taken = Leases.take(client, ['a', 'b', 'c'].map(stream), RUN, log)
  expect(await thrownBy(() => taken)).toMatchObject({ code: 'stream-in-use', params: { stream: 'b' } })
  expect(asked).toContain('DEL lease:a')
  expect(asked).toContain('DEL lease:c')
  expect(asked).not.toContain('DEL lease:b')
  expect(asked.filter((command) => command.startsWith('H'))).toEqual([])
})

it('Connections that broke while they were recorded are replaced by the new ones', async () => {
  const { client, asked } = clientWith(async (command) => {
    if (command.endsWith('h:1 server 1, h:1 server 2'))
      Object.assign(client, { identities: connections(3, 4) })
    return undefined
  })
  await using leases = await Leases.take(client, [stream('a')], RUN, log)
  expect(leases).toBeInstanceOf(Leases)
  expect(asked.findLast((command) => command.startsWith('HSET'))).toMatch(
    /connections h:1 server 3, h:1 server 4$/,
  )
})

it('A run that was frozen while it took its leases ends before it has written anything', async () => {
  const { client } = clientWith(async (command) => (command.startsWith('GET') ? 'another-run' : undefined))
  expect(await thrownBy(() => Leases.take(client, [stream('a')], RUN, log))).toMatchObject({
    code: 'stream-taken-over',
    params: { stream: 'a' },
  })
})

it('The connections of the run before are closed; where that cannot be proven, the run goes on with a warning', async () => {
  const { client } = clientWith(async (command) =>
    command === 'HMGET metadata:a format run_id connections'
      ? ['2', 'former', 'h:1 server 8, h:2  9']
      : undefined,
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

it('A stream whose metadata a newer version wrote is left as it is', async () => {
  const { client, asked } = clientWith(async (command) =>
    command.startsWith('HMGET') ? ['3', 'former', 'h:1 server 8'] : undefined,
  )
  expect(await thrownBy(() => Leases.take(client, [stream('a')], RUN, log))).toEqual({
    type: 'config_error',
    code: 'metadata-format-newer',
    options: [],
    params: { stream: 'a', key: 'metadata:a', format: 3, readable: 2 },
  })
  expect(asked.filter((command) => /^H(SET|DEL)/.test(command))).toEqual([])
})

describe('A server that comes back without this run in the metadata', () => {
  it.each([null, 'former'])('has lost nothing before the run was confirmed: last run %s', async (last) => {
    expect(await comeBack(last, false)).toEqual({ loss: undefined, isRecorded: true })
  })

  it.each([[null], ['former']])(
    'has lost data that it had confirmed after that: last run %s',
    async (last) => {
      expect(await comeBack(last, true)).toEqual({ loss: 'LostDataError', isRecorded: false })
    },
  )

  it('was used by another run, confirmed or not', async () => {
    expect(await comeBack('another', false)).toEqual({ loss: 'stream-taken-over', isRecorded: false })
  })
})

/** Takes the leases behind a run called `former`, and comes back with `last` as the last run. */
async function comeBack(last: string | null, isConfirmed: boolean) {
  const { client, asked } = clientWith(async (command) => {
    if (command.startsWith('HMGET')) return ['2', 'former', null]
    return command === 'HGET metadata:a run_id' ? last : undefined
  })
  await using leases = await Leases.take(client, [stream('a')], RUN, log)
  if (isConfirmed) leases.confirm()
  let isLost = true
  const ask: Ask = async (command, ...args) => {
    if (command === 'SET') isLost = false
    return command === 'GET' && isLost ? null : client.ask(command, ...args)
  }
  asked.length = 0
  const loss = await leases.renewOnReconnect(ask, connections(3))
  const name = problemOf(loss)?.code ?? loss?.name
  return { loss: name, isRecorded: asked.some((one) => one.startsWith('HSET metadata:a')) }
}
