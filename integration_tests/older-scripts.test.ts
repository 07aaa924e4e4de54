// What stands in for newer options on older servers does the same, on whichever server there is.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { STREAM_SCRIPT } from '../src/layout/structures/redis-stream.ts'
import { SORTED_SET_SCRIPT } from '../src/layout/structures/sorted-set.ts'
import { SET_SCRIPT } from '../src/layout/structures/string.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'

beforeEach(skipWhatIsLacking)

let client: Redis

shareEmptiedRedis((shared) => ({ client } = shared))

const run = ({ text }: { text: string }, ...args: (string | number)[]): Promise<unknown> =>
  client.eval(text, 1, 'k', ...args)

describe('the script for strings that end at a time', () => {
  const later = Date.now() + 3_600_000

  it('writes one, and has it end then', async () => {
    expect(await run(SET_SCRIPT, 'value\r\n\0', later)).toBe(1)
    expect(await client.get('k')).toBe('value\r\n\0')
    expect(await client.pttl('k')).toBeGreaterThan(0)
    expect(await client.pttl('k')).toBeLessThanOrEqual(3_600_000)
  })

  it('leaves none that has ended', async () => {
    await client.set('k', 'before')
    expect(await run(SET_SCRIPT, 'value', 1)).toBe(1)
    expect(await client.exists('k')).toBe(0)
  })

  it.each([
    ['NX', undefined, 1],
    ['NX', 'before', 0],
    ['XX', undefined, 0],
    ['XX', 'before', 1],
  ] as const)('keeps to %s where there is %s', async (condition, before, written) => {
    if (before !== undefined) await client.set('k', before)
    expect(await run(SET_SCRIPT, 'value', later, condition)).toBe(written)
    expect(await client.get('k')).toBe(written === 1 ? 'value' : (before ?? null))
    expect(await client.pttl('k')).toEqual(
      written === 1 ? expect.any(Number) : before === undefined ? -2 : -1,
    )
  })
})

describe('the script for sorted sets under a condition', () => {
  it.each([
    ['NX', '8', ['a', '1', 'b', '9']],
    ['XX', '8', ['a', '8']],
    ['XX', '1', ['a', '1']],
  ])('%s with the score %s leaves %j, and counts what it has written', async (condition, score, left) => {
    await client.zadd('k', '1', 'a')
    expect(await run(SORTED_SET_SCRIPT, 60_000, condition, score, 'a', '9', 'b')).toBe(1)
    expect(await client.zrange('k', '0', '-1', 'WITHSCORES')).toEqual(left)
    expect(await client.pttl('k')).toBeGreaterThan(0)
  })

  it.each([
    ['NX', 'a'],
    ['XX', 'b'],
  ])('%s changes nothing, not the time to live either, where none fulfils it', async (condition, member) => {
    await client.zadd('k', '1', 'a')
    expect(await run(SORTED_SET_SCRIPT, 60_000, condition, 8, member)).toBe(0)
    expect(await client.zrange('k', '0', '-1', 'WITHSCORES')).toEqual(['a', '1'])
    expect(await client.pttl('k')).toBe(-1)
  })
})

describe('the script for Redis streams under a condition', () => {
  it('adds to one that is there, and makes none', async () => {
    expect(await run({ text: STREAM_SCRIPT }, '*', 'a', '1')).toBe(0)
    expect(await client.exists('k')).toBe(0)
    await client.xadd('k', '*', 'a', '0')
    expect(await run({ text: STREAM_SCRIPT }, 'MAXLEN', '~', '1000', '*', 'a', '1')).toBe(1)
    expect(await client.xlen('k')).toBe(2)
  })
})
