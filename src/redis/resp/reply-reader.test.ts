import { describe, expect, it } from 'vitest'
import { replyShapeOf } from './command-replies.ts'
import { ProtocolError } from './protocol-error.ts'
import { ReplyReader, type ReplyListener, type ReplyOutcome } from './reply-reader.ts'
import { ANY, executed, MOST_REPLY_BYTES, type ReplyShape } from './reply-shape.ts'

type Heard = ReplyOutcome | ReplyOutcome[]

const REPLIES: [text: string, heard: Heard][] = [
  ['+OK\r\n', 1],
  ['+QUEUED\r\n', 1],
  ['+\r\n', 1],
  ['+a\r\n', 1],
  ['+ab\r\n', 1],
  ['+abc\r\n', 1],
  [':0\r\n', 0],
  [':1\r\n', 1],
  [':500\r\n', 500],
  [':-2\r\n', -2],
  ['$-1\r\n', 0],
  ['$0\r\n\r\n', 1],
  ['$5\r\nhello\r\n', 1],
  ['$10\r\n-ERR\r\n+OK\r\r\n', 1],
  ['$7\r\n€😀\r\n', 1],
  ['-ERR unknown command\r\n', 'ERR unknown command'],
  [
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "OOM command not allowed when used memory > 'maxmemory'.",
  ],
  ['-WRONGTYPE ü\r\n', 'WRONGTYPE ü'],
  ['*0\r\n', []],
  ['*-1\r\n', []],
  ['*4\r\n+OK\r\n:7\r\n$-1\r\n$3\r\n1-0\r\n', [1, 7, 0, 1]],
  ['*3\r\n+OK\r\n-WRONGTYPE first\r\n-ERR second\r\n', [1, 'WRONGTYPE first', 'ERR second']],
  ['*3\r\n:4\r\n*2\r\n:5\r\n$1\r\na\r\n:6\r\n', [4, 1, 6]],
  ['*2\r\n*2\r\n+OK\r\n*1\r\n-ERR inside\r\n*0\r\n', ['ERR inside', 1]],
  ['+OK\r\n', 1],
]

describe('a reply', () => {
  it.each(REPLIES)('%j is heard as %j', (text, heard) => {
    expect(heardIn([Buffer.from(text)])).toEqual([heard])
  })

  it('is not heard before its last byte is there', () => {
    for (const [text] of REPLIES) {
      const bytes = Buffer.from(text)
      for (let cut = 0; cut < bytes.length; cut++)
        expect(heardIn([bytes.subarray(0, cut)]), JSON.stringify(text.slice(0, cut))).toEqual([])
    }
  })
})

