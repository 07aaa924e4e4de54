import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ConfigError, TransientError, problem } from '../../errors.ts'
import type { Batch } from '../batches/batch.ts'
import { batchOf, recordsOf, stateNamed } from '../batches/batches.support.ts'
import { openStateQueue } from './open-state-queue.support.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'

const sessions = sessionsFor([stream('s'), stream('other'), stream('set')], {
  streams: [{ stream: 'set', cache_type: 'set', data_format: 'json' }],
})
const [session, other, withoutIds] = sessions as [StreamSession, StreamSession, StreamSession]

describe('states', () => {
  it('leave when their batch, and all batches before it, are delivered', async () => {
    const { stateQueue, deliveries, lines } = await openStateQueue(sessions)
    for (const name of ['a', 'b', 'c']) stateQueue.submit(batchWith(2, [`${name}1`, `${name}2`]))
    await turn()
    expect(deliveries.map(({ batch }) => batch.records)).toEqual([2, 2, 2])
    deliveries[2]!.resolve([])
    deliveries[1]!.resolve([])
    await turn()
    expect(lines).toEqual([])
    deliveries[0]!.resolve([])
    await stateQueue.settled()
    expect(namesIn(lines)).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2'])
  })

  it('leave as far as the batches before them are delivered, and no further', async () => {
    const { stateQueue, deliveries, lines } = await openStateQueue(sessions)
    for (const name of ['a', 'b', 'c']) stateQueue.submit(batchWith(1, [name]))
    await turn()
    deliveries[0]!.resolve([])
    deliveries[2]!.resolve([])
    await turn()
    expect(namesIn(lines)).toEqual(['a'])
  })

  it('leave when it is recorded that they do, of all batches that are delivered by then at once', async () => {
    const recorded: (PromiseWithResolvers<void> & { batches: number })[] = []
    const record = ({ length }: readonly unknown[]) => {
      recorded.push({ ...Promise.withResolvers<void>(), batches: length })
      return length === 0 ? undefined : recorded.at(-1)!.promise
    }
    const { stateQueue, deliveries, lines } = await openStateQueue(sessions, 1 << 20, 0, record)
    for (const name of ['a', 'b', 'c']) stateQueue.submit(batchWith(1, [name]))
    await turn()
    for (const delivery of deliveries) delivery.resolve([])
    await turn()
    expect(lines).toEqual([])
    recorded[0]!.resolve()
    await turn()
    expect([namesIn(lines), recorded.map(({ batches }) => batches)]).toEqual([['a'], [1, 2]])
    recorded[1]!.resolve()
    await stateQueue.settled()
    expect(namesIn(lines)).toEqual(['a', 'b', 'c'])
  })

  it('leave as their reader takes them, so that few of them are in memory twice', async () => {
    const { stateQueue, deliveries, lines, output, reader } = await openStateQueue(sessions, 1 << 24)
    reader.pause()
    const names = Array.from({ length: 64 }, (_, index) => `${index}-${'x'.repeat(1 << 16)}`)
    stateQueue.submit(batchWith(1, [names[0]!]))
    for (const name of names.slice(1)) stateQueue.submit(batchWith(0, [name]))
    await turn()
    deliveries[0]!.resolve([])
    await turn()
    expect(output.pending).toBeGreaterThan(1 << 20)
    expect(output.pending).toBeLessThan((1 << 20) + (1 << 18))
    reader.goOn()
    await stateQueue.settled()
    expect(namesIn(lines)).toEqual(names)
  })

  it('do not leave when that cannot be recorded', async () => {
    const failure = new TransientError(problem('test', 'Gave up.'))
    const { stateQueue, deliveries, lines } = await openStateQueue(sessions, 1 << 20, 0, () =>
      Promise.reject(failure),
    )
    stateQueue.submit(batchWith(1, ['a']))
    await turn()
    deliveries[0]!.resolve([])
    await expect(stateQueue.settled()).rejects.toBe(failure)
    expect(lines).toEqual([])
  })

  it('leave where records of their batch were not written, and rightly so', async () => {
    const { stateQueue, deliveries, lines } = await openStateQueue(sessions)
    stateQueue.submit(batchWith(2, ['a']))
    await turn()
    deliveries[0]!.resolve([
      { kind: 'skipped', record: 0 },
      { kind: 'rejected', record: 1, problem: problem('record-refused', 'It is set aside.') },
    ])
    await stateQueue.settled()
    expect(namesIn(lines)).toEqual(['a'])
  })

  it.each([
    new ConfigError(problem('test', 'It is a list.')),
    new TransientError(problem('test', 'Gave up.')),
  ])('do not leave any more once a batch cannot be delivered: %s', async (error) => {
    const { stateQueue, deliveries, lines } = await openStateQueue(sessions)
    for (const name of ['a', 'b', 'c']) stateQueue.submit(batchWith(2, [name]))
    await turn()
    deliveries[0]!.resolve([])
    deliveries[1]!.reject(error)
    deliveries[2]!.resolve([])
    await expect(stateQueue.settled()).rejects.toThrow(error)
    await expect(stateQueue.room()).rejects.toThrow(error)
    expect(namesIn(lines)).toEqual(['a'])
  })

  it('do not leave where no ids could be had', async () => {
    const { stateQueue, server, deliveries, lines } = await openStateQueue(sessions)
    server.failure = new TransientError(problem('test', 'Gave up.'))
    stateQueue.submit(batchWith(1, ['a']))
    await expect(stateQueue.settled()).rejects.toThrow(server.failure)
    expect([deliveries, lines]).toEqual([[], []])
  })

  it('need no records of their own, and still wait for those before them', async () => {
    const { stateQueue, deliveries, lines } = await openStateQueue(sessions)
    stateQueue.submit(batchWith(0, ['a']))
    await stateQueue.settled()
    expect(namesIn(lines)).toEqual(['a'])
    stateQueue.submit(batchWith(1, ['b']))
    stateQueue.submit(batchWith(0, ['c']))
    await turn()
    expect([namesIn(lines), deliveries.length]).toEqual([['a'], 1])
    deliveries[0]!.resolve([])
    await stateQueue.settled()
    expect(namesIn(lines)).toEqual(['a', 'b', 'c'])
  })
})

