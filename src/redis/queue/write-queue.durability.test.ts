// Where an answer is not enough: what is sent is there only once as many replicas, or disks, have it.
import { describe, expect, it } from 'vitest'
import type { Durability } from '../../config/settings/config.ts'
import { LostNumberError } from '../sequencing/sequence-numbers.ts'
import { DurabilityWait } from './durability-wait.ts'
import { OK, rejectedIn, WRONGTYPE } from '../session/write-pipeline.support.ts'
import { Outage } from '../failures/outage.ts'
import {
  A, B, keyIn, numbered, openWriteQueue, ran, reads, refusal, SLOT_B, takeSlotsOfLast, transaction, turn, watched, writes, type PlayedNode,
} from './write-queue.support.ts' // prettier-ignore

type ConfiguredDurability = Exclude<Durability, { mode: 'none' }>

const FINE = { rejections: [], done: [], read: [] }

describe('a request', () => {
  it('is there only when its server has told that it is durable', async () => {
    const { writeQueue, connect } = openDurableQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes(['SET k 1'])))
    await one.answer(OK)
    expect(fate).toEqual({})
    expect(durabilityCommands(one)).toEqual([`SET ${keyIn('durable', undefined)} 1 EX 60`, 'WAIT 1 500'])
    await answerWait(one, 1)
    expect(fate).toEqual({ value: FINE })
  })

  it('that is answered while others are being waited for has a wait of its own', async () => {
    const { writeQueue, connect } = openDurableQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fates = ['SET k 1', 'SET k 2'].map((text) => watched(writeQueue.send(writes([text]))))
    await one.answer(OK)
    // The server may run the second one only now, behind what it was asked to wait for.
    await one.answer(OK)
    await answerWait(one, 1)
    expect(fates).toEqual([{ value: FINE }, {}])
    expect(durabilityCommands(one)).toEqual([`SET ${keyIn('durable', undefined)} 1 EX 60`, 'WAIT 1 500'])
    await answerWait(one, 1)
    expect(fates).toEqual([{ value: FINE }, { value: FINE }])
  })

  it('that has a marker is durable without it', async () => {
    const { writeQueue, connect } = openDurableQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes(['SET k 1'], { confirmedBy: 'marker' })))
    await one.answer(OK)
    expect(fate).toEqual({})
    await answerWait(one, 1)
    expect(fate).toEqual({ value: FINE })
  })

  it('is not waited for on a server without slots, which has no key to wait by', async () => {
    const { writeQueue, events, connect } = openDurableQueue(3)
    const { nodes, played: [one, , three] } = connect() // prettier-ignore
    takeSlotsOfLast(nodes)
    const fate = watched(writeQueue.send(writes([`SET ${B} 1`])))
    await one.answer(`-ASK ${SLOT_B} h:3\r\n`)
    writeQueue.resume()
    await three.answer(OK + OK)
    expect([durabilityCommands(one)[1], durabilityCommands(three)]).toEqual(['WAIT 1 500', []])
    await answerWait(one, 1)
    expect([fate, events.refused]).toEqual([{ value: FINE }, []])
  })

  it('that only reads is answered at once', async () => {
    const { writeQueue, connect } = openDurableQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(reads(['HMGET k f'])))
    await one.answer('*1\r\n$-1\r\n')
    expect([fate.value?.read, durabilityCommands(one)]).toEqual([[[null]], []])
  })

  it('is waited for on the servers that it was written to, each by a key in a slot of its own', async () => {
    const { writeQueue, connect } = openDurableQueue(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes([`SET ${A} 1`, `SET ${B} 1`])))
    await one.answer(OK)
    await three.answer(OK)
    expect([one, two, three].map((node) => durabilityCommands(node)[0])).toEqual([
      `SET ${keyIn('durable', 0)} 1 EX 60`,
      undefined,
      `SET ${keyIn('durable', 10923)} 1 EX 60`,
    ])
    await answerWait(one, 1)
    expect(fate).toEqual({})
    await answerWait(three, 1)
    expect(fate).toEqual({ value: FINE })
  })

  it('is sent again behind an older one that the server has refused, which must not come later', async () => {
    const { writeQueue, connect, disconnect } = openDurableQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const marked = { confirmedBy: 'marker' } as const
    const fates = ['SET k 1', 'SET k 2'].map((text) => watched(writeQueue.send(writes([text], marked))))
    await old.answer('-OOM command not allowed\r\n')
    // The server takes writes again.
    await old.answer(OK)
    expect([durabilityCommands(old), fates]).toEqual([[], [{}, {}]])
    disconnect(nodes)
    const { played: [one] } = connect() // prettier-ignore
    await turn()
    expect(one.came()).toEqual(['SET k 1', 'SET k 2'])
    await one.answer(OK + OK)
    await answerWait(one, 1)
    expect(fates).toEqual([{ value: FINE }, { value: FINE }])
  })

  it.each(['reply', 'marker'] as const)(
    'that its %s confirms waits for an older one on another server only if that is a marker',
    async (confirmedBy) => {
      const { writeQueue, connect } = openDurableQueue(3)
      const { played: [one, , three] } = connect() // prettier-ignore
      void writeQueue.send(writes([`SET ${B} 1`]))
      const fate = watched(writeQueue.send(writes([`SET ${A} 1`], { confirmedBy })))
      await three.answer(OK)
      // Both have been written to.
      if (confirmedBy === 'reply') for (const node of [one, three]) await answerWait(node, 1)
      expect([fate, durabilityCommands(three)]).toEqual([confirmedBy === 'reply' ? { value: FINE } : {}, []])
    },
  )

  it('is all sent again where the servers change before that, and its first answers are kept', async () => {
    const { writeQueue, connect, disconnect } = openDurableQueue(3)
    const { nodes, played: [old, , other] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes([`SADD ${A} 1`, `SADD ${B} 1`], { isCounted: true })))
    await old.answer(WRONGTYPE)
    await other.answer(':1\r\n')
    disconnect(nodes)
    const { played: [one, , three] } = connect() // prettier-ignore
    await turn()
    expect([one.came(), three.came(), fate]).toEqual([[`SADD ${B} 1`], [`SADD ${A} 1`], {}])
    await one.answer(':1\r\n')
    await three.answer(':0\r\n')
    expect(fate).toEqual({})
    await answerWait(one, 1)
    await answerWait(three, 1)
    expect([fate.value?.done, rejectedIn(fate.value!)]).toEqual([[1, 0], [1]])
  })

  it('that was sent again counts its first answers also where it is a transaction', async () => {
    const { writeQueue, connect, disconnect } = openDurableQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(transaction(['SADD s 1'], { isCounted: true })))
    await old.answer(ran(':1\r\n'))
    disconnect(nodes)
    const { played: [one] } = connect() // prettier-ignore
    await one.answer(ran(':0\r\n'))
    await answerWait(one, 1)
    expect(fate.value?.done).toEqual([1])
  })
})

