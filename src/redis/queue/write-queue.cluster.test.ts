// A write queue for a cluster: each node gets the commands of its slots, and redirected commands are sent first.
import { describe, expect, it, vi, type MockInstance } from 'vitest'
import { BufferPool } from '../memory/buffer-pool.ts'
import { OK, rejectedIn, WRONGTYPE } from '../session/write-pipeline.support.ts'
import type { NodePool } from '../session/node-pool.ts'
import {
  A,
  B,
  B2,
  C,
  C2,
  openWriteQueue,
  reads,
  SLOT_B,
  SLOT_C,
  watched,
  writes,
} from './write-queue.support.ts'

const FINE = { rejections: [], done: [], read: [] }
const MOVED = `-MOVED ${SLOT_B} h:2\r\n`
const ASK = `-ASK ${SLOT_B} h:2\r\n`

describe('a request', () => {
  it('is taken apart by server, in order, and confirmed when the last of them has answered', async () => {
    const { writeQueue, events, connect } = openWriteQueue(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes([`SET ${A} 1`, `SET ${B} 1`, `SET ${C} 1`, `SET ${B2} 1`])))
    expect([one.came(), two.came(), three.came()]).toEqual([
      [`SET ${B} 1`, `SET ${B2} 1`],
      [`SET ${C} 1`],
      [`SET ${A} 1`],
    ])
    await three.answer(OK)
    await one.answer(OK + OK)
    expect(fate).toEqual({})
    await two.answer(OK)
    expect([fate, events.redirected]).toEqual([{ value: FINE }, []])
  })

  it('has its answers put together by the place of each command', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    const commands = [`INCR ${A}`, `INCR ${B}`, `INCR ${C}`, `INCR ${B2}`]
    const counted = writeQueue.send(writes(commands, { isCounted: true }))
    await three.answer(':10\r\n')
    await two.answer(WRONGTYPE)
    await one.answer(`:20\r\n${WRONGTYPE}`)
    expect([(await counted).done, rejectedIn(await counted).toSorted((x, y) => x - y)]).toEqual([[10, 20, 0, 0], [2, 3]]) // prettier-ignore
    const read = writeQueue.send(reads([`HMGET ${C} f`, `HMGET ${B} f`, `HMGET ${A} f`]))
    for (const [index, node] of [one, two, three].entries()) await node.answer(`*1\r\n$1\r\n${index}\r\n`)
    expect((await read).read).toEqual([['1'], ['0'], ['2']])
  })

  it('without commands is confirmed at once, and nothing waits for it', async () => {
    const { writeQueue, connect } = openWriteQueue(2)
    const sent = [writes([]), writes([`SET ${B} 1`], { isBehindAll: true })].map((one) =>
      writeQueue.send(one),
    )
    const { played: [one] } = connect() // prettier-ignore
    expect(await sent[0]).toEqual(FINE)
    expect(one.came()).toEqual([`SET ${B} 1`])
  })

  it('goes out again whole where a connection breaks before all of it is answered, and counts what it did', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(3)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const sent = writeQueue.send(writes([`INCR ${A}`, `INCR ${B}`], { isCounted: true }))
    await old.answer(':1\r\n')
    disconnect(nodes)
    const { played: [one, , three] } = connect() // prettier-ignore
    expect([one.came(), three.came()]).toEqual([[`INCR ${B}`], [`INCR ${A}`]])
    await one.answer(':0\r\n')
    await three.answer(':1\r\n')
    expect((await sent).done).toEqual([1, 1])
  })
})

