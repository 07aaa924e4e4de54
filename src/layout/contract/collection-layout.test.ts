import { describe, expect, it } from 'vitest'
import { LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import { TAKE_OVER_SCRIPT } from '../../redis/commands/take-over-script.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { encodeRecords, layoutWith } from '../registry/encode-records.support.ts'

/** Each of those that put several records in with one command. */
const STRUCTURES = [
  ['HMSET', 'hash', 2, { hash_field: '${m}', data_format: 'raw', value_field: 'm' }],
  ['RPUSH', 'list', 1, { cache_type: 'list', member: '${m}' }],
  ['SADD', 'set', 1, { cache_type: 'set', member: '${m}' }],
  ['ZADD', 'zset', 2, { cache_type: 'sorted_set', member: '${m}', score_field: 'm' }],
] as const satisfies [string, string, number, RecordOptions][]

describe.each(STRUCTURES)('records that %s puts in', (name, type, arguments_, structure) => {
  const options = { ...structure, key_template: 'k:${k}' }
  const args = (...members: number[]) =>
    members.flatMap((member) => Array<string>(arguments_).fill(String(member)))

  it('follow each other in one command as long as their key is the same', () => {
    const { commands, records } = encodeRecords(options, recordsOf('aabbbab'))
    expect(commands).toEqual([
      [name, 'k:a', ...args(0, 1)],
      [name, 'k:b', ...args(2, 3, 4)],
      [name, 'k:a', ...args(5)],
      [name, 'k:b', ...args(6)],
    ])
    expect(records).toEqual([[0, 1], [2, 3, 4], [5], [6]])
  })

  it.each([499, 500, 501, 1_000, 1_001])('are 500 a command at most, of %i', (count) => {
    const { commands, records } = encodeRecords(options, recordsOf('a'.repeat(count)))
    const locator = Array.from({ length: count }, (_, location) => location)
    const groups = [0, 500, 1_000].map((start) => locator.slice(start, start + 500))
    const expected = groups.filter(({ length }) => length > 0)
    expect(commands).toEqual(expected.map((group) => [name, 'k:a', ...args(...group)]))
    expect(records).toEqual(expected)
  })

  it('leave out the one that is refused, wherever it stands', () => {
    const refused = '{"k":"a","m":null}'
    const [first, second] = recordsOf('aa') as [string, string]
    for (const records of [
      [refused, first, second],
      [first, refused, second],
      [first, second, refused],
    ]) {
      const encoded = encodeRecords(options, records)
      expect(encoded.commands).toEqual([[name, 'k:a', ...args(0, 1)]])
      expect(encoded.records).toEqual([
        [...records.keys()].filter((location) => records[location] !== refused),
      ])
      expect(encoded.refusals.filter((refusal) => refusal !== undefined)).toHaveLength(1)
    }
  })

  it('replace a key of a former generation in one step, and follow in commands of their own', () => {
    const context = { takesOver: (record: number) => record < 2 }
    const { commands } = encodeRecords(options, recordsOf('aaa'), context)
    expect(commands).toEqual([
      ['EVAL', TAKE_OVER_SCRIPT, '1', 'k:a', type, name, ...args(0, 1)],
      [name, 'k:a', ...args(2)],
    ])
  })

  it('leave out the one whose key is refused', () => {
    const [first, second] = recordsOf('aa') as [string, string]
    const { commands, records, refusals } = encodeRecords(options, [first, '{"m":"SECRET"}', second])
    expect([commands, records]).toEqual([[[name, 'k:a', ...args(0, 1)]], [[0, 2]]])
    expect(refusals[1]).toBe('template-column-missing key_template k')
  })

  it('leave out the one that is refused with a key of its own', () => {
    const [first, second] = recordsOf('aa') as [string, string]
    const { commands, records } = encodeRecords(options, [first, '{"k":"b"}', second])
    const members = commands.flatMap(([, key, ...rest]) => [key, ...rest]).filter((word) => word !== 'k:a')
    expect(members).toEqual(args(0, 1))
    expect(records.flat()).toEqual([0, 2])
  })

  it('do not wait for those of the next batch, nor are they put in again with them', () => {
    const layout = layoutWith(options)
    const batches = ['aa', 'ab', '', 'b'].map((keys) => encodeRecords(options, recordsOf(keys), {}, layout))
    expect(batches.map(({ commands }) => commands)).toEqual([
      [[name, 'k:a', ...args(0, 1)]],
      [
        [name, 'k:a', ...args(0)],
        [name, 'k:b', ...args(1)],
      ],
      [],
      [[name, 'k:b', ...args(0)]],
    ])
    expect(batches.map(({ records }) => records)).toEqual([[[0, 1]], [[0], [1]], [], [[0]]])
  })

  it('may all be refused', () => {
    const { commands, refusals } = encodeRecords({ ...options, ttl_seconds: 60 }, ['{"k":"a"}', '{"m":1}'])
    expect(commands).toEqual([])
    expect(refusals).not.toContain(undefined)
  })

  it('have their time to live renewed once a command', () => {
    const { commands, records } = encodeRecords({ ...options, ttl_seconds: 60 }, recordsOf('aab'))
    expect(commands).toEqual([
      [name, 'k:a', ...args(0, 1)],
      ['EVAL', LIFETIME_SCRIPT, '1', 'k:a', '60000', type],
      [name, 'k:b', ...args(2)],
      ['EVAL', LIFETIME_SCRIPT, '1', 'k:b', '60000', type],
    ])
    expect(records).toEqual([[0, 1], [], [2], []])
  })

  it('have one time to live a command, where it is spread', () => {
    const ttl = { ttl_seconds: 100, ttl_jitter_percent: 10 }
    const { commands } = encodeRecords({ ...options, ...ttl }, recordsOf('abbaa'), { spread: quarters })
    const times = commands.filter(([word]) => word === 'EVAL').map(([, , , key, time]) => `${key} ${time}`)
    expect(times).toEqual(['k:a 90000', 'k:b 95000', 'k:a 105000'])
  })
})

describe('records of many keys', () => {
  it('whose keys begin alike are told apart', () => {
    const keys = ['', 'a', 'aa', 'ab', 'a', 'a:', 'é', 'e']
    const options = { cache_type: 'set', member: '${m}', key_template: 'k${k}' } as const
    const records = keys.map((key, m) => JSON.stringify({ k: key, m }))
    const { commands, refusals } = encodeRecords(options, records)
    expect(commands.map(([, key, ...members]) => [key, ...members])).toEqual([
      ['ka', '1'],
      ['kaa', '2'],
      ['kab', '3'],
      ['ka', '4'],
      ['ka:', '5'],
      ['ké', '6'],
      ['ke', '7'],
    ])
    expect(refusals[0]).toBe('template-column-empty key_template k')
  })

  it('may be so large that what is held back has to grow', () => {
    const options = { cache_type: 'list', data_format: 'json', key_template: 'k:${k}' } as const
    const keys = ['a', 'a', 'b'.repeat(1_000), 'a']
    const records = keys.map((k, n) => JSON.stringify({ k, n, text: 'x'.repeat(50_000) }))
    expect(encodeRecords(options, records).commands).toEqual([
      ['RPUSH', 'k:a', records[0], records[1]],
      ['RPUSH', `k:${keys[2]}`, records[2]],
      ['RPUSH', 'k:a', records[3]],
    ])
  })

  it('are as many as came, in their order, however keys and refusals are mixed', () => {
    const options = { cache_type: 'list', member: '${m}', key_template: 'k:${k}', max_length: 9 } as const
    const locator = Array.from({ length: 3_000 }, (_, location) => location)
    // Runs of growing length, over three keys; each seventh record is refused.
    const records = locator.map((location) => {
      const k = Math.floor(Math.sqrt(location)) % 3
      return JSON.stringify({ k, m: location % 7 === 6 ? null : location })
    })
    const { commands, records: written, refusals } = encodeRecords(options, records)
    for (const k of ['0', '1', '2']) {
      const members = commands.flatMap(([name, key, ...rest]) =>
        name === 'RPUSH' && key === `k:${k}` ? rest : [],
      )
      const expected = locator.filter(
        (location) => location % 7 !== 6 && records[location]!.startsWith(`{"k":${k},`),
      )
      expect(members).toEqual(expected.map(String))
    }
    expect(written.flat()).toEqual(locator.filter((location) => location % 7 !== 6))
    for (const [command, [name, , ...members]] of commands.entries())
      expect(written[command]!.map(String)).toEqual(name === 'RPUSH' ? members : [])
    expect(refusals.filter((refusal) => refusal !== undefined)).toHaveLength(428)
  })
})

/** One for each letter, which is its key; its member is its place. */
function recordsOf(keys: string): string[] {
  return keys.split('').map((k, m) => JSON.stringify({ k, m }))
}

function quarters(record: number): number {
  return record / 4
}
