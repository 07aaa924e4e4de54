/** The input lies in the scanner's memory, which ends somewhere, grows, and is used again; so is the table of lines. */
import { describe, expect, it } from 'vitest'
import { SystemError } from '../../errors.ts'
import { MessageReader } from '../input/message-reader.ts'
import type { Range } from '../input/message.ts'
import { Scanner } from './scanner.ts'

const KIB = 1024
const MIB = 1024 * KIB
const USUAL = new Scanner(512 * KIB).capacity
const GROWN = new Scanner(3 * USUAL).capacity
const OPEN = '{"type":"RECORD","record":{"stream":"s","emitted_at":1,"data":{"v":"'

describe.each([USUAL, GROWN])('input that fills all %i bytes of the memory', (size) => {
  const bytes = Buffer.alloc(size, 'x')
  bytes.write('{"type":"LOG","log":"')

  it('may end with a string of any length', () => {
    for (let length = 0; length <= 70; length++) {
      const text = 'é'.repeat(length / 2) + 'y'.repeat(length % 2)
      const reader = filledUp(`${OPEN}${text}"}}}\n`)
      expect(reader.next()).toBe(true)
      expect(cut(reader, reader.message.data)).toBe(`{"v":"${text}"}`)
      expect(reader.next()).toBe(false)
    }
  })

  it.each([
    ...Array.from({ length: 20 }, (_, length) => `"${'y'.repeat(length)}`),
    ...String.raw`"\ "\u "\u0 "\u00 "\u004 "\u0041 - 1 1. 1e 1e+ [ [1, { {"a {"a" {"a":`.split(' '),
    ...'t tr tru true f fa fal fals false n nu nul null'.split(' '),
    '',
  ])('may not break off with %s', (text) => {
    const reader = filledUp(`{"type":"FUTURE","v":${text}\n`)
    expect(() => reader.next()).toThrow('Line 2, byte')
  })

  /** Reads up to the last line, whose last byte is the last that there is room for. */
  function filledUp(last: string): MessageReader {
    const start = size - Buffer.byteLength(last)
    const whole = Buffer.concat([bytes.subarray(0, start - 3), Buffer.from(`"}\n${last}`)])
    const reader = new MessageReader()
    reader.append(whole)
    expect(new Scanner(whole.length).capacity).toBe(whole.length)
    expect(reader.next()).toBe(true)
    return reader
  }
})

describe('a line larger than the memory', () => {
  it.each([USUAL, USUAL + 1, 600 * KIB, 5 * MIB, 20 * MIB])(
    'of %i bytes comes whole between small ones',
    (size) => {
      const small =
        '{"type":"RECORD","record":{"stream":"a","namespace":"n","emitted_at":5,"data":{"small": 1}}}'
      const long = `${OPEN}${'ü'.repeat(size / 2)}"}}}`
      const lines = [small, long, '', small, small, long, long, small]
      const reader = new MessageReader()
      const usual = reader.bytes.length
      const seen: string[] = []
      let largest = 0
      for (const chunk of chunksOf(Buffer.from(`${lines.join('\n')}\n`), 64 * KIB)) {
        reader.append(chunk)
        largest = Math.max(largest, reader.bytes.length)
        while (reader.next())
          if (reader.message.kind === 'record')
            seen.push(cut(reader, reader.message.data) + cut(reader, reader.message.stream))
      }
      const [first, second] = ['{"small": 1}"a"', `{"v":"${'ü'.repeat(size / 2)}"}"s"`]
      expect(seen).toEqual([first, second, first, first, second, second, first])
      expect(largest).toBeGreaterThan(size)
      reader.append(Buffer.from(`${small}\n`))
      expect([reader.next(), cut(reader, reader.message.data)]).toEqual([true, '{"small": 1}'])
      // Some may be kept for the next long line, but not without end.
      expect(reader.bytes.length).toBeLessThan(size > 8 * MIB ? usual + 1 : 9 * MIB)
    },
  )
})

