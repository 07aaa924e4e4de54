import { describe, expect, it } from 'vitest'
import { runIn, readVersion, supersedes } from './row-version.ts'

describe('what is noted of a place', () => {
  it.each([
    ['12', { run: 12, emittedAt: 0, cursor: '', isDeleted: false }],
    ['12 1700000000000 ', { run: 12, emittedAt: 1_700_000_000_000, cursor: '', isDeleted: false }],
    ['1 5! 7', { run: 1, emittedAt: 5, cursor: '7', isDeleted: true }],
    ['1 -5 "a b  c"', { run: 1, emittedAt: -5, cursor: '"a b  c"', isDeleted: false }],
  ])('is read: %s', (note, version) => {
    expect(readVersion(note)).toEqual(version)
    expect(runIn(note)).toBe(version.run)
  })
})

describe('of two versions of a row', () => {
  it.each([
    ['the higher cursor', { cursor: '2', emittedAt: 1 }, { cursor: '10', emittedAt: 0 }],
    [
      'the later emission, where cursors are alike',
      { cursor: '2', emittedAt: 1 },
      { cursor: '2.0', emittedAt: 2 },
    ],
    ['the later emission, where there are none', { cursor: '', emittedAt: 1 }, { cursor: '', emittedAt: 2 }],
  ])('%s counts', (_, lower, higher) => {
    expect(supersedes(higher, lower, false)).toBe(true)
    expect(supersedes(lower, higher, false)).toBe(false)
  })

  it('the later arrival counts, where all is alike', () => {
    const version = { cursor: '2', emittedAt: 1 }
    expect(supersedes(version, { ...version }, false)).toBe(true)
  })
})
