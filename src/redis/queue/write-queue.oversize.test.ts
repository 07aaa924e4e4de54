// Commands at which a server closes the connection each time.
import { describe, expect, it } from 'vitest'
import { OK } from '../session/write-pipeline.support.ts'
import { numbered, openWriteQueue, ran, transaction, turn, watched, writes } from './write-queue.support.ts'

const LARGE = 'x'.repeat(1_048_577)
const LIMITS = new Map([
  ['proto-max-bulk-len', 1_048_576],
  ['client-query-buffer-limit', 1 << 30],
])
const LIMITED = { limits: LIMITS, hasEvictedClients: false }
const UNKNOWN = { limits: new Map<string, number>(), hasEvictedClients: false }
const FITTING = { limits: new Map([...LIMITS, ['proto-max-bulk-len', 1 << 29]]), hasEvictedClients: false }
const EVICTING = { limits: new Map([...LIMITS, ['maxmemory-clients', 9_000]]), hasEvictedClients: true }

const BATCH = ['SET a 1', `SET b ${LARGE}`, 'SET c 3']

describe('a large command of a batch', () => {
  it('is sent alone after the second loss, and refused at the third; the others are written', async () => {
    const { writeQueue, connect, lose } = losing()
    const fate = watched(writeQueue.send(writes(BATCH)))
    lose(connect())
    lose(connect())
    const alone = connect(new Map(), false, LIMITED)
    expect(namesIn(alone.played[0].came())).toEqual(['SET a'])
    await alone.played[0].answer(OK)
    expect(namesIn(alone.played[0].came())).toEqual(['SET b'])
    lose(alone)
    const last = connect(new Map(), false, LIMITED)
    await last.played[0].answer(OK)
    expect(namesIn(last.played[0].came())).toEqual(['SET c'])
    expect(fate.value?.rejections).toMatchObject([
      {
        index: 1,
        error: { problem: { code: 'command-over-limit', params: { limit: 1_048_576, bytes: 1_048_577 } } },
      },
    ])
  })

  it('is refused at the fourth loss where the limits are not known', async () => {
    const { writeQueue, connect, lose } = losing()
    const fate = watched(writeQueue.send(writes([`SET b ${LARGE}`])))
    for (let loss = 1; loss <= 3; loss++) lose(connect(new Map(), false, UNKNOWN))
    const fourth = connect(new Map(), false, UNKNOWN)
    await turn()
    expect(fate).toEqual({})
    lose(fourth)
    connect(new Map(), false, UNKNOWN)
    await turn()
    expect(fate.value?.rejections).toMatchObject([
      { error: { problem: { code: 'command-closes-connection' } } },
    ])
  })

  it('is sent again where the server may take it', async () => {
    const { writeQueue, connect, lose } = losing()
    const fate = watched(writeQueue.send(writes([`SET b ${LARGE}`])))
    for (let loss = 1; loss <= 9; loss++) lose(connect(new Map(), false, FITTING))
    const { played: [one] } = connect(new Map(), false, FITTING) // prettier-ignore
    expect(namesIn(one.came())).toEqual(['SET b'])
    await one.answer(OK)
    expect(fate.value?.rejections).toEqual([])
  })

  it('is not sent alone as long as something is confirmed between two losses', async () => {
    const { writeQueue, connect, lose } = losing()
    for (let loss = 1; loss <= 3; loss++) {
      const batch = connect()
      void writeQueue.send(writes(['SET a 1']))
      await batch.played[0].answer(OK.repeat(1 + (loss - 1)))
      expect(writeQueue.needsFindings).toBe(false)
      lose(batch)
    }
  })
})

describe('a large command of a transaction', () => {
  it('is left out, and what was sent with it is written with the numbers that follow', async () => {
    const { writeQueue, connect, lose, once } = losing()
    const request = { ...once('RPUSH l 1'), ...transaction(['RPUSH l 1', `RPUSH l ${LARGE}`, 'RPUSH l 3']) }
    const fate = watched(writeQueue.send({ ...request, slot: undefined, isRepeatable: false }))
    lose(connect())
    lose(connect())
    const alone = connect(new Map(), false, LIMITED)
    expect(alone.played[0].came()).toEqual(numbered(undefined, 'RPUSH l 1'))
    await alone.played[0].answer(ran(':1\r\n', ':1\r\n'))
    expect(alone.played[0].came()).toHaveLength(4)
    lose(alone)
    const last = connect(new Map([[undefined, 1]]), false, LIMITED)
    expect(last.played[0].came()).toEqual(numbered(undefined, 'RPUSH l 3'))
    await last.played[0].answer(ran(':2\r\n', ':2\r\n'))
    expect(fate.value?.rejections.map(({ index }) => index)).toEqual([1])
  })
})

describe('a server that closes connections to save memory', () => {
  it('is sent smaller transactions, and is named where even the smallest is too much', async () => {
    const { writeQueue, connect, lose } = losing()
    const commands = Array.from({ length: 100 }, (_, n) => `RPUSH l ${n}${'x'.repeat(9_000)}`)
    const fate = watched(writeQueue.send(transaction(commands, { slot: undefined, isRepeatable: false })))
    const sizes: number[] = []
    for (let attempt = 1; attempt <= 10; attempt++) {
      const now = connect(new Map(), false, attempt > 2 ? EVICTING : undefined)
      sizes.push(now.played[0].came().length)
      if (now.failure !== undefined) {
        expect(now.failure.problem).toMatchObject({
          code: 'client-memory-too-small',
          params: { limit: 9_000 },
        })
        break
      }
      lose(now)
    }
    // The played server sees no more than the first slice of what is larger than 256 KB.
    expect(sizes).toEqual([31, 31, 31, 17, 6, 4, 0])
    expect(fate).toEqual({})
  })
})

function losing() {
  const opened = openWriteQueue(1)
  const lose = ({ nodes }: ReturnType<typeof opened.connect>): void => opened.disconnect(nodes, true)
  return { ...opened, lose }
}

/** Returns the command and the key of each. */
function namesIn(commands: readonly string[]): string[] {
  return commands.map((command) => command.split(' ', 2).join(' '))
}