describe('a line that breaks off', () => {
  it.each(['', '[1', '[', '{', '"a', '"\\', '{"a":', '{"a', 'tr', '1.', '"\\u00', '{"a":1'])(
    'with %s is not completed by what lay there before',
    (text) => {
      const line = Buffer.from(`{"type":"FUTURE","v":${text}\n`)
      const alone = new MessageReader()
      alone.append(line)
      const expected = refusalOf(alone)
      for (let shift = 0; shift < 8; shift++) {
        const before = `{"type":"LOG","log":[${' '.repeat(shift)}${'"]}","",'.repeat(USUAL / 8 - 9)}""]}`
        const reader = new MessageReader()
        reader.append(Buffer.from(`${before.padEnd(USUAL - 1)}\n`))
        expect(reader.next()).toBe(true)
        // There is no room behind it: this lies where that lay.
        reader.append(line)
        expect(refusalOf(reader)).toBe(expected.replace('"line":1', '"line":2'))
      }
    },
  )
})

describe('a row of the table', () => {
  const lines = [
    '{"type":"RECORD","record":{"stream":"a","namespace":"n","data":{"i": 1},"emitted_at":1}}',
    '{"type":"RECORD","record":{"data":{"i":2},"stream":"b","emitted_at":22}}',
    '{"type":"STATE","state":{"x":1,"destinationStats":{"recordCount":1.0}}}',
    '{"type":"STATE","state":{}}',
    ' {"type":"STATE","state":{"y":[]}}',
    '{"type":"TRACE","trace":{"type":"ESTIMATE"}}',
    '{"type":"LOG","record":{"stream":7,"data":[]},"state":{},"trace":{}}',
    '',
  ]
  const alone = lines.map((line) => seenIn(new MessageReader(), [line])[0])

  it('holds nothing of what it held before', () => {
    for (const [first, before] of lines.entries())
      for (const [second, line] of lines.entries()) {
        const reader = new MessageReader()
        const seen = [before, line, before].flatMap((text) => seenIn(reader, [text]))
        expect(seen).toEqual([alone[first], alone[second], alone[first]])
      }
  })

  it.each([1_023, 1_024, 1_025, 2_048, 10_000])(
    'is there for each of %i lines that come at once',
    (count) => {
      // Rows are used again after 1 024 lines: each time the lines are shifted by one more.
      const order = Array.from({ length: count }, (_, index) => {
        const round = Math.floor(index / 1_024)
        return (index + (round * (round + 1)) / 2) % lines.length
      })
      const seen = seenIn(
        new MessageReader(),
        order.map((index) => lines[index]!),
      )
      expect(seen).toEqual(order.map((index) => alone[index]))
    },
  )
})

/** What is found in lines that come at once. */
function seenIn(reader: MessageReader, lines: readonly string[]): unknown[] {
  const seen: unknown[] = []
  reader.append(Buffer.from(lines.map((line) => `${line}\n`).join('')))
  while (reader.next()) {
    const { kind, stream, namespace, hash, data, dataHasSpace, emittedAt, ...rest } = reader.message
    const { text, state, stateIsEmpty, destinationStats } = rest
    if (kind === 'record') {
      const parts = [stream, namespace, data, emittedAt].map((range) => cut(reader, range))
      seen.push({ kind, hash, dataHasSpace, parts })
    } else if (kind === 'state') {
      const parts = [text, state, destinationStats].map((range) => cut(reader, range))
      seen.push({ kind, stateIsEmpty, parts })
    } else seen.push({ kind, text: cut(reader, text) })
  }
  return seen
}

function cut({ bytes }: MessageReader, { start, end }: Range): string {
  return bytes.toString('utf8', start, end)
}

function refusalOf(reader: MessageReader): string {
  try {
    reader.next()
  } catch (error) {
    if (error instanceof SystemError) return `${error.problem?.code} ${JSON.stringify(error.problem?.params)}`
    throw error
  }
  return expect.fail('The line was read.')
}

function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
