import { describe, expect, it } from 'vitest'
import { ByteBuffer, digitsOf } from './byte-buffer.ts'

describe('bytes put together', () => {
  it.each([0, 1, 47, 48, 49, 1000])('are %i of another buffer as they are', (size) => {
    const source = Buffer.from(Array.from({ length: size + 4 }, (_, index) => index % 256))
    const out = emptyBuffer()
    out.put(source, 2, size + 2)
    out.add(source, 2, size + 2)
    const part = source.subarray(2, size + 2)
    expect(contentOf(out)).toEqual(Buffer.concat([part, part]))
  })

  it('are a whole buffer where no range is given', () => {
    const out = emptyBuffer()
    out.put(Buffer.from('ab'))
    out.add(Buffer.from('cd'))
    expect(textOf(out)).toBe('abcd')
  })

  it.each([0, 7, 9, 10, 99, 100, 65_536, 99_999, 100_000, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER])(
    'may be the digits of %i',
    (value) => {
      const out = emptyBuffer()
      out.putNumber(value)
      out.put(Buffer.from(' '))
      out.addNumber(value)
      expect(textOf(out)).toBe(`${value} ${value}`)
    },
  )

  it.each([
    ['', ''],
    ['a\0\n', 'a\0\n'],
    ['ü€😀', 'ü€😀'],
    ['a\ud83d', 'a\ufffd'],
    ['\ude00z', '\ufffdz'],
  ])('may be the text %j as UTF-8, %j', (text, expected) => {
    const out = emptyBuffer()
    out.addText(text)
    expect(contentOf(out)).toEqual(Buffer.from(expected))
  })
})

describe('a buffer', () => {
  it.each([0, 1, 10])('of %i bytes makes room for what is added, and keeps what it holds', (size) => {
    const out = new ByteBuffer(Buffer.alloc(size))
    const large = 'x'.repeat(10_000)
    out.addNumber(12)
    out.add(Buffer.from(large))
    out.addText('€'.repeat(10_000))
    out.addNumber(34)
    expect(textOf(out)).toBe(`12${large}${'€'.repeat(10_000)}34`)
  })

  it('grows by doubling, so that many small additions cost little', () => {
    const out = emptyBuffer()
    const sizes = new Set<number>()
    const part = Buffer.from('0123456789')
    for (let i = 0; i < 100_000; i++) {
      out.add(part)
      sizes.add(out.bytes.length)
    }
    expect(out.length).toBe(1_000_000)
    expect(sizes.size).toBeLessThan(20)
  })

  it('uses the memory it was given, as long as that suffices, and again when it was cleared', () => {
    const bytes = Buffer.alloc(8)
    const out = new ByteBuffer(bytes)
    out.reserve(8)
    out.put(Buffer.from('12345678'))
    out.clear()
    out.add(Buffer.from('abc'))
    expect(out.bytes).toBe(bytes)
    expect([textOf(out), bytes.toString()]).toEqual(['abc', 'abc45678'])
  })
})

describe('the digits of a number', () => {
  it.each([
    [0, 1],
    [9, 1],
    [10, 2],
    [99, 2],
    [99_999, 5],
    [100_000, 6],
    [999_999_999_999_999, 15],
    [Number.MAX_SAFE_INTEGER, 16],
  ])('%i has %i', (value, digits) => {
    expect(digitsOf(value)).toBe(digits)
  })
})

function emptyBuffer(): ByteBuffer {
  return new ByteBuffer(Buffer.alloc(1 << 12))
}

function contentOf(out: ByteBuffer): Buffer {
  return out.bytes.subarray(0, out.length)
}

function textOf(out: ByteBuffer): string {
  return contentOf(out).toString()
}
