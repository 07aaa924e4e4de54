import { describe, expect, it } from 'vitest'
import { TransientError, problem } from '../../errors.ts'
import { thrownBy } from '../../errors.support.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import { playedClient } from '../streams/played-client.support.ts'
import { IdAllocator } from './id-allocator.ts'
import { plansFor, sessionOf, stream } from '../streams/stream-sessions.support.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

describe('ids of a stream', () => {
  it('begin with 1, rise, and are asked for with one INCRBY a batch', async () => {
    const { ids, plan, server } = opened({})
    server.asked.length = 0
    expect(await ids.reserve(plan, 3)).toEqual([{ first: 1, last: 3 }])
    expect(await ids.reserve(plan, 1)).toEqual([{ first: 4, last: 4 }])
    expect(await ids.reserve(plan, 10_000)).toEqual([{ first: 5, last: 10_004 }])
    expect(server.asked).toEqual(['INCRBY n:s 3', 'INCRBY n:s 1', 'INCRBY n:s 10000'])
  })

  it('go on behind those of earlier runs', async () => {
    const { ids, plan } = opened({ 'n:s': '41' })
    expect(await ids.reserve(plan, 2)).toEqual([{ first: 42, last: 43 }])
  })

  it('leave a gap where a reply was lost and the counter counted twice', async () => {
    const { ids, plan, server } = opened({})
    await ids.reserve(plan, 5)
    await server.ask('INCRBY', 'n:s', 5)
    expect(await ids.reserve(plan, 5)).toEqual([{ first: 11, last: 15 }])
  })

  it('belong to the batches in the order they asked, also while the replies are not there', async () => {
    const { ids, plan } = opened({})
    const reserved = await Promise.all([2, 3, 1].map((count) => ids.reserve(plan, count)))
    expect(reserved).toEqual([[{ first: 1, last: 2 }], [{ first: 3, last: 5 }], [{ first: 6, last: 6 }]])
  })

  it('rise in the order of the batches also where the server counted for a later one first', async () => {
    const { plan } = opened({})
    const replies: ((last: number) => void)[] = []
    const ask: Ask = () => new Promise((resolve) => replies.push(resolve))
    const client = { ...playedClient().client, ask, requireIntact: () => Promise.resolve() }
    const ids = new IdAllocator(client, [sessionOf(plan)])
    const reserved = [2, 3, 1].map((count) => ids.reserve(plan, count))
    // The first INCRBY was refused, and is sent again behind the others.
    replies[1]!(3)
    replies[2]!(4)
    replies[0]!(6)
    expect(await Promise.all(reserved)).toEqual([
      [{ first: 1, last: 2 }],
      [
        { first: 3, last: 3 },
        { first: 4, last: 4 },
        { first: 5, last: 5 },
      ],
      [{ first: 6, last: 6 }],
    ])
  })

  it('of several streams are counted apart', async () => {
    const server = serverWith({ 'n:other': '7' })
    const plans = plansFor([stream('s'), stream('other')])
    const ids = allocatorFor(server, plans)
    expect(await ids.reserve(plans[0]!, 2)).toEqual([{ first: 1, last: 2 }])
    expect(await ids.reserve(plans[1]!, 2)).toEqual([{ first: 8, last: 9 }])
  })

  it('are neither counted nor noted where the records of a stream have none', async () => {
    const server = serverWith({ 'n:list:_airbyte_ab_id': '7' })
    const streams = [
      { stream: 'list', cache_type: 'list' },
      { stream: 'json', cache_type: 'list', data_format: 'json' },
    ]
    const plans = plansFor([stream('list'), stream('json')], { streams })
    const ids = allocatorFor(server, plans)
    expect(server.asked.filter((command) => command.includes('n:json'))).toEqual([])
    expect(await ids.reserve(plans[0]!, 2)).toEqual([{ first: 8, last: 9 }])
  })

  it('end where numbers are not exact any more', async () => {
    const { ids, plan } = opened({ 'n:s': String(Number.MAX_SAFE_INTEGER - 1) })
    expect(await thrownBy(() => ids.reserve(plan, 5))).toMatchObject({
      type: 'system_error',
      code: 'counter-too-large',
    })
  })
})

