// A write queue for one server: the requests that it sends again over a new connection, and those that it does not.
import { describe, expect, it } from 'vitest'
import { TransientError, problem } from '../../errors.ts'
import { OK, WRONGTYPE } from '../session/write-pipeline.support.ts'
import { MARKER, openWriteQueue, turn, watched, writes } from './write-queue.support.ts'

const FINE = { rejections: [], done: [], read: [] }

describe('a new connection', () => {
  it('gets what is unconfirmed again, whole and in order, and its replies count anew', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(1)
    const { nodes, played: [one] } = connect() // prettier-ignore
    const sent = ['a', 'b', 'c'].map((key) =>
      writeQueue.send(writes([`INCR ${key}1`, `INCR ${key}2`], { isCounted: true })),
    )
    await one.answer(`:1\r\n:2\r\n${WRONGTYPE}`)
    expect((await sent[0]!).done).toEqual([1, 2])
    disconnect(nodes)
    const { played: [next] } = connect() // prettier-ignore
    expect(next.came()).toEqual(['INCR b1', 'INCR b2', 'INCR c1', 'INCR c2'])
    await next.answer(':3\r\n:4\r\n:5\r\n:6\r\n')
    expect(await Promise.all(sent.slice(1))).toEqual([
      { ...FINE, done: [3, 4] },
      { ...FINE, done: [5, 6] },
    ])
  })

  it('is sent and asked what came while there was none, in order', async () => {
    const { writeQueue, connect } = openWriteQueue(1)
    const sent = writeQueue.send(writes(['SET a 1']))
    const replies = ['GET', 'TTL'].map((command) => writeQueue.ask(command, ['k']))
    const { played: [one] } = connect() // prettier-ignore
    expect([one.came(), one.asked.map(({ text }) => text)]).toEqual([['SET a 1'], ['GET k', 'TTL k']])
    await one.answer(OK)
    for (const { resolve, text } of one.asked) resolve(text)
    expect([await sent, ...(await Promise.all(replies))]).toEqual([FINE, 'GET k', 'TTL k'])
  })

  it('is not taken in by late replies on the old one', async () => {
    const { writeQueue, events, connect, disconnect } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(writes(['SET a 1'])))
    const pending = watched(writeQueue.ask('GET', ['k']))
    disconnect(nodes)
    connect()
    await old.answer(OK)
    await turn()
    expect([fate, pending, events.confirmed]).toEqual([{}, {}, 0])
  })

  it('that was answered on the former connection is not sent again', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const reply = writeQueue.ask('INCRBY', ['k', 5])
    old.asked[0]!.resolve(5)
    expect(await reply).toBe(5)
    disconnect(nodes)
    expect(connect().played[0].asked).toEqual([])
  })
})

it('what is no use to go on with fails alone, and those behind it are not mixed up', async () => {
  const { writeQueue, connect } = openWriteQueue(1)
  const { played: [one] } = connect() // prettier-ignore
  const sent = [writes(['SET a 1']), writes(['SET b 1'])].map((request) => watched(writeQueue.send(request)))
  await one.answer(`-NOPERM no\r\n${OK}`)
  expect(sent).toEqual([{ error: expect.objectContaining({ failureType: 'config_error' }) }, { value: FINE }])
})

it('a write queue that fails rejects everything that waits, with the reason', async () => {
  const { writeQueue, connect, once } = openWriteQueue(1)
  connect()
  const waiting = [
    writeQueue.send(writes(['SET a 1'])),
    writeQueue.send(once('RPUSH l 1')),
    writeQueue.ask('GET', ['k']),
    writeQueue.send(MARKER),
  ].map((one) => watched<unknown>(one))
  writeQueue.fail(new TransientError(problem('test', 'Gave up.')))
  await turn()
  expect(waiting).toEqual(
    Array.from({ length: 4 }, () => ({ error: new TransientError(problem('test', 'Gave up.')) })),
  )
  expect(writeQueue.hasUncertain).toBe(false)
})

it('a server that only answers single commands does not count as one that accepts writes again', async () => {
  const { writeQueue, events, connect } = openWriteQueue(1)
  const { played: [one] } = connect() // prettier-ignore
  void writeQueue.ask('GET', ['k'])
  void writeQueue.send(writes(['SET a 1']))
  one.asked[0]!.resolve('v')
  await turn()
  expect(events.confirmed).toBe(0)
  await one.answer(OK)
  expect(events.confirmed).toBe(1)
})
