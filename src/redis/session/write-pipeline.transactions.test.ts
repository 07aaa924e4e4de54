import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { TransientError } from '../../errors.ts'
import type { PipelineWrite } from './write-pipeline.ts'
import { NOTHING, OK, openPipeline, rejectedIn, WRONGTYPE, writeOf } from './write-pipeline.support.ts'

describe('a transaction', () => {
  it('is done at the reply to EXEC, not at those before it', async () => {
    const { send, socket } = openPipeline()
    const sent = send(transaction('T', 2))
    const behind = send(writeOf('B', 1))
    socket.answer(queued(2))
    await turn()
    expect(sent.result).toBeUndefined()
    socket.answer('*2\r\n+OK\r\n:1\r\n')
    await turn()
    expect([sent.result, behind.result]).toEqual([{ ...NOTHING, done: [1, 1], exec: [1, 1] }, undefined])
    socket.answer(OK)
    await turn()
    expect(behind.result).toEqual(NOTHING)
  })

  it('names refused commands, and the number in each reply, by their index inside it', async () => {
    const { pipeline, socket } = openPipeline()
    const sent = pipeline.send(transaction('T', 4))
    socket.answer(`${queued(4)}*4\r\n:2\r\n${WRONGTYPE}$-1\r\n${OK}`)
    expect(rejectedIn(await sent)).toEqual([1])
    expect((await sent).done).toEqual([2, 0, 0, 1])
  })

  it('may stand beside other writes, and each gets its own replies', async () => {
    const { pipeline, socket } = openPipeline()
    const sent = [
      pipeline.send(writeOf('A', 2, { kind: 'counted' })),
      pipeline.send(transaction('T', 1)),
      pipeline.send(transaction('U', 2)),
      pipeline.send(writeOf('B', 1, { kind: 'counted' })),
    ]
    socket.answer(`:1\r\n:2\r\n${queued(1)}*1\r\n:3\r\n${queued(2)}*2\r\n${OK}${WRONGTYPE}:4\r\n`)
    const answers = await Promise.all(sent)
    expect(answers.map(({ done }) => done)).toEqual([[1, 2], [3], [1, 0], [4]])
    expect(answers.map(rejectedIn)).toEqual([[], [], [1], []])
  })

  it('has a problem when one of its commands is denied, and the write behind it gets its own replies', async () => {
    const { pipeline, socket } = openPipeline()
    const sent = pipeline.send(transaction('T', 2))
    const behind = pipeline.send(writeOf('B', 1))
    socket.answer(
      `${OK}-NOPERM no\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n${WRONGTYPE}`,
    )
    expect((await sent).problem).toMatchObject({ problem: { code: 'command-denied' } })
    expect(rejectedIn(await behind)).toEqual([0])
  })

  it.each([
    [`${OK}+QUEUED\r\n-OOM x\r\n-EXECABORT Transaction discarded because of previous errors.\r\n`],
    [`${queued(2)}-EXECABORT Transaction discarded because of: OOM x\r\n`],
    ['-BUSY x\r\n-BUSY x\r\n-BUSY x\r\n-ERR EXEC without MULTI\r\n'],
  ])('has not run when the server takes no writes now: %j', async (replies) => {
    const { send, socket, refusals, losses } = openPipeline()
    const [sent, behind] = [send(transaction('T', 2)), send(writeOf('B', 1))]
    socket.answer(replies + WRONGTYPE)
    await turn()
    expect(sent.result).toEqual({ ...NOTHING, refusal: expect.any(TransientError) })
    expect([rejectedIn(behind.result!), refusals.length > 0, losses]).toEqual([[0], true, []])
  })

  it('reports at once that MULTI was refused, and then whether commands ran all the same', async () => {
    const { pipeline, socket } = openPipeline()
    let isBare = false
    const sent = pipeline.send(transaction('T', 2), () => (isBare = true))
    socket.answer('-BUSY x\r\n')
    await turn()
    expect(isBare).toBe(true)
    socket.answer(`-BUSY x\r\n:1\r\n-ERR EXEC without MULTI\r\n`)
    expect(await sent).toMatchObject({ hasRunBare: true, exec: undefined })
  })
})

it('a transaction with a command that belongs to another node has not been run', async () => {
  const { pipeline, socket } = openPipeline()
  const sent = pipeline.send(transaction('T', 2))
  socket.answer(
    `${OK}+QUEUED\r\n-MOVED 1 h:2\r\n-EXECABORT Transaction discarded because of previous errors.\r\n`,
  )
  expect(await sent).toEqual({ ...NOTHING, elsewhere: [{ index: 1, text: 'MOVED 1 h:2' }] })
})

function transaction(text: string, commands: number, more: Partial<PipelineWrite> = {}): PipelineWrite {
  return writeOf(text, commands, { kind: 'transaction', ...more })
}

/** Returns the replies of the server before EXEC. */
function queued(commands: number): string {
  return OK + '+QUEUED\r\n'.repeat(commands)
}