describe('a transaction that must not be run twice', () => {
  it('is not sent again where the next server has it, but it is waited for there', async () => {
    const { writeQueue, sequences, connect, disconnect, once } = openDurableQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(once('RPUSH l 1')))
    await old.answer(ran(WRONGTYPE, ':1\r\n'))
    disconnect(nodes)
    const { played: [one] } = connect(new Map([[undefined, 1]])) // prettier-ignore
    expect(one.came()).toEqual([])
    await turn()
    expect(fate).toEqual({})
    await answerWait(one, 1)
    expect([rejectedIn(fate.value!), fate.value?.isUnseen]).toEqual([[0], undefined])
    expect(() => sequences.of(undefined).resume(0)).toThrow(LostNumberError)
  })

  it('is sent again where the next server lacks it', async () => {
    const { writeQueue, connect, disconnect, once } = openDurableQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    void writeQueue.send(once('RPUSH l 1'))
    await old.answer(ran(':1\r\n', ':1\r\n'))
    disconnect(nodes)
    const { played: [one] } = connect(new Map([[undefined, 0]])) // prettier-ignore
    expect(one.came()).toEqual(numbered(undefined, 'RPUSH l 1'))
  })
})

describe('a server that is waited for', () => {
  it('and has too few replicas is asked again, and nothing is sent again', async () => {
    const { writeQueue, connect, log } = openDurableQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes(['SET k 1'])))
    await one.answer(OK)
    one.came()
    await answerWait(one, 0)
    await expect.poll(() => durabilityCommands(one).length, { timeout: 10_000 }).toBe(2)
    expect(fate).toEqual({})
    await answerWait(one, 2)
    expect([fate, one.came()]).toEqual([{ value: FINE }, []])
    expect(log.join('\n')).toMatch(
      '0 of 1 replicas (durability.count) have what was written to Redis at h:1.',
    )
    expect(log.at(-1)).toMatch('is durable again')
  })

  it.each([
    [[0, 1], 'has not written to its disk'],
    [[1, 0], '0 of 1 replicas (durability.replicas) have on disk'],
  ])('may lack disks: %j', async (has, lack) => {
    const { writeQueue, connect, log } = openDurableQueue(1, { mode: 'fsync', replicas: 1, timeoutMs: 500 })
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes(['SET k 1'])))
    await one.answer(OK)
    expect(durabilityCommands(one)[1]).toBe('WAITAOF 1 1 500')
    await answerWait(one, has)
    expect(log.join('\n')).toMatch(lack)
    await expect.poll(() => durabilityCommands(one).length, { timeout: 10_000 }).toBe(2)
    await answerWait(one, [1, 1])
    expect(fate).toEqual({ value: FINE })
  })

  it('and cannot be is a server of no more use', async () => {
    const { writeQueue, events, connect } = openDurableQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes(['SET k 1'])))
    await one.answer(OK)
    for (const { reject } of one.durable) reject(refusal('READONLY x'))
    await turn()
    expect(events.refused).toEqual([expect.objectContaining({ failureType: 'transient_error' })])
    expect(fate).toEqual({})
  })

  it('is waited for by a key in another slot where that one is on its way to another server', async () => {
    const { writeQueue, events, connect } = openDurableQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes([`SET ${B} 1`])))
    await one.answer(OK)
    for (const { reject } of one.durable.splice(0)) reject(refusal('ASK 0 h:2'))
    await turn()
    expect([events.refused, durabilityCommands(one)]).toEqual([
      [],
      [`SET ${keyIn('durable', 1)} 1 EX 60`, 'WAIT 1 500'],
    ])
    await answerWait(one, 1)
    expect(fate).toEqual({ value: FINE })
  })
})

