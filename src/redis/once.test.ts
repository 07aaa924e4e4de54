import { describe, expect, it } from 'vitest'
import { TransientError } from '../errors.ts'
import type { Reply } from './connect.ts'
import type { Ask } from './link.ts'
import { OnceOnly } from './once.ts'

describe('transactions that must not be run twice', () => {
  it('are numbered from 1 on', () => {
    const once = new OnceOnly('k')
    expect([once.next(), once.next(), once.next()]).toEqual([1, 2, 3])
  })

  it('leave their number under the key of the run, which goes by itself when nobody removes it', () => {
    expect(new OnceOnly('crm:sent:1').note(12)).toEqual(['SET', 'crm:sent:1', '12', 'EX', '604800'])
  })
})

describe('what the server has run', () => {
  it.each([
    ['none', null, 0],
    ['those up to the number it holds', '3', 3],
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

/** After so many transactions, on a server that answers this to whatever it is asked. */
function numbered(given: number, reply: Reply) {
  const once = new OnceOnly('k')
  for (let sequence = 1; sequence <= given; sequence++) once.next()
  const asked: string[] = []
  const ask: Ask = async (command, ...args) => {
    asked.push([command, ...args].join(' '))
    return reply
  }
  return { once, ask, asked }
}
