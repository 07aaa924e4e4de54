import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { besideKey, keyInSlot, slotIn, slotOf, tagOf } from './key-slot.ts'

const SEED = 20_261

describe('the slot of a key', () => {
  // As `CLUSTER KEYSLOT` answers.
  it.each([
    ['', 0],
    ['123456789', 12_739],
    ['foo', 12_182],
    ['{foo}', 12_182],
    ['a{foo}b{bar}', 12_182],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['user:1000', 1649],
    ['{user1000}.following', 3443],
    ['schlüssel', 7677],
  ])('of %j is that of the server', (key, slot) => {
    expect(slotOf(Buffer.from(key))).toBe(slot)
  })

  it('that lies among other bytes is that of the key alone', () => {
    const chance = chanceFrom(SEED)
    for (let round = 0; round < 2000; round++) {
      const [before, key, behind] = [bytesBy(chance, 6), bytesBy(chance, 8), bytesBy(chance, 6)]
      const slot = slotIn(Buffer.concat([before, key, behind]), before.length, before.length + key.length)
      expect(slot, `key ${key.toString('hex')}`).toBe(slotOf(key))
    }
  })
})

describe('a key in a slot', () => {
  it.each(['', 'p:', 'p{q', '{', '}', '{}', 'ü{'])(
    'is there, and has a name of its own, behind the prefix %j',
    (prefix) => {
      for (const slot of [0, 1, 5461, 16_383]) {
        const keys = ['run', 'x}y'].map((rest) =>
          keyInSlot(Buffer.from(prefix), 'own:sent', Buffer.from(rest), slot),
        )
        expect(keys.map(slotOf)).toEqual([slot, slot])
        expect(keys[0]!.toString().startsWith(`${prefix}own:sent:`)).toBe(true)
        expect(keys[0]).not.toEqual(keys[1])
      }
    },
  )

  it('is where the tag of the prefix is, if it has one', () => {
    const key = keyInSlot(Buffer.from('{app}:'), 'own:sent', Buffer.from('run'), 7)
    expect(key.toString()).toBe('{app}:own:sent:run')
  })

  it('has a tag for every slot there is', () => {
    for (let slot = 0; slot < 16_384; slot += 7) expect(slotOf(Buffer.from(tagOf(slot)))).toBe(slot)
  })
})

describe('a key that belongs to another one', () => {
  it('has a name that tells which, and a tag in front', () => {
    expect(besideKey(Buffer.from('public:users'), Buffer.alloc(0), 'own:staging').toString()).toMatch(
      /^own:staging:\{[0-9a-z]+\}:public:users$/,
    )
    expect(besideKey(Buffer.from('app:users'), Buffer.from('app:'), 'own:old').toString()).toMatch(
      /^app:own:old:\{[0-9a-z]+\}:users$/,
    )
  })

  it('needs no tag where the prefix has one', () => {
    expect(besideKey(Buffer.from('{app}:users'), Buffer.from('{app}:'), 'own:staging').toString()).toBe(
      '{app}:own:staging:users',
    )
  })

  it.each(['', 'p:', '{p}:', 'p{q', '{', '}', '{}', 'a}b{', 'p{}q{r}', '{{', 'ü{'])(
    'is in the same slot, and has a name of its own, behind the prefix %j',
    (prefix) => {
      const names = new Set<string>()
      const rests = [
        'users',
        '{tag}',
        'a{b}c',
        '}',
        'x}y',
        '{}',
        '{{a}}',
        '1:2',
        '',
        'ünïcode}',
        'a{',
        '}{b}',
      ]
      for (const rest of rests) {
        const key = Buffer.from(prefix + rest)
        const beside = besideKey(key, Buffer.from(prefix), 'own:staging')
        expect(slotOf(beside)).toBe(slotOf(key))
        expect(beside.toString().startsWith(`${prefix}own:staging:`)).toBe(true)
        names.add(beside.toString())
      }
      expect(names.size).toBe(rests.length)
    },
  )

  it('is in the same slot, and has a name of its own, whatever braces there are', () => {
    const chance = chanceFrom(SEED)
    for (let round = 0; round < caseCount(50, 400); round++) {
      const prefix = bytesBy(chance, 5)
      const start = Buffer.concat([prefix, Buffer.from('own:old:')])
      const names = new Map<string, string>()
      for (let at = 0; at < 8; at++) {
        const key = Buffer.concat([prefix, bytesBy(chance, 6)])
        const beside = besideKey(key, prefix, 'own:old')
        const about = `prefix ${prefix.toString('hex')}, key ${key.toString('hex')}`
        expect(slotOf(beside), about).toBe(slotOf(key))
        expect(beside.subarray(0, start.length).equals(start), about).toBe(true)
        const name = beside.toString('hex')
        expect(names.get(name) ?? key.toString('hex'), about).toBe(key.toString('hex'))
        names.set(name, key.toString('hex'))
      }
    }
  })

  it('has the shortest of the tags there are for its slot', () => {
    const shortest = new Map<number, string>()
    for (let number = 0; number < 36 ** 4; number++) {
      const tag = number.toString(36)
      const slot = slotOf(Buffer.from(tag))
      if (!shortest.has(slot)) shortest.set(slot, tag)
      if (shortest.size === 16_384) break
    }
    const keys = Array.from({ length: 500 }, (_, at) => `k${at}`)
    const names = keys.map((key) => besideKey(Buffer.from(key), Buffer.alloc(0), 'own:old').toString())
    expect(names).toEqual(keys.map((key) => `own:old:{${shortest.get(slotOf(Buffer.from(key)))}}:${key}`))
  })
})

/** Up to so many bytes, half of them braces. */
function bytesBy(chance: () => number, most: number): Buffer {
  const of = () => {
    const kind = chance()
    if (kind < 0.25) return 0x7b
    if (kind < 0.5) return 0x7d
    return Math.floor(chance() * 256)
  }
  return Buffer.from(Array.from({ length: Math.floor(chance() * (most + 1)) }, of))
}

/** From 0 to 1, the same numbers for the same seed. */
function chanceFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
