import { describe, expect, it } from 'vitest'
import { SystemError } from '../../errors.ts'
import { MessageReader } from './message-reader.ts'

const SECRET = '"card":"4111-1111"'
const WHOLE = '"stream":"s","data":{},"emitted_at":1'

describe('a line that is no message is refused by line, byte, stream and reason, never with data', () => {
  it.each([
    ['garbage', 'Line 1, byte 1: not an Airbyte message: expected a JSON object.'],
    ['  [1]', 'Line 1, byte 3: not an Airbyte message: expected a JSON object.'],
    ['"text"', 'Line 1, byte 1: not an Airbyte message: expected a JSON object.'],
    ['{"type":"LOG"}{}', 'Line 1, byte 15: not an Airbyte message: expected the end of the line.'],
    ['{"type":"LOG"', 'Line 1, byte 14: not an Airbyte message: expected , or }, but the line ends.'],
    ['{"type":"LOG",}', 'Line 1, byte 15: not an Airbyte message: expected a name in quotes.'],
    [
      '{"record":{"stream":"s",}}',
      'Line 1, byte 25, stream "s": not an Airbyte message: expected a name in quotes.',
    ],
    [
      `{"record":{"stream":"s","data":{${SECRET}`,
      'Line 1, byte 51, stream "s": not an Airbyte message: expected , or }, but the line ends.',
    ],
    [
      `{"record":{"stream":{${SECRET}},"data":{]`,
      'Line 1, byte 50: not an Airbyte message: expected a name in quotes.',
    ],
    [
      `{"record":{"stream":"a",${SECRET}},"record":{"data":{x`,
      'Line 1, byte 63: not an Airbyte message: expected a name in quotes.',
    ],
  ])('%s', (line, message) => {
    expect(() => read(line)).toThrow(new SystemError(message))
  })
})

describe('a record of the wrong shape is refused by line, byte, stream and reason, never with data', () => {
  it.each([
    ['{"stream":7}', 'Line 1, byte 37: not an Airbyte message: record.stream is not a string.'],
    [
      `{"stream":{${SECRET}},"data":{},"emitted_at":1}`,
      'Line 1, byte 37: not an Airbyte message: record.stream is not a string.',
    ],
    [
      '{"stream":"s","namespace":{}}',
      'Line 1, byte 53, stream "s": not an Airbyte message: record.namespace is not a string.',
    ],
    [
      `{"stream":"s","data":[{${SECRET}}]}`,
      'Line 1, byte 48, stream "s": not an Airbyte message: record.data is not an object.',
    ],
    [
      `{"stream":"s","data":{${SECRET}},"emitted_at":"now"}`,
      'Line 1, byte 82, stream "s": not an Airbyte message: record.emitted_at is not a number.',
    ],
    [
      '{"data":"text","emitted_at":1,"stream":"s"}',
      'Line 1, byte 35, stream "s": not an Airbyte message: record.data is not an object.',
    ],
    [
      '{"stream":"s","data":{},"emitted_at":true}',
      'Line 1, byte 64, stream "s": not an Airbyte message: record.emitted_at is not a number.',
    ],
  ])('%s', (record, message) => {
    expect(() => read(`{"type":"RECORD","record":${record}}`)).toThrow(new SystemError(message))
  })

  it('is named by its own line and the bytes of that, whatever stands before it', () => {
    const good = `{"type":"RECORD","record":{${WHOLE}}}`
    expect(() => read('  {"type":"RECORD","record":{"stream":"t","data":[]}}', good, '', good)).toThrow(
      new SystemError('Line 4, byte 50, stream "t": not an Airbyte message: record.data is not an object.'),
    )
  })
})

describe('a message that lacks something is refused by line, stream and what that is', () => {
  it.each([
    ['{}', 'Line 1: the message has no "type".'],
    ['{"record":{}}', 'Line 1: the message has no "type".'],
    ['{"type":"RECORD"}', 'Line 1: the record names no stream.'],
    ['{"type":"RECORD","record":null}', 'Line 1: the record names no stream.'],
    ['{"type":"RECORD","record":[1]}', 'Line 1: the record names no stream.'],
    ['{"type":"RECORD","record":{}}', 'Line 1: the record names no stream.'],
    [
      '{"type":"RECORD","record":{"stream":null,"data":{},"emitted_at":1}}',
      'Line 1: the record names no stream.',
    ],
    [`{"type":"RECORD","record":{${WHOLE}},"record":null}`, 'Line 1: the record names no stream.'],
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
    ['{"type":"STATE","state":[]}', 'Line 1: the STATE has no "state".'],
    ['{"type":"TRACE","trace":null}', 'Line 1: the TRACE has no "trace".'],
    ['{"type":"TRACE","trace":{},"trace":[]}', 'Line 1: the TRACE has no "trace".'],
  ])('%s', (line, message) => {
    expect(() => read(line)).toThrow(new SystemError(message))
  })

  it.each([
    '{"type":null}',
    '{"type":7}',
    '{"type":["RECORD"]}',
    '{"type":{"type":"LOG"}}',
    '{"type":"LOG","type":null}',
    `{"type":null,"record":{${WHOLE}}}`,
    `{"type":"RECORD","record":{${WHOLE}},"type":null}`,
    '{"type":"STATE","state":{},"type":false}',
    '{"type":"TRACE","type":0,"trace":{}}',
  ])('a type that is not a string counts as missing: %s', (line) => {
    expect(() => read(line)).toThrow(/^Line 1(, stream "s")?: the message has no "type"\.$/)
  })
})

/** Reads a line, behind the lines that stand before it. */
function read(line: string, ...before: string[]): void {
  const reader = new MessageReader()
  reader.append(Buffer.from([...before, line, ''].join('\n')))
  for (const _ of before) expect(reader.next()).toBe(true)
  reader.next()
}
