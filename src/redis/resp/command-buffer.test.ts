import { describe, expect, it } from 'vitest'
import { CommandBuffer } from './command-buffer.ts'
import { slotOf } from './key-slot.ts'

describe('a command', () => {
  it.each([
    [['PING'], '*1\r\n$4\r\nPING\r\n'],
    [['SET', 'k', ''], '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n'],
    [['SET', 'ü', '€😀'], '*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$7\r\n€😀\r\n'],
    [['SET', 'a\r\nb', '\0\n'], '*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$2\r\n\0\n\r\n'],
  ])('is put in as RESP, sizes counted in bytes: %j', (words, expected) => {
    const [name, ...args] = words as [string, ...string[]]
    const whole = emptyBuffer()
    whole.command(name, ...args)
    expect([textOf(whole), whole.commands]).toEqual([expected, 1])
    const pieces = emptyBuffer()
    pieces.begin(name, args.length)
    for (const arg of args) pieces.argument(Buffer.from(arg))
    expect([textOf(pieces), pieces.commands]).toEqual([expected, 1])
  })

  it('stands behind those before it', () => {
    const out = emptyBuffer()
    out.command('GET', 'a')
    out.command('GET', 'b')
    expect(textOf(out)).toBe('*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n')
    expect(out.commands).toBe(2)
  })

  it('may have arguments that are part of a buffer, and others that are words', () => {
    const out = emptyBuffer()
    out.begin('SET', 3)
    out.argument(Buffer.from('[key]'), 1, 4)
    out.textArgument('ü')
    out.argument(Buffer.alloc(0))
    expect(textOf(out)).toBe('*4\r\n$3\r\nSET\r\n$3\r\nkey\r\n$2\r\nü\r\n$0\r\n\r\n')
  })

  it('may have arguments put in piece by piece', () => {
    const out = emptyBuffer()
    out.begin('GET', 1)
    out.putSize(12)
    out.put(Buffer.from('public:'))
    out.putNumber(12_345)
    out.putLineEnd()
    expect(textOf(out)).toBe('*2\r\n$3\r\nGET\r\n$12\r\npublic:12345\r\n')
  })

  it.each([0, 1, 100])(
    'may be larger than a buffer of %i bytes, which grows and keeps what it holds',
    (size) => {
      const out = new CommandBuffer(Buffer.alloc(size))
      const large = 'x'.repeat(10_000)
      out.command('SET', 'first', '1')
      out.command('SET', 'second', large)
      expect(textOf(out)).toBe(
        `*3\r\n$3\r\nSET\r\n$5\r\nfirst\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$6\r\nsecond\r\n$${large.length}\r\n${large}\r\n`,
      )
    },
  )

  it.each([0, 9, 10, 1_234_567_890, Number.MAX_SAFE_INTEGER])(
    'may have the number %d as an argument',
    (value) => {
      const out = new CommandBuffer(Buffer.alloc(1))
      out.begin('ECHO', 1)
      out.numberArgument(value)
      const text = String(value)
      expect(textOf(out)).toBe(`*2\r\n$4\r\nECHO\r\n$${text.length}\r\n${text}\r\n`)
    },
  )

  it('is made in the memory that the buffer was given, as long as that suffices', () => {
    const bytes = Buffer.alloc(28)
    const out = new CommandBuffer(bytes)
    out.command('PING')
    out.command('PING')
    expect(out.bytes).toBe(bytes)
    expect(bytes.toString()).toBe('*1\r\n$4\r\nPING\r\n'.repeat(2))
  })
})

describe('the key of a command', () => {
  const out = emptyBuffer()
  out.command('PING')
  out.command('HMSET', 'users:1', 'f', 'a\r\n$9\r\nb')
  out.command('GET', '')
  out.begin('EVALSHA', 5)
  for (const word of ['0123456789abcdef', '1']) out.textArgument(word)
  out.keyText('ü:2\r\n')
  for (const word of ['replace always', '*1\r\n']) out.textArgument(word)
  out.begin('XADD', 4)
  out.key(Buffer.from('[log]'), 1, 4)
  for (const word of ['*', 'f', 'x'.repeat(100_000)]) out.textArgument(word)
  out.command('DEL', 'last', 'more')
  const keys = [undefined, 'users:1', '', 'ü:2\r\n', 'log', 'last']

  it.each([...keys.entries()])('number %i is recorded as it is put in: %j', (index, key) => {
    expect(out.keyOf(index)).toBe(key)
    expect(out.slotOf(index)).toBe(slotOf(Buffer.from(key ?? '')))
  })

  it('is recorded with the bytes of the command, which follow each other', () => {
    const texts = keys.map((_, index) => out.bytes.toString('utf8', out.startOf(index), out.endOf(index)))
    expect(texts.join('')).toBe(textOf(out))
    expect(texts[5]).toBe('*3\r\n$3\r\nDEL\r\n$4\r\nlast\r\n$4\r\nmore\r\n')
  })

  it.each([0, 50, 36_000])('is recorded for as many commands as there are, in memory of %i bytes', (size) => {
    const many = new CommandBuffer(Buffer.alloc(1 << 16), Buffer.alloc(size))
    for (let number = 0; number < 3_000; number++) many.command('GET', `k${number}`)
    const found = Array.from({ length: 3_000 }, (_, number) => many.keyOf(number))
    expect(found).toEqual(Array.from({ length: 3_000 }, (_, number) => `k${number}`))
  })
})

function emptyBuffer(): CommandBuffer {
  return new CommandBuffer(Buffer.alloc(1 << 16))
}

function contentOf(out: CommandBuffer): Buffer {
  return out.bytes.subarray(0, out.length)
}

function textOf(out: CommandBuffer): string {
  return contentOf(out).toString()
}