describe('a batch', () => {
  it('is sent in the order it was submitted, with ids in that order', async () => {
    const { stateQueue, server, deliveries } = await openStateQueue(sessions)
    for (const records of [2, 1, 3]) stateQueue.submit(batchWith(records))
    expect(server.asked).toEqual(['INCRBY n:s 2', 'INCRBY n:s 1', 'INCRBY n:s 3'])
    await turn()
    expect(deliveries.map(({ batch }) => batch.records)).toEqual([2, 1, 3])
    expect(deliveries.map(({ ids }) => ids.get(session))).toEqual([
      [{ first: 1, last: 2 }],
      [{ first: 3, last: 3 }],
      [{ first: 4, last: 6 }],
    ])
  })

  it('needs ids for those of its streams whose records have them', async () => {
    const { stateQueue, server, deliveries } = await openStateQueue(sessions)
    stateQueue.submit(
      batchOf(sessions, [
        [withoutIds, '{}'],
        [other, '{}'],
        [withoutIds, '{}'],
      ]),
    )
    stateQueue.submit(batchOf(sessions, [[withoutIds, '{}']]))
    await turn()
    expect(server.asked).toEqual(['INCRBY n:other 1'])
    expect(deliveries.map(({ ids }) => [...ids.keys()])).toEqual([[other], []])
  })
})

describe('the window', () => {
  it('has no room while many batches wait for their ids', async () => {
    const { stateQueue, server } = await openStateQueue(sessions, 100 << 20, 1 << 20)
    server.isPaused = true
    let submitted = 0
    for (; stateQueue.hasRoom && submitted < 100; submitted++) stateQueue.submit(batchWith(1))
    expect(submitted).toBe(8)
    const room = stateQueue.room()
    server.goOn()
    await room
    expect(stateQueue.hasRoom).toBe(true)
  })

  it('has no room while the connection takes no more, unless nothing is under way', async () => {
    let unsent = 8 << 20
    const { stateQueue, deliveries } = await openStateQueue(sessions, 100 << 20, 0, undefined, () => unsent)
    expect(stateQueue.hasRoom).toBe(true)
    stateQueue.submit(batchWith(1))
    stateQueue.submit(batchWith(1))
    await turn()
    expect(stateQueue.hasRoom).toBe(false)
    const room = stateQueue.room()
    unsent = 1 << 20
    deliveries[0]!.resolve([])
    await room
    expect(stateQueue.hasRoom).toBe(true)
  })

  it('is full at so many bytes on their way, and has room again when they are delivered', async () => {
    const { stateQueue, deliveries } = await openStateQueue(sessions, 2 * batchWith(2).size)
    let hasRoom = false
    stateQueue.submit(batchWith(2))
    await turn()
    expect(stateQueue.hasRoom).toBe(true)
    stateQueue.submit(batchWith(2))
    await turn()
    expect(stateQueue.hasRoom).toBe(false)
    const waiting = stateQueue.room().then(() => (hasRoom = true))
    await turn()
    expect(hasRoom).toBe(false)
    deliveries[0]!.resolve([])
    await waiting
    expect(stateQueue.hasRoom).toBe(true)
  })

  it('has batches take no less than the memory that any of them is given', async () => {
    const { stateQueue } = await openStateQueue(sessions, 1000, 500)
    stateQueue.submit(batchWith(1))
    expect(stateQueue.hasRoom).toBe(true)
    stateQueue.submit(batchWith(1))
    expect(stateQueue.hasRoom).toBe(false)
  })

  it('is empty when everything is settled, as often as that is', async () => {
    const { stateQueue, deliveries } = await openStateQueue(sessions, 1)
    for (let round = 0; round < 5; round++) {
      stateQueue.submit(batchWith(3, ['state']))
      expect(stateQueue.hasRoom).toBe(false)
      await turn()
      deliveries[round]!.resolve([])
      await stateQueue.settled()
      expect(stateQueue.hasRoom).toBe(true)
    }
  })
})

function batchWith(records: number, states: readonly string[] = []): Batch {
  const batch = batchOf(sessions, recordsOf(session, Array<string>(records).fill('{}')))
  for (const name of states)
    batch.addState(stateNamed(name), session.plan, { records: 0, filtered: 0, nulled: 0 })
  return batch
}

function namesIn(lines: readonly string[]): string[] {
  return lines.map((line) => line.split(' ')[0]!)
}
