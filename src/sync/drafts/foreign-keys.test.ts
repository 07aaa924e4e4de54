import { describe, expect, it } from 'vitest'
import { KeyOwners, type PrefixedStream } from './foreign-keys.ts'

const DEFAULT = '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_primary_key}'
const ONE = '${_airbyte_namespace}:${_airbyte_stream}'
const ID = `${ONE}:\${_airbyte_ab_id}`

function stream(name: string, template: string, more: Partial<PrefixedStream> = {}): PrefixedStream {
  return { prefix: '', namespace: 'n', stream: name, key_template: template, ...more }
}

describe('the keys of other streams', () => {
  it.each([
    ['a counter', stream('users:7', ID, { counter: 'n:users:7' })],
    ['the key of all records', stream('users:7', ONE)],
    ['a key that is configured', stream('x', 'n:users:7')],
  ])('are refused where they are %s', (_, other) => {
    const users = stream('users', DEFAULT)
    const keys = new KeyOwners([users, other]).foreignKeysOf(users)
    expect(keys.refuse('n:users:7')).toMatchObject({
      code: 'key-of-other-stream',
      params: { stream: 'users', other: other.stream, key: 'n:users:7' },
    })
    expect(keys.refuse('n:users:8')).toBeUndefined()
  })

  it('are refused where they would be rows of a stream whose keys begin with more text', () => {
    const users = stream('users', DEFAULT)
    const keys = new KeyOwners([users, stream('users:7', DEFAULT)]).foreignKeysOf(users)
    expect(keys.refuse('n:users:7:1')?.code).toBe('key-of-other-stream')
    expect(keys.refuse('n:users:7')).toBeUndefined()
  })

  it('are none of streams with keys of the same form, and none that the template cannot make', () => {
    const users = stream('users', 'user:${id}')
    const others = [stream('a', 'user:${id}'), stream('b', 'b'), stream('c', 'c:${id}')]
    expect(new KeyOwners([users, ...others]).foreignKeysOf(users).isEmpty).toBe(true)
  })

  it('are ids that are left out', () => {
    const users = stream('users', ID, { counter: 'n:users' })
    const others = [
      stream('users:7', ID, { counter: 'n:users:7' }),
      stream('users:3', ONE),
      stream('users:x', ONE),
    ]
    const keys = new KeyOwners([users, ...others]).foreignKeysOf(users)
    expect(keys.idsIn({ lead: 'n:users:', tail: '' })).toEqual([3, 7])
  })
})

describe('the owner of a key', () => {
  it('is another stream under any prefix, with the special characters of its names as they are', () => {
    const other = stream('a.*', '${_airbyte_stream}', { prefix: 'p:' })
    const owners = new KeyOwners([other])
    const writer = stream('w', '${_airbyte_primary_key}')
    expect(owners.ownerOf('p:a.*', writer)?.stream).toBe('a.*')
    expect(owners.ownerOf('p:abc', writer)).toBeUndefined()
  })

  it('is nobody where both streams merge, but a counter is never shared', () => {
    const one = stream('a', 'k', { merges: true, counter: 'n:a' })
    const other = stream('b', 'k', { merges: true })
    const owners = new KeyOwners([one, other])
    expect(owners.ownerOf('k', other)).toBeUndefined()
    expect(owners.ownerOf('k', stream('c', 'k'))?.stream).toBe('a')
    expect(owners.ownerOf('n:a', other)?.stream).toBe('a')
  })

  it('is told for rows by their template', () => {
    const owners = new KeyOwners([stream('users', DEFAULT)])
    const rows = (key: string) => owners.writersOf(key, stream('w', ONE)).map((one) => one.stream)
    expect([rows('n:users:7'), rows('n:users:'), rows('n:other:7')]).toEqual([['users'], [], []])
  })
})

describe('a key that a template may make', () => {
  const COLUMNS = ['a', 'b', 'c', 'd'].map((name) => `\${${name}}`)

  it.each([
    ['x:${a}:y:${b}', 'x:1:y:2', true],
    ['x:${a}:y:${b}', 'x::y:2', false],
    ['x:${a}:y:${b}', 'x:1:y:', false],
    ['x:${a}:y', 'x::y:y', true],
    ['x:${a}:y', 'x:y', false],
    ['x:${a}${b}:y', 'x:1:y', false],
    ['x:${a}${b}:y', 'x:12:y', true],
    ['x:${a}:y', 'x:1:y\n', false],
    ['x:${a}', 'x:\n', true],
  ])('has the texts of the template and something for each column: %s, %j', (template, key, expected) => {
    const writers = new KeyOwners([stream('o', template)]).writersOf(key, stream('w', 'w:${id}'))
    expect(writers).toHaveLength(expected ? 1 : 0)
  })

  it('is recognized in linear time, whatever it contains', () => {
    const owners = new KeyOwners([stream('o', `x:${COLUMNS.join(':')}:z`)])
    expect(owners.writersOf(`x${':'.repeat(1_000_000)}`, stream('w', 'w:${id}'))).toEqual([])
  })
})
