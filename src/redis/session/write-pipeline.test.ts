import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { SystemError, TransientError } from '../../errors.ts'
import { NOTHING, OK, openPipeline, rejectedIn, WRONGTYPE, writeOf } from './write-pipeline.support.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import { ProtocolError } from '../resp/protocol-error.ts'

describe('a write', () => {
  it('is done when every reply to it is in, in the order of sending', async () => {
    const { pipeline, socket } = openPipeline()
    const order: string[] = []
    const first = pipeline.send(writeOf('A', 3)).then(() => order.push('first'))
    const second = pipeline.send(writeOf('B', 1)).then(() => order.push('second'))
    expect(socket.written()).toBe('AB')
    socket.answer(OK.repeat(2))
    await turn()
    expect(order).toEqual([])
    socket.answer(OK)
    await first
    expect(order).toEqual(['first'])
    socket.answer(OK)
    await second
    expect(order).toEqual(['first', 'second'])
  })

  it('names the commands that were refused because of their data, by their index', async () => {
    const { pipeline, socket } = openPipeline()
    const sent = pipeline.send(writeOf('A', 4))
    socket.answer(`${OK}${WRONGTYPE}${OK}${WRONGTYPE}`)
    expect(rejectedIn(await sent)).toEqual([1, 3])
    expect((await sent).rejections[0]?.error.problem?.code).toBe('key-type-differs')
  })

  it('returns the number in each reply where these are wanted, and 0 for a refused command', async () => {
    const { pipeline, socket } = openPipeline()
    const counted = pipeline.send(writeOf('A', 5, { kind: 'counted' }))
    const uncounted = pipeline.send(writeOf('B', 2))
    socket.answer(`:3\r\n${WRONGTYPE}$-1\r\n${OK}:0\r\n`)
    socket.answer(':3\r\n:0\r\n')
    expect((await counted).done).toEqual([3, 0, 0, 1, 0])
    expect(rejectedIn(await counted)).toEqual([1])
    expect(await uncounted).toEqual(NOTHING)
  })

  it('has a problem after an unknown error reply, and the replies behind it are still assigned correctly', async () => {
    const { pipeline, socket } = openPipeline()
    const first = pipeline.send(writeOf('A', 2))
    const second = pipeline.send(writeOf('B', 2))
    socket.answer(`-ERR never seen\r\n${OK}${OK}${WRONGTYPE}`)
    const { problem } = await first
    expect(problem).toBeInstanceOf(SystemError)
    expect(problem).toMatchObject({ problem: { code: 'unexpected-reply', params: { where: 'h:1' } } })
    expect(rejectedIn(await second)).toEqual([1])
  })
})

describe('a server that takes no writes now', () => {
  it.each(['LOADING Redis is loading', 'READONLY replica', 'OOM command not allowed'])(
    'is reported at once, and the other replies are still read: %s',
    async (reply) => {
      const { send, socket, losses, refusals } = openPipeline()
      const sent = [send(writeOf('A', 3)), send(writeOf('B', 1))]
      socket.answer(`${OK}-${reply}\r\n`)
      await turn()
      expect([refusals, sent[0]!.result]).toEqual([[expect.any(TransientError)], undefined])
      socket.answer(`${WRONGTYPE}${OK}`)
      await turn()
      expect(sent[0]!.result).toMatchObject({ refusal: refusals[0], rejections: [{ index: 2 }] })
      expect([sent[1]!.result, losses]).toEqual([NOTHING, []])
    },
  )
})

describe('a connection is lost', () => {
  it('when the server is not Redis', async () => {
    const { send, socket, losses } = openPipeline()
    send(writeOf('A', 1))
    socket.answer('HTTP/1.1 400 Bad Request\r\n')
    await turn()
    expect(losses).toEqual([expect.any(ProtocolError)])
  })

  it.each([
    ['a null to HMSET', encoded('HMSET', 'k', 'f', '\r\n'), '$-1\r\n', 'other type'],
    ['a number to HMSET', encoded('HMSET', 'k', 'f', '\r\n'), ':1\r\n', 'other type'],
    ['an array to HMSET', encoded('HMSET', 'k', 'f', '\r\n'), '*1\r\n+OK\r\n', 'other type'],
    ['one element for two fields', encoded('HMGET', 'k', 'f', 'g'), '*1\r\n$-1\r\n', 'other type'],
    ['a reply more than commands', encoded('HMSET', 'k', 'f', '\r\n'), '+OK\r\n+OK\r\n', 'unasked'],
  ])('when the server answers %s', async (_, command, reply, violation) => {
    const { send, socket, losses } = openPipeline()
    send({ kind: 'read', chunks: [command.bytes], commands: 1, runs: command.runsOf(0, 1) })
    socket.answer(reply)
    await turn()
    expect(losses).toMatchObject([{ violation }])
  })

  it('when the server owes replies for too long', async () => {
    const { send, socket, losses } = openPipeline(50)
    send(writeOf('A', 2))
    socket.answer(OK)
    await expect.poll(() => losses).toHaveLength(1)
    expect(losses).toMatchObject([{ problem: { code: 'reply-timeout' } }])
  })
})

it('a pipeline that is closed ignores replies, and is not lost any more', async () => {
  const { pipeline, send, socket, losses } = openPipeline(20)
  const sent = send(writeOf('A', 1))
  pipeline.close()
  socket.answer(OK)
  // An open pipeline beside it shows that the limit has passed.
  const other = openPipeline(40)
  other.send(writeOf('A', 1))
  await expect.poll(() => other.losses).toHaveLength(1)
  expect([sent.result, losses]).toEqual([undefined, []])
})

it('a command that belongs to another node is returned with the error reply, and the others are not affected', async () => {
  const { pipeline, socket, losses } = openPipeline()
  const sent = pipeline.send(writeOf('A', 3))
  socket.answer(`${OK}-MOVED 1 h:2\r\n${OK}`)
  expect(await sent).toEqual({ ...NOTHING, elsewhere: [{ index: 1, text: 'MOVED 1 h:2' }] })
  expect(losses).toEqual([])
})

function encoded(name: string, ...args: readonly string[]): CommandBuffer {
  const out = new CommandBuffer(Buffer.alloc(0))
  out.command(name, ...args)
  return out
}
