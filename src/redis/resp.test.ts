import { describe, expect, it } from 'vitest'
import { CommandBuffer, digitsOf, keyOfCommand } from './resp.ts'

describe('a command', () => {
  it.each([
    [['PING'], '*1\r\n$4\r\nPING\r\n'],
    [['SET', 'k', ''], '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n'],
    [['SET', 'ü', '€😀'], '*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$7\r\n€😀\r\n'],
    [['SET', 'a\r\nb', Buffer.from([0x00, 0x0a])], '*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$2\r\n\0\n\r\n'],
  ])('is put in as RESP, sizes counted in bytes: %j', (args, expected) => {
    const out = new CommandBuffer()
    out.command(...args)
    expect(textOf(out)).toBe(expected)
    expect(out.commands).toBe(1)
  })

  it('stands behind those before it, until the buffer is cleared', () => {
    const out = new CommandBuffer()
    out.command('GET', 'a')
    out.command('GET', 'b')
    expect(textOf(out)).toBe('*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n')
    expect(out.commands).toBe(2)
    out.clear()
    expect([out.length, out.commands]).toEqual([0, 0])
    out.command('PING')
    expect(textOf(out)).toBe('*1\r\n$4\r\nPING\r\n')
  })

  it('may be larger than the buffer, which grows and keeps what it holds', () => {
    const out = new CommandBuffer()
    const large = 'x'.repeat(3 * out.bytes.length)
    out.command('SET', 'first', '1')
    out.command('SET', 'second', large)
    expect(textOf(out)).toBe(
      `*3\r\n$3\r\nSET\r\n$5\r\nfirst\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$6\r\nsecond\r\n$${large.length}\r\n${large}\r\n`,
    )
  })

  it('is made in a buffer that grows by doubling, so that many small ones cost little', () => {
    const out = new CommandBuffer()
    const sizes = new Set<number>()
    for (let i = 0; i < 100_000; i++) {
      out.command('PING')
      sizes.add(out.bytes.length)
    }
    expect(out.length).toBe(1_400_000)
    expect(sizes.size).toBeLessThan(8)
  })
})

describe('parts of a command', () => {
  it.each([0, 1, 47, 48, 49, 1000])('of %i bytes are copied as they are', (size) => {
    const source = Buffer.from(Array.from({ length: size + 4 }, (_, index) => index % 256))
    const out = new CommandBuffer()
    out.put(source, 2, size + 2)
    out.putLineEnd()
    expect(out.bytes.subarray(0, out.length)).toEqual(
      Buffer.concat([source.subarray(2, size + 2), Buffer.from('\r\n')]),
    )
  })

  it.each([0, 7, 9, 10, 99, 100, 65_536, 99_999, 100_000, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER])(
    'may be the number %i, or its size',
    (value) => {
      const out = new CommandBuffer()
      out.putNumber(value)
      out.put(Buffer.from(' '))
      out.putSize(value)
      expect(textOf(out)).toBe(`${value} $${value}\r\n`)
    },
  )
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

describe('the key of a command', () => {
  const out = new CommandBuffer()
  out.command('HMSET', 'users:1', 'f', 'a\r\n$9\r\nb')
  out.command('GET', '')
  out.command('HMSET', 'ü:2\r\n', 'f', '', 'g', '*1\r\n')
  out.command('DEL', 'last')

  it.each(['users:1', '', 'ü:2\r\n', 'last'])('%# is its first argument, %j', (key) => {
    const index = ['users:1', '', 'ü:2\r\n', 'last'].indexOf(key)
    expect(keyOfCommand(out.bytes.subarray(0, out.length), index)).toBe(key)
  })
})

function textOf(out: CommandBuffer): string {
  return out.bytes.toString('utf8', 0, out.length)
}