describe('what is copied together by node', () => {
  const value = 'v'.repeat(8_000)
  /** Commands that alternate between two nodes, so that they are copied. */
  const request = writes(Array.from({ length: 20 }, (_, at) => `SET ${at % 2 === 0 ? A : B} ${value}`))

  it('is in memory that is used again as soon as it is answered, and not before', async () => {
    const taken = vi.spyOn(BufferPool.prototype, 'take')
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, , three] } = connect() // prettier-ignore
    void writeQueue.send(request)
    void writeQueue.send(request)
    const first = memoryOf(taken)
    expect(new Set(first).size).toBe(4)
    await one.answer(OK.repeat(10))
    await three.answer(OK.repeat(9))
    void writeQueue.send(request)
    const again = memoryOf(taken).filter((memory) => first.includes(memory))
    expect(again).toEqual([first[0]])
    expect(one.came().filter((command) => command !== `SET ${B} ${value}`)).toEqual([])
    taken.mockRestore()
  })

  it('is not in memory that lost connections may still read', async () => {
    const taken = vi.spyOn(BufferPool.prototype, 'take')
    const { writeQueue, connect, disconnect } = openWriteQueue(3)
    const { nodes, played: [old] } = connect() // prettier-ignore
    void writeQueue.send(request)
    await old.answer(OK.repeat(10))
    const first = memoryOf(taken)
    disconnect(nodes)
    connect()
    expect(memoryOf(taken).filter((memory) => first.includes(memory))).toEqual([])
    taken.mockRestore()
  })
})

describe('what is sent on', () => {
  it('holds all else up until everything under way is answered, and then goes first', async () => {
    const { writeQueue, events, connect } = openWriteQueue(3)
    const { nodes, played: [one, two, three] } = connect() // prettier-ignore
    const fates = [`SET ${B} 1`, `SET ${A} 1`].map((text) => watched(writeQueue.send(writes([text]))))
    for (const node of [one, two, three]) node.came()
    await one.answer(MOVED)
    fates.push(watched(writeQueue.send(writes([`SET ${B} 2`, `SET ${C} 2`]))))
    expect([events.redirected, two.came()]).toEqual([[], []])
    await three.answer(OK)
    expect(events.redirected).toEqual([[{ kind: 'moved', slot: SLOT_B, address: { host: 'h', port: 2 } }]])
    move(nodes, SLOT_B, 1)
    writeQueue.resume()
    expect([one.came(), two.came(), three.came()]).toEqual([
      [],
      [`SET ${B} 1`, `SET ${B} 2`, `SET ${C} 2`],
      [],
    ])
    await two.answer(OK.repeat(3))
    expect(fates).toEqual(Array.from({ length: 3 }, () => ({ value: FINE })))
  })

  it('is followed by what came behind it in the same slot and was answered, which counts what it did first', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, two] } = connect() // prettier-ignore
    const first = watched(writeQueue.send(writes([`INCR ${B}`, `INCR ${C}`], { isCounted: true })))
    const second = watched(
      writeQueue.send(writes([`INCR ${C}`, `INCR ${B2}`, `INCR ${C2}`], { isCounted: true })),
    )
    await two.answer(':1\r\n'.repeat(3))
    await one.answer(`-TRYAGAIN x\r\n:1\r\n`)
    expect([first, second]).toEqual([{}, {}])
    for (const node of [one, two]) node.came()
    writeQueue.resume()
    expect([one.came(), two.came()]).toEqual([[`INCR ${B}`, `INCR ${B2}`], []])
    await one.answer(':1\r\n:0\r\n')
    expect([first, second]).toEqual([
      { value: { ...FINE, done: [1, 1] } },
      { value: { ...FINE, done: [1, 1, 1] } },
    ])
  })

  it('takes the place of what it was answered before, a refusal included', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes([`INCR ${B}`, `INCR ${B2}`])))
    await one.answer(`-TRYAGAIN x\r\n${WRONGTYPE}`)
    one.came()
    writeQueue.resume()
    expect(one.came()).toEqual([`INCR ${B}`, `INCR ${B2}`])
    await one.answer(`:1\r\n${WRONGTYPE}`)
    expect(fate.value?.rejections.map(({ index }) => index)).toEqual([1])
  })

  it('is led in right before it where its slot is still on its way, and the answer to that is not counted', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, two] } = connect() // prettier-ignore
    const request = writes([`INCR ${C}`, `INCR ${B}`, `INCR ${B2}`, `INCR ${B}`], { isCounted: true })
    const fate = watched(writeQueue.send(request))
    await two.answer(':1\r\n')
    await one.answer(`${ASK}:5\r\n${ASK}`)
    for (const node of [one, two]) node.came()
    writeQueue.resume()
    expect([one.came(), two.came()]).toEqual([[`INCR ${B2}`], ['ASKING', `INCR ${B}`, 'ASKING', `INCR ${B}`]])
    await one.answer(':0\r\n')
    await two.answer(`${OK}${WRONGTYPE}${OK}:9\r\n`)
    expect(fate.value).toMatchObject({ done: [1, 0, 5, 9], rejections: [{ index: 1 }] })
  })

  it('may be sent on again, and again keeps its place', async () => {
    const { writeQueue, events, connect } = openWriteQueue(3)
    const { played: [one, two] } = connect() // prettier-ignore
    const first = watched(writeQueue.send(writes([`SET ${B} 1`])))
    await one.answer(ASK)
    writeQueue.resume()
    const second = watched(writeQueue.send(writes([`SET ${B} 2`])))
    one.came()
    await two.answer(`${OK}-TRYAGAIN x\r\n`)
    await one.answer(ASK)
    expect(events.redirected.length).toBe(2)
    two.came()
    writeQueue.resume()
    expect([one.came(), two.came()]).toEqual([[`SET ${B} 1`], ['ASKING', `SET ${B} 2`]])
    await one.answer(OK)
    await two.answer(OK + OK)
    expect([first, second]).toEqual([{ value: FINE }, { value: FINE }])
  })

  it('goes to whoever has its slot where the connections are new', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(3)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes([`SET ${B} 1`])))
    await old.answer(ASK)
    disconnect(nodes)
    const { played: [one] } = connect() // prettier-ignore
    expect(one.came()).toEqual([`SET ${B} 1`])
    await one.answer(OK)
    expect(fate).toEqual({ value: FINE })
  })

  it('is a problem, and no detour, where there is no cluster', async () => {
    const { writeQueue, events, connect } = openWriteQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes([`SET ${B} 1`])))
    await one.answer(MOVED)
    expect(fate.error).toMatchObject({ problem: { code: 'server-is-cluster-node' } })
    expect(events.redirected).toEqual([])
  })
})