describe('replies one after the other', () => {
  const bytes = Buffer.from(REPLIES.map(([text]) => text).join(''))
  const expected = REPLIES.map(([, heard]) => heard)

  it('are heard in order, however large the chunks are', () => {
    for (let size = 1; size <= bytes.length; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      expect(heardIn(chunks), `chunks of ${size}`).toEqual(expected)
    }
  })

  it('are heard in order, wherever they are cut', () => {
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(heardIn([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(expected)
  })

  it('are as many, and fail at the same places, where only that matters', () => {
    for (let size = 1; size <= bytes.length; size++) {
      const outcomes: ReplyOutcome[] = []
      const take = (outcome: ReplyOutcome): void => void outcomes.push(isText(outcome) ? outcome : 1)
      const reader = new ReplyReader({
        expected: () => ({ command: 'X', shape: ANY }),
        one: take,
        many: () => take(1),
        alike: () => 3,
        good: (count) => outcomes.push(...Array.from({ length: count }, () => 1)),
      })
      for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size))
      expect(outcomes, `chunks of ${size}`).toEqual(
        expected.map((heard) => (!Array.isArray(heard) && isText(heard) ? heard : 1)),
      )
    }
  })

  it('may come in chunks that are used again for others', () => {
    const heard: Heard[] = []
    const reader = readerInto(heard)
    const chunk = Buffer.alloc(3)
    for (let at = 0; at < bytes.length; at += chunk.length) {
      const size = bytes.copy(chunk, 0, at, at + chunk.length)
      reader.read(chunk.subarray(0, size))
      chunk.fill('#')
    }
    expect(heard).toEqual(expected)
  })
})

describe('what is not RESP', () => {
  it.each([
    'HTTP/1.1 400 Bad Request\r\n',
    '\r\n',
    'SSH-2.0-OpenSSH_9.2\n',
    '+O\rX$-1\r\n',
    '+\r\n\r\n',
    '-ERR a\rb\r\n',
    '$five\r\nhello\r\n',
    '*x\r\n',
    '*1\r\nOK\r\n',
    '$-08\r\n',
    '$-2\r\n',
    '$08\r\nhellowor\r\n',
    '$1e1\r\nhelloworld\r\n',
    '$ 1\r\na\r\n',
    '$\r\n\r\n',
    ':-0\r\n',
    ':01\r\n',
    ':+1\r\n',
    ':1.5\r\n',
    ':\r\n',
    '*-2\r\n',
    '+OK\n',
    '$2\r\nabc\r\n',
    '>1\r\n$-1\r\n',
    '%1\r\n+a\r\n+b\r\n',
    '_\r\n',
  ])('is noticed: %j', (text) => expect(() => heardIn([Buffer.from(text)])).toThrow(ProtocolError))

  it('does not undo the replies before it', () => {
    const heard: Heard[] = []
    expect(() => readerInto(heard).read(Buffer.from('+OK\r\n:2\r\nnonsense\r\n'))).toThrow(ProtocolError)
    expect(heard).toEqual([1, 2])
  })
})

const CLUSTER_SLOTS = replyShapeOf('CLUSTER SLOTS', 1)

describe('a reply that its command never has', () => {
  it.each<[string, ReplyShape, string, string]>([
    ['a null', replyShapeOf('HMSET', 3), '$-1\r\n', 'other type'],
    ['a null array', replyShapeOf('HGETALL', 1), '*-1\r\n', 'other type'],
    ['a number', replyShapeOf('HMSET', 3), ':1\r\n', 'other type'],
    ['a text', replyShapeOf('INCRBY', 2), '+OK\r\n', 'other type'],
    ['a number out of range', replyShapeOf('PEXPIRE', 2), ':2\r\n', 'other type'],
    ['a number that is not exact', replyShapeOf('INCRBY', 2), ':9007199254740993\r\n', 'other type'],
    ['a number that is negative', replyShapeOf('DEL', 1), ':-1\r\n', 'other type'],
    ['too few elements', replyShapeOf('HMGET', 3), '*1\r\n$-1\r\n', 'other type'],
    ['half a pair', replyShapeOf('HGETALL', 1), '*1\r\n$1\r\na\r\n', 'other type'],
    ['an error in an array', replyShapeOf('HGETALL', 1), '*2\r\n-ERR\r\n', 'other type'],
    ['a slot that is none', CLUSTER_SLOTS, '*1\r\n*3\r\n:0\r\n:16384\r\n', 'other type'],
    ['an array in EXEC', executed([replyShapeOf('HMSET', 3)]), '*1\r\n*1\r\n', 'other type'],
    ['more elements than commands in EXEC', executed([ANY]), '*2\r\n', 'too long'],
    ['a count of elements that takes much memory', ANY, '*33000000\r\n', 'too long'],
    ['a number of bytes that takes much memory', replyShapeOf('GET', 1), '$1000000000\r\n', 'too long'],
    ['a long word', replyShapeOf('AUTH', 1), `+${'x'.repeat(65)}\r\n`, 'too long'],
  ])('is refused before it is there in full: %s', (_, shape, text, violation) => {
    expect(violationIn([Buffer.from(text)], shape)).toBe(violation)
  })

  it.each(['+', '-'])('is refused before the end of a line that never ends: %s', (kind) => {
    expect(violationIn(endless(kind), ANY)).toBe('too long')
  })

  it.each([':', '$', '*'])('is refused before the end of a number that never ends: %s', (kind) => {
    expect(violationIn(endless(kind), ANY)).toBe('garbled')
  })

  it('is refused when all of its elements together are too long', () => {
    const element = Buffer.from(`$65536\r\n${'x'.repeat(65_536)}\r\n`)
    function* chunks(): Generator<Buffer> {
      yield Buffer.from('*2000\r\n')
      for (let size = 0; size <= MOST_REPLY_BYTES; size += element.length) yield element
    }
    expect(violationIn(chunks(), replyShapeOf('HGETALL', 1))).toBe('too long')
  })
})

describe('a reply to no command', () => {
  it.each([
    ['+OK\r\n', false, 'unasked'],
    ['$-1\r\n', true, 'unasked'],
    ['-ERR idle\r\n', false, 'unasked error'],
    ['HTTP/1.1 200 OK\r\n', true, 'not RESP'],
  ])('is noticed: %j', (text, isFirst, violation) => {
    const reader = new ReplyReader({ expected: () => undefined, one: () => {}, many: () => {}, isFirst })
    expect(thrownBy(() => reader.read(Buffer.from(text)))).toMatchObject({ violation })
  })
})

const ignore = (): void => {}

function* endless(kind: string): Generator<Buffer> {
  yield Buffer.from(kind)
  for (let chunk = 0; chunk < 100; chunk++) yield Buffer.alloc(1_024, '1')
}

/** Returns what is wrong with the replies. */
function violationIn(chunks: Iterable<Buffer>, shape: ReplyShape): unknown {
  const all = [...chunks]
  const [alone, alike] = [1, 1_000].map((count) => {
    const reader = new ReplyReader({
      expected: () => ({ command: 'X', shape }),
      one: ignore,
      many: ignore,
      alike: () => count,
    })
    const error = thrownBy(() => {
      for (const chunk of all) reader.read(chunk)
    })
    expect(error).toMatchObject({ command: 'X' })
    return error instanceof ProtocolError ? error.violation : error
  })
  expect(alike).toBe(alone)
  return alone
}

function isText(outcome: ReplyOutcome): outcome is string {
  return typeof outcome === 'string'
}

function thrownBy(run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

function heardIn(chunks: Iterable<Buffer>): Heard[] {
  const heard: Heard[] = []
  const reader = readerInto(heard)
  for (const chunk of chunks) reader.read(chunk)
  return heard
}

function readerInto(heard: Heard[]): ReplyReader {
  const listener: ReplyListener = {
    expected: () => ({ command: 'X', shape: ANY }),
    one: (outcome) => heard.push(outcome),
    many: (outcomes) => heard.push(outcomes),
  }
  return new ReplyReader(listener)
}
