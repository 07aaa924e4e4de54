import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { commandsIn } from '../batches/batches.support.ts'
import { FINE, playedClient } from '../streams/links.support.ts'
import { KeyIndex, type EntryExpiry } from './key-index.ts'
import { planWith } from '../streams/plans.support.ts'
import { located, IndexEntryWriter, type IndexEntry } from './index-entry.ts'

const plan = planWith({ key_prefix: 'p:' })
const MANY = Array.from({ length: 3_000 }, (_, n) => `k:${n}`)

/** Where places were noted once they are to be found for ever. */
const SHARDS: [location: string, shard: number][] = [
  ['', 28],
  ['a', 12],
  ['k:1', 182],
  ['k:11', 185],
  ['n:s:1', 172],
  ['€', 62],
  ['😀', 49],
]

describe('a place', () => {
  it.each(SHARDS)('is noted in the same hash for ever: %j in %i', (location, shard) => {
    expect(commands((index, out) => index.note(out, [wordOn(location)]))).toEqual([
      ['HMSET', `p:_airbyte:places:n:s:${shard}`, location, '12'],
    ])
    expect(commands((index, out) => index.forget(out, [{ location, time: 17 }]))).toEqual([
      ['ZADD', `p:_airbyte:forget:n:s:${shard}`, '17', location],
    ])
  })

  it('may be forgotten at a time, or never', () => {
    const forgettings: EntryExpiry[] = [
      { location: 'a', time: 1_700_000_000_000 },
      { location: 'a', time: 'never' },
    ]
    const key = 'p:_airbyte:forget:n:s:12'
    expect(commands((index, out) => index.forget(out, forgettings))).toEqual([
      ['ZADD', key, '1700000000000', 'a'],
      ['ZREM', key, 'a'],
    ])
  })

  it('is made sure of, and made older than everything, by one question each', async () => {
    const { client, asked } = playedClient()
    const index = new KeyIndex(client, plan)
    await index.ensure('a')
    await index.outdate(['a', 'k:1'])
    expect(asked).toEqual([
      'HSETNX p:_airbyte:places:n:s:12 a 0',
      'HSET p:_airbyte:places:n:s:12 a 0',
      'HSET p:_airbyte:places:n:s:182 k:1 0',
    ])
  })
})

describe('many places', () => {
  it('are spread over many hashes, each of them there once, in commands that hold up nobody', () => {
    const entries = wordsOn(MANY)
    const noted = commands((index, out) => index.note(out, entries))
    expect(noted.length).toBeGreaterThan(128)
    expect(noted.flatMap(([, , ...rest]) => rest.filter((_, at) => at % 2 === 0)).toSorted()).toEqual(
      MANY.toSorted(),
    )
    const alike = Array.from({ length: 300_000 }, (_, n) => `x${n}`)
    const sizes = commands((index, out) => index.note(out, wordsOn(alike))).map(
      ({ length }) => (length - 2) / 2,
    )
    expect(Math.max(...sizes)).toBe(500)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(alike.length)
  })

  it('are read in one shipment, and answered in their order', async () => {
    const { client, sent } = playedClient()
    const known = new KeyIndex(client, plan).read(located(MANY))
    expect(sent).toHaveLength(1)
    const asked = commandsIn(sent[0]!.bytes)
    expect(sent[0]).toMatchObject({ kind: 'read', commands: { count: asked.length } })
    const read = asked.map(([, , ...locator]) =>
      locator.map((location) => (location === 'k:7' ? null : `of ${location}`)),
    )
    sent[0]!.resolve({ ...FINE, read })
    expect(await known).toEqual(MANY.map((location) => (location === 'k:7' ? null : `of ${location}`)))
  })

  it('are not known where a hash cannot be read', async () => {
    const { client, sent } = playedClient()
    const known = new KeyIndex(client, plan).read(located(['a']))
    sent[0]!.resolve({ ...FINE, rejections: [{ index: 0, error: new ConfigError('It is a list.') }] })
    await expect(known).rejects.toThrow('It is a list.')
  })

  it('are removed with what was to be forgotten of them', async () => {
    const { client, sent } = playedClient()
    const removed = new KeyIndex(client, plan).remove(['a', 'k:1', 'a2'])
    const expected = [['a'], ['k:1'], ['a2']]
    const gone = commandsIn(sent[0]!.bytes)
    expect(gone.map(([name]) => name)).toEqual(expected.flatMap(() => ['HDEL', 'ZREM']))
    expect(gone.flatMap(([, , ...locator]) => locator).toSorted()).toEqual(
      expected.flatMap((one) => [...one, ...one]).toSorted(),
    )
    sent[0]!.resolve({ ...FINE, rejections: [{ index: 0, error: new ConfigError('It is a list.') }] })
    await expect(removed).rejects.toThrow('It is a list.')
  })
})

