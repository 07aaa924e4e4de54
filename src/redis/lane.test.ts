import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { SystemError, TransientError } from '../errors.ts'
import { Lane, type Rejection } from './lane.ts'
import { ProtocolError } from './replies.ts'

const OK = '+OK\r\n'

describe('a shipment', () => {
  it('is confirmed when every reply to it is in, in the order of the shipments', async () => {
    const { lane, socket, events } = opened()
    const order: string[] = []
    const first = lane.send(Buffer.from('A'), 3).then(() => order.push('first'))
    const second = lane.send(Buffer.from('B'), 1).then(() => order.push('second'))
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
    const { lane, socket } = opened()
    const sent = lane.send(Buffer.from('A'), 4)
    socket.answer(`${OK}-WRONGTYPE x\r\n${OK}-WRONGTYPE y\r\n`)
    expect((await sent).map(({ index, error }) => [index, error.failureType])).toEqual([
      [1, 'config_error'],
      [3, 'config_error'],
    ])
  })

  it('fails where the server answers that it is no use to go on, and those behind it are not mixed up', async () => {
    const { lane, socket } = opened()
    const first = lane.send(Buffer.from('A'), 2)
    const second = lane.send(Buffer.from('B'), 2)
    socket.answer(`-ERR never seen\r\n${OK}${OK}-WRONGTYPE x\r\n`)
    await expect(first).rejects.toThrow(new SystemError('Redis at h:1 answered: ERR never seen'))
    expect((await second).map(({ index }) => index)).toEqual([1])
  })

  it('without commands needs no reply, and takes none of those beside it', async () => {
    const { lane, socket } = opened()
    const confirmed: number[] = []
    for (const size of [1, 0, 2]) void lane.send(Buffer.alloc(size), size).then(() => confirmed.push(size))
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
      const { lane, socket, refusals } = opened()
      void lane.send(Buffer.from('A'), 2)
      socket.answer(`${OK}-${reply}\r\n`)
      await turn()
      expect(refusals).toEqual([expect.any(TransientError)])
      expect(lane.unconfirmed).toBe(1)
    },
  )

  it('may be no Redis at all', async () => {
    const { lane, socket, refusals } = opened()
    void lane.send(Buffer.from('A'), 1)
    socket.answer('HTTP/1.1 400 Bad Request\r\n')
    await turn()
    expect(refusals).toEqual([expect.any(ProtocolError)])
  })
})

describe('a new connection', () => {
  it('gets what is unconfirmed again, whole and in order, and its replies count anew', async () => {
    const { lane, socket } = opened()
    const sent = ['A', 'B', 'C'].map((text) => lane.send(Buffer.from(text), 2))
    socket.answer(`${OK}${OK}-WRONGTYPE x\r\n`)
    await sent[0]
    lane.detach()
    const next = socketInto(lane)
    expect(next.written()).toBe('BC')
    next.answer(OK.repeat(4))
    expect(await Promise.all(sent)).toEqual([[], [], []])
  })

  it('is sent what came while there was none', async () => {
    const { lane, socket } = opened()
    lane.detach()
    const sent = lane.send(Buffer.from('A'), 1)
    const next = socketInto(lane)
    expect([socket.written(), next.written()]).toEqual(['', 'A'])
    next.answer(OK)
    expect(await sent).toEqual([])
  })

  it('is not taken in by late replies on the old one', async () => {
    const { lane, socket, events } = opened()
    void lane.send(Buffer.from('A'), 1)
    lane.detach()
    socket.answer(OK)
    await turn()
    socketInto(lane)
    socket.answer(OK)
    await turn()
    expect([lane.unconfirmed, events]).toEqual([1, []])
  })
})

it('a lane that fails tells everybody who waits why', async () => {
  const { lane } = opened()
  const sent = [lane.send(Buffer.from('A'), 1), lane.send(Buffer.from('B'), 1)]
  lane.fail(new TransientError('Gave up.'))
  const reasons = await Promise.all(sent.map((one) => one.catch((error: unknown) => String(error))))
  expect(reasons).toEqual(Array<Rejection[] | string>(2).fill('TransientError: Gave up.'))
  expect(lane.unconfirmed).toBe(0)
})

function opened() {
  const events: string[] = []
  const refusals: unknown[] = []
  const lane = new Lane('h:1', {
    heard: () => events.push('heard'),
    confirmed: () => events.push('confirmed'),
    refused: (error) => refusals.push(error),
  })
  return { lane, socket: socketInto(lane), events, refusals }
}

/** Attaches what stands for a socket: keeps what is written, and gives the answers it is told to. */
function socketInto(lane: Lane): { written: () => string; answer: (text: string) => void } {
  let text = ''
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    },
  })
  lane.attach(socket as Socket)
  return { written: () => text, answer: (replies) => socket.push(replies) }
}
