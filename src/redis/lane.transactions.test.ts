import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { TransientError } from '../errors.ts'
import type { Shipment } from './lane.ts'
import { NOTHING, OK, openLane, rejectedIn, shipment, socketInto, WRONGTYPE } from './lane.support.ts'

describe('a transaction', () => {
  it('is confirmed by what it gives in the end, and not by what is answered before', async () => {
    const { lane, socket, events } = openLane()
    const sent = lane.send(transaction('T', 2))
    const behind = lane.send(shipment('B', 1))
    socket.answer(queued(2))
    await turn()
    expect([lane.unconfirmed, events]).toEqual([2, ['heard']])
    socket.answer('*2\r\n+OK\r\n:1\r\n')
    expect(await sent).toEqual(NOTHING)
    expect(lane.unconfirmed).toBe(1)
    socket.answer(OK)
    expect(await behind).toEqual(NOTHING)
  })

  it('names the commands that were refused, and how much each did, by their place inside it', async () => {
    const { lane, socket } = openLane()
    const sent = lane.send(transaction('T', 4, { isCounted: true }))
    socket.answer(`${queued(4)}*4\r\n:2\r\n${WRONGTYPE}$-1\r\n${OK}`)
    expect(rejectedIn(await sent)).toEqual([1])
    expect((await sent).done).toEqual([2, 0, 0, 1])
  })

  it('may stand beside shipments that are none, and is not mixed up with them', async () => {
    const { lane, socket } = openLane()
    const sent = [
      lane.send(shipment('A', 2, { isCounted: true })),
      lane.send(transaction('T', 1, { isCounted: true })),
      lane.send(transaction('U', 2)),
      lane.send(shipment('B', 1, { isCounted: true })),
    ]
    socket.answer(`:1\r\n:2\r\n${queued(1)}*1\r\n:3\r\n${queued(2)}*2\r\n${OK}${WRONGTYPE}:4\r\n`)
    const answers = await Promise.all(sent)
    expect(answers.map(({ done }) => done)).toEqual([[1, 2], [3], [], [4]])
    expect(answers.map(rejectedIn)).toEqual([[], [], [1], []])
  })

  it('fails where the server does not take one of its commands, and those behind it are not mixed up', async () => {
    const { lane, socket } = openLane()
    const sent = lane.send(transaction('T', 2))
    const behind = lane.send(shipment('B', 1))
    socket.answer(
      `${OK}-NOPERM no\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n${WRONGTYPE}`,
    )
    await expect(sent).rejects.toThrow('Ask for that permission')
    expect(rejectedIn(await behind)).toEqual([0])
  })

  it('is kept where the server cannot take writes now', async () => {
    const { lane, socket, refusals } = openLane()
    void lane.send(transaction('T', 2))
    socket.answer(`${OK}+QUEUED\r\n-OOM command not allowed\r\n`)
    await turn()
    expect([lane.unconfirmed, refusals]).toEqual([1, [expect.any(TransientError)]])
  })
})

describe('transactions that must not be run twice', () => {
  it('are not sent again as far as the server has run them, and all else is, in order', async () => {
    const { lane, socket } = openLane()
    const texts = ['A', '1', 'B', '2', 'C', '3']
    const sent = texts.map((text) =>
      lane.send(Number(text) > 0 ? transaction(text, 1, { sequence: Number(text) }) : shipment(text, 1)),
    )
    expect([socket.written(), lane.oldestSequence]).toEqual(['A1B2C3', 1])
    lane.detach()
    const next = socketInto(lane, 2)
    expect([next.written(), lane.oldestSequence]).toEqual(['ABC3', 3])
    expect(await Promise.all([sent[1], sent[3]])).toEqual([
      { ...NOTHING, isUnseen: true },
      { ...NOTHING, isUnseen: true },
    ])
    next.answer(`${OK.repeat(3)}${queued(1)}*1\r\n${WRONGTYPE}`)
    expect(await Promise.all([sent[0], sent[2], sent[4]])).toEqual([NOTHING, NOTHING, NOTHING])
    expect(rejectedIn((await sent[5])!)).toEqual([0])
    expect([lane.unconfirmed, lane.oldestSequence]).toEqual([0, undefined])
  })

  it('are all sent again where the server has run none of them', () => {
    const { lane } = openLane()
    for (const sequence of [7, 8]) void lane.send(transaction(String(sequence), 1, { sequence }))
    lane.detach()
    expect(socketInto(lane, 6).written()).toBe('78')
    expect(lane.oldestSequence).toBe(7)
  })

  it('count what they did only as far as their replies were read', async () => {
    const { lane, socket } = openLane()
    const sent = lane.send(transaction('T', 2, { sequence: 1, isCounted: true }))
    socket.answer(queued(1))
    await turn()
    lane.detach()
    socketInto(lane, 1)
    expect(await sent).toEqual({ rejections: [], done: [], read: [], isUnseen: true })
  })

  it('may be others than the transactions that go out again if need be', () => {
    const { lane } = openLane()
    void lane.send(transaction('T', 1))
    lane.detach()
    expect([lane.oldestSequence, socketInto(lane, 5).written()]).toEqual([undefined, 'T'])
  })
})

function transaction(text: string, commands: number, more: Partial<Shipment> = {}): Shipment {
  return shipment(text, commands, { isTransaction: true, ...more })
}

/** What the server answers before the transaction is run. */
function queued(commands: number): string {
  return OK + '+QUEUED\r\n'.repeat(commands)
}
