import { expect, it } from 'vitest'
import { CommandBuffer } from '../resp/command-buffer.ts'
import { slotOf } from '../resp/key-slot.ts'
import { takeApart } from './command-splitter.ts'

const SEED = 20_262

it('commands are taken apart where they end, each with the slot of its key', () => {
  const chance = chanceFrom(SEED)
  for (let round = 0; round < 150; round++) {
    const out = new CommandBuffer(Buffer.alloc(0))
    const [ends, slots]: [number[], number[]] = [[], []]
    for (let count = Math.floor(chance() * 30); count > 0; count--) {
      slots.push(slotOf(putCommand(out, chance)))
      ends.push(out.length)
    }
    const bytes = out.bytes.subarray(0, out.length)
    const apart = takeApart(bytes, ends.length)
    expect([[...apart.ends], [...apart.slots]], `round ${round}`).toEqual([ends, slots])
    expect(apart.bytes).toBe(bytes)
  }
})

it('the key of a script is behind its hash and the number of keys, and only of EVALSHA', () => {
  const out = new CommandBuffer(Buffer.alloc(0))
  out.command('EVALSHA', 'a', '1', 'foo', 'more')
  out.command('EVALSHB', 'a', '1', 'foo')
  const slots = ['foo', 'a'].map((key) => slotOf(Buffer.from(key)))
  expect([...takeApart(out.bytes.subarray(0, out.length), 2).slots]).toEqual(slots)
})

/** Any bytes, line ends and braces among them; gives the key. */
function putCommand(out: CommandBuffer, chance: () => number): Buffer {
  const names = ['EVALSHA', 'SET', 'HMSET', 'DEL', 'EVALSHX', 'PEXPIREAT']
  const name = names[Math.floor(chance() * names.length)]!
  const key = bytesBy(chance, 12)
  const others = Array.from({ length: Math.floor(chance() * 12) }, () =>
    bytesBy(chance, chance() < 0.1 ? 3000 : 20),
  )
  const lead = name === 'EVALSHA' ? [Buffer.from('0a1b'), Buffer.from('1')] : []
  const args = [...lead, key, ...others]
  out.begin(name, args.length)
  for (const arg of args) out.argument(arg)
  return key
}

function bytesBy(chance: () => number, most: number): Buffer {
  const marks = Buffer.from('{}\r\n*$')
  return Buffer.from(
    Array.from({ length: Math.floor(chance() * (most + 1)) }, () =>
      chance() < 0.4 ? marks[Math.floor(chance() * marks.length)]! : Math.floor(chance() * 256),
    ),
  )
}

/** From 0 to 1, the same numbers for the same seed. */
function chanceFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