it('what has to be behind all else waits for it, what reads does not, and what comes later waits too', async () => {
  const { writeQueue, connect } = openWriteQueue(3)
  const { played: [one, two, three] } = connect() // prettier-ignore
  const fates = [
    writes([`SET ${B} note`]),
    writes([`SET ${C} row`], { isBehindAll: true }),
    writes([`SET ${A} later`]),
    reads([`HMGET ${C} f`]),
  ].map((request) => watched(writeQueue.send(request)))
  expect([one.came(), two.came(), three.came()]).toEqual([[`SET ${B} note`], [`HMGET ${C} f`], []])
  await two.answer('*1\r\n$-1\r\n')
  expect(fates[3]).toMatchObject({ value: { read: [[null]] } })
  expect([two.came(), three.came()]).toEqual([[], []])
  await one.answer(OK)
  expect([two.came(), three.came()]).toEqual([[`SET ${C} row`], [`SET ${A} later`]])
  await two.answer(OK)
  await three.answer(OK)
  expect(fates.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => ({ value: FINE })))
})

it('what has to be behind what is only read does not wait for that', () => {
  const { writeQueue, connect } = openWriteQueue(2)
  const { played: [one, two] } = connect() // prettier-ignore
  void writeQueue.send(reads([`HMGET ${B} f`]))
  void writeQueue.send(writes([`SET ${A} row`], { isBehindAll: true }))
  expect([one.came(), two.came()]).toEqual([[`HMGET ${B} f`], [`SET ${A} row`]])
})

/** Returns the buffers that were taken from pools since the last call. */
function memoryOf(taken: MockInstance<BufferPool['take']>): unknown[] {
  const results = taken.mock.results.map(({ value }) => value as unknown)
  taken.mockClear()
  return results
}

/** The cluster gives a slot to another server. */
function move(nodes: NodePool, slot: number, to: number): void {
  const masters = nodes.all.map(({ address }) => address)
  const owners = Uint16Array.from({ length: 16_384 }, (_, its) => nodes.all.indexOf(nodes.ofSlot(its)))
  owners[slot] = to
  expect(nodes.adopt({ masters, owners })).toBe(true)
  expect(nodes.ofSlot(SLOT_C)).toBe(nodes.all[1])
}
