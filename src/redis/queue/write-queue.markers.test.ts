// Markers, and writes that are confirmed only by the marker behind them.
import { describe, expect, it } from 'vitest'
import { LostNumberError } from '../sequencing/sequence-numbers.ts'
import type { WriteRequest } from '../sequencing/pipeline-request.ts'
import { OK } from '../session/write-pipeline.support.ts'
import { A, B, C, countIn, MARKER, openWriteQueue, reads, SLOT_B, takeSlotsOfLast, watched, writes } from './write-queue.support.ts' // prettier-ignore

const FINE = { rejections: [], done: [], read: [] }
const ONE = ':1\r\n'
const TWO = ':2\r\n'

describe('a marker', () => {
  it('is left on each server that was written to, behind that, and once', async () => {
    const { writeQueue, markers, connect } = openWriteQueue(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    void writeQueue.send(writes([`SET ${A} 1`, `SET ${B} 1`]))
    void writeQueue.send(reads([`HMGET ${C} f`]))
    const fate = watched(writeQueue.send(MARKER))
    const again = watched(writeQueue.send(MARKER))
    expect([one.came(), two.came(), three.came()]).toEqual([
      [`SET ${B} 1`, countIn('marker', 0)],
      [`HMGET ${C} f`],
      [`SET ${A} 1`, countIn('marker', 10_923)],
    ])
    await three.answer(OK + ONE)
    await one.answer(OK)
    expect(fate).toEqual({})
    expect(() => markers.of(10_923).require(0)).not.toThrow()
    await one.answer(ONE)
    expect(fate).toHaveProperty('value')
    expect(again).toHaveProperty('value')
    for (const slot of [0, 10_923]) expect(() => markers.of(slot).require(0)).toThrow(LostNumberError)
  })

  it('of the end is left on servers that were not written to since, too', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    void writeQueue.send(writes([`SET ${B} 1`]))
    void writeQueue.send(MARKER)
    await one.answer(OK + ONE)
    one.came()
    const fate = watched(writeQueue.send({ kind: 'marker', isFinal: true }))
    expect([one.came(), two.came(), three.came()]).toEqual([[countIn('marker', 0)], [], []])
    await one.answer(TWO)
    expect(fate).toHaveProperty('value')
  })

  it.each([
    ['1', ONE],
    ['3', ':3\r\n'],
    ['none', '-WRONGTYPE x\r\n'],
  ])(
    // prettier-ignore
    'whose reply does not follow the one before shows a loss, and confirms nothing: %s behind 1',
    async (_, reply) => {
      const { writeQueue, events, connect } = openWriteQueue(1)
      const { played: [one] } = connect() // prettier-ignore
      const fates = ['SET a 1', 'SET a 2'].map((text) => {
        const fate = watched(writeQueue.send(marked(text)))
        void writeQueue.send(MARKER).catch(() => undefined)
        return fate
      })
      await one.answer(OK + ONE + OK + reply)
      expect([fates, events.lostNumbers]).toEqual([[{ value: FINE }, {}], 1])
    },
  )

  it('is left again, in another slot, where its slot is being moved to another server', async () => {
    const { writeQueue, markers, connect } = openWriteQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    void writeQueue.send(writes([`SET ${B} 1`]))
    const fate = watched(writeQueue.send(MARKER))
    one.came()
    await one.answer(`${OK}-ASK 0 h:2\r\n`)
    writeQueue.resume()
    expect([fate, one.came()]).toEqual([{}, [countIn('marker', 1)]])
    await one.answer(ONE)
    expect(fate).toHaveProperty('value')
    expect(() => markers.of(0).require(0)).not.toThrow()
    expect(() => markers.of(1).require(0)).toThrow(LostNumberError)
  })

  it('is left anew on new connections to servers that were written to', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    void writeQueue.send(writes(['SET k 1']))
    const fate = watched(writeQueue.send(MARKER))
    old.came()
    disconnect(nodes)
    const { played: [one] } = connect() // prettier-ignore
    expect(one.came()).toEqual(['SET k 1', countIn('marker', undefined)])
    await one.answer(OK + ONE)
    expect(fate).toHaveProperty('value')
  })

  it('is left on no server without slots, and waits for what is redirected there', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { nodes, played: [one, , three] } = connect() // prettier-ignore
    takeSlotsOfLast(nodes)
    const written = watched(writeQueue.send(marked(`SET ${B} 1`)))
    await one.answer(`-ASK ${SLOT_B} h:3\r\n`)
    for (const node of [one, three]) node.came()
    const fate = watched(writeQueue.send(MARKER))
    writeQueue.resume()
    await one.answer(ONE)
    expect([one.came(), three.came()]).toEqual([[countIn('marker', 0)], ['ASKING', `SET ${B} 1`]])
    expect([written, fate]).toEqual([{}, {}])
    await three.answer(OK + OK)
    expect([written, fate]).toEqual([{ value: FINE }, { value: FINE }])
  })

  it('counts on a server that has it, though that of another server is redirected', async () => {
    const { writeQueue, markers, connect } = openWriteQueue(3)
    const { played: [one, , three] } = connect() // prettier-ignore
    void writeQueue.send(marked(`SET ${A} 1`, `SET ${B} 1`))
    const fate = watched(writeQueue.send(MARKER))
    await three.answer(OK + ONE)
    await one.answer(`${OK}-ASK 0 h:2\r\n`)
    writeQueue.resume()
    await one.answer(ONE)
    expect(fate).toHaveProperty('value')
    expect(() => markers.of(10_923).require(0)).toThrow(LostNumberError)
  })
})

