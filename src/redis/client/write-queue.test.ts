// Traffic to one server: what goes out again over a new connection, and what does not.
import { describe, expect, it } from 'vitest'
import { TransientError } from '../../errors.ts'
import { OK, rejectedIn, WRONGTYPE } from '../session/write-pipeline.support.ts'
import { noteOf, openWriteQueue, ran, transaction, turn, watched, writes } from './write-queue.support.ts'

const FINE = { rejections: [], done: [], read: [] }
/** What a transaction that must not be run twice ends with. */
const NOTE = (number: number): string => noteOf('once', undefined, number)
const OOM = '-OOM command not allowed\r\n'

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
    const question = watched(writeQueue.ask('GET', ['k']))
    disconnect(nodes)
    connect()
    await old.answer(OK)
    await turn()
    expect([fate, question, events.confirmed]).toEqual([{}, {}, 0])
  })

  it('that a question was answered over before is not asked again', async () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const reply = writeQueue.ask('INCRBY', ['k', 5])
    old.asked[0]!.resolve(5)
    expect(await reply).toBe(5)
    disconnect(nodes)
    expect(connect().played[0].asked).toEqual([])
  })
})

describe('transactions that must not be run twice', () => {
  it('are not sent again as far as the server has run them, and all else is, in order', async () => {
    const { writeQueue, connect, disconnect, numbered } = openWriteQueue(1)
    const { nodes } = connect()
    const sent = [
      writes(['SET a 1']),
      numbered('RPUSH l 1'),
      writes(['SET b 1']),
      numbered('RPUSH l 2'),
      numbered('RPUSH l 3'),
    ].map((one) => writeQueue.send(one))
    expect(writeQueue.hasUncertain).toBe(true)
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[undefined, 2]])) // prettier-ignore
    expect(next.came()).toEqual(['SET a 1', 'SET b 1', 'MULTI', 'RPUSH l 3', NOTE(4), 'EXEC'])
    const unseen = { ...FINE, isUnseen: true }
    expect(await Promise.all([sent[1], sent[3]])).toEqual([unseen, unseen])
    await next.answer(`${OK}${OK}${ran(WRONGTYPE, OK)}`)
    expect(await Promise.all([sent[0], sent[2]])).toEqual([FINE, FINE])
    expect(rejectedIn(await sent[4]!)).toEqual([0])
    expect(writeQueue.hasUncertain).toBe(false)
  })

  it('are all sent again, numbered anew, where the server has run none of them', () => {
    const { writeQueue, once, connect, disconnect, numbered } = openWriteQueue(1)
    const { nodes } = connect()
    expect(once.of(undefined).next()).toBe(1)
    for (const n of [2, 3]) void writeQueue.send(numbered(`RPUSH l ${n}`))
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[undefined, 1]])) // prettier-ignore
    expect(next.came()).toEqual([2, 3].flatMap((n) => ['MULTI', `RPUSH l ${n}`, NOTE(n + 2), 'EXEC']))
  })

  it('are not taken for run where the server refused them, though it ran a later one', async () => {
    const { writeQueue, events, connect, disconnect, numbered } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const sent = [1, 2].map((n) => watched(writeQueue.send(numbered(`RPUSH l ${n}`))))
    await old.answer(`+OK\r\n${OOM}`)
    expect(events.refused).toEqual([expect.any(TransientError)])
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[undefined, 2]])) // prettier-ignore
    expect(next.came()).toEqual(['MULTI', 'RPUSH l 1', NOTE(3), 'EXEC'])
    await next.answer(ran(':1\r\n', OK))
    expect(sent).toEqual([{ value: FINE }, { value: { ...FINE, isUnseen: true } }])
  })

  it('may be others than the transactions that go out again if need be', () => {
    const { writeQueue, connect, disconnect } = openWriteQueue(1)
    const { nodes } = connect()
    void writeQueue.send(transaction(['SADD s 1']))
    expect(writeQueue.hasUncertain).toBe(false)
    disconnect(nodes)
    expect(connect(new Map([[undefined, 5]])).played[0].came()).toContain('SADD s 1')
  })
})

it('what is no use to go on with fails alone, and those behind it are not mixed up', async () => {
  const { writeQueue, connect } = openWriteQueue(1)
  const { played: [one] } = connect() // prettier-ignore
  const sent = [writes(['SET a 1']), writes(['SET b 1'])].map((request) => watched(writeQueue.send(request)))
  await one.answer(`-NOPERM no\r\n${OK}`)
  expect(sent).toEqual([{ error: expect.objectContaining({ failureType: 'config_error' }) }, { value: FINE }])
})

it('traffic that fails tells everybody who waits why', async () => {
  const { writeQueue, connect, numbered } = openWriteQueue(1)
  connect()
  const waiting = [
    writeQueue.send(writes(['SET a 1'])),
    writeQueue.send(numbered('RPUSH l 1')),
    writeQueue.ask('GET', ['k']),
    writeQueue.leaveMarks(),
  ].map((one) => watched<unknown>(one))
  writeQueue.fail(new TransientError('Gave up.'))
  await turn()
  expect(waiting).toEqual(Array.from({ length: 4 }, () => ({ error: new TransientError('Gave up.') })))
  expect(writeQueue.hasUncertain).toBe(false)
})

it('a server that only answers questions is not taken for one that takes writes again', async () => {
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
