import { describe, expect, it } from 'vitest'
import { errorWith } from '../../errors.support.ts'
import { MessageReader } from './message-reader.ts'
import type { Message, Range } from './message.ts'

const RECORD =
  '{"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"id":1},"emitted_at":5}}'

describe('the kind of a message', () => {
  it.each([
    ['record', RECORD],
    ['state', '{"type":"STATE","state":{}}'],
    ['trace', '{"type":"TRACE","trace":{"type":"ESTIMATE"}}'],
    ['other', '{"type":"LOG","log":{"level":"INFO","message":"hello"}}'],
    ['other', '{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG"}}'],
    ['other', '{"type":"NOT_INVENTED_YET","whatever":[1,2]}'],
    ['other', ''],
    ['other', ' \t '],
    ['record', '{"\\u0074ype":"REC\\u004fRD","record":{"stream":"s","data":{},"emitted_at":1}}'],
    ['state', '{"type":"RECORD","type":"STATE","state":{}}'],
    ['other', '{"type":"RECORD","type":"LOG"}'],
    ['other', '{"type":"STATE","type":"FUTURE"}'],
    ['trace', '{"type":null,"type":"TRACE","trace":7,"trace":{}}'],
    [
      'record',
      '{"type":"RECORD","log":null,"state":null,"trace":null,"record":{"stream":"s","data":{},"emitted_at":1}}',
    ],
    ['state', '{"type":"STATE","record":null,"trace":null,"state":{}}'],
    ['other', '{"type":"LOG","record":null,"state":null,"trace":null}'],
  ])('is %s for %s', (kind, line) => {
    expect(read(line).message.kind).toBe(kind)
  })
})

describe('what the kind of a message has no use for', () => {
  it.each([
    '{"type":"FUTURE","trace":"x"}',
    '{"type":"FUTURE","record":[],"state":7,"trace":null}',
    '{"type":"LOG","record":{"data":5}}',
    '{"type":"LOG","record":{"stream":{},"namespace":1,"data":[],"emitted_at":"now"}}',
    '{"type":"STATE","record":{"data":5},"trace":"x","state":{}}',
    '{"type":"TRACE","record":{"stream":7},"state":[],"trace":{}}',
    RECORD.replace('{', '{"trace":"x","state":5,'),
  ])('may be of any shape: %s', (line) => {
    expect(read(line).message.kind).toBe(kindFor(line))
  })
})

describe('a record', () => {
  it('has its parts located as they were sent', () => {
    const { message, cut } = read(RECORD)
    expect(cut(message.stream)).toBe('"users"')
    expect(cut(message.namespace)).toBe('"public"')
    expect(cut(message.data)).toBe('{"id":1}')
    expect(cut(message.emittedAt)).toBe('5')
  })

  it.each([
    ['is absent', '{"stream":"s","data":{},"emitted_at":1}'],
    ['is null', '{"stream":"s","namespace":null,"data":{},"emitted_at":1}'],
    ['is null in the end', '{"stream":"s","namespace":"n","data":{},"emitted_at":1,"namespace":null}'],
  ])('has no namespace where it %s', (_, record) => {
    const { message, cut } = read(`{"type":"RECORD","record":${record}}`)
    expect(cut(message.namespace)).toBe('')
  })

  it('keeps the last of members with the same name', () => {
    const { message, cut } = read(
      '{"type":"RECORD","record":{"stream":"a","data":{"n":1},"emitted_at":1,"data":{"n":2},"str\\u0065am":"b"}}',
    )
    expect(cut(message.stream)).toBe('"b"')
    expect(cut(message.data)).toBe('{"n":2}')
  })

  it('takes nothing from a record object that another one replaces', () => {
    for (const first of [
      '{"stream":"a","namespace":"n","data":{ },"emitted_at":1}',
      '{"stream":7,"namespace":"n","data":[ ],"emitted_at":{}}',
    ]) {
      const { message, cut } = read(
        `{"record":${first},"type":"RECORD","record":{"stream":"b","data":{},"emitted_at":2}}`,
      )
      expect(cut(message.stream)).toBe('"b"')
      expect(cut(message.namespace)).toBe('')
      expect(message.dataHasSpace).toBe(false)
    }
  })

  it.each([
    ['{"a":[1,"b c"]}', false],
    ['{"a": 1}', true],
    ['{"a":1 }', true],
    ['{\t}', true],
  ])('says of the data %s whether it holds insignificant white space', (data, expected) => {
    const { message } = read(
      `{"type": "RECORD", "record": {"data" : ${data} , "stream": "s", "emitted_at": 1}}`,
    )
    expect(message.dataHasSpace).toBe(expected)
  })
})

