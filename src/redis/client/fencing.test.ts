import { describe, expect, it } from 'vitest'
import type { Identity as Known } from '../session/open-connection.ts'
import { fence, type Present } from './fencing.ts'
import type { Reply } from '../resp/reply.ts'

type Identity = Omit<Known, 'where'>

const SERVER = 'run-a'
const OTHER = 'run-b'
const HERE = 'h:1'

describe('a lost connection', () => {
  it('is killed by its id on the server it was connected to', async () => {
    const { connection, asked } = connectionTo({ clientId: 9, runId: SERVER })
    expect(
      await fence(
        [
          { clientId: 5, runId: SERVER, where: HERE },
          { clientId: 6, runId: SERVER, where: HERE },
        ],
        [connection],
      ),
    ).toBe(true)
    expect(asked).toEqual(['CLIENT KILL ID 5', 'CLIENT KILL ID 6'])
  })

  it.each<[string, Identity, Identity]>([
    ['its process is another one', { clientId: 5, runId: OTHER }, { clientId: 9, runId: SERVER }],
    [
      'its process is another one, which is all that is known',
      { clientId: undefined, runId: OTHER },
      { clientId: undefined, runId: SERVER },
    ],
    ['the ids began anew', { clientId: 9, runId: undefined }, { clientId: 3, runId: SERVER }],
    ['the same id was given out again', { clientId: 9, runId: undefined }, { clientId: 9, runId: undefined }],
  ])('is dead without being killed, as %s', async (_, lost, now) => {
    const { connection, asked } = connectionTo(now)
    expect(await fence([{ ...lost, where: HERE }], [connection])).toBe(true)
    expect(asked).toEqual([])
  })

  it('is killed where only rising ids tell that the server may be the same', async () => {
    const { connection, asked } = connectionTo({ clientId: 10, runId: undefined })
    expect(await fence([{ clientId: 9, runId: SERVER, where: HERE }], [connection])).toBe(true)
    expect(asked).toEqual(['CLIENT KILL ID 9'])
  })

  it.each<[string, Identity]>([
    ['the process is the same', { clientId: undefined, runId: SERVER }],
    ['nothing is known', { clientId: undefined, runId: undefined }],
  ])('without an id is not known to be dead where %s', async (_, lost) => {
    const { connection } = connectionTo({ clientId: 9, runId: SERVER })
    expect(
      await fence(
        [
          { ...lost, where: HERE },
          { clientId: 5, runId: SERVER, where: HERE },
        ],
        [connection],
      ),
    ).toBe(false)
  })

  it('is not known to be dead where the server does not let it be killed', async () => {
    const denied = Object.assign(new Error('NOPERM'), { name: 'ReplyError' })
    const { connection } = connectionTo({ clientId: 9, runId: SERVER }, denied)
    expect(await fence([{ clientId: 5, runId: SERVER, where: HERE }], [connection])).toBe(false)
  })

  it.each(['BUSY Redis is busy running a script.', 'NOAUTH Authentication required.'])(
    'is not known to be dead or alive where the server does not look at the command: %s',
    async (text) => {
      const error = Object.assign(new Error(text), { name: 'ReplyError' })
      const { connection } = connectionTo({ clientId: 9, runId: SERVER }, error)
      const fenced = fence([{ clientId: 5, runId: SERVER, where: HERE }], [connection])
      await expect(fenced).rejects.toThrow(text)
    },
  )

  it('is killed on the one of several servers that it was connected to', async () => {
    const [first, second] = [SERVER, OTHER].map((runId) => connectionTo({ clientId: 9, runId }))
    const present = [first!.connection, second!.connection]
    expect(await fence([{ clientId: 5, runId: OTHER, where: 'elsewhere:1' }], present)).toBe(true)
    expect([first!.asked, second!.asked]).toEqual([[], ['CLIENT KILL ID 5']])
  })

  it('is looked for by its address where nothing tells one process from another', async () => {
    const { connection, asked } = connectionTo({ clientId: 9, runId: undefined })
    const lost = { clientId: 5, runId: undefined }
    expect(await fence([{ ...lost, where: 'elsewhere:1' }], [connection])).toBe(true)
    expect(asked).toEqual([])
    await fence([{ ...lost, where: HERE }], [connection])
    expect(asked).toEqual(['CLIENT KILL ID 5'])
  })

  it('leaves it open whether it is dead where the new connection breaks too', async () => {
    const { connection } = connectionTo({ clientId: 9, runId: SERVER }, new Error('ECONNRESET'))
    await expect(fence([{ clientId: 5, runId: SERVER, where: HERE }], [connection])).rejects.toThrow(
      'ECONNRESET',
    )
  })
})

/** Stands for the new connection: collects the commands, and replies that no client was killed, or with an error. */
function connectionTo(identity: Identity, error?: Error): { connection: Present; asked: string[] } {
  const asked: string[] = []
  const ask = async (command: string, args: readonly (string | number)[]): Promise<Reply> => {
    asked.push([command, ...args].join(' '))
    if (error !== undefined) throw error
    return 0
  }
  return { connection: { identity: { ...identity, where: HERE }, ask }, asked }
}