describe('a write that a marker confirms', () => {
  it('is confirmed only when a marker behind it has been answered, and all before that', async () => {
    const { writeQueue, connect } = openWriteQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const before = ['SET a 1', 'SET b 1'].map((text) => watched(writeQueue.send(marked(text))))
    const marker = watched(writeQueue.send(MARKER))
    const behind = watched(writeQueue.send(marked('SET c 1')))
    await one.answer(OK + OK)
    expect([before, marker]).toEqual([[{}, {}], {}])
    await one.answer(ONE + OK)
    expect([before, marker, behind]).toEqual([[{ value: FINE }, { value: FINE }], { value: FINE }, {}])
    const next = watched(writeQueue.send(MARKER))
    await one.answer(TWO)
    expect([behind, next]).toEqual([{ value: FINE }, { value: FINE }])
  })

  it('is sent again until then, though it was answered, and keeps its first replies', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const requests = [writes(['INCR a'], { confirmedBy: 'marker', isCounted: true }), writes(['SET b 1'])]
    const fates = requests.map((request) => watched(writeQueue.send(request)))
    const marker = watched(writeQueue.send(MARKER))
    await old.answer(`:1\r\n${OK}`)
    expect([fates, marker]).toEqual([[{}, { value: FINE }], {}])
    disconnect(nodes)
    const { played: [one] } = connect() // prettier-ignore
    expect(one.came()).toEqual(['INCR a', countIn('marker', undefined)])
    await one.answer(`:0\r\n${ONE}`)
    expect([fates[0], marker]).toEqual([{ value: { ...FINE, done: [1] } }, { value: FINE }])
  })

  it('gets a marker behind it again where the cluster redirects it from before one', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, two] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(marked(`SET ${B} 1`)))
    const marker = watched(writeQueue.send(MARKER))
    await one.answer(`-ASK ${SLOT_B} h:2\r\n${ONE}`)
    writeQueue.resume()
    expect(two.came()).toEqual(['ASKING', `SET ${B} 1`, countIn('marker', 5462)])
    await two.answer(OK + OK)
    expect([fate, marker]).toEqual([{}, {}])
    await two.answer(ONE)
    expect([fate, marker]).toEqual([{ value: FINE }, { value: FINE }])
  })
})

it('An outage ends when all of a request is answered, and not when a part of it or a marker is', async () => {
  const { writeQueue, events, connect } = openWriteQueue(3)
  const { played: [one, , three] } = connect() // prettier-ignore
  void writeQueue.send(marked(`SET ${A} 1`, `SET ${B} 1`))
  void writeQueue.send(MARKER)
  await three.answer(OK + ONE)
  for (let round = 0; round < 3; round++) {
    await one.answer(`-MOVED ${SLOT_B} h:1\r\n:${round + 1}\r\n`)
    writeQueue.resume()
  }
  expect(events.confirmed).toBe(0)
  await one.answer(`${OK}:4\r\n`)
  expect([events.confirmed > 0, events.lostNumbers]).toEqual([true, 0])
})

function marked(...texts: string[]): WriteRequest {
  return writes(texts, { confirmedBy: 'marker' })
}
