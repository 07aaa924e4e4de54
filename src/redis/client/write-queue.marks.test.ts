// Marks, and what is there only once they tell so.
import { describe, expect, it } from 'vitest'
import type { WriteRequest } from './in-flight-write.ts'
import { OK } from '../session/write-pipeline.support.ts'
import { A, B, C, noteOf, openWriteQueue, SLOT_B, takeSlotsOfLast, watched, writes } from './write-queue.support.ts' // prettier-ignore

const FINE = { rejections: [], done: [], read: [] }

describe('marks', () => {
  it('are left on each server that was written to, behind that, and once', async () => {
    const { writeQueue, marks, connect } = openWriteQueue(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    void writeQueue.send(writes([`SET ${A} 1`, `SET ${B} 1`]))
    void writeQueue.send(writes([`HMGET ${C} f`], { isReading: true }))
    const fate = watched(writeQueue.leaveMarks())
    const again = watched(writeQueue.leaveMarks())
    expect([one.came(), two.came(), three.came()]).toEqual([
      [`SET ${B} 1`, noteOf('mark', 0, 1)],
      [`HMGET ${C} f`],
      [`SET ${A} 1`, noteOf('mark', 10_923, 1)],
    ])
    await three.answer(OK + OK)
    await one.answer(OK)
    expect([fate, await marks.of(10_923).run(async () => '0')]).toEqual([{}, 0])
    await one.answer(OK)
    expect(fate).toHaveProperty('value')
    expect(again).toHaveProperty('value')
    await expect(marks.of(10_923).run(async () => '0')).rejects.toThrow('older data')
    await expect(marks.of(0).run(async () => '0')).rejects.toThrow('older data')
  })

  it('are numbered on, by a key that a server has already', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    for (const value of ['1', '2']) {
      void writeQueue.send(writes([`SET ${B} ${value}`]))
      void writeQueue.leaveMarks()
    }
    const left = one.came().filter((command) => command.includes('mark'))
    expect(left).toEqual([1, 2].map((number) => noteOf('mark', 0, number)))
  })

  it('are left again, in another slot, where theirs is on its way to another server', async () => {
    const { writeQueue, marks, connect } = openWriteQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    void writeQueue.send(writes([`SET ${B} 1`]))
    const fate = watched(writeQueue.leaveMarks())
    one.came()
    await one.answer(`${OK}-ASK 0 h:2\r\n`)
    writeQueue.goOn()
    expect([fate, one.came()]).toEqual([{}, [noteOf('mark', 1, 1)]])
    await one.answer(OK)
    expect(fate).toHaveProperty('value')
    expect(await marks.of(0).run(async () => null)).toBe(0)
    await expect(marks.of(1).run(async () => null)).rejects.toThrow('older data')
  })

  it('are left anew on new connections to servers that were written to', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    void writeQueue.send(writes(['SET k 1']))
    const fate = watched(writeQueue.leaveMarks())
    old.came()
    disconnect(nodes)
    const { played: [one] } = connect() // prettier-ignore
    expect(one.came()).toEqual(['SET k 1', noteOf('mark', undefined, 2)])
    await one.answer(OK + OK)
    expect(fate).toHaveProperty('value')
  })

  it('are left on no server without slots, and wait for what is on its way there', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { nodes, played: [one, , three] } = connect() // prettier-ignore
    takeSlotsOfLast(nodes)
    const written = watched(writeQueue.send(writes([`SET ${B} 1`], { isMarked: true })))
    await one.answer(`-ASK ${SLOT_B} h:3\r\n`)
    for (const node of [one, three]) node.came()
    const fate = watched(writeQueue.leaveMarks())
    writeQueue.goOn()
    await one.answer(OK)
    expect([one.came(), three.came()]).toEqual([[noteOf('mark', 0, 1)], ['ASKING', `SET ${B} 1`]])
    expect([written, fate]).toEqual([{}, {}])
    await three.answer(OK + OK)
    expect([written, fate]).toEqual([{ value: FINE }, { value: undefined }])
  })
})

