import { describe, expect, it } from 'vitest'
import { ConfigError, problem } from '../../errors.ts'
import { locationForm } from '../../layout/registry/row-locator.ts'
import { answeringClient, playedClient, FINE } from '../streams/played-client.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { removeIds, removeByIndex } from './delete-keys.ts'

const KEYS = { lead: 'n:s:', tail: '' }
const NONE_SPARED = async (keys: readonly string[]) => keys.map(() => false)

describe('keys by id', () => {
  it('are removed from the first to the last, in rounds', async () => {
    const { client, asked } = answeringClient((command) => (command.startsWith('TYPE') ? 'hash' : null))
    const range = { first: 7, last: 45_006, keys: KEYS, type: 'hash' }
    const reports: number[][] = []
    const removed = await removeIds(client, range, NONE_SPARED, (...report) => reports.push(report))
    expect(removed).toBe(45_000)
    expect(reports).toEqual([20_000, 40_000, 45_000].map((done) => [done, 45_000]))
    const removals = asked.filter((command) => command.startsWith('UNLINK '))
    const keys = removals.flatMap((command) => command.split(' ').slice(1))
    expect([keys.length, keys[0], keys.at(-1)]).toEqual([45_000, 'n:s:7', 'n:s:45006'])
    expect(new Set(keys).size).toBe(keys.length)
  })

  it.each([
    [5, 4],
    [1, 0],
  ])('are none where the range is empty: %i to %i', async (first, last) => {
    const { client, asked } = answeringClient(() => null)
    await removeIds(client, { first, last, keys: KEYS, type: 'hash' }, NONE_SPARED)
    expect(asked).toEqual([])
  })

  it('are left where they are spared, and where they are of another kind', async () => {
    const { client, asked } = answeringClient((command) => (command === 'TYPE a:2:z' ? 'list' : 'hash'))
    const keys = { lead: 'a:', tail: ':z' }
    const looked: unknown[] = []
    await removeIds(client, { first: 1, last: 4, keys, type: 'hash' }, async (names) => {
      looked.push(names)
      return names.map((name) => name === 'a:3:z')
    })
    expect(looked).toEqual([['a:1:z', 'a:2:z', 'a:3:z', 'a:4:z']])
    expect(asked).toEqual(['TYPE a:1:z', 'TYPE a:2:z', 'TYPE a:4:z', 'UNLINK a:1:z a:4:z'])
  })

  it('stay where the server refuses, and then the run ends', async () => {
    const { client, sent } = playedClient()
    const removed = removeIds(client, { first: 1, last: 2, keys: KEYS, type: 'hash' }, NONE_SPARED)
    await new Promise(setImmediate)
    sent[0]!.resolve({
      ...FINE,
      rejections: [{ index: 0, error: new ConfigError(problem('test', 'Not allowed.')) }],
    })
    await expect(removed).rejects.toThrow('Not allowed.')
  })
})

describe('rows in the key index', () => {
  const plan = planWith()
  /** All shards have entries that expire. */
  const ALL = Array.from({ length: 256 }, (_, shard) => shard)

  it('that are old are removed, and then their entries; the others are counted', async () => {
    const { client, asked } = answeringClient(served({ 'k:1': '1', 'k:2': '2', 'k:3': '1' }, {}))
    expect(
      await removeByIndex(client, new KeyIndex(client, plan, ALL), locationForm('hash'), isOldest),
    ).toEqual({ rows: 2, left: 1 })
    expect(asked.filter((command) => !command.startsWith('HSCAN'))).toEqual([
      'TYPE k:1',
      'TYPE k:3',
      'UNLINK k:1 k:3',
      ...unindexed('k:1 k:3'),
    ])
  })

  it('where another program has a key of another type lose only their entries', async () => {
    const { client, asked } = answeringClient(
      served({ 'k:1': '1', 'k:2': '1' }, { 'k:1': 'string', 'k:2': 'none' }),
    )
    expect(
      await removeByIndex(client, new KeyIndex(client, plan, []), locationForm('hash'), () => true),
    ).toEqual({ rows: 0, left: 0 })
    expect(asked.filter((command) => /UNLINK|HDEL/.test(command))).toEqual(unindexed('k:1 k:2').slice(0, 1))
  })

  it('that are members are removed from their keys', async () => {
    const { client, asked } = answeringClient(served({ '3:k:1x': '1' }, { 'k:1': 'zset' }))
    await removeByIndex(
      client,
      new KeyIndex(client, plan, []),
      locationForm('member of sorted_set'),
      () => true,
    )
    expect(asked.filter((command) => /^(TYPE|ZREM k)/.test(command))).toEqual(['TYPE k:1', 'ZREM k:1 x'])
  })

  it('are left alone where none is old', async () => {
    const { client, asked } = answeringClient(served({ 'k:1': '1' }, {}))
    expect(
      await removeByIndex(client, new KeyIndex(client, plan, []), locationForm('hash'), () => false),
    ).toEqual({ rows: 0, left: 1 })
    expect(asked.every((command) => command.startsWith('HSCAN'))).toBe(true)
  })
})

/** A server that has these entries, all in its first hash, and keys of these types; others are hashes. */
function served(entries: Record<string, string>, kinds: Record<string, string>) {
  return (text: string) => {
    const [command, key] = text.split(' ')
    if (command === 'TYPE') return kinds[key!] ?? 'hash'
    if (command !== 'HSCAN') return null
    return ['0', key!.endsWith(':0') ? Object.entries(entries).flat() : []]
  }
}

function isOldest(_location: string, value: string): boolean {
  return value === '1'
}

/** The commands that remove entries, whatever their shard is; these are in one. */
function unindexed(locator: string): string[] {
  return ['HDEL _airbyte:index', 'ZREM _airbyte:index_expiry'].map(
    (start) => expect.stringMatching(new RegExp(`^${start}:n:s:\\d+ ${locator}$`)) as string,
  )
}
