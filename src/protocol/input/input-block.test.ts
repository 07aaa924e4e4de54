/** Lines lie in blocks of memory: they are moved, blocks grow, are used again, and stay for those who use them. */
import { describe, expect, it } from 'vitest'
import type { InputBlock } from './input-block.ts'
import { MessageReader } from './message-reader.ts'

const KIB = 1024
const SIZE = 512 * KIB
const USUAL = new MessageReader(SIZE).block.scanner.capacity

describe('lines', () => {
  const texts = ['ü€😀', '', 'b', 'the last, without a line feed']
  const bytes = Buffer.from(texts.map(line).join('\r\n\n').trimEnd())

  it('are the same however large the chunks are', () => {
    for (let chunk = 1; chunk <= bytes.length; chunk++)
      expect(textsOf(chunksOf(bytes, chunk)), `chunks of ${chunk}`).toEqual(texts)
  })

  it('are the same wherever the bytes are cut in two', () => {
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(textsOf([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(texts)
  })

  it.each([65_536, 65_521, 1_000, SIZE, SIZE + 1, 3 * SIZE])(
    'survive being moved about in memory, in chunks of %i',
    (chunk) => {
      const many = Array.from({ length: 3_000 }, (_, index) => `${index}:${'x'.repeat((index * 7) % 997)}`)
      expect(textsOf(chunksOf(Buffer.from(many.map(line).join('\n')), chunk))).toEqual(many)
    },
  )

  it.each([SIZE - 1, SIZE, SIZE + 1, 5 * SIZE])('of %i bytes come out whole between short ones', (length) => {
    const long = 'abcdefghij'.repeat(length / 10 + 1).slice(0, length - line('').length)
    const all = ['short', long, 'short', long]
    expect(textsOf(chunksOf(Buffer.from(all.map(line).join('\n')), 65_536))).toEqual(all)
  })

  it('are none where nothing came', () => {
    expect(textsOf([])).toEqual([])
    expect(textsOf([Buffer.alloc(0)])).toEqual([])
  })
})

describe('memory', () => {
  it('grows for a long line, and is small again when that has been taken', () => {
    const reader = new MessageReader(SIZE)
    feed(reader, `${line('x'.repeat(20 * SIZE))}\n`)
    expect(reader.block.scanner.capacity).toBeGreaterThan(20 * SIZE)
    feed(reader, `${line('short')}\n`)
    expect(reader.block.scanner.capacity).toBe(USUAL)
  })

  it('does not grow for many short lines', () => {
    const reader = new MessageReader(SIZE)
    for (let round = 0; round < 100; round++) feed(reader, `${line('some text')}\n`.repeat(1_000))
    expect(reader.block.scanner.capacity).toBe(USUAL)
  })

  it('is used again and again where nobody else uses it', () => {
    const reader = new MessageReader(SIZE)
    expect(new Set(blocksUsed(reader)).size).toBe(1)
  })

  it('stays as it is for those who use it, and is used again once they let go', () => {
    const reader = new MessageReader(SIZE)
    feed(reader, `${line('kept')}\n`)
    const { block } = reader
    const text = { ...reader.message.text }
    block.use()
    const others = blocksUsed(reader)
    expect(others).not.toContain(block)
    expect(block.scanner.bytes.toString('utf8', text.start, text.end)).toBe(line('kept'))
    block.letGo()
    reader.block.use()
    expect(blocksUsed(reader)).toContain(block)
  })

  it('that grew is not kept for later', () => {
    const reader = new MessageReader(SIZE)
    feed(reader, `${line('x'.repeat(5 * SIZE))}\n`)
    const { block } = reader
    block.use()
    blocksUsed(reader)
    block.letGo()
    reader.block.use()
    expect(blocksUsed(reader)).not.toContain(block)
  })
})

describe('valid UTF-8', () => {
  it('is known of the complete lines, a character cut between chunks included', () => {
    const bytes = Buffer.from(`${line('€')}\n${line('€')}`)
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(textsOf([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(['€', '€'])
  })

  it('is not asked of a line that is not all there', () => {
    const reader = new MessageReader(SIZE)
    reader.append(Buffer.from(`${line('good')}\n\xff`, 'latin1'))
    expect([reader.next(), reader.next()]).toEqual([true, false])
  })
})

function line(text: string): string {
  return `{"type":"LOG","log":"${text}"}`
}

/** Feeds lines until a block is full, and then some more; gives those in use since then. */
function blocksUsed(reader: MessageReader): InputBlock[] {
  const blocks = Array.from({ length: 90 }, () => {
    feed(reader, `${line('x'.repeat(500))}\n`.repeat(64))
    return reader.block
  })
  return blocks.slice(45)
}

function feed(reader: MessageReader, text: string): string[] {
  const texts: string[] = []
  for (const chunk of chunksOf(Buffer.from(text), 65_536)) {
    reader.append(chunk)
    texts.push(...take(reader))
  }
  return texts
}

function textsOf(chunks: Iterable<Buffer>): string[] {
  const reader = new MessageReader(SIZE)
  const texts: string[] = []
  for (const chunk of chunks) {
    reader.append(chunk)
    texts.push(...take(reader))
  }
  reader.finish()
  return [...texts, ...take(reader)]
}

function take(reader: MessageReader): string[] {
  const texts: string[] = []
  while (reader.next()) {
    const { start, end } = reader.message.text
    if (end > start)
      texts.push((JSON.parse(reader.bytes.toString('utf8', start, end)) as { log: string }).log)
  }
  return texts
}

function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
