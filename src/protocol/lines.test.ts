import { describe, expect, it } from 'vitest'
import { LineBuffer } from './lines.ts'

const LF = 0x0a
const USUAL_SIZE = new LineBuffer().scanner.capacity

describe('lines', () => {
  const text = '{"a":"ü€😀"}\r\n\n\r\n  \n{"b":2}\nthe last, without a line feed'
  const lines = ['{"a":"ü€😀"}\r', '', '\r', '  ', '{"b":2}', 'the last, without a line feed']
  const size = Buffer.byteLength(text)

  it('are the same however large the chunks are', () => {
    for (let chunk = 1; chunk <= size; chunk++)
      expect(linesOf(chunksOf(Buffer.from(text), chunk)), `chunks of ${chunk}`).toEqual(lines)
  })

  it('are the same wherever the bytes are cut in two', () => {
    const bytes = Buffer.from(text)
    for (let cut = 0; cut <= size; cut++)
      expect(linesOf([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(lines)
  })

  it.each([65_536, 65_521, 1_000, USUAL_SIZE, USUAL_SIZE + 1, 3 * USUAL_SIZE])(
    'survive being moved about in the buffer, in chunks of %i',
    (chunk) => {
      const many = Array.from({ length: 3_000 }, (_, index) => `${index}:${'x'.repeat((index * 7) % 997)}`)
      expect(linesOf(chunksOf(Buffer.from(many.join('\n')), chunk))).toEqual(many)
    },
  )

  it.each([USUAL_SIZE - 1, USUAL_SIZE, USUAL_SIZE + 1, 5 * USUAL_SIZE])(
    'of %i bytes come out whole between short ones',
    (length) => {
      const long = 'abcdefghij'.repeat(length / 10 + 1).slice(0, length)
      const all = ['short', long, 'short', long, '']
      expect(linesOf(chunksOf(Buffer.from(all.join('\n')), 65_536))).toEqual(all.slice(0, -1))
    },
  )

  it('are none where nothing came', () => {
    expect(linesOf([])).toEqual([])
    expect(linesOf([Buffer.alloc(0)])).toEqual([])
  })

  it('end with a line feed also where the last one lacked it', () => {
    const buffer = new LineBuffer()
    buffer.append(Buffer.from('tail'))
    expect(buffer.hasLine).toBe(false)
    buffer.finish()
    expect(buffer.hasLine).toBe(true)
    expect(buffer.scanner.bytes[buffer.end - 1]).toBe(LF)
  })
})

describe('the buffer', () => {
  it('grows for a long line, and shrinks again when that has been taken', () => {
    const buffer = new LineBuffer()
    for (const chunk of chunksOf(Buffer.alloc(20 * USUAL_SIZE, 'x'), 65_536)) buffer.append(chunk)
    buffer.append(Buffer.from('\n'))
    expect(buffer.scanner.capacity).toBeGreaterThan(20 * USUAL_SIZE)
    expect(take(buffer)).toHaveLength(1)
    buffer.append(Buffer.from('short\n'))
    expect(take(buffer)).toEqual(['short'])
    expect(buffer.scanner.capacity).toBe(USUAL_SIZE)
  })

  it('does not grow anew for every line of a few megabytes', () => {
    const buffer = new LineBuffer()
    const grown = Array.from({ length: 5 }, () => {
      for (const chunk of chunksOf(Buffer.from(`${'x'.repeat(4 * USUAL_SIZE)}\nshort\n`), 65_536)) {
        buffer.append(chunk)
        take(buffer)
      }
      return buffer.scanner.bytes
    })
    // The same object each time, so it was never replaced.
    expect(new Set(grown).size).toBe(1)
  })

  it('does not grow for many short lines', () => {
    const buffer = new LineBuffer()
    const chunk = Buffer.from('some line of text\n'.repeat(1_000) + 'the beginning of the next, ')
    for (let round = 0; round < 100; round++) {
      buffer.append(chunk)
      take(buffer)
    }
    expect(buffer.scanner.capacity).toBe(USUAL_SIZE)
  })
})

describe('valid UTF-8', () => {
  it('is known of the complete lines, a character cut between chunks included', () => {
    const buffer = new LineBuffer()
    const bytes = Buffer.from('€\n€')
    buffer.append(bytes.subarray(0, 2))
    buffer.append(bytes.subarray(2, 5))
    expect([buffer.hasLine, buffer.isUtf8]).toEqual([true, true])
    take(buffer)
    buffer.append(bytes.subarray(5))
    buffer.finish()
    expect([buffer.hasLine, buffer.isUtf8]).toEqual([true, true])
  })

  it('is denied where one of several lines has none, and granted again to later ones', () => {
    const buffer = new LineBuffer()
    buffer.append(Buffer.from('good\n\xff\ngood\n', 'latin1'))
    expect(buffer.isUtf8).toBe(false)
    take(buffer)
    buffer.append(Buffer.from('good\n'))
    expect(buffer.isUtf8).toBe(true)
  })

  it('is not asked of a line that is not all there', () => {
    const buffer = new LineBuffer()
    buffer.append(Buffer.from('good\n\xff', 'latin1'))
    expect(buffer.isUtf8).toBe(true)
  })
})

function linesOf(chunks: Iterable<Buffer>): string[] {
  const buffer = new LineBuffer()
  const lines: string[] = []
  for (const chunk of chunks) {
    buffer.append(chunk)
    lines.push(...take(buffer))
  }
  buffer.finish()
  lines.push(...take(buffer))
  return lines
}

/** Reads every complete line, as the reader of messages does. */
function take(buffer: LineBuffer): string[] {
  const { bytes } = buffer.scanner
  const lines: string[] = []
  while (buffer.hasLine) {
    const feed = bytes.indexOf(LF, buffer.position)
    lines.push(bytes.toString('utf8', buffer.position, feed))
    buffer.position = feed + 1
  }
  return lines
}

function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
