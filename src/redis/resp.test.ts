import { describe, expect, it } from 'vitest'
import { CommandBuffer, digitsOf, keyOfCommand } from './resp.ts'

describe('a command', () => {
  it.each([
    [['PING'], '*1\r\n$4\r\nPING\r\n'],
    [['SET', 'k', ''], '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n'],
    [['SET', 'ü', '€😀'], '*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$7\r\n€😀\r\n'],
    [['SET', 'a\r\nb', Buffer.from([0x00, 0x0a])], '*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$2\r\n\0\n\r\n'],
  ])('is put in as RESP, sizes counted in bytes: %j', (args, expected) => {
    const out = emptyBuffer()
    command(out, ...(args as [string]))
    expect(textOf(out)).toBe(expected)
    expect(out.commands).toBe(1)
  })

  it('stands behind those before it', () => {
    const out = emptyBuffer()
    command(out, 'GET', 'a')
    command(out, 'GET', 'b')
    expect(textOf(out)).toBe('*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n')
    expect(out.commands).toBe(2)
  })

  it.each([0, 1, 100])(
    'may be larger than a buffer of %i bytes, which grows and keeps what it holds',
    (size) => {
      const out = new CommandBuffer(Buffer.alloc(size))
      const large = 'x'.repeat(10_000)
      command(out, 'SET', 'first', '1')
      command(out, 'SET', 'second', large)
      expect(textOf(out)).toBe(
        `*3\r\n$3\r\nSET\r\n$5\r\nfirst\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$6\r\nsecond\r\n$${large.length}\r\n${large}\r\n`,
      )
    },
  )

  it('is made in a buffer that grows by doubling, so that many small ones cost little', () => {
    const out = emptyBuffer()
    const sizes = new Set<number>()
    for (let i = 0; i < 100_000; i++) {
      command(out, 'PING')
      sizes.add(out.bytes.length)
    }
    expect(out.length).toBe(1_400_000)
    expect(sizes.size).toBeLessThan(8)
  })

  it('is made in the memory that the buffer was given, as long as that suffices', () => {
    const bytes = Buffer.alloc(28)
    const out = new CommandBuffer(bytes)
    out.reserve(14)
    out.putCommand('PING', 0)
    out.reserve(14)
    out.putCommand('PING', 0)
    expect(out.bytes).toBe(bytes)
    expect(bytes.toString()).toBe('*1\r\n$4\r\nPING\r\n'.repeat(2))
  })
})

describe('parts of a command', () => {
  it.each([0, 1, 47, 48, 49, 1000])('of %i bytes are copied as they are', (size) => {
    const source = Buffer.from(Array.from({ length: size + 4 }, (_, index) => index % 256))
    const out = emptyBuffer()
    out.put(source, 2, size + 2)
    out.putLineEnd()
    expect(out.bytes.subarray(0, out.length)).toEqual(
      Buffer.concat([source.subarray(2, size + 2), Buffer.from('\r\n')]),
    )
  })

  it.each([0, 7, 9, 10, 99, 100, 65_536, 99_999, 100_000, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER])(
    'may be the number %i, or its size',
    (value) => {
      const out = emptyBuffer()
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
  const out = emptyBuffer()
  command(out, 'HMSET', 'users:1', 'f', 'a\r\n$9\r\nb')
  command(out, 'GET', '')
  command(out, 'HMSET', 'ü:2\r\n', 'f', '', 'g', '*1\r\n')
  command(out, 'DEL', 'last')

  it.each(['users:1', '', 'ü:2\r\n', 'last'])('%# is its first argument, %j', (key) => {
    const index = ['users:1', '', 'ü:2\r\n', 'last'].indexOf(key)
    expect(keyOfCommand(out.bytes.subarray(0, out.length), index)).toBe(key)
  })
})

function emptyBuffer(): CommandBuffer {
  return new CommandBuffer(Buffer.alloc(1 << 16))
}

function command(out: CommandBuffer, name: string, ...args: readonly (string | Buffer)[]): void {
  out.reserve(100)
  out.putCommand(name, args.length)
  for (const arg of args.map((text) => Buffer.from(text))) {
    out.reserve(100 + arg.length)
    out.putSize(arg.length)
    out.put(arg)
    out.putLineEnd()
  }
}

function textOf(out: CommandBuffer): string {
  return out.bytes.toString('utf8', 0, out.length)
}
