import { describe, expect, it } from 'vitest'
import { errorWith } from '../../errors.support.ts'
import { MessageReader } from '../input/message-reader.ts'
import { readState, type DestinationStats, type StateMessage } from './state-message.ts'

const COUNTS = '{"recordCount":3.0}'

describe('an acknowledged state is the line that came, byte for byte, with our counts', () => {
  it.each([
    [
      'as a new last member',
      '{"type":"STATE","state":{"data":{"a":1}}}',
      '{"data":{"a":1},"destinationStats":#}',
    ],
    ['in an empty object', '{"type":"STATE","state":{}}', '{"destinationStats":#}'],
    ['in an empty object with white space', '{"type":"STATE","state":{ }}', '{ "destinationStats":#}'],
    [
      'in place of null',
      '{"type":"STATE","state":{"destinationStats":null,"data":1}}',
      '{"destinationStats":#,"data":1}',
    ],
    [
      'in place of an empty object',
      '{"type":"STATE","state":{"destinationStats":{}}}',
      '{"destinationStats":#}',
    ],
    [
      'in place of other counts, nested and spaced',
      '{"type":"STATE","state":{"a":0, "destinationStats" : { "recordCount" : 9.0, "x":[{}] } , "b":1}}',
      '{"a":0, "destinationStats" : # , "b":1}',
    ],
    [
      'under a name written with escapes',
      '{"type":"STATE","state":{"destination\\u0053tats":1}}',
      '{"destination\\u0053tats":#}',
    ],
    [
      'not in a destinationStats further in',
      '{"type":"STATE","state":{"data":{"destinationStats":7}}}',
      '{"data":{"destinationStats":7},"destinationStats":#}',
    ],
  ])('%s', (_, sent, state) => {
    const expected = `{"type":"STATE","state":${state.replace('#', COUNTS)}}\n`
    expect(acknowledged(sent)).toBe(expected)
    expect(JSON.parse(expected)).toMatchObject({ state: { destinationStats: { recordCount: 3 } } })
  })

  it.each([
    '{"type":"STATE","id":12345678901234567890,"state":{"x":1.0,"y":1e400,"data":{"cursor":"\\u2028 \\u0000"}#},"new":[ 1 ]}',
    ' { "state" : { "type" : "LEGACY" , "data" : {"ü":"€😀"} #} , "type" : "STATE" , "state_id":null }  ',
    '{"type":"STATE","record":null,"log":null,"trace":null,"state":{"type":null,"stream":null,"global":null,"data":{}#}}',
    '{"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":null,"stream_states":[]},"sourceStats":{"recordCount":3.0}#}}',
  ])('unknown properties, digits, escapes and white space kept: %s', (line) => {
    const expected = line.trim().replace('#', `,"destinationStats":${COUNTS}`)
    expect(acknowledged(line.replace('#', ''))).toBe(`${expected}\n`)
  })

  it('the line end of Windows left out', () => {
    expect(acknowledged('{"type":"STATE","state":{}}\r')).toBe(
      `{"type":"STATE","state":{"destinationStats":${COUNTS}}}\n`,
    )
  })

  it.each([
    [0, '0.0'],
    [1, '1.0'],
    [10_000_000_000, '10000000000.0'],
  ])('the count %i written with a decimal point', (count, text) => {
    expect(acknowledged('{"type":"STATE","state":{}}', { recordCount: count })).toContain(
      `"recordCount":${text}}`,
    )
  })

  it.each([
    [{ rejectedRecordCount: 2 }, '"recordCount":3.0,"rejectedRecordCount":2.0'],
    [
      { additionalStats: { filtered: 4, skipped: 1 } },
      '"recordCount":3.0,"additionalStats":{"filtered":4.0,"skipped":1.0}',
    ],
    [{ additionalStats: { filtered: 0, skipped: 1 } }, '"recordCount":3.0,"additionalStats":{"skipped":1.0}'],
    [
      { recordCount: 0, rejectedRecordCount: 1, additionalStats: { filtered: 10 } },
      '"recordCount":0.0,"rejectedRecordCount":1.0,"additionalStats":{"filtered":10.0}',
    ],
    [{ additionalStats: { filtered: 0 } }, '"recordCount":3.0'],
  ])('other counts, too, but for those that are nothing: %j', (stats, members) => {
    for (const state of ['', '"destinationStats":{"rejectedRecordCount":9}'])
      expect(acknowledged(`{"type":"STATE","state":{${state}}}`, stats)).toBe(
        `{"type":"STATE","state":{"destinationStats":{${members}}}}\n`,
      )
  })

  it('the same as often as it is asked for, each time with the counts given', () => {
    const state = stateOf('{"type":"STATE","state":{}}')
    const written = [1, 2].map((recordCount) => state.acknowledge(statsOf({ recordCount })).toString())
    expect(written).toEqual(
      [1, 2].map((count) => `{"type":"STATE","state":{"destinationStats":{"recordCount":${count}.0}}}\n`),
    )
  })

  it('whatever stands in the lines before and behind it, and when its buffer has been used again', () => {
    const reader = new MessageReader()
    const other = '{"type":"STATE","state":{"destinationStats":{"other":true}}}\n'
    reader.append(Buffer.from(`${other}{"type":"STATE","state":{"n":1}}\n${other}`))
    expect([reader.next(), reader.next()]).toEqual([true, true])
    const { text } = reader.message
    const state = readState(reader.bytes, reader.message)
    reader.bytes.fill('x', text.start, text.end)
    expect(reader.next()).toBe(true)
    expect(state.acknowledge(statsOf({})).toString()).toBe(
      `{"type":"STATE","state":{"n":1,"destinationStats":${COUNTS}}}\n`,
    )
  })
})

