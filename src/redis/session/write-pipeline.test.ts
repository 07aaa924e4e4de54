import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { SystemError, TransientError } from '../../errors.ts'
import { load, NOTHING, OK, openPipeline, rejectedIn, WRONGTYPE } from './write-pipeline.support.ts'
import { ProtocolError } from '../resp/reply-reader.ts'

describe('a load', () => {
  it('is confirmed when every reply to it is in, in the order of the shipments', async () => {
    const { pipeline, socket, events } = openPipeline()
    const order: string[] = []
    const first = pipeline.send(load('A', 3)).then(() => order.push('first'))
    const second = pipeline.send(load('B', 1)).then(() => order.push('second'))
    expect(socket.written()).toBe('AB')
    socket.answer(OK.repeat(2))
    await turn()
    expect([order, pipeline.unanswered]).toEqual([[], 2])
    socket.answer(OK)
    await first
    expect([order, pipeline.unanswered]).toEqual([['first'], 1])
    socket.answer(OK)
    await second
    expect([order, pipeline.unanswered]).toEqual([['first', 'second'], 0])
    expect(events).toEqual(['heard', 'heard', 'heard'])
  })

  it('names the commands that were refused for what they write, each by its place', async () => {
    const { pipeline, socket } = openPipeline()
    const sent = pipeline.send(load('A', 4))
    socket.answer(`${OK}${WRONGTYPE}${OK}${WRONGTYPE}`)
    expect(rejectedIn(await sent)).toEqual([1, 3])
    expect((await sent).rejections[0]?.error.failureType).toBe('config_error')
  })

  it('tells how much each command did where that is counted, and nothing for one that was refused', async () => {
    const { pipeline, socket } = openPipeline()
    const counted = pipeline.send(load('A', 5, { isCounted: true }))
    const uncounted = pipeline.send(load('B', 2))
    socket.answer(`:3\r\n${WRONGTYPE}$-1\r\n${OK}:0\r\n`)
    socket.answer(':3\r\n:0\r\n')
    expect((await counted).done).toEqual([3, 0, 0, 1, 0])
    expect(rejectedIn(await counted)).toEqual([1])
    expect(await uncounted).toEqual(NOTHING)
  })

  it('fails where the server answers that it is no use to go on, and those behind it are not mixed up', async () => {
    const { pipeline, socket } = openPipeline()
    const first = pipeline.send(load('A', 2))
    const second = pipeline.send(load('B', 2))
    socket.answer(`-ERR never seen\r\n${OK}${OK}${WRONGTYPE}`)
    expect((await first).problem).toEqual(new SystemError('Redis at h:1 answered: ERR never seen'))
    expect(rejectedIn(await second)).toEqual([1])
  })
})

describe('a server that cannot take writes now', () => {
  it.each(['LOADING Redis is loading', 'READONLY replica', 'OOM command not allowed'])(
    'is of no more use, and the shipment is kept: %s',
    async (reply) => {
      const { pipeline, socket, refusals } = openPipeline()
      void pipeline.send(load('A', 2))
      socket.answer(`${OK}-${reply}\r\n`)
      await turn()
      expect(refusals).toEqual([expect.any(TransientError)])
      expect(pipeline.unanswered).toBe(1)
    },
  )

  it('may be no Redis at all', async () => {
    const { pipeline, socket, refusals } = openPipeline()
    void pipeline.send(load('A', 1))
    socket.answer('HTTP/1.1 400 Bad Request\r\n')
    await turn()
    expect(refusals).toEqual([expect.any(ProtocolError)])
  })
})

it('a lane that is closed takes no reply any more', async () => {
  const { pipeline, socket, events } = openPipeline()
  void pipeline.send(load('A', 1))
  pipeline.close()
  socket.answer(OK)
  await turn()
  expect([pipeline.unanswered, events]).toEqual([1, []])
})

it('a command that another server is to be given is told, with what was said to it, and harms no other one', async () => {
  const { pipeline, socket, refusals } = openPipeline()
  const sent = pipeline.send(load('A', 3))
  socket.answer(`${OK}-MOVED 1 h:2\r\n${OK}`)
  expect(await sent).toEqual({ ...NOTHING, elsewhere: [{ index: 1, text: 'MOVED 1 h:2' }] })
  expect(refusals).toEqual([])
})
