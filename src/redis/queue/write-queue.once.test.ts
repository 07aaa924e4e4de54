// Transactions that run once only, on one server: guarded, or one by one.
import { describe, expect, it } from 'vitest'
import { ConfigError, TransientError } from '../../errors.ts'
import { OK, rejectedIn, WRONGTYPE } from '../session/write-pipeline.support.ts'
import {
  keyIn,
  numbered,
  openWriteQueue,
  ran,
  transaction,
  turn,
  watched,
  writes,
} from './write-queue.support.ts'
import { ONE_BY_ONE } from '../sequencing/transaction-guard.ts'

const FINE = { rejections: [], done: [], read: [] }
const NOPERM = "-NOPERM this user has no permissions to run the 'rpush' command\r\n"
const OOM = '-OOM command not allowed\r\n'
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n'
const KEY = keyIn('sequence', undefined)

/** The start of a guarded transaction of `l` behind a number, and its end. */
const guarded = (predecessor: number, ...commands: string[]): string[] => [
  'MULTI',
  `EVAL guard 1 ${KEY} ${predecessor} ${PACKED} held:`,
  ...commands,
  `EVAL close 1 ${KEY} ${predecessor} ${PACKED} held:`,
  'EXEC',
]
const PACKED = '\xdd\0\0\0\x01\xdb\0\0\0\x01l'

const RUN = (number: number, ...replies: string[]): string => ran(':1\r\n', ...replies, `:${number}\r\n`)
const NOT_RUN = ran(':0\r\n', ':1\r\n', ':0\r\n')

describe('guarded transactions', () => {
  it('follow each other at once, each behind the number of the one before it', async () => {
    const { writeQueue, connect, once } = openWriteQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fates = [1, 2, 3].map((n) => watched(writeQueue.send(once(`RPUSH l ${n}`))))
    expect(one.came()).toEqual([
      ...numbered(undefined, 'RPUSH l 1'),
      ...guarded(1, 'RPUSH l 2'),
      ...guarded(2, 'RPUSH l 3'),
    ])
    await one.answer(ran(':1\r\n', ':1\r\n') + RUN(2, ':2\r\n') + RUN(3, WRONGTYPE))
    expect(fates.slice(0, 2)).toEqual([{ value: FINE }, { value: FINE }])
    expect(rejectedIn(fates[2]!.value!)).toEqual([0])
    void writeQueue.send(once('RPUSH l 4'))
    expect(one.came()).toEqual(numbered(undefined, 'RPUSH l 4'))
  })

  it('behind one that is refused do not run, and all are sent again in their order', async () => {
    const { writeQueue, events, connect, disconnect, once } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fates = [1, 2, 3].map((n) => watched(writeQueue.send(once(`RPUSH l ${n}`))))
    await old.answer(`+OK\r\n${OOM}+QUEUED\r\n${ABORTED}`)
    expect(events.refused).toEqual([expect.any(TransientError), expect.any(TransientError)])
    await old.answer(NOT_RUN + NOT_RUN)
    expect(fates).toEqual([{}, {}, {}])
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[undefined, 0]])) // prettier-ignore
    expect(next.came()).toEqual([
      ...numbered(undefined, 'RPUSH l 1'),
      ...guarded(1, 'RPUSH l 2'),
      ...guarded(2, 'RPUSH l 3'),
    ])
  })

  it('behind one that can never run fail with it, and none of them is sent again', async () => {
    const { writeQueue, events, connect, disconnect, once } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fates = [1, 2].map((n) => watched(writeQueue.send(once(`RPUSH l ${n}`))))
    await old.answer(`+OK\r\n${NOPERM}+QUEUED\r\n${ABORTED}${NOT_RUN}`)
    expect(events.refused).toEqual([])
    fates.push(watched(writeQueue.send(once('RPUSH l 3'))))
    await turn()
    expect(fates).toEqual(Array.from({ length: 3 }, () => ({ error: expect.any(ConfigError) as unknown })))
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[undefined, 0]])) // prettier-ignore
    expect(next.came()).toEqual([])
  })

  it('are sent again from the first one on that the server does not hold', async () => {
    const { writeQueue, connect, disconnect, once } = openWriteQueue(1)
    const { nodes } = connect()
    const fates = [
      writes(['SET a 1']),
      once('RPUSH l 1'),
      writes(['SET b 1']),
      once('RPUSH l 2'),
      once('RPUSH l 3'),
    ].map((request) => watched(writeQueue.send(request)))
    expect(writeQueue.hasUncertain).toBe(true)
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[undefined, 2]])) // prettier-ignore
    expect(next.came()).toEqual(['SET a 1', 'SET b 1', ...numbered(undefined, 'RPUSH l 3')])
    const unseen = { value: { ...FINE, isUnseen: true } }
    await turn()
    expect([fates[1], fates[3]]).toEqual([unseen, unseen])
    await next.answer(OK + OK + ran(WRONGTYPE, ':3\r\n'))
    expect([fates[0], fates[2], rejectedIn(fates[4]!.value!)]).toEqual([
      { value: FINE },
      { value: FINE },
      [0],
    ])
    expect(writeQueue.hasUncertain).toBe(false)
  })

  it('that were refused are not taken for run, whatever number a server holds', async () => {
    const { writeQueue, connect, disconnect, once } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    void writeQueue.send(once('RPUSH l 1'))
    await old.answer(`+OK\r\n${OOM}+QUEUED\r\n${ABORTED}`)
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[undefined, 1]])) // prettier-ignore
    expect(next.came()).toEqual(numbered(undefined, 'RPUSH l 1'))
  })

  it('fail where the server says that a script could do only part of its work', async () => {
    const { writeQueue, connect, once } = openWriteQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fates = [1, 2].map((n) => watched(writeQueue.send(once(`RPUSH l ${n}`))))
    await one.answer(ran(':1\r\n', ':1\r\n') + ran('-ERR no\r\n', ':2\r\n', ':-1\r\n'))
    expect(fates[1]?.error).toBeInstanceOf(Error)
  })

  it('show a loss where the number does not follow the one before', async () => {
    const { writeQueue, events, connect, once } = openWriteQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    void writeQueue.send(once('RPUSH l 1'))
    await one.answer(ran(':1\r\n', ':1\r\n'))
    const fate = watched(writeQueue.send(once('RPUSH l 2')))
    await one.answer(ran(':1\r\n', ':1\r\n'))
    expect([fate, events.lostNumbers]).toEqual([{}, 1])
  })
})

