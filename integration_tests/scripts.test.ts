// The scripts that the connector has Redis run, on a real one.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { FIELD_SCRIPT } from '../src/layout/structures/hash-field.ts'
import { HASH_SCRIPT } from '../src/layout/structures/hash.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareRedis } from './support/share-redis.ts'

beforeEach(skipWhatIsLacking)

let client: Redis

shareRedis((shared) => ({ client } = shared))
beforeEach(async () => {
  await client.flushall()
  for (const { text, sha } of [HASH_SCRIPT, FIELD_SCRIPT]) expect(await client.script('LOAD', text)).toBe(sha)
})

/** Servers before 7 say in which script it was. */
const REFUSED = /^(ERR Error running script .*: -?)?WRONGTYPE/

describe('the script for hashes', () => {
  it('replaces what is there: only the new fields are left', async () => {
    await client.hset('k', { a: '1', b: '2' })
    expect(await writeHash('replace always', 'keep', { b: 'new', c: '3' })).toBe(1)
    expect(await client.hgetall('k')).toEqual({ b: 'new', c: '3' })
  })

  it('replaces what is there with nothing: the key is gone', async () => {
    await client.hset('k', { a: '1' })
    expect(await writeHash('replace always', 'never', {})).toBe(1)
    expect(await client.exists('k')).toBe(0)
  })

  it('merges into what is there: the other fields stay', async () => {
    await client.hset('k', { a: '1', b: '2' })
    expect(await writeHash('merge always', 'keep', { b: 'new', c: '3' })).toBe(1)
    expect(await client.hgetall('k')).toEqual({ a: '1', b: 'new', c: '3' })
  })

  it('merges nothing into what is there, and creates no key for nothing', async () => {
    await client.hset('k', { a: '1' })
    expect(await writeHash('merge always', 'keep', {})).toBe(1)
    expect(await client.hgetall('k')).toEqual({ a: '1' })
    expect(await writeHash('merge always', 'after 60000', {}, 'other')).toBe(1)
    expect(await client.exists('other')).toBe(0)
  })

  it.each(['replace', 'merge'])('writes a new hash: %s', async (how) => {
    expect(await writeHash(`${how} always`, 'keep', { a: '', 'ü\r\n': '€\0' })).toBe(1)
    expect(await client.hgetall('k')).toEqual({ a: '', 'ü\r\n': '€\0' })
  })

  it.each(['replace', 'merge'])('writes thousands of fields: %s', async (how) => {
    const fields = Object.fromEntries(Array.from({ length: 12_345 }, (_, index) => [`f${index}`, `${index}`]))
    expect(await writeHash(`${how} always`, 'keep', fields)).toBe(1)
    expect(await client.hgetall('k')).toEqual(fields)
  })
})

describe('a condition', () => {
  it.each(['replace', 'merge'])('if_exists leaves no key where there was none: %s', async (how) => {
    expect(await writeHash(`${how} if_exists`, 'after 60000', { a: '1' })).toBe(0)
    expect(await client.exists('k')).toBe(0)
  })

  it.each([
    ['replace', { b: '2' }],
    ['merge', { a: '1', b: '2' }],
  ])('if_exists lets what is there be written: %s', async (how, expected) => {
    await client.hset('k', { a: '1' })
    expect(await writeHash(`${how} if_exists`, 'keep', { b: '2' })).toBe(1)
    expect(await client.hgetall('k')).toEqual(expected)
  })

  it.each(['replace', 'merge'])(
    'if_absent leaves what is there as it is, time to live and all: %s',
    async (how) => {
      await client.hset('k', { a: '1' })
      await client.pexpire('k', 100_000)
      expect(await writeHash(`${how} if_absent`, 'never', { b: '2' })).toBe(0)
      expect(await client.hgetall('k')).toEqual({ a: '1' })
      expect(await client.pttl('k')).toBeGreaterThan(0)
    },
  )

  it.each(['replace', 'merge'])('if_absent lets a new hash be written: %s', async (how) => {
    expect(await writeHash(`${how} if_absent`, 'keep', { a: '1' })).toBe(1)
    expect(await client.hgetall('k')).toEqual({ a: '1' })
  })
})

describe('the end of a hash', () => {
  it('is so many milliseconds after it was written', async () => {
    await writeHash('replace always', 'after 100000', { a: '1' })
    expect(await client.pttl('k')).toBeGreaterThan(40_000)
    expect(await client.pttl('k')).toBeLessThanOrEqual(100_000)
  })

  it('is set anew with each write', async () => {
    await writeHash('merge always', 'after 100000', { a: '1' })
    await writeHash('merge always', 'after 900000', { a: '1' })
    expect(await client.pttl('k')).toBeGreaterThan(100_000)
  })

  it('is at a given time', async () => {
    const time = Date.now() + 500_000
    await writeHash('merge always', `at ${time}`, { a: '1' })
    expect(await client.pexpiretime('k')).toBe(time)
  })

  it.each(['replace', 'merge'])('is now where the time has passed: the key is gone: %s', async (how) => {
    await client.hset('k', { a: '1' })
    expect(await writeHash(`${how} always`, 'at 1', { b: '2' })).toBe(1)
    expect(await client.exists('k')).toBe(0)
  })

  it.each([
    ['never', false],
    ['keep', true],
  ])('is, for %s, the one it had where it is merged into: %s', async (ending, isKept) => {
    await client.hset('k', { a: '1' })
    await client.pexpire('k', 100_000)
    await writeHash('merge always', ending, { b: '2' })
    expect((await client.pttl('k')) > 0).toBe(isKept)
  })

  it('is not that of the hash it replaces', async () => {
    await client.hset('k', { a: '1' })
    await client.pexpire('k', 100_000)
    await writeHash('replace always', 'never', { a: '2' })
    expect(await client.pttl('k')).toBe(-1)
  })
})

describe('a key of another type', () => {
  it.each(['replace always', 'merge always', 'replace if_exists', 'merge if_absent'])(
    'is refused as such and left alone by the script for hashes: %s',
    async (how) => {
      await client.rpush('k', 'mine')
      await expect(writeHash(how, 'after 60000', { a: '1' })).rejects.toThrow(REFUSED)
      expect([await client.lrange('k', 0, -1), await client.pttl('k')]).toEqual([['mine'], -1])
    },
  )

  it('is refused as such and left alone by the script for fields', async () => {
    await client.set('k', 'mine')
    await expect(writeField('a', '1')).rejects.toThrow(REFUSED)
    expect(await client.get('k')).toBe('mine')
  })
})

describe('the script for fields', () => {
  it('writes a field that is there, and no other', async () => {
    await client.hset('k', { a: '1', b: '2' })
    expect(await writeField('a', 'ü\r\n')).toBe(1)
    expect(await writeField('c', '3')).toBe(0)
    expect(await client.hgetall('k')).toEqual({ a: 'ü\r\n', b: '2' })
  })

  it('writes no field where there is no hash', async () => {
    expect(await writeField('a', '1')).toBe(0)
    expect(await client.exists('k')).toBe(0)
  })
})

function writeHash(how: string, ending: string, fields: Record<string, string>, key = 'k'): Promise<unknown> {
  return client.evalsha(HASH_SCRIPT.sha, 1, key, how, ending, ...Object.entries(fields).flat())
}

function writeField(field: string, value: string): Promise<unknown> {
  return client.evalsha(FIELD_SCRIPT.sha, 1, 'k', 'keep', field, value)
}
