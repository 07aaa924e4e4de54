import { describe, expect, it } from 'vitest'
import { SystemError } from '../errors.ts'
import { MessageReader, type Range } from './messages.ts'

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
    [
      'record',
      '{"type":"RECORD","log":null,"state":null,"trace":null,"record":{"stream":"s","data":{},"emitted_at":1}}',
    ],
    ['state', '{"type":"STATE","record":null,"trace":null,"state":{}}'],
    ['other', '{"type":"LOG","record":null,"state":null,"trace":null}'],
  ])('is %s for %s', (kind, line) => {
    expect(read(line).reader.kind).toBe(kind)
  })
})

describe('a record', () => {
  it('has its parts located as they were sent', () => {
    const { reader, cut } = read(RECORD)
    expect(cut(reader.stream)).toBe('"users"')
    expect(cut(reader.namespace)).toBe('"public"')
    expect(cut(reader.data)).toBe('{"id":1}')
    expect(cut(reader.emittedAt)).toBe('5')
    expect(cut(reader.text)).toBe(RECORD)
  })

  it.each([
    ['is absent', '{"stream":"s","data":{},"emitted_at":1}'],
    ['is null', '{"stream":"s","namespace":null,"data":{},"emitted_at":1}'],
    ['is null in the end', '{"stream":"s","namespace":"n","data":{},"emitted_at":1,"namespace":null}'],
  ])('has no namespace where it %s', (_, record) => {
    const { reader, cut } = read(`{"type":"RECORD","record":${record}}`)
    expect(cut(reader.namespace)).toBe('')
  })

  it('keeps the last of members with the same name', () => {
    const { reader, cut } = read(
      '{"type":"RECORD","record":{"stream":"a","data":{"n":1},"emitted_at":1,"data":{"n":2},"str\\u0065am":"b"}}',
    )
    expect(cut(reader.stream)).toBe('"b"')
    expect(cut(reader.data)).toBe('{"n":2}')
  })

  it('takes nothing from a record object that another one replaces', () => {
    const first = '{"stream":"a","namespace":"n","data":{},"emitted_at":1}'
    const { reader, cut } = read(
      `{"record":${first},"type":"RECORD","record":{"stream":"b","data":{},"emitted_at":2}}`,
    )
    expect(cut(reader.stream)).toBe('"b"')
    expect(cut(reader.namespace)).toBe('')
  })

  it.each([
    ['{"a":[1,"b c"]}', false],
    ['{"a": 1}', true],
    ['{"a":1 }', true],
    ['{\t}', true],
  ])('says of the data %s whether it holds insignificant white space', (data, expected) => {
    const { reader } = read(
      `{"type": "RECORD", "record": {"data" : ${data} , "stream": "s", "emitted_at": 1}}`,
    )
    expect(reader.dataHasSpace).toBe(expected)
  })
})

describe('a state', () => {
  it('has its object and the value of destinationStats located', () => {
    const { reader, cut } = read(
      '{"type":"STATE","state" : { "a":1, "destinationStats" : {"recordCount":9.0} } ,"id":1}',
    )
    expect(cut(reader.state)).toBe('{ "a":1, "destinationStats" : {"recordCount":9.0} }')
    expect(cut(reader.destinationStats)).toBe('{"recordCount":9.0}')
    expect(reader.stateIsEmpty).toBe(false)
  })

  it('has a destinationStats of null located too', () => {
    const { reader, cut } = read('{"type":"STATE","state":{"destinationStats":null}}')
    expect(cut(reader.destinationStats)).toBe('null')
  })

  it('is known to be empty', () => {
    const { reader, cut } = read('{"type":"STATE","state":{ }}')
    expect(reader.stateIsEmpty).toBe(true)
    expect(cut(reader.destinationStats)).toBe('')
  })
})

describe('lines one after the other', () => {
  const text = `${RECORD}\r\n\n \r\n{"type":"STATE","state":{}}\n`

  it('are read from where the one before ended, and counted', () => {
    const reader = new MessageReader()
    const bytes = Buffer.from(text)
    const seen: [number, string][] = []
    for (let at = 0; at < bytes.length;) {
      at = reader.read(bytes, at)
      seen.push([reader.lineNumber, reader.kind])
    }
    expect(seen).toEqual([
      [1, 'record'],
      [2, 'other'],
      [3, 'other'],
      [4, 'state'],
    ])
  })

  it('do not see what the lines before them held', () => {
    const reader = new MessageReader()
    const bytes = Buffer.from(`${RECORD}\n{"type":"RECORD"}\n`)
    const second = reader.read(bytes, 0)
    expect(() => reader.read(bytes, second)).toThrow('Line 2: the record names no stream.')
    expect(() => reader.read(Buffer.from('{"record":{}}\n'), 0)).toThrow('Line 3: the message has no "type".')
  })
})