describe('a transaction whose MULTI is refused', () => {
  const BARE = '-BUSY x\r\n'

  it('is sent again where no command ran', async () => {
    const { writeQueue, events, connect, disconnect, once } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(once('RPUSH l 1')))
    await old.answer(`${BARE}${BARE}${BARE}-ERR EXEC without MULTI\r\n`)
    expect([fate, events.refused.length > 0]).toEqual([{}, true])
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[undefined, 0]])) // prettier-ignore
    expect(next.came()).toEqual(numbered(undefined, 'RPUSH l 1'))
  })

  it('ends the run where a command ran all the same', async () => {
    const { writeQueue, connect, once } = openWriteQueue(1)
    const { played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(once('RPUSH l 1')))
    await one.answer(`${BARE}:1\r\n:1\r\n-ERR EXEC without MULTI\r\n`)
    expect(fate.error).toMatchObject({ problems: [{ code: 'transaction-uncertain' }] })
  })

  it('ends the run where the replies to its commands are lost', async () => {
    const { writeQueue, connect, disconnect, once } = openWriteQueue(1)
    const { nodes, played: [old] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(once('RPUSH l 1')))
    await old.answer(BARE)
    disconnect(nodes)
    connect(new Map([[undefined, 1]]))
    await turn()
    expect(fate.error).toMatchObject({ problems: [{ code: 'transaction-uncertain' }] })
  })
})

it('transactions that cannot be guarded wait for the one before them, and are then sent as one', async () => {
  const { writeQueue, connect, once } = openWriteQueue(1, { mode: ONE_BY_ONE })
  const { played: [one] } = connect() // prettier-ignore
  const fates = [1, 2, 3].map((n) => watched(writeQueue.send(once(`RPUSH l ${n}`))))
  void writeQueue.send(writes(['SET a 1'], { isBehindAll: true }))
  expect(one.came()).toEqual(numbered(undefined, 'RPUSH l 1'))
  await one.answer(ran(':1\r\n', ':1\r\n'))
  // The order of the connection is enough as soon as nothing waits.
  expect(one.came()).toEqual([...numbered(undefined, 'RPUSH l 2', 'RPUSH l 3'), 'SET a 1'])
  await one.answer(ran(':2\r\n', ':3\r\n', ':2\r\n'))
  expect(fates).toEqual([{ value: FINE }, { value: FINE }, { value: FINE }])
})

it('nothing is sent while replies are read to the end', async () => {
  const { writeQueue, connect } = openWriteQueue(1)
  const { played: [one] } = connect() // prettier-ignore
  void writeQueue.send(writes(['SET a 1']))
  one.came()
  let isDrained = false
  void writeQueue.drain().then(() => (isDrained = true))
  void writeQueue.send(writes(['SET b 1']))
  await turn()
  expect([isDrained, one.came()]).toEqual([false, []])
  await one.answer(OK)
  expect([isDrained, one.came()]).toEqual([true, []])
})

it('a transaction that may run again is sent again whatever number a server holds', () => {
  const { writeQueue, connect, disconnect } = openWriteQueue(1)
  const { nodes } = connect()
  void writeQueue.send(transaction(['SADD s 1']))
  expect(writeQueue.hasUncertain).toBe(false)
  disconnect(nodes)
  expect(connect(new Map([[undefined, 5]])).played[0].came()).toContain('SADD s 1')
})
