import { describe, expect, it } from 'vitest'
import { ConfigError, problem } from '../../errors.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { commandsIn } from '../batches/batches.support.ts'
import { FINE, playedClient } from '../streams/played-client.support.ts'
import { KeyIndex, type EntryExpiry } from './key-index.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { encodeLocations, IndexEntries, NEW_ROW } from '../rows/index-entries.ts'

const plan = planWith({ key_prefix: 'p:' })
const MANY = Array.from({ length: 3_000 }, (_, n) => `k:${n}`)

/** The shards of some locations, which must never change. */
const SHARDS: [location: string, shard: number][] = [
  ['', 28],
  ['a', 12],
  ['k:1', 182],
  ['k:11', 185],
  ['n:s:1', 172],
  ['€', 62],
  ['😀', 49],
]

describe('an index entry', () => {
  it.each(SHARDS)('is written to the same hash in every version: %j in %i', (location, shard) => {
    expect(commands((index, out) => writeAll(index, out, [location]))).toEqual([
      ['HMSET', `p:_airbyte:index:n:s:${shard}`, location, '12'],
    ])
    expect(commands((index, out) => index.expire(out, [{ location, time: 17 }]))).toEqual([
      ['ZADD', `p:_airbyte:index_expiry:n:s:${shard}`, '17', location],
    ])
  })

  it('expires at a time, or never', () => {
    const expiries: EntryExpiry[] = [
      { location: 'a', time: 1_700_000_000_000 },
      { location: 'a', time: 'never' },
    ]
    const key = 'p:_airbyte:index_expiry:n:s:12'
    expect(commands((index, out) => index.expire(out, expiries))).toEqual([
      ['ZADD', key, '1700000000000', 'a'],
      ['ZADD', key, '+inf', 'a'],
    ])
  })

  it('is created, or made older than every run, by one command each', async () => {
    const { client, asked } = playedClient()
    const index = new KeyIndex(client, plan, [])
    await index.ensure('a')
    await index.outdate(['a', 'k:1'])
    expect(asked).toEqual([
      'HSETNX p:_airbyte:index:n:s:12 a 0',
      'HSET p:_airbyte:index:n:s:12 a 0',
      'HSET p:_airbyte:index:n:s:182 k:1 0',
    ])
  })
})

describe('many index entries', () => {
  it('are spread over many hashes, each of them there once, in commands that hold up nobody', () => {
    const noted = commands((index, out) => writeAll(index, out, MANY))
    expect(noted.length).toBeGreaterThan(128)
    expect(noted.flatMap(([, , ...rest]) => rest.filter((_, at) => at % 2 === 0)).toSorted()).toEqual(
      MANY.toSorted(),
    )
    const alike = Array.from({ length: 160_000 }, (_, n) => `x${n}`)
    const sizes = commands((index, out) => writeAll(index, out, alike)).map(({ length }) => (length - 2) / 2)
    expect(Math.max(...sizes)).toBe(500)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(alike.length)
  })

  it('are read in one request, and returned in their order', async () => {
    const { client, sent } = playedClient()
    const known = new KeyIndex(client, plan, []).read(encodeLocations(MANY))
    expect(sent).toHaveLength(1)
    const asked = commandsIn(sent[0]!.bytes)
    expect([sent[0]?.commands.count, sent[0]?.kind]).toEqual([asked.length, 'read'])
    const read = asked.map(([, , ...locations]) =>
      locations.map((location) => (location === 'k:7' ? null : `of ${location}`)),
    )
    sent[0]!.resolve({ ...FINE, read })
    expect(await known).toEqual(MANY.map((location) => (location === 'k:7' ? null : `of ${location}`)))
  })

  it('are not known where a hash cannot be read', async () => {
    const { client, sent } = playedClient()
    const known = new KeyIndex(client, plan, []).read(encodeLocations(['a']))
    sent[0]!.resolve({
      ...FINE,
      rejections: [{ index: 0, error: new ConfigError(problem('test', 'It is a list.')) }],
    })
    await expect(known).rejects.toThrow('It is a list.')
  })
})

describe('all index entries', () => {
  it('are handed out hash by hash, each to its end', async () => {
    const pages: Record<string, [string, string[]]> = {
      'p:_airbyte:index:n:s:0 0': ['7', ['a', '1', 'b', '2 5 ']],
      'p:_airbyte:index:n:s:0 7': ['9', []],
      'p:_airbyte:index:n:s:0 9': ['0', ['c', '3']],
      'p:_airbyte:index:n:s:255 0': ['0', ['d', '4']],
    }
    const { client, asked } = playedClient((command) => {
      const [, key, cursor] = command.split(' ')
      return pages[`${key} ${cursor}`] ?? ['0', []]
    })
    const seen: [string, string][][] = []
    const reports: number[][] = []
    const visit = async (entries: [string, string][]): Promise<void> => void seen.push(entries)
    await new KeyIndex(client, plan, []).each(visit, (...report) => reports.push(report))
    expect(reports).toEqual(Array.from({ length: 256 }, (_, at) => [at + 1, 256]))
    expect(Object.fromEntries(seen.flat())).toEqual({ a: '1', b: '2 5 ', c: '3', d: '4' })
    expect(seen).toHaveLength(3)
    expect([asked.length, asked[0]]).toEqual([258, 'HSCAN p:_airbyte:index:n:s:0 0 COUNT 500'])
  })
})

/** The commands that are put in. */
function commands(put: (index: KeyIndex, out: CommandBuffer) => void): string[][] {
  const out = new CommandBuffer(Buffer.alloc(0))
  put(new KeyIndex(playedClient().client, plan, []), out)
  const found = commandsIn(out.bytes.subarray(0, out.length))
  expect(out.commands).toBe(found.length)
  return found
}

/** Writes the entries of some locations, of the run 12. */
function writeAll(index: KeyIndex, out: CommandBuffer, locations: readonly string[]): void {
  const entries = new IndexEntries(12, false, locations.length)
  for (const location of locations) {
    const bytes = Buffer.from(location)
    entries.locate({ bytes, start: 0, end: bytes.length })
    entries.set(NEW_ROW, 0)
  }
  index.write(out, entries, [...locations.keys()])
}
