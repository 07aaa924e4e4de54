import { describe, expect, it } from 'vitest'
import { TransientError } from '../../errors.ts'
import type { Ask } from '../session/node-pool.ts'
import { SlotSequence, putNumber } from './once.ts'
import type { Reply } from '../resp/reply.ts'

describe('transactions that must not be run twice', () => {
  it('are numbered from 1 on', () => {
    const once = new SlotSequence('k')
    expect([once.next(), once.next(), once.next()]).toEqual([1, 2, 3])
  })

  it('leave their number under the key of the run, which goes by itself when nobody removes it', () => {
    expect(new SlotSequence('crm:sent:1').note(12)).toEqual([
      'SET',
      'crm:sent:1',
      '0000000000000012',
      'EX',
      '604800',
    ])
  })

  it('go out with their number, or with a new one where a higher one has gone out', () => {
    const once = new SlotSequence('k')
    for (let given = 0; given < 4; given++) once.next()
    expect([1, 3, 2, 4, 5, 5].map((number) => once.toSend(number))).toEqual([1, 3, 5, 6, 7, 8])
    expect(once.next()).toBe(9)
  })

  it.each([1, 10, 9_007_199_254_740_991])('can be numbered anew where their number was %d', (number) => {
    const once = new SlotSequence('k')
    const bytes = ending(once.note(number))
    for (const other of [9_007_199_254_740_991, 7]) {
      putNumber(bytes, other)
      expect(bytes.toString()).toBe(ending(once.note(other)).toString())
    }
  })
})

describe('what the server has run', () => {
  it.each([
    ['none', null, 0],
    ['those up to the number it holds', '3', 3],
    ['those up to a number with zeros in front', '0000000000000010', 10],
  ])('is %s', async (_, reply, run) => {
    const { once, ask, asked } = numbered(5, reply)
    expect(await once.run(ask)).toBe(run)
    expect(asked).toEqual(['GET k'])
  })

  it('is not asked for where there was nothing to run', async () => {
    const { once, ask, asked } = numbered(0, 'rubbish')
    expect(await once.run(ask)).toBe(0)
    await once.end(ask)
    expect(asked).toEqual([])
  })

  it.each(['3', '4', '5'])('may be all that was confirmed, or more: %s of 3', async (reply) => {
    const { once, ask } = numbered(5, reply)
    for (const sequence of [1, 3, 2]) once.confirmed(sequence)
    expect(await once.run(ask)).toBe(Number(reply))
  })

  it.each([null, '0', '2'])('is too little where it is less than was confirmed: %s of 3', async (reply) => {
    const { once, ask } = numbered(5, reply)
    for (const sequence of [1, 3, 2]) once.confirmed(sequence)
    await expect(once.run(ask)).rejects.toBeInstanceOf(TransientError)
    await expect(once.run(ask)).rejects.toThrow('Redis came back with older data')
  })
})

describe('a run that ends well', () => {
  it('leaves no key behind', async () => {
    const { once, ask, asked } = numbered(2, '2')
    once.confirmed(2)
    await once.end(ask)
    expect(asked).toEqual(['GET k', 'UNLINK k'])
  })

  it('does not end well where the server has lost what was confirmed', async () => {
    const { once, ask, asked } = numbered(2, '1')
    once.confirmed(2)
    await expect(once.end(ask)).rejects.toBeInstanceOf(TransientError)
    expect(asked).toEqual(['GET k'])
  })
})

/** The end of a transaction. */
function ending(note: readonly string[]): Buffer {
  const words = note.flatMap((word) => [`$${word.length}`, word])
  return Buffer.from(`${['*5', ...words, '*1', '$4', 'EXEC'].join('\r\n')}\r\n`)
}

/** After so many transactions, on a server that answers this to whatever it is asked. */
function numbered(given: number, reply: Reply) {
  const once = new SlotSequence('k')
  for (let sequence = 1; sequence <= given; sequence++) once.next()
  const asked: string[] = []
  const ask: Ask = async (command, ...args) => {
    asked.push([command, ...args].join(' '))
    return reply
  }
  return { once, ask, asked }
}
