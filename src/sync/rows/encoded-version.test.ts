import { describe, expect, it } from 'vitest'
import { EncodedVersion } from './encoded-version.ts'
import { readVersion, supersedes } from './row-version.ts'
import { rangeFrom } from './rows.support.ts'

const VALUES = [
  '12',
  '12 1700000000000 ',
  '1 5! 7',
  '1 -5 "a b  c"',
  '1 1700000000001 "ü 😀 !"',
  '900719925474099 900719925474099 1',
  '1 1130124784723082292 1',
  '1 1130124784723082400 1',
  '1 5 2024',
  '1 6 2024',
  '1 5! "2024-01-01"',
]

describe('a version in bytes', () => {
  it.each(VALUES)('is read as the text is: %s', (value) => {
    const version = new EncodedVersion()
    const { bytes, start, end } = rangeFrom(value)
    version.read(bytes, start, end)
    expect(version.toVersion()).toEqual(readVersion(value))
    version.readText(value)
    expect(version.toVersion()).toEqual(readVersion(value))
  })

  it('supersedes others as it does in text', () => {
    const [later, earlier] = [new EncodedVersion(), new EncodedVersion()]
    for (const one of VALUES)
      for (const other of VALUES) {
        later.readText(one)
        earlier.readText(other)
        const expected = supersedes(readVersion(one), readVersion(other), false)
        expect(later.supersedes(earlier, false), `${one} | ${other}`).toBe(expected)
      }
  })
})