describe('ids whose key belongs to another stream', () => {
  it.each([
    [[2], [3], [[1, 3, 4]]],
    [[1], [2], [[2, 3]]],
    [
      [3],
      [2, 2],
      [
        [1, 2],
        [4, 5],
      ],
    ],
    [
      [2, 3],
      [2, 1],
      [[1, 4], [5]],
    ],
    [[2, 4, 5], [4], [[1, 3, 6, 7]]],
    [[50], [2], [[1, 2]]],
  ])('%j are left out and the order kept, for batches of %j', async (foreign, counts, expected) => {
    const { ids, plan } = opened({}, foreign)
    const reserved = await Promise.all(counts.map((count) => ids.reserve(plan, count)))
    expect(reserved.map((ranges) => ranges.flatMap(({ first, last }) => numbersIn(first, last)))).toEqual(
      expected,
    )
  })

  it('keep the order even where a block falls short while others are asked for', async () => {
    const { ids, plan, server } = opened({}, [12])
    await server.ask('INCRBY', 'n:s', 9)
    const reserved = await Promise.all([2, 2, 2].map((count) => ids.reserve(plan, count)))
    expect(reserved.flat().flatMap(({ first, last }) => numbersIn(first, last))).toEqual([
      10, 11, 13, 14, 15, 16,
    ])
  })

  it('are left out also where somebody else counts meanwhile', async () => {
    const { ids, plan, server } = opened({}, [12, 13])
    await server.ask('INCRBY', 'n:s', 9)
    const given = (await ids.reserve(plan, 4)).flatMap(({ first, last }) => numbersIn(first, last))
    expect(given).toEqual([10, 11, 14, 15])
  })
})

describe('a counter below an id already given out', () => {
  it('ends the run when the next ids are asked for, as it would give them out twice', async () => {
    const { ids, plan, server } = opened({})
    await ids.reserve(plan, 100)
    server.keys.set('n:s', '10')
    expect(await thrownBy(() => ids.reserve(plan, 5))).toEqual({
      type: 'transient_error',
      code: 'counter-went-back',
      options: [],
      params: { stream: 'n.s', key: 'n:s' },
    })
  })

  it('ends it with the reason of the client where the server has lost data', async () => {
    const { ids, plan, server } = opened({})
    await ids.reserve(plan, 100)
    server.keys.set('n:s', '10')
    server.loss = new TransientError(problem('data-lost', 'Redis has lost data.'))
    expect(await thrownBy(() => ids.reserve(plan, 5))).toMatchObject({ code: 'data-lost' })
  })
})

it('counters that came back lower are lifted to where they were, and others are left alone', async () => {
  const server = serverWith({})
  const plans = plansFor([stream('s'), stream('other'), stream('unused')])
  const ids = allocatorFor(server, plans)
  await ids.reserve(plans[0]!, 100)
  await ids.reserve(plans[1]!, 5)
  server.keys.set('n:s', '40')
  server.asked.length = 0
  await ids.lift(server.ask)
  expect(server.asked.toSorted()).toEqual(['GET n:other', 'GET n:s', 'INCRBY n:s 60'])
  expect(await ids.reserve(plans[0]!, 1)).toEqual([{ first: 101, last: 101 }])
})

interface Server {
  keys: Map<string, string>
  asked: string[]
  ask: Ask
  client: ConstructorParameters<typeof IdAllocator>[0]
  /** The error of a client that finds data lost. */
  loss: Error | undefined
}

/** Answers the few commands that ids need from a map; a hash is the value of its only field. */
function serverWith(stored: Record<string, string>): Server {
  const keys = new Map(Object.entries(stored))
  const asked: string[] = []
  const ask: Ask = async (command, ...args) => {
    asked.push([command, ...args].join(' '))
    const key = String(args[0])
    if (command === 'GET') return keys.get(key) ?? null
    if (command === 'HSET') keys.set(key, String(args[2]))
    if (command === 'INCRBY') keys.set(key, String(Number(keys.get(key) ?? 0) + Number(args[1])))
    return Number(keys.get(key))
  }
  const server: Server = {
    keys,
    asked,
    ask,
    client: {
      ...playedClient().client,
      ask,
      requireIntact: async () => {
        if (server.loss !== undefined) throw server.loss
      },
    },
    loss: undefined,
  }
  return server
}

function opened(stored: Record<string, string>, foreign: number[] = []) {
  const server = serverWith(stored)
  const names = foreign.map((id) => `s:${id}`)
  const plans = plansFor([stream('s'), ...names.map((name) => stream(name))])
  return { server, plan: plans[0]!, ids: allocatorFor(server, plans) }
}

/** Returns the ids of streams whose counters were read. */
function allocatorFor({ keys, client }: Server, plans: readonly StreamPlan[]): IdAllocator {
  const sessions = plans.map((plan) => ({
    ...sessionOf(plan),
    lastId: Number(keys.get(plan.counterKey) ?? 0),
  }))
  return new IdAllocator(client, sessions)
}

function numbersIn(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
