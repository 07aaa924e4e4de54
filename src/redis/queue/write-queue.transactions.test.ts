// Transactions and single commands on their way to a cluster.
import { describe, expect, it } from 'vitest'
import { OK } from '../session/write-pipeline.support.ts'
import { A, A2, B, B2, C, numbered, openWriteQueue, ran, SLOT_A, SLOT_B, transaction, watched, writes } from './write-queue.support.ts' // prettier-ignore

const FINE = { rejections: [], done: [], read: [] }
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n'

/** The replies to a transaction of one command whose key is at another server. */
const ASKED = `+OK\r\n-ASK ${SLOT_B} h:2\r\n${ABORTED}`
/** Those to one that counts itself, too. */
const NUMBERED_ASKED = `+OK\r\n-ASK ${SLOT_B} h:2\r\n+QUEUED\r\n${ABORTED}`

describe('a transaction', () => {
  it('is sent whole to the server that has its slot, and its result is that of EXEC', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    const fate = watched(
      writeQueue.send(transaction([`SADD ${A} 1`, `SADD ${A2} 2`], { isCounted: true, isRepeatable: true })),
    )
    expect([one.came(), two.came(), three.came()]).toEqual([
      [],
      [],
      ['MULTI', `SADD ${A} 1`, `SADD ${A2} 2`, 'EXEC'],
    ])
    await three.answer(ran(':1\r\n', ':0\r\n'))
    expect(fate).toEqual({ value: { ...FINE, done: [1, 0] } })
  })

  it('that is redirected is sent whole again, without ASKING, with what came behind it in its slot', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, , three] } = connect() // prettier-ignore
    const fates = [
      transaction([`SADD ${B} 1`]),
      transaction([`SADD ${B2} 2`], { isCounted: true }),
      transaction([`SADD ${A} 3`]),
      writes([`SET ${B} 4`, `SET ${A} 4`]),
    ].map((request) => watched(writeQueue.send(request)))
    for (const node of [one, three]) node.came()
    await three.answer(`${ran(':1\r\n')}${OK}`)
    await one.answer(`${ASKED}${ran(':1\r\n')}${OK}`)
    writeQueue.resume()
    expect([one.came(), three.came()]).toEqual([
      ['MULTI', `SADD ${B} 1`, 'EXEC', 'MULTI', `SADD ${B2} 2`, 'EXEC', `SET ${B} 4`],
      [],
    ])
    expect(fates).toEqual([{}, {}, { value: FINE }, {}])
    await one.answer(`${ran(':1\r\n')}${ran(':0\r\n')}${OK}`)
    expect(fates[1]).toEqual({ value: { ...FINE, done: [1] } })
    expect([fates[0], fates[3]]).toEqual([{ value: FINE }, { value: FINE }])
  })
})

