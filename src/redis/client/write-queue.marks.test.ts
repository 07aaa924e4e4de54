// Marks, and what is there only once they tell so.
import { describe, expect, it } from 'vitest'
import type { Shipment } from './in-flight-write.ts'
import { OK } from '../session/write-pipeline.support.ts'
import { A, B, C, noteOf, openTraffic, SLOT_B, takeSlotsOfLast, watched, writes } from './write-queue.support.ts' // prettier-ignore

const FINE = { rejections: [], done: [], read: [] }

describe('marks', () => {
  it('are left on each server that was written to, behind that, and once', async () => {
    const { traffic, marks, connect } = openTraffic(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    void traffic.send(writes([`SET ${A} 1`, `SET ${B} 1`]))
    void traffic.send(writes([`HMGET ${C} f`], { isReading: true }))
    const fate = watched(traffic.leaveMarks())
    const again = watched(traffic.leaveMarks())
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
    const { traffic, connect } = openTraffic(3)
    const { played: [one] } = connect() // prettier-ignore
    for (const value of ['1', '2']) {
      void traffic.send(writes([`SET ${B} ${value}`]))
      void traffic.leaveMarks()
    }
    const left = one.came().filter((command) => command.includes('mark'))
    expect(left).toEqual([1, 2].map((number) => noteOf('mark', 0, number)))
  })

  it('are left again, in another slot, where theirs is on its way to another server', async () => {
    const { traffic, marks, connect } = openTraffic(3)
    const { played: [one] } = connect() // prettier-ignore
    void traffic.send(writes([`SET ${B} 1`]))
    const fate = watched(traffic.leaveMarks())
    one.came()
    await one.answer(`${OK}-ASK 0 h:2\r\n`)
    traffic.goOn()
    expect([fate, one.came()]).toEqual([{}, [noteOf('mark', 1, 1)]])
    await one.answer(OK)
    expect(fate).toHaveProperty('value')
    expect(await marks.of(0).run(async () => null)).toBe(0)
    await expect(marks.of(1).run(async () => null)).rejects.toThrow('older data')
  })

  it('are left anew on new connections to servers that were written to', async () => {
    const { traffic, connect, disconnect } = openTraffic(1)
    const { servers, played: [old] } = connect() // prettier-ignore
    void traffic.send(writes(['SET k 1']))
    const fate = watched(traffic.leaveMarks())
    old.came()
    disconnect(servers)
    const { played: [one] } = connect() // prettier-ignore
    expect(one.came()).toEqual(['SET k 1', noteOf('mark', undefined, 2)])
    await one.answer(OK + OK)
    expect(fate).toHaveProperty('value')
  })

  it('are left on no server without slots, and wait for what is on its way there', async () => {
    const { traffic, connect } = openTraffic(3)
    const { servers, played: [one, , three] } = connect() // prettier-ignore
    takeSlotsOfLast(servers)
    const written = watched(traffic.send(writes([`SET ${B} 1`], { isMarked: true })))
    await one.answer(`-ASK ${SLOT_B} h:3\r\n`)
    for (const server of [one, three]) server.came()
    const fate = watched(traffic.leaveMarks())
    traffic.goOn()
    await one.answer(OK)
    expect([one.came(), three.came()]).toEqual([[noteOf('mark', 0, 1)], ['ASKING', `SET ${B} 1`]])
    expect([written, fate]).toEqual([{}, {}])
    await three.answer(OK + OK)
    expect([written, fate]).toEqual([{ value: FINE }, { value: undefined }])
  })
})

describe('what a mark is to tell of', () => {
  it('is confirmed only when a mark behind it has been answered, and all before that', async () => {
    const { traffic, connect } = openTraffic(1)
    const { played: [one] } = connect() // prettier-ignore
    const before = ['SET a 1', 'SET b 1'].map((text) => watched(traffic.send(marked(text))))
    const mark = watched(traffic.leaveMarks())
    const behind = watched(traffic.send(marked('SET c 1')))
    await one.answer(OK + OK)
    expect([before, mark]).toEqual([[{}, {}], {}])
    await one.answer(OK + OK)
    expect([before, mark, behind]).toEqual([[{ value: FINE }, { value: FINE }], { value: undefined }, {}])
    const next = watched(traffic.leaveMarks())
    await one.answer(OK)
    expect([behind, next]).toEqual([{ value: FINE }, { value: undefined }])
  })

  it('is sent again until then, though it was answered, and keeps its first answers', async () => {
    const { traffic, connect, disconnect } = openTraffic(1)
    const { servers, played: [old] } = connect() // prettier-ignore
    const fates = [marked('INCR a', { isCounted: true }), writes(['SET b 1'])].map((shipment) =>
      watched(traffic.send(shipment)),
    )
    const mark = watched(traffic.leaveMarks())
    await old.answer(`:1\r\n${OK}`)
    expect([fates, mark]).toEqual([[{}, { value: FINE }], {}])
    disconnect(servers)
    const { played: [one] } = connect() // prettier-ignore
    expect(one.came()).toEqual(['INCR a', noteOf('mark', undefined, 2)])
    await one.answer(`:0\r\n${OK}`)
    expect([fates[0], mark]).toEqual([{ value: { ...FINE, done: [1] } }, { value: undefined }])
  })

  it('is marked again where the cluster sends it on from before a mark', async () => {
    const { traffic, connect } = openTraffic(3)
    const { played: [one, two] } = connect() // prettier-ignore
    const fate = watched(traffic.send(marked(`SET ${B} 1`)))
    const mark = watched(traffic.leaveMarks())
    await one.answer(`-ASK ${SLOT_B} h:2\r\n${OK}`)
    traffic.goOn()
    expect(two.came()).toEqual(['ASKING', `SET ${B} 1`, noteOf('mark', 5462, 1)])
    await two.answer(OK + OK)
    expect([fate, mark]).toEqual([{}, {}])
    await two.answer(OK)
    expect([fate, mark]).toEqual([{ value: FINE }, { value: undefined }])
  })
})

function marked(text: string, more: Partial<Shipment> = {}): Shipment {
  return writes([text], { isMarked: true, ...more })
}

it('A mark that a server has counts, though that of another server is sent on', async () => {
  const { traffic, marks, connect } = openTraffic(3)
  const {
    played: [one, , three],
  } = connect()
  void traffic.send(writes([`SET ${A} 1`, `SET ${B} 1`], { isMarked: true }))
  const fate = watched(traffic.leaveMarks())
  await three.answer(OK + OK)
  await one.answer(`${OK}-ASK 0 h:2\r\n`)
  traffic.goOn()
  await one.answer(OK)
  expect(fate).toHaveProperty('value')
  await expect(marks.of(10_923).run(async () => null)).rejects.toThrow('older data')
})
it('A mark that a server has counts, though what another server was given is sent on', async () => {
  const { traffic, marks, connect } = openTraffic(3)
  const {
    played: [one, two, three],
  } = connect()
  void traffic.send(writes([`SET ${A} 1`, `SET ${B} 1`], { isMarked: true }))
  const fate = watched(traffic.leaveMarks())
  await three.answer(OK + OK)
  await one.answer(`-ASK ${SLOT_B} h:2\r\n${OK}`)
  traffic.goOn()
  await two.answer(OK + OK + OK)
  expect(fate).toHaveProperty('value')
  await expect(marks.of(10_923).run(async () => null)).rejects.toThrow('older data')
})

it('Servers take what is waiting when all of a shipment is answered, and not when a part or a mark is', async () => {
  const { traffic, events, connect } = openTraffic(3)
  const { played: [one, , three] } = connect() // prettier-ignore
  void traffic.send(writes([`SET ${A} 1`, `SET ${B} 1`], { isMarked: true }))
  void traffic.leaveMarks()
  await three.answer(OK + OK)
  await one.answer(`-MOVED ${SLOT_B} h:1\r\n${OK}`)
  for (let round = 0; round < 3; round++) {
    traffic.goOn()
    await one.answer(`-MOVED ${SLOT_B} h:1\r\n${OK}`)
  }
  expect(events.confirmed).toBe(0)
  traffic.goOn()
  await one.answer(OK + OK)
  expect(events.confirmed).toBeGreaterThan(0)
})
