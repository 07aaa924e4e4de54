// Transactions and questions on their way to a cluster.
import { describe, expect, it } from 'vitest'
import { OK } from '../session/write-pipeline.support.ts'
import { A, A2, B, B2, C, noteOf, openWriteQueue, ran, SLOT_A, SLOT_B, transaction, watched, writes } from './write-queue.support.ts' // prettier-ignore

const FINE = { rejections: [], done: [], read: [] }
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n'

/** What a transaction of one command is answered where its key is at another server. */
const ASKED = `+OK\r\n-ASK ${SLOT_B} h:2\r\n${ABORTED}`
/** Where that is behind it, the command with the number is only not run. */
const NUMBERED_ASKED = `+OK\r\n-ASK ${SLOT_B} h:2\r\n+QUEUED\r\n${ABORTED}`

describe('a transaction', () => {
  it('goes whole to the server that has its slot, and is told by what it gives', async () => {
    const { writeQueue, connect } = openWriteQueue(3)
    const { played: [one, two, three] } = connect() // prettier-ignore
    const fate = watched(writeQueue.send(transaction([`SADD ${A} 1`, `SADD ${A2} 2`], { isCounted: true })))
    expect([one.came(), two.came(), three.came()]).toEqual([
      [],
      [],
      ['MULTI', `SADD ${A} 1`, `SADD ${A2} 2`, 'EXEC'],
    ])
    await three.answer(ran(':1\r\n', ':0\r\n'))
    expect(fate).toEqual({ value: { ...FINE, done: [1, 0] } })
  })

  it('that is sent on goes whole again, led in by nothing, with what came behind it in its slot', async () => {
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
    writeQueue.goOn()
    expect([one.came(), three.came()]).toEqual([
      ['MULTI', `SADD ${B} 1`, 'EXEC', 'MULTI', `SADD ${B2} 2`, 'EXEC', `SET ${B} 4`],
      [],
    ])
    expect(fates).toEqual([{}, {}, { value: FINE }, {}])
    await one.answer(`${ran(':1\r\n')}${ran(':0\r\n')}${OK}`)
    expect(fates[1]).toEqual({ value: { ...FINE, done: [1] } })
    expect([fates[0], fates[3]]).toEqual([{ value: FINE }, { value: FINE }])
  })

  it('that must not be run twice is sent again behind another one alone, by a number of its own', async () => {
    const { writeQueue, once, connect, numbered } = openWriteQueue(3)
    const { played: [one] } = connect() // prettier-ignore
    const fates = [1, 2].map((n) => watched(writeQueue.send(numbered(`RPUSH {b}${n} x`))))
    await one.answer(`${NUMBERED_ASKED}${ran(':1\r\n', OK)}`)
    one.came()
    writeQueue.goOn()
    await one.answer('')
    const came = one.came()
    expect([came, fates]).toEqual([
      ['MULTI', 'RPUSH {b}1 x', noteOf('once', SLOT_B, 3), 'EXEC'],
      [{}, { value: FINE }],
    ])
    await one.answer(ran(':1\r\n', OK))
    expect(fates[0]).toEqual({ value: FINE })
    // What the server holds now is no older than what it has confirmed.
    const left = came[2]!.split(' ')[2]!
    expect(await once.of(SLOT_B).run(async () => left)).toBe(3)
  })

  it.each([
    ['was not run before its connection broke is sent once more', 2, [4]],
    ['was run before its connection broke is not', 3, []],
  ])('that was sent again and %s', async (_, run, numbers) => {
    const { writeQueue, connect, disconnect, numbered } = openWriteQueue(3)
    const { nodes, played: [one] } = connect() // prettier-ignore
    const fates = [1, 2].map((n) => watched(writeQueue.send(numbered(`RPUSH {b}${n} x`))))
    await one.answer(`${NUMBERED_ASKED}${ran(':1\r\n', OK)}`)
    writeQueue.goOn()
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[SLOT_B, run]])) // prettier-ignore
    await next.answer('')
    expect(next.came()).toEqual(
      numbers.flatMap((number) => ['MULTI', 'RPUSH {b}1 x', noteOf('once', SLOT_B, number), 'EXEC']),
    )
    expect(fates[0]).toEqual(numbers.length === 0 ? { value: { ...FINE, isUnseen: true } } : {})
  })

  it('that was sent on is not taken for run where its connection breaks before it could be sent again', async () => {
    const { writeQueue, connect, disconnect, numbered } = openWriteQueue(3)
    const { nodes, played: [one] } = connect() // prettier-ignore
    const fates = [1, 2].map((n) => watched(writeQueue.send(numbered(`RPUSH {b}${n} x`))))
    await one.answer(`${NUMBERED_ASKED}${ran(':1\r\n', OK)}`)
    disconnect(nodes)
    const { played: [next] } = connect(new Map([[SLOT_B, 2]])) // prettier-ignore
    expect(next.came()).toEqual(['MULTI', 'RPUSH {b}1 x', noteOf('once', SLOT_B, 3), 'EXEC'])
    await next.answer(ran(':1\r\n', OK))
    expect(fates[0]).toEqual({ value: FINE })
  })

  it('is run as far as the server of its slot tells, whatever those of others do', async () => {
    const { writeQueue, connect, disconnect, numbered } = openWriteQueue(3)
    const { nodes } = connect()
    const fates = [`RPUSH ${A} x`, `RPUSH ${B} x`].map((text) => watched(writeQueue.send(numbered(text))))
    disconnect(nodes)
    const { played: [one, , three] } = connect(new Map([[SLOT_A, 1], [SLOT_B, 0]])) // prettier-ignore
    expect([one.came(), three.came()]).toEqual([
      ['MULTI', `RPUSH ${B} x`, noteOf('once', SLOT_B, 2), 'EXEC'],
      [],
    ])
    await one.answer(ran(':1\r\n', OK))
    expect(fates).toEqual([{ value: { ...FINE, isUnseen: true } }, { value: FINE }])
  })
})

describe('questions', () => {
  it('wait while something is sent on, and are asked again in the order they came, led in where that is needed', async () => {
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
    writeQueue.goOn()
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

  it('fail alone where it is no use to ask again, and are kept where it is', async () => {
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
