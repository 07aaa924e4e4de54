import { describe, expect, it } from 'vitest'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { randomFrom } from '../../random.support.ts'
import { EncodedVersion } from './encoded-version.ts'
import { IndexEntries, NEW_ROW } from './index-entries.ts'
import { hashIn, shardIn, shardOf } from './location-hash.ts'
import { COLLISIONS, entriesFor, rangeFrom } from './rows.support.ts'

const LONG = 'l'.repeat(70_000)

describe('the row of a location', () => {
  it('is found by its bytes, whatever they are, and whatever their hash', () => {
    const locations = ['', 'a', 'ü', '€', '😀', 'k:9', 'k:10', ...COLLISIONS.flat(), LONG, `${LONG}l`]
    const sizes = [9, 10, 99, 100, 999, 1000].map((size) => 'x'.repeat(size))
    const all = [...locations, ...sizes]
    const entries = entriesFor([...all, ...all.toReversed()])
    expect([...Array.from({ length: entries.count }).keys()].map((row) => entries.locationOf(row))).toEqual(
      all,
    )
    expect(all.map((location) => entries.locate(rangeFrom(location)))).toEqual([...all.keys()])
    expect(entries.locate(rangeFrom('k:1'))).toBe(NEW_ROW)
    for (const [one, other] of COLLISIONS) expect(shardOf(one)).toBe(shardOf(other))
  })

  it('is one of many: the table grows, and so does the memory of the texts', () => {
    const random = randomFrom(1)
    const locations = Array.from({ length: 5_000 }, () => `k:${random(2_000)}:${'x'.repeat(random(300))}`)
    const entries = entriesFor(locations)
    const distinct = [...new Set(locations)]
    expect(entries.count).toBe(distinct.length)
    const isThere = distinct.map((location, row) => entries.locationOf(row) === location)
    expect(isThere).not.toContain(false)
  })

  it('has the entry that was written last', () => {
    const entries = new IndexEntries(12, true, 3)
    const version = new EncodedVersion()
    const write = (location: string, record: number, cursor: string) =>
      entries.setVersion(
        entries.locate(rangeFrom(location)),
        record,
        'write',
        rangeFrom('17'),
        rangeFrom(cursor),
      )
    write('a', 0, '1')
    write('b', 1, '')
    write('a', 2, '"2024"')
    const { length } = entries.text
    entries.locate(rangeFrom('b'))
    entries.takeBack()
    expect(entries.text.length).toBe(length)
    write('c', 3, '3')
    expect([entries.count, [0, 1, 2].map((row) => entries.recordOf(row))]).toEqual([3, [2, 1, 3]])
    const versions = [0, 1, 2].map((row) => {
      entries.readVersion(row, version)
      return version.toVersion().cursor
    })
    expect(versions).toEqual(['"2024"', '', '3'])
    entries.setUnwritten(0)
    entries.readVersion(0, version)
    expect([version.run, version.toVersion().cursor]).toEqual([0, '"2024"'])
  })

  it('tells what its record does', () => {
    const entries = new IndexEntries(1, true, 3)
    const kinds = ['write', 'delete', 'filtered'] as const
    for (const [record, kind] of kinds.entries())
      entries.setVersion(entries.locate(rangeFrom(kind)), record, kind, rangeFrom('1'), rangeFrom(''))
    expect(kinds.map((_, row) => entries.kindOf(row))).toEqual(kinds)
  })
})

describe('the hash of a location', () => {
  it('is the same for its bytes and for its text, so that its shard never changes', () => {
    const random = randomFrom(2)
    for (let n = 0; n < 5_000; n++) {
      const last = [0x7f, 0x80, 0xd7ff, 0xffff][random(4)]!
      const units = Array.from({ length: random(12) }, () => random(last + 1))
      const text = String.fromCharCode(...units).toWellFormed()
      const { bytes, start, end } = rangeFrom(text)
      expect(shardIn(hashIn(bytes, start, end)), JSON.stringify(text)).toBe(shardOf(text))
    }
  })
})

describe('the memory of entries', () => {
  it('is used again once it was given back, unless it is small', () => {
    const pool = new BufferPool(1 << 24)
    const memoryOf = (most: number) => {
      const entries = new IndexEntries(1, true, most, pool)
      entries.dispose()
      return entries.text.bytes.buffer
    }
    expect(memoryOf(2_000)).toBe(memoryOf(2_000))
    expect(memoryOf(2)).not.toBe(memoryOf(2))
  })
})
