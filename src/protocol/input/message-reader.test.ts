import { describe, expect, it } from 'vitest'
import { errorWith } from '../../errors.support.ts'
import { MessageReader } from './message-reader.ts'

const record = (id: number): string =>
  `{"type":"RECORD","record":{"stream":"ü","data":{"id":${id},"s":"€😀"},"emitted_at":${id}}}`

describe('input', () => {
  const text = `${record(1)}\r\n\n${record(2)}\n{"type":"LOG"}\n${record(3)}`

  it.each([1, 2, 3, 7, 64, 65_536])('gives the same messages in chunks of %i bytes', (size) => {
    const reader = new MessageReader()
    const seen: string[] = []
    const take = (): void => {
      while (reader.next()) {
        const { kind, lineNumber, data } = reader.message
        const held = kind === 'record' ? ` ${reader.bytes.toString('utf8', data.start, data.end)}` : ''
        seen.push(`${lineNumber} ${kind}${held}`)
      }
    }
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) {
      reader.append(bytes.subarray(at, at + size))
      take()
    }
    expect(seen).toHaveLength(4)
    reader.finish()
    take()
    expect(seen).toEqual([
      '1 record {"id":1,"s":"€😀"}',
      '2 other',
      '3 record {"id":2,"s":"€😀"}',
      '4 other',
      '5 record {"id":3,"s":"€😀"}',
    ])
  })

  it.each([
    ['a line that is too long', `${record(1)}\n${'x'.repeat(300)}\n`, 2, 269],
    ['a line without end', `${record(1)}\n${'x'.repeat(10_000)}`, 2, 269],
  ])('ends at %s, after the lines before it', (_, lines, line, bytes) => {
    const reader = new MessageReader(64, { maxLineBytes: 256, skipsLongRecords: true })
    const seen: number[] = []
    const read = (): void => {
      for (let at = 0; at < lines.length; at += 16) {
        reader.append(Buffer.from(lines.slice(at, at + 16)))
        while (reader.next()) seen.push(reader.message.lineNumber)
      }
    }
    expect(read).toThrow(errorWith('line-too-long', { line, bytes, limit: 256 }))
    expect(seen).toEqual([1])
  })

  it.each([16, 100, 255])(
    'names a record that is too long instead of keeping it, in chunks of %i bytes',
    (size) => {
      const long = `{"type":"RECORD","record":{"stream":"ü","data":{"a":"${'x'.repeat(1_000)}"}}}`
      const lines = `${record(1)}\n${long}\n${record(2)}\n${long}`
      const reader = new MessageReader(64, { maxLineBytes: 256, skipsLongRecords: true })
      const seen: unknown[] = []
      const read = (): void => {
        while (reader.next()) {
          const { kind, lineNumber, head, lineBytes } = reader.message
          seen.push(kind === 'record' ? lineNumber : [lineNumber, kind, head?.name, lineBytes])
        }
      }
      const bytes = Buffer.from(lines)
      for (let at = 0; at < bytes.length; at += size) {
        reader.append(bytes.subarray(at, at + size))
        read()
      }
      reader.finish()
      read()
      const skipped = ['long record', 'ü', Buffer.byteLength(long)]
      expect(seen).toEqual([1, [2, ...skipped], 3, [4, ...skipped]])
      expect(reader.block.scanner.capacity).toBeLessThan(100_000)
    },
  )

  it.each([5, 16, 100, 300, 1_000])(
    'gives the same messages if chunks of %i bytes are put where they are kept',
    (size) => {
      const long = `{"type":"RECORD","record":{"stream":"ü","data":{"a":"${'x'.repeat(1_500)}"}}}`
      const lines = [...Array(10).keys()].flatMap((id) => (id % 5 === 3 ? [long, record(id)] : [record(id)]))
      const bytes = Buffer.from(lines.join('\n'))
      const read = (isInPlace: boolean): unknown[] => {
        const reader = new MessageReader(512, { maxLineBytes: 1_000, skipsLongRecords: true })
        const seen: unknown[] = []
        let inPlace = 0
        const take = (): void => {
          while (reader.next()) {
            const { kind, lineNumber, data } = reader.message
            seen.push([lineNumber, kind, reader.bytes.toString('utf8', data.start, data.end)])
          }
        }
        for (let at = 0; at < bytes.length; at += size) {
          const chunk = bytes.subarray(at, at + size)
          // More room is asked for than is used, as for a read.
          const room = isInPlace ? reader.room(chunk.length + 20) : undefined
          room?.set(chunk)
          if (room !== undefined) inPlace++
          reader.append(room?.subarray(0, chunk.length) ?? chunk)
          take()
        }
        reader.finish()
        take()
        expect(inPlace > 0).toBe(isInPlace)
        return seen
      }
      const seen = read(true)
      expect(seen).toHaveLength(lines.length)
      expect(seen).toEqual(read(false))
    },
  )

  it('keeps no record that is too long where none is skipped', () => {
    const reader = new MessageReader(64, { maxLineBytes: 256, skipsLongRecords: false })
    const long = Buffer.from(`{"type":"RECORD","record":{"stream":"s","data":{"a":"${'x'.repeat(300)}`)
    expect(() => reader.append(long)).toThrow(errorWith('line-too-long'))
  })

  it('has no message before a line is complete', () => {
    const reader = new MessageReader()
    reader.append(Buffer.from('{"type":"LOG"}'))
    expect(reader.next()).toBe(false)
    reader.append(Buffer.from('\n'))
    expect(reader.next()).toBe(true)
    expect(reader.next()).toBe(false)
  })

  it('names the line where the last one breaks off', () => {
    const reader = new MessageReader()
    reader.append(Buffer.from('{"type":"LOG"}\n{"type":"RECORD","rec'))
    expect(reader.next()).toBe(true)
    reader.finish()
    expect(() => reader.next()).toThrow(errorWith('json-string-unfinished', { line: 2, byte: 22 }))
  })
})