describe('a state', () => {
  it('has its object and the value of destinationStats located', () => {
    const { message, cut } = read(
      '{"type":"STATE","state" : { "a":1, "destinationStats" : {"recordCount":9.0} } ,"id":1}',
    )
    expect(cut(message.state)).toBe('{ "a":1, "destinationStats" : {"recordCount":9.0} }')
    expect(cut(message.destinationStats)).toBe('{"recordCount":9.0}')
    expect(message.stateIsEmpty).toBe(false)
  })

  it('has its whole text located, without white space around it', () => {
    const { message, cut } = read(' \t{"type": "STATE","state":{} } \r')
    expect(cut(message.text)).toBe('{"type": "STATE","state":{} }')
  })

  it('has a destinationStats of null located too', () => {
    const { message, cut } = read('{"type":"STATE","state":{"destinationStats":null}}')
    expect(cut(message.destinationStats)).toBe('null')
  })

  it('takes nothing from a state object that another one replaces', () => {
    const { message, cut } = read(
      '{"type":"STATE","state":{},"state":{"destinationStats":1},"state":{"a":2}}',
    )
    expect(cut(message.state)).toBe('{"a":2}')
    expect(cut(message.destinationStats)).toBe('')
    expect(message.stateIsEmpty).toBe(false)
  })

  it('is known to be empty', () => {
    const { message, cut } = read('{"type":"STATE","state":{ }}')
    expect(message.stateIsEmpty).toBe(true)
    expect(cut(message.destinationStats)).toBe('')
  })
})

describe('messages one after the other', () => {
  it('are counted, empty lines too', () => {
    const reader = new MessageReader()
    reader.append(Buffer.from(`${RECORD}\r\n\n \r\n{"type":"STATE","state":{}}\n`))
    const seen: [number, string][] = []
    while (reader.next()) seen.push([reader.message.lineNumber, reader.message.kind])
    expect(seen).toEqual([
      [1, 'record'],
      [2, 'other'],
      [3, 'other'],
      [4, 'state'],
    ])
  })

  it.each([
    ['{"type":"RECORD"}', 'record-without-stream'],
    ['{"record":{}}', 'message-without-type'],
    ['{"type":"STATE"}', 'state-without-content'],
    ['{"type":"TRACE"}', 'trace-without-content'],
  ])('do not see what the one before them held: %s', (line, code) => {
    for (const before of [
      RECORD,
      '{"type":"STATE","state":{"destinationStats":1}}',
      '{"type":"TRACE","trace":{}}',
    ])
      expect(() => read(line, before)).toThrow(errorWith(code, { line: 2 }))
  })

  it.each([
    ['{"stream":"users","data":{ },"emitted_at":5}', '""true'],
    ['{"stream":"users","namespace":"n","data":{},"emitted_at":5}', '"n"false'],
  ])('have a namespace and white space of their own: %s', (record, expected) => {
    for (const before of [
      '{"namespace":"old","stream":"s","data":{},"emitted_at":5}',
      record,
      '{"stream":"s","emitted_at":1,"data":{ }}',
    ]) {
      const { message, cut } = read(
        `{"type":"RECORD","record":${record}}`,
        `{"type":"RECORD","record":${before}}`,
      )
      expect((cut(message.namespace) || '""') + String(message.dataHasSpace)).toBe(expected)
    }
  })
})

describe('the hash of a record', () => {
  it('is the same wherever stream and namespace stand', () => {
    const hash = hashOf('{"stream":"s","namespace":"n","data":{},"emitted_at":1}')
    expect(hashOf('{"emitted_at": 2, "namespace" : "n", "data": {"stream":"t"}, "stream":"s"}')).toBe(hash)
    expect(hashOf('{"stream":"t","data":{},"emitted_at":1,"str\\u0065am":"s","namespace":"n"}')).toBe(hash)
    expect(hashOf('{"stream":"t"},"record":{"stream":"s","namespace":"n","data":{},"emitted_at":1}')).toBe(
      hash,
    )
  })

  it('is mostly another for another stream or namespace', () => {
    const hashes = ['"s"', '"t"', '"s","namespace":"n"', '"s","namespace":"m"', '"n","namespace":"s"'].map(
      (names) => hashOf(`{"stream":${names},"data":{},"emitted_at":1}`),
    )
    expect(new Set(hashes).size).toBe(5)
  })
})

function hashOf(record: string): number {
  return read(`{"type":"RECORD","record":${record}}`).message.hash
}

function kindFor(line: string): string {
  const { type } = JSON.parse(line) as { type: string }
  return ['RECORD', 'STATE', 'TRACE'].includes(type) ? type.toLowerCase() : 'other'
}

/** Reads a line, behind the lines that stand before it. */
function read(line: string, ...before: string[]): { message: Message; cut: (range: Range) => string } {
  const reader = new MessageReader()
  reader.append(Buffer.from([...before, line, ''].join('\n')))
  for (const _ of before) expect(reader.next()).toBe(true)
  expect(reader.next()).toBe(true)
  return { message: reader.message, cut: ({ start, end }) => reader.bytes.toString('utf8', start, end) }
}