const SECRET = '"card":"4111-1111"'

describe('what is not a message', () => {
  it.each([
    ['garbage', 'Line 1, byte 1: not an Airbyte message: expected a JSON object.'],
    ['  [1]', 'Line 1, byte 3: not an Airbyte message: expected a JSON object.'],
    ['"text"', 'Line 1, byte 1: not an Airbyte message: expected a JSON object.'],
    ['{"type":"LOG"}{}', 'Line 1, byte 15: not an Airbyte message: expected the end of the line.'],
    ['{"type":"LOG"', 'Line 1, byte 14: not an Airbyte message: expected , or }, but the line ends.'],
    ['{"type":null}', 'Line 1, byte 9: not an Airbyte message: type is not a string.'],
    ['{"type":"LOG",}', 'Line 1, byte 15: not an Airbyte message: expected a name in quotes.'],
    [
      '{"record":{"stream":"s",}}',
      'Line 1, byte 25, stream "s": not an Airbyte message: expected a name in quotes.',
    ],
    ['{"trace":[]}', 'Line 1, byte 10: not an Airbyte message: trace is not an object.'],
    ['{"record":{"stream":7}}', 'Line 1, byte 21: not an Airbyte message: record.stream is not a string.'],
    [
      '{"record":{"stream":"s","namespace":{}}}',
      'Line 1, byte 37, stream "s": not an Airbyte message: record.namespace is not a string.',
    ],
    [
      `{"record":{"stream":"s","data":[{${SECRET}}]}}`,
      'Line 1, byte 32, stream "s": not an Airbyte message: record.data is not an object.',
    ],
    [
      `{"record":{"stream":"s","data":{${SECRET}},"emitted_at":"now"}}`,
      'Line 1, byte 66, stream "s": not an Airbyte message: record.emitted_at is not a number.',
    ],
    [
      `{"record":{"stream":"s","data":{${SECRET}`,
      'Line 1, byte 51, stream "s": not an Airbyte message: expected , or }, but the line ends.',
    ],
    ['{}', 'Line 1: the message has no "type".'],
    ['{"record":{}}', 'Line 1: the message has no "type".'],
    ['{"type":"RECORD"}', 'Line 1: the record names no stream.'],
    ['{"type":"RECORD","record":null}', 'Line 1: the record names no stream.'],
    ['{"type":"RECORD","record":[1]}', 'Line 1: the record names no stream.'],
    [
      '{"type":"RECORD","record":{"stream":null,"data":{},"emitted_at":1}}',
      'Line 1: the record names no stream.',
    ],
    [
      '{"type":"RECORD","record":{"stream":"s","emitted_at":1}}',
      'Line 1, stream "s": the record has no "data".',
    ],
    [
      '{"type":"RECORD","record":{"stream":"s","data":null,"emitted_at":1}}',
      'Line 1, stream "s": the record has no "data".',
    ],
    [
      `{"type":"RECORD","record":{"stream":"s","data":{${SECRET}}}}`,
      'Line 1, stream "s": the record has no "emitted_at".',
    ],
    ['{"type":"STATE"}', 'Line 1: the STATE has no "state".'],
    ['{"type":"STATE","state":{},"state":null}', 'Line 1: the STATE has no "state".'],
    ['{"type":"TRACE","trace":null}', 'Line 1: the TRACE has no "trace".'],
  ])('is refused by line, stream and reason, never with data: %s', (line, message) => {
    expect(() => read(line)).toThrow(new SystemError(message))
  })
})

function read(line: string): { reader: MessageReader; cut: (range: Range) => string } {
  const reader = new MessageReader()
  const bytes = Buffer.from(`${line}\n`)
  expect(reader.read(bytes, 0)).toBe(bytes.length)
  return { reader, cut: ({ start, end }) => bytes.toString('utf8', start, end) }
}
