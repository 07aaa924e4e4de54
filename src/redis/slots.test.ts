import { describe, expect, it } from 'vitest'
import { besideKey, slotOf } from './slots.ts'

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
})

describe('a key that belongs to another one', () => {
  it('has a name that tells which, and a tag in front', () => {
    expect(besideKey(Buffer.from('public:users'), Buffer.alloc(0), 'staging').toString()).toMatch(
      /^_airbyte:staging:\{[0-9a-z]+\}:public:users$/,
    )
    expect(besideKey(Buffer.from('app:users'), Buffer.from('app:'), 'old').toString()).toMatch(
      /^app:_airbyte:old:\{[0-9a-z]+\}:users$/,
    )
  })

  it('needs no tag where the prefix has one', () => {
    expect(besideKey(Buffer.from('{app}:users'), Buffer.from('{app}:'), 'staging').toString()).toBe(
      '{app}:_airbyte:staging:users',
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
        const beside = besideKey(key, Buffer.from(prefix), 'staging')
        expect(slotOf(beside)).toBe(slotOf(key))
        expect(beside.toString().startsWith(`${prefix}_airbyte:staging:`)).toBe(true)
        names.add(beside.toString())
      }
      expect(names.size).toBe(rests.length)
    },
  )
})