describe('the scope of a state', () => {
  const users = { name: 'users', namespace: 'public' }

  it.each([
    [
      { kind: 'stream', stream: users },
      { type: 'STREAM', stream: { stream_descriptor: users } },
    ],
    [{ kind: 'stream', stream: users }, { stream: { stream_descriptor: users, stream_state: null } }],
    [
      { kind: 'stream', stream: { name: 'u', namespace: null } },
      { type: null, stream: { stream_descriptor: { name: 'u', namespace: null } }, global: null },
    ],
    [
      { kind: 'stream', stream: { name: 'u' } },
      { type: 'STREAM', stream: { stream_descriptor: { name: 'u' } } },
    ],
    [{ kind: 'global' }, { type: 'GLOBAL', stream: null, global: { stream_states: [] } }],
    [{ kind: 'global' }, { global: { stream_states: [] } }],
    [{ kind: 'legacy' }, { type: 'LEGACY', data: { cursor: 1 } }],
    [{ kind: 'legacy' }, { data: { cursor: 1 } }],
    [{ kind: 'legacy' }, {}],
  ])('is %j for %j', (scope, state) => {
    expect(stateOf(JSON.stringify({ type: 'STATE', state })).scope).toEqual(scope)
  })

  it.each([
    { type: 'STREAM' },
    { type: 'STREAM', stream: null },
    { type: 'STREAM', stream: {} },
    { stream: { stream_descriptor: null } },
    { stream: { stream_descriptor: 'users' } },
    { stream: { stream_descriptor: { name: 7 } } },
  ])('is an error for %j, which names no stream', (state) => {
    expect(() => stateOf(JSON.stringify({ type: 'STATE', state }))).toThrow(
      errorWith('state-without-stream', { line: 1 }),
    )
  })
})

it('a state of more than 64 MiB is an error that names its line, its size and the limit', () => {
  const data = 'x'.repeat(64 << 20)
  expect(() => stateOf(`{"type":"STATE","state":{"data":"${data}"}}`)).toThrow(
    errorWith('state-too-large', { line: 1, bytes: data.length + 36, most: 64 << 20 }),
  )
})

it('a held state takes as many bytes as its text', () => {
  expect(stateOf('{"type":"STATE","state":{"data":"€"}}').size).toBe(39 + 800)
})

function stateOf(line: string): StateMessage {
  const reader = new MessageReader()
  reader.append(Buffer.from(`${line}\n`))
  expect(reader.next()).toBe(true)
  return readState(reader.bytes, reader.message)
}

function acknowledged(line: string, stats: Partial<DestinationStats> = {}): string {
  return stateOf(line).acknowledge(statsOf(stats)).toString()
}

function statsOf(stats: Partial<DestinationStats>): DestinationStats {
  return { recordCount: 3, rejectedRecordCount: 0, additionalStats: {}, ...stats }
}