describe('a bad line', () => {
  const bad = '{"type":"RECORD","record":{"stream":"ü","data":{"x":tru'

  it.each([0, 1, 2, 1_023, 1_024, 1_025, 3_000])('is found behind %i good ones, which are read', (count) => {
    const reader = new MessageReader()
    const good = Array.from({ length: count }, (_, index) => record(index))
    reader.append(Buffer.from([...good, bad, record(0), ''].join('\n')))
    const ids = good.map(() => reader.next() && reader.bytes.toString('utf8', ...dataOf(reader)))
    expect(ids).toEqual(good.map((_, index) => `{"id":${index},"s":"€😀"}`))
    expect(() => reader.next()).toThrow(
      errorWith('json-value-expected', { line: count + 1, byte: 54, stream: 'ü' }),
    )
  })
})

describe('invalid UTF-8', () => {
  it.each([
    ['a byte that is never used', [0xff]],
    ['a continuation without a start', [0x80]],
    ['a form that is longer than need be', [0xc0, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a number above the last character', [0xf4, 0x90, 0x80, 0x80]],
    ['a character that breaks off', [0xe2, 0x82]],
  ])('is refused by its line, behind the good lines before it: %s', (_, bytes) => {
    const [head, tail] = record(7).split('€')
    const reader = new MessageReader()
    reader.append(
      Buffer.concat([
        Buffer.from(`${record(1)}\n${record(2)}\n${head}`),
        Buffer.from(bytes),
        Buffer.from(`${tail}\n${record(4)}\n`),
      ]),
    )
    expect([reader.next(), reader.next()]).toEqual([true, true])
    expect(() => reader.next()).toThrow(errorWith('line-not-utf8', { line: 3 }))
  })
})

function dataOf({ message }: MessageReader): [start: number, end: number] {
  return [message.data.start, message.data.end]
}
