import { describe, expect, it } from 'vitest'
import { ProtocolError, ReplyReader, type ReplyOutcome } from './reply-reader.ts'

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
    '$five\r\nhello\r\n',
    '*x\r\n',
    '*1\r\nOK\r\n',
  ])('is noticed: %j', (text) => expect(() => heardIn([Buffer.from(text)])).toThrow(ProtocolError))

  it('does not undo the replies before it', () => {
    const heard: Heard[] = []
    expect(() => readerInto(heard).read(Buffer.from('+OK\r\n:2\r\nnonsense\r\n'))).toThrow(ProtocolError)
    expect(heard).toEqual([1, 2])
  })
})

function heardIn(chunks: Iterable<Buffer>): Heard[] {
  const heard: Heard[] = []
  const reader = readerInto(heard)
  for (const chunk of chunks) reader.read(chunk)
  return heard
}

function readerInto(heard: Heard[]): ReplyReader {
  return new ReplyReader({ one: (outcome) => heard.push(outcome), many: (outcomes) => heard.push(outcomes) })
}