it('the keys that were written to for durability waits are known, so that they can be removed', async () => {
  const { writeQueue, durabilityWait, connect } = openDurableQueue(3)
  const { played: [one, , three] } = connect() // prettier-ignore
  void writeQueue.send(writes([`SET ${A} 1`, `SET ${B} 1`]))
  await one.answer(OK)
  await three.answer(OK)
  expect(durabilityWait.keys).toEqual([keyIn('durable', 0), keyIn('durable', 10923)])
})

function openDurableQueue(
  count: number,
  durability: ConfiguredDurability = { mode: 'replicas', count: 1, timeoutMs: 500 },
) {
  const log: string[] = []
  const outage = new Outage(60, (_, message) => log.push(message), 'What was written is durable again')
  const { signal } = new AbortController()
  const durabilityWait = new DurabilityWait(durability, {
    keyIn: (slot) => keyIn('durable', slot),
    outage,
    ended: signal,
  })
  return { ...openWriteQueue(count, { durabilityWait }), durabilityWait, log }
}

/** What a server is asked for the sake of durability, and has not answered. */
function durabilityCommands({ durable }: PlayedNode): string[] {
  return durable.map(({ text }) => text)
}

/** Answers that. */
async function answerWait({ durable }: PlayedNode, has: number | number[]): Promise<void> {
  const [written, waited] = durable.splice(0)
  written!.resolve('OK')
  waited!.resolve(has)
  await turn()
}
