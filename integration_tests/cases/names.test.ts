// Names of namespaces, streams and columns that are anything but plain.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { APPENDED, DEDUPLICATED, ROWS, streamOf, type Layout, type Row } from '../support/layouts.ts'
import { record, status } from '../support/messages.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { someOf } from '../support/some-of.ts'
import { sync } from '../support/sync.ts'
import { write } from '../support/write.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const NAMES = [
  'plain',
  'two words',
  ' around ',
  "it's",
  '"quoted"',
  'back`tick',
  'semi;colon, comma',
  '2fast',
  '_under__score_',
  'crème_brûlée',
  'ΑΒΓ',
  '東京',
  'new\nline',
  '{tag}',
  '[a-z]*?',
  '$money$ ${braces}',
  'back\\slash/slash',
  '<a&b>%3A%00',
  '👩‍🚀',
]
const RESERVED = ['select', 'FROM', 'keys', 'del', 'constructor', '__proto__', 'toString', 'length', '0']
const LONG = 'long_'.repeat(400)
const PUNCTUATED = 'key ~!@#$%^&*()[]{}|\\;\':",./<>?`'

/** Members of sets show nothing of the columns. */
describe.each(someOf([...APPENDED, ...ROWS], 0))('$title', (layout) => {
  it('testFunkyCharacters: streams of any name, with columns of any name, are kept apart', async () => {
    const rows = new Map(NAMES.map((name, at) => [name, { id: String(at), [name]: 'tic\ntac' }]))
    for (let sent = 1; sent <= 2; sent++) {
      const streams = NAMES.map((name) =>
        streamOf(layout, { name, generation: sent, minimumGeneration: sent }),
      )
      const lines = NAMES.map((name) => record(name, rows.get(name)!, { namespace: 'n' }))
      const complete = NAMES.map((name) => status(name, 'COMPLETE', { namespace: 'n' }))
      const run = await write(redis, streams, [...lines, ...complete], layout.options)
      expect([run.code, run.errors]).toEqual([0, []])
    }
    for (const [name, row] of rows) await expectRows(layout, `n:${name}`, [row])
  })

  it('testNamespaces: a stream of one name is in each namespace, whatever its name', async () => {
    const streams = NAMES.map((namespace) => streamOf(layout, { namespace }))
    const lines = NAMES.map((namespace) => record('s', { id: '1', namespace }, { namespace }))
    const run = await write(redis, streams, lines, layout.options)
    expect([run.code, run.errors]).toEqual([0, []])
    for (const namespace of NAMES) await expectRows(layout, `${namespace}:s`, [{ id: '1', namespace }])
  })

  it('weirdColumnNames: columns are called as the source calls them', async () => {
    const row = {
      id: '1',
      ...Object.fromEntries([...NAMES, 'a.b', '$.c', '.d.'].map((name) => [name, 'there'])),
    }
    await sync(redis, streamOf(layout), [row], layout)
    await expectRows(layout, 'n:s', [row])
  })

  it('noCrashOnSpecialCharacters: each character of ASCII may stand in a name, and in a value', async () => {
    const characters = Array.from({ length: 128 }, (_, at) => String.fromCharCode(at)).filter(
      (one) => one !== '.',
    )
    const row = { id: '1', ...Object.fromEntries(characters.map((one) => [`x${one}`, `${one}x`])) }
    await sync(redis, streamOf(layout), [row], layout)
    await expectRows(layout, 'n:s', [row])
  })

  it('reservedKeywords: words that mean something to Redis or JavaScript are columns like any other', async () => {
    const columns = RESERVED.map((name) => `${JSON.stringify(name)}:"there"`)
    const text = `{"id":"1",${columns.join(',')}}`
    await sync(redis, streamOf(layout), [record('s', text, { namespace: 'n' })], layout)
    await expectRows(layout, 'n:s', [JSON.parse(text) as Row])
  })

  it('mixedCaseColumnName: columns that differ in case only are two', async () => {
    const row = { id: '1', Name: 'one', name: 'two', NAME: 'three' }
    await sync(redis, streamOf(layout), [row], layout)
    await expectRows(layout, 'n:s', [row])
  })

  it('longIdentifier: two long names that differ in their last character are two', async () => {
    for (const end of ['1', '2']) {
      const stream = streamOf(layout, { name: `${LONG}${end}`, namespace: LONG })
      await sync(redis, stream, [longRow(end)], layout)
    }
    for (const end of ['1', '2']) await expectRows(layout, `${LONG}:${LONG}${end}`, [longRow(end)])
  })
})

describe.each(someOf(DEDUPLICATED, 0))('$title', (layout) => {
  it('testFunkyCharactersDedup: a primary key and a cursor of any name do their work', async () => {
    const cursor = 'Änderung @ «zuletzt»'
    const stream = streamOf(layout, { name: '_späti-24/7', primaryKey: [[PUNCTUATED]], cursor: [cursor] })
    const row = (id: string, changed: number): Row => ({
      [PUNCTUATED]: id,
      id,
      [cursor]: changed,
      score: changed,
    })
    await sync(redis, stream, [row('1', 2), row('1', 1), row('2', 1)], layout)
    await sync(redis, stream, [row('1', 1), row('2', 2)], layout)
    await expectRows(layout, 'n:_späti-24/7', [row('1', 2), row('2', 2)])
  })
})

describe.each(someOf(ROWS, 0))('$title', (layout) => {
  it('testFunkyCharactersDedup: parts of a key that hold the separator are told apart', async () => {
    const stream = streamOf(layout, { primaryKey: [['a'], ['b']] })
    const rows = [
      ['x%', ':y'],
      ['x%3A', 'y'],
      ['x:', 'y'],
      ['x', ':y'],
      ['x', 'y'],
    ].map(([a, b]) => ({ a, b }))
    await sync(redis, stream, [...rows, ...rows], layout)
    const written = (await layout.read(client, 'n:s')) as typeof rows
    expect(new Set(written.map(({ a, b }) => JSON.stringify({ a, b })))).toEqual(
      new Set(rows.map((row) => JSON.stringify(row))),
    )
    expect(written).toHaveLength(rows.length)
  })
})

function longRow(end: string): Row {
  return { id: '1', [`${LONG}${end}`]: end }
}

async function expectRows(layout: Layout, base: string, rows: Row[]): Promise<void> {
  expect(await layout.read(client, base)).toEqual(rows.map(layout.seen))
}
