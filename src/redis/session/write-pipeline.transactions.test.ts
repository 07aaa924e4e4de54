import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { TransientError } from '../../errors.ts'
import type { PipelineWrite } from './write-pipeline.ts'
import { load, NOTHING, OK, openPipeline, rejectedIn, WRONGTYPE } from './write-pipeline.support.ts'

describe('a transaction', () => {
  it('is confirmed by what it gives in the end, and not by what is answered before', async () => {
    const { pipeline, socket, events } = openPipeline()
    const sent = pipeline.send(transaction('T', 2))
    const behind = pipeline.send(load('B', 1))
    socket.answer(queued(2))
    await turn()
    expect([pipeline.unanswered, events]).toEqual([2, ['heard']])
    socket.answer('*2\r\n+OK\r\n:1\r\n')
    expect(await sent).toEqual(NOTHING)
    expect(pipeline.unanswered).toBe(1)
    socket.answer(OK)
    expect(await behind).toEqual(NOTHING)
  })

  it('names the commands that were refused, and how much each did, by their place inside it', async () => {
    const { pipeline, socket } = openPipeline()
    const sent = pipeline.send(transaction('T', 4, { isCounted: true }))
    socket.answer(`${queued(4)}*4\r\n:2\r\n${WRONGTYPE}$-1\r\n${OK}`)
    expect(rejectedIn(await sent)).toEqual([1])
    expect((await sent).done).toEqual([2, 0, 0, 1])
  })

  it('may stand beside shipments that are none, and is not mixed up with them', async () => {
    const { pipeline, socket } = openPipeline()
    const sent = [
      pipeline.send(load('A', 2, { isCounted: true })),
      pipeline.send(transaction('T', 1, { isCounted: true })),
      pipeline.send(transaction('U', 2)),
      pipeline.send(load('B', 1, { isCounted: true })),
    ]
    socket.answer(`:1\r\n:2\r\n${queued(1)}*1\r\n:3\r\n${queued(2)}*2\r\n${OK}${WRONGTYPE}:4\r\n`)
    const answers = await Promise.all(sent)
    expect(answers.map(({ done }) => done)).toEqual([[1, 2], [3], [], [4]])
    expect(answers.map(rejectedIn)).toEqual([[], [], [1], []])
  })

  it('fails where the server does not take one of its commands, and those behind it are not mixed up', async () => {
    const { pipeline, socket } = openPipeline()
    const sent = pipeline.send(transaction('T', 2))
    const behind = pipeline.send(load('B', 1))
    socket.answer(
      `${OK}-NOPERM no\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n${WRONGTYPE}`,
    )
    expect((await sent).problem?.message).toMatch('Ask for that permission')
    expect(rejectedIn(await behind)).toEqual([0])
  })

  it('is kept where the server cannot take writes now', async () => {
    const { pipeline, socket, refusals } = openPipeline()
    void pipeline.send(transaction('T', 2))
    socket.answer(`${OK}+QUEUED\r\n-OOM command not allowed\r\n`)
    await turn()
    expect([pipeline.unanswered, refusals]).toEqual([1, [expect.any(TransientError)]])
  })
})

it('a transaction of which another server is to be given one command has not been run', async () => {
  const { pipeline, socket } = openPipeline()
  const sent = pipeline.send(transaction('T', 2))
  socket.answer(
    `${OK}+QUEUED\r\n-MOVED 1 h:2\r\n-EXECABORT Transaction discarded because of previous errors.\r\n`,
  )
  expect(await sent).toEqual({ ...NOTHING, elsewhere: [{ index: 2, text: 'MOVED 1 h:2' }] })
})

function transaction(text: string, commands: number, more: Partial<PipelineWrite> = {}): PipelineWrite {
  return load(text, commands, { isTransaction: true, ...more })
}

/** What the server answers before the transaction is run. */
function queued(commands: number): string {
  return OK + '+QUEUED\r\n'.repeat(commands)
}