describe('transactions that run once only', () => {
  it('wait, in each slot, for the one before them, and are then sent as one', async () => {
    const { writeQueue, connect, once } = openWriteQueue(3)
    const { played: [one, , three] } = connect() // prettier-ignore
    const fates = [`RPUSH ${B} 1`, `RPUSH ${B} 2`, `RPUSH ${A} 3`, `RPUSH ${B2} 4`].map((text) =>
      watched(writeQueue.send({ ...once(text), isCounted: true })),
    )
    expect([one.came(), three.came()]).toEqual([
      numbered(SLOT_B, `RPUSH ${B} 1`),
      numbered(SLOT_A, `RPUSH ${A} 3`),
    ])
    await one.answer(ran(':1\r\n', ':1\r\n'))
    expect([fates[0], one.came()]).toEqual([
      { value: { ...FINE, done: [1] } },
      numbered(SLOT_B, `RPUSH ${B} 2`, `RPUSH ${B2} 4`),
    ])
    await one.answer(ran('-WRONGTYPE x\r\n', ':7\r\n', ':2\r\n'))
    expect(fates[1]?.value).toMatchObject({ rejections: [{ index: 0 }], done: [0] })
    expect(fates[3]).toEqual({ value: { ...FINE, done: [7] } })
  })

  it('are not sent as one where they are large', async () => {
    const { writeQueue, connect, once } = openWriteQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    for (const size of [1, 800_000, 800_000]) void writeQueue.send(once(`RPUSH ${B} ${'x'.repeat(size)}`))
    one.came()
    await one.answer(ran(':1\r\n', ':1\r\n'))
    expect(one.came().length).toBe(4)
  })

  it('that are redirected are sent again before those that wait, under the same number', async () => {
    const { writeQueue, connect, once } = openWriteQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    const fates = [1, 2].map((n) => watched(writeQueue.send(once(`RPUSH ${B} ${n}`))))
    await one.answer(NUMBERED_ASKED)
    one.came()
    writeQueue.resume()
    expect(one.came()).toEqual(numbered(SLOT_B, `RPUSH ${B} 1`))
    await one.answer(ran(':1\r\n', ':1\r\n'))
    expect(one.came()).toEqual(numbered(SLOT_B, `RPUSH ${B} 2`))
    await one.answer(ran(':2\r\n', ':2\r\n'))
    expect(fates).toEqual([{ value: FINE }, { value: FINE }])
  })

  it('have run as far as the server of their slot holds their number, whatever others do', async () => {
    const { writeQueue, connect, disconnect, once } = openWriteQueue(3)
    const { nodes } = connect()
    const fates = [`RPUSH ${A} x`, `RPUSH ${B} x`].map((text) => watched(writeQueue.send(once(text))))
    disconnect(nodes)
    const { played: [one, , three] } = connect(new Map([[SLOT_A, 1], [SLOT_B, 0]])) // prettier-ignore
    expect([one.came(), three.came()]).toEqual([numbered(SLOT_B, `RPUSH ${B} x`), []])
    await one.answer(ran(':1\r\n', ':1\r\n'))
    expect(fates).toEqual([{ value: { ...FINE, isUnseen: true } }, { value: FINE }])
  })

  it('that were redirected have not run, though a new connection finds the number that they had', async () => {
    const { writeQueue, connect, disconnect, once } = openWriteQueue(3)
    const { nodes, played: [one] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(once(`RPUSH ${B} 1`)))
    await one.answer(NUMBERED_ASKED)
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[SLOT_B, 1]])) // prettier-ignore
    expect(next.came()).toEqual(numbered(SLOT_B, `RPUSH ${B} 1`))
    await next.answer(ran(':1\r\n', ':2\r\n'))
    expect(fate).toEqual({ value: FINE })
  })

  it('hold up what has to be behind all of them', async () => {
    const { writeQueue, connect, once } = openWriteQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    for (const n of [1, 2]) void writeQueue.send(once(`RPUSH ${B} ${n}`))
    void writeQueue.send(writes([`HSET ${B2} f v`], { isBehindAll: true }))
    one.came()
    await one.answer(ran(':1\r\n', ':1\r\n'))
    expect(one.came()).toEqual(numbered(SLOT_B, `RPUSH ${B} 2`))
    await one.answer(ran(':2\r\n', ':2\r\n'))
    expect(one.came()).toEqual([`HSET ${B2} f v`])
  })
})

describe('single commands', () => {
  it('wait while something is redirected, and are sent again in their order, behind ASKING where that is needed', async () => {
    const { writeQueue, events, connect } = openWriteQueue(3)
    const { played: [one, two] } = connect() // prettier-ignore
    const first = writeQueue.ask('INCRBY', [B, 1])
    const fate = watched(writeQueue.send(writes([`SET ${C} 1`])))
    one.asked[0]!.reject(Object.assign(new Error(`ASK ${SLOT_B} h:2`), { name: 'ReplyError' }))
    await two.answer('')
    const later = [writeQueue.ask('GET', [B2]), writeQueue.ask('EVALSHA', ['hash', 1, C])]
    expect([one.asked.length, two.asked.length, events.redirected]).toEqual([1, 0, []])
    await two.answer(OK)
    expect(events.redirected.length).toBe(1)
    writeQueue.resume()
    expect([one.asked.slice(1), two.asked].map((all) => all.map(({ text }) => text))).toEqual([
      [`GET ${B2}`],
      ['ASKING', `INCRBY ${B} 1`, `EVALSHA hash 1 ${C}`],
    ])
    for (const { resolve, text } of [...one.asked, ...two.asked]) resolve(text)
    expect(await Promise.all([first, ...later])).toEqual([
      `INCRBY ${B} 1`,
      `GET ${B2}`,
      `EVALSHA hash 1 ${C}`,
    ])
    expect(fate).toEqual({ value: FINE })
  })

  it('fail alone where another attempt cannot help, and are kept where it can', async () => {
    const { writeQueue, events, connect, disconnect } = openWriteQueue(3)
    const { nodes, played: [one] } = connect() // prettier-ignore
    const fates = [watched(writeQueue.ask('GET', [B])), watched(writeQueue.ask('GET', [B]))]
    one.asked[0]!.reject(Object.assign(new Error('NOPERM no'), { name: 'ReplyError' }))
    one.asked[1]!.reject(Object.assign(new Error('LOADING x'), { name: 'ReplyError' }))
    await one.answer('')
    expect(fates).toEqual([{ error: expect.objectContaining({ failureType: 'config_error' }) }, {}])
    expect(events.refused).toEqual([expect.objectContaining({ failureType: 'transient_error' })])
    disconnect(nodes)
    const { played: [next] } = connect() // prettier-ignore
    expect(next.asked.map(({ text }) => text)).toEqual([`GET ${B}`])
  })
})
