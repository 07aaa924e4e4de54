import { describe, expect, it } from 'vitest'
import { errorWith } from '../../errors.support.ts'
import { MessageReader } from './message-reader.ts'

const SECRET = '"card":"4111-1111"'
const WHOLE = '"stream":"s","data":{},"emitted_at":1'

describe('a line that is no message is refused by line, byte, stream and reason, never with data', () => {
  it.each<[string, string, object]>([
    ['garbage', 'json-object-expected', { line: 1, byte: 1 }],
    ['  [1]', 'json-object-expected', { line: 1, byte: 3 }],
    ['"text"', 'json-object-expected', { line: 1, byte: 1 }],
    ['{"type":"LOG"}{}', 'json-text-behind-object', { line: 1, byte: 15 }],
    ['{"type":"LOG"', 'json-object-unfinished', { line: 1, byte: 14 }],
    ['{"type":"LOG",}', 'json-name-expected', { line: 1, byte: 15 }],
    ['{"record":{"stream":"s",}}', 'json-name-expected', { line: 1, byte: 25, stream: 's' }],
    [
      `{"record":{"stream":"s","data":{${SECRET}`,
      'json-object-unfinished',
      { line: 1, byte: 51, stream: 's' },
    ],
    [`{"record":{"stream":{${SECRET}},"data":{]`, 'json-name-expected', { line: 1, byte: 50 }],
    [`{"record":{"stream":"a",${SECRET}},"record":{"data":{x`, 'json-name-expected', { line: 1, byte: 63 }],
  ])('%s', (line, code, params) => {
    expect(() => read(line)).toThrow(refusal(code, params))
  })
})

describe('a record of the wrong shape is refused by line, byte, stream and reason, never with data', () => {
  it.each<[string, string, object]>([
    ['{"stream":7}', 'record-stream-not-text', { line: 1, byte: 37 }],
    [`{"stream":{${SECRET}},"data":{},"emitted_at":1}`, 'record-stream-not-text', { line: 1, byte: 37 }],
    ['{"stream":"s","namespace":{}}', 'record-namespace-not-text', { line: 1, byte: 53, stream: 's' }],
    [`{"stream":"s","data":[{${SECRET}}]}`, 'record-data-not-object', { line: 1, byte: 48, stream: 's' }],
    [
      `{"stream":"s","data":{${SECRET}},"emitted_at":"now"}`,
      'record-emitted-at-not-number',
      { line: 1, byte: 82, stream: 's' },
    ],
    [
      '{"data":"text","emitted_at":1,"stream":"s"}',
      'record-data-not-object',
      { line: 1, byte: 35, stream: 's' },
    ],
    [
      '{"stream":"s","data":{},"emitted_at":true}',
      'record-emitted-at-not-number',
      { line: 1, byte: 64, stream: 's' },
    ],
  ])('%s', (record, code, params) => {
    expect(() => read(`{"type":"RECORD","record":${record}}`)).toThrow(refusal(code, params))
  })

  it('is named by its own line and the bytes of that, whatever stands before it', () => {
    const good = `{"type":"RECORD","record":{${WHOLE}}}`
    expect(() => read('  {"type":"RECORD","record":{"stream":"t","data":[]}}', good, '', good)).toThrow(
      refusal('record-data-not-object', { line: 4, byte: 50, stream: 't' }),
    )
  })
})

describe('a message that lacks something is refused by line, stream and what that is', () => {
  it.each<[string, string, object]>([
    ['{}', 'message-without-type', { line: 1 }],
    ['{"record":{}}', 'message-without-type', { line: 1 }],
    ['{"type":"RECORD"}', 'record-without-stream', { line: 1 }],
    ['{"type":"RECORD","record":null}', 'record-without-stream', { line: 1 }],
    ['{"type":"RECORD","record":[1]}', 'record-without-stream', { line: 1 }],
    ['{"type":"RECORD","record":{}}', 'record-without-stream', { line: 1 }],
    [
      '{"type":"RECORD","record":{"stream":null,"data":{},"emitted_at":1}}',
      'record-without-stream',
      { line: 1 },
    ],
    [`{"type":"RECORD","record":{${WHOLE}},"record":null}`, 'record-without-stream', { line: 1 }],
    [
      '{"type":"RECORD","record":{"stream":"s","emitted_at":1}}',
      'record-without-data',
      { line: 1, stream: 's' },
    ],
    [
      '{"type":"RECORD","record":{"stream":"s","data":null,"emitted_at":1}}',
      'record-without-data',
      { line: 1, stream: 's' },
    ],
    [
      `{"type":"RECORD","record":{"stream":"s","data":{${SECRET}}}}`,
      'record-without-emitted-at',
      { line: 1, stream: 's' },
    ],
    ['{"type":"STATE"}', 'state-without-content', { line: 1 }],
    ['{"type":"STATE","state":{},"state":null}', 'state-without-content', { line: 1 }],
    ['{"type":"STATE","state":[]}', 'state-without-content', { line: 1 }],
    ['{"type":"TRACE","trace":null}', 'trace-without-content', { line: 1 }],
    ['{"type":"TRACE","trace":{},"trace":[]}', 'trace-without-content', { line: 1 }],
  ])('%s', (line, code, params) => {
    expect(() => read(line)).toThrow(refusal(code, params))
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
    expect(() => read(line)).toThrow(errorWith('message-without-type'))
  })
})

/** Matches the error with that one problem, whose sentence shows no record data. */
function refusal(code: string, params: object): unknown {
  const sentence = expect.not.stringContaining('4111')
  return expect.objectContaining({
    failureType: 'system_error',
    problems: [{ code, options: [], params, sentence }],
  })
}

/** Reads a line, behind the lines that stand before it. */
function read(line: string, ...before: string[]): void {
  const reader = new MessageReader()
  reader.append(Buffer.from([...before, line, ''].join('\n')))
  for (const _ of before) expect(reader.next()).toBe(true)
  reader.next()
}