describe('what a mark is to tell of', () => {
  it('is confirmed only when a mark behind it has been answered, and all before that', async () => {
    const { writeQueue, connect } = openWriteQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const before = ['SET a 1', 'SET b 1'].map((text) => watched(writeQueue.send(marked(text))))
    const mark = watched(writeQueue.leaveMarks())
    const behind = watched(writeQueue.send(marked('SET c 1')))
    await one.answer(OK + OK)
    expect([before, mark]).toEqual([[{}, {}], {}])
    await one.answer(OK + OK)
    expect([before, mark, behind]).toEqual([[{ value: FINE }, { value: FINE }], { value: undefined }, {}])
    const next = watched(writeQueue.leaveMarks())
    await one.answer(OK)
    expect([behind, next]).toEqual([{ value: FINE }, { value: undefined }])
  })

  it('is sent again until then, though it was answered, and keeps its first answers', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fates = [marked('INCR a', { isCounted: true }), writes(['SET b 1'])].map((request) =>
      watched(writeQueue.send(request)),
    )
    const mark = watched(writeQueue.leaveMarks())
    await old.answer(`:1\r\n${OK}`)
    expect([fates, mark]).toEqual([[{}, { value: FINE }], {}])
    disconnect(nodes)
    const { played: [one] } = connect() // prettier-ignore
    expect(one.came()).toEqual(['INCR a', noteOf('mark', undefined, 2)])
    await one.answer(`:0\r\n${OK}`)
    expect([fates[0], mark]).toEqual([{ value: { ...FINE, done: [1] } }, { value: undefined }])
  })

  it('is marked again where the cluster sends it on from before a mark', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, two] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(marked(`SET ${B} 1`)))
    const mark = watched(writeQueue.leaveMarks())
    await one.answer(`-ASK ${SLOT_B} h:2\r\n${OK}`)
    writeQueue.goOn()
    expect(two.came()).toEqual(['ASKING', `SET ${B} 1`, noteOf('mark', 5462, 1)])
    await two.answer(OK + OK)
    expect([fate, mark]).toEqual([{}, {}])
    await two.answer(OK)
    expect([fate, mark]).toEqual([{ value: FINE }, { value: undefined }])
  })
})

function marked(text: string, more: Partial<WriteRequest> = {}): WriteRequest {
  return writes([text], { isMarked: true, ...more })
}

it('A mark that a server has counts, though that of another server is sent on', async () => {
  const { writeQueue, marks, connect } = openWriteQueue(3)
  const {
    played: [one, , three],
  } = connect()
  void writeQueue.send(writes([`SET ${A} 1`, `SET ${B} 1`], { isMarked: true }))
  const fate = watched(writeQueue.leaveMarks())
  await three.answer(OK + OK)
  await one.answer(`${OK}-ASK 0 h:2\r\n`)
  writeQueue.goOn()
  await one.answer(OK)
  expect(fate).toHaveProperty('value')
  await expect(marks.of(10_923).run(async () => null)).rejects.toThrow('older data')
})
it('A mark that a server has counts, though what another server was given is sent on', async () => {
  const { writeQueue, marks, connect } = openWriteQueue(3)
  const {
    played: [one, two, three],
  } = connect()
  void writeQueue.send(writes([`SET ${A} 1`, `SET ${B} 1`], { isMarked: true }))
  const fate = watched(writeQueue.leaveMarks())
  await three.answer(OK + OK)
  await one.answer(`-ASK ${SLOT_B} h:2\r\n${OK}`)
  writeQueue.goOn()
  await two.answer(OK + OK + OK)
  expect(fate).toHaveProperty('value')
  await expect(marks.of(10_923).run(async () => null)).rejects.toThrow('older data')
})

it('Servers take what is waiting when all of a shipment is answered, and not when a part or a mark is', async () => {
  const { writeQueue, events, connect } = openWriteQueue(3)
  const { played: [one, , three] } = connect() // prettier-ignore
  void writeQueue.send(writes([`SET ${A} 1`, `SET ${B} 1`], { isMarked: true }))
  void writeQueue.leaveMarks()
  await three.answer(OK + OK)
  await one.answer(`-MOVED ${SLOT_B} h:1\r\n${OK}`)
  for (let round = 0; round < 3; round++) {
    writeQueue.goOn()
    await one.answer(`-MOVED ${SLOT_B} h:1\r\n${OK}`)
  }
  expect(events.confirmed).toBe(0)
  writeQueue.goOn()
  await one.answer(OK + OK)
  expect(events.confirmed).toBeGreaterThan(0)
})
