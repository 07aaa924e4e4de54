import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { SystemError, TransientError } from '../errors.ts'
import type { Answers } from './lane.ts'
import { NOTHING, OK, openLane, rejectedIn, shipment, socketInto, WRONGTYPE } from './lane.support.ts'
import { ProtocolError } from './replies.ts'

describe('a shipment', () => {
  it('is confirmed when every reply to it is in, in the order of the shipments', async () => {
    const { lane, socket, events } = openLane()
    const order: string[] = []
    const first = lane.send(shipment('A', 3)).then(() => order.push('first'))
    const second = lane.send(shipment('B', 1)).then(() => order.push('second'))
    expect(socket.written()).toBe('AB')
    socket.answer(OK.repeat(2))
    await turn()
    expect([order, lane.unconfirmed]).toEqual([[], 2])
    socket.answer(OK)
    await first
    expect([order, lane.unconfirmed]).toEqual([['first'], 1])
    socket.answer(OK)
    await second
    expect([order, lane.unconfirmed]).toEqual([['first', 'second'], 0])
    expect(events).toEqual(['heard', 'heard', 'confirmed', 'heard', 'confirmed'])
  })

  it('names the commands that were refused for what they write, each by its place', async () => {
    const { lane, socket } = openLane()
    const sent = lane.send(shipment('A', 4))
    socket.answer(`${OK}${WRONGTYPE}${OK}${WRONGTYPE}`)
    expect(rejectedIn(await sent)).toEqual([1, 3])
    expect((await sent).rejections[0]?.error.failureType).toBe('config_error')
  })

  it('tells how much each command did where that is counted, and nothing for one that was refused', async () => {
    const { lane, socket } = openLane()
    const counted = lane.send(shipment('A', 5, { isCounted: true }))
    const uncounted = lane.send(shipment('B', 2))
    socket.answer(`:3\r\n${WRONGTYPE}$-1\r\n${OK}:0\r\n`)
    socket.answer(':3\r\n:0\r\n')
    expect((await counted).done).toEqual([3, 0, 0, 1, 0])
    expect(rejectedIn(await counted)).toEqual([1])
    expect(await uncounted).toEqual(NOTHING)
  })

  it('fails where the server answers that it is no use to go on, and those behind it are not mixed up', async () => {
    const { lane, socket } = openLane()
    const first = lane.send(shipment('A', 2))
    const second = lane.send(shipment('B', 2))
    socket.answer(`-ERR never seen\r\n${OK}${OK}${WRONGTYPE}`)
    await expect(first).rejects.toThrow(new SystemError('Redis at h:1 answered: ERR never seen'))
    expect(rejectedIn(await second)).toEqual([1])
  })

  it('without commands needs no reply, and takes none of those beside it', async () => {
    const { lane, socket } = openLane()
    const confirmed: number[] = []
    for (const size of [1, 0, 2])
      void lane.send({ bytes: Buffer.alloc(size), commands: size }).then(() => confirmed.push(size))
    await turn()
    expect(confirmed).toEqual([0])
    socket.answer(OK + OK)
    await turn()
    expect(confirmed).toEqual([0, 1])
    socket.answer(OK)
    await turn()
    expect(confirmed).toEqual([0, 1, 2])
  })
})

describe('a server that cannot take writes now', () => {
  it.each(['LOADING Redis is loading', 'READONLY replica', 'OOM command not allowed'])(
    'is of no more use, and the shipment is kept: %s',
    async (reply) => {
      const { lane, socket, refusals } = openLane()
      void lane.send(shipment('A', 2))
      socket.answer(`${OK}-${reply}\r\n`)
      await turn()
      expect(refusals).toEqual([expect.any(TransientError)])
      expect(lane.unconfirmed).toBe(1)
    },
  )

  it('may be no Redis at all', async () => {
    const { lane, socket, refusals } = openLane()
    void lane.send(shipment('A', 1))
    socket.answer('HTTP/1.1 400 Bad Request\r\n')
    await turn()
    expect(refusals).toEqual([expect.any(ProtocolError)])
  })
})

describe('a new connection', () => {
  it('gets what is unconfirmed again, whole and in order, and its replies count anew', async () => {
    const { lane, socket } = openLane()
    const sent = ['A', 'B', 'C'].map((text) => lane.send(shipment(text, 2, { isCounted: true })))
    socket.answer(`:1\r\n:2\r\n${WRONGTYPE}`)
    await sent[0]
    lane.detach()
    const next = socketInto(lane)
    expect(next.written()).toBe('BC')
    next.answer(':3\r\n:4\r\n:5\r\n:6\r\n')
    expect((await Promise.all(sent)).map(({ done }) => done)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    expect((await Promise.all(sent)).map(rejectedIn)).toEqual([[], [], []])
  })

  it('is sent what came while there was none', async () => {
    const { lane, socket } = openLane()
    lane.detach()
    const sent = lane.send(shipment('A', 1))
    const next = socketInto(lane)
    expect([socket.written(), next.written()]).toEqual(['', 'A'])
    next.answer(OK)
    expect(await sent).toEqual(NOTHING)
  })

  it('is not taken in by late replies on the old one', async () => {
    const { lane, socket, events } = openLane()
    void lane.send(shipment('A', 1))
    void lane.send(shipment('T', 1, { isTransaction: true }))
    lane.detach()
    socket.answer(OK)
    await turn()
    socketInto(lane)
    socket.answer(`${OK}*1\r\n${OK}`)
    await turn()
    expect([lane.unconfirmed, events]).toEqual([2, []])
  })
})

it('a lane that fails tells everybody who waits why', async () => {
  const { lane } = openLane()
  const sent = [
    lane.send(shipment('A', 1)),
    lane.send(shipment('B', 1, { isTransaction: true, sequence: 1 })),
  ]
  lane.fail(new TransientError('Gave up.'))
  const reasons = await Promise.all(sent.map((one) => one.catch((error: unknown) => String(error))))
  expect(reasons).toEqual(Array<Answers | string>(2).fill('TransientError: Gave up.'))
  expect([lane.unconfirmed, lane.oldestSequence]).toEqual([0, undefined])
})