describe('all places', () => {
  it('are handed out hash by hash, each to its end', async () => {
    const pages: Record<string, [string, string[]]> = {
      'p:_airbyte:places:n:s:0 0': ['7', ['a', '1', 'b', '2 5 ']],
      'p:_airbyte:places:n:s:0 7': ['9', []],
      'p:_airbyte:places:n:s:0 9': ['0', ['c', '3']],
      'p:_airbyte:places:n:s:255 0': ['0', ['d', '4']],
    }
    const { client, asked } = playedClient((question) => {
      const [, key, cursor] = question.split(' ')
      return pages[`${key} ${cursor}`] ?? ['0', []]
    })
    const seen: [string, string][][] = []
    await new KeyIndex(client, plan).each(async (entries) => void seen.push(entries))
    expect(Object.fromEntries(seen.flat())).toEqual({ a: '1', b: '2 5 ', c: '3', d: '4' })
    expect(seen).toHaveLength(3)
    expect([asked.length, asked[0]]).toEqual([258, 'HSCAN p:_airbyte:places:n:s:0 0 COUNT 500'])
  })

  it('are forgotten when their time has come, some at a time', async () => {
    const { asked } = await forgotten([['a', 'b'], ['c']], { a: '1 5! ', b: '2 5! 7', c: '3 5! ' })
    expect(asked).toEqual(['HDEL places a b', 'ZREM forget a b', 'HDEL places c', 'ZREM forget c'])
  })

  it.each([
    [0, ['a']],
    [60, ['a', 'd']],
  ])('stay where the row is back, with a time to live of %i s', async (ttlSeconds, gone) => {
    // The row of `b` was written by a run that notes no versions, that of `d` by one that does.
    const notes = { a: '1 5! ', b: '2', d: '2 5 "!"' }
    const { asked } = await forgotten([['a', 'b', 'c', 'd']], notes, ttlSeconds)
    expect(asked).toEqual([`HDEL places ${gone.join(' ')}`, 'ZREM forget a b c d'])
    expect((await forgotten([['b']], notes)).asked).toEqual(['ZREM forget b'])
  })
})

/** What is done with places that are due in one of the hashes, of which this is noted. */
async function forgotten(due: string[][], notes: Record<string, string>, ttlSeconds = 0) {
  const { client, asked } = playedClient((question) => {
    const [command, , ...locator] = question.split(' ')
    if (command === 'HMGET') return locator.map((location) => notes[location] ?? null)
    return question === 'ZRANGEBYSCORE _airbyte:forget:n:s:3 -inf 17 LIMIT 0 500' ? (due.shift() ?? []) : []
  })
  await new KeyIndex(client, planWith({ ttl_seconds: ttlSeconds })).forgetDue(17)
  const done = asked.filter((question) => /^(HDEL|ZREM) /.test(question))
  expect(asked.filter((question) => question.startsWith('ZRANGE')).length).toBeGreaterThanOrEqual(256)
  return { asked: done.map((question) => question.replace(/_airbyte:(\w+):n:s:3/, '$1')) }
}

/** The commands that are put in. */
function commands(put: (index: KeyIndex, out: CommandBuffer) => void): string[][] {
  const out = new CommandBuffer(Buffer.alloc(0))
  put(new KeyIndex(playedClient().client, plan), out)
  const found = commandsIn(out.bytes.subarray(0, out.length))
  expect(out.commands).toBe(found.length)
  return found
}

function wordOn(location: string): IndexEntry {
  return wordsOn([location])[0]!
}

/** The words of the run 12. */
function wordsOn(locator: readonly string[]): IndexEntry[] {
  const writer = new IndexEntryWriter(12, false)
  return locator.map((location) => {
    const entry = writer.of(location)
    const bytes = Buffer.from(location)
    writer.set(entry, 0, { bytes, start: 0, end: bytes.length })
    return entry
  })
}
