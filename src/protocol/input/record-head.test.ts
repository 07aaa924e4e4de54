import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { recordHeadIn } from './record-head.ts'

const USERS = { name: 'users', namespace: 'public' }

describe('the beginning of a long record', () => {
  it.each([
    ['{"type":"RECORD","record":{"stream":"users","namespace":"public","data":{"stream":"x', USERS],
    ['{"type":"RECORD","record":{"namespace":"public","stream":"users","data":{"namespace":"x"', USERS],
    ['{"record" : { "emitted_at" : 1.5e3 ,\t"stream":"users","namespace":"public" , "data" : {', USERS],
    ['{"type":"RECORD","record":{"stream":"users","data":{"a":"', { ...USERS, namespace: null }],
    ['{"type":"RECORD","record":{"stream":"users","namespace":null,"data":{', { ...USERS, namespace: null }],
    ['{"type":"RECORD","record":{"stream":"a\\"\\u00fc\\\\","data":{', { name: 'a"ü\\', namespace: null }],
    ['{"type":"RECORD","record":{"stream":"users","namespace":"public","meta":{"x":1}', USERS],
  ])('names its stream: %s', (text, expected) => {
    expect(recordHeadIn(Buffer.from(text))).toEqual(expected)
  })

  it.each([
    '',
    'xxxxxxxxxxxxxxxx',
    '{"type":"RECORD"',
    '{"type":"RECORD","record":{"data":{"stream":"users"',
    '{"type":"RECORD","record":{"stream":7,"data":{',
    '{"type":"RECORD","record":{"stream":"users","namespace":7,"data":{',
    '{"type":"RECORD","record":{"stream":"users',
    '{"type":"STATE","record":{"stream":"users","data":{',
    '{"type":"STATE","state":{"stream":"users"',
    '{"log":{"record":{"stream":"users","data":{',
    '[{"type":"RECORD","record":{"stream":"users","data":{',
  ])('names none: %s', (text) => {
    expect(recordHeadIn(Buffer.from(text))).toBeUndefined()
  })

  it.each(['\\', ' ', '{', ':', '"\\"', 'a '])('is read in linear time where it repeats %j', (part) => {
    expect(
      recordHeadIn(Buffer.from(`{"record":{"stream":${part.repeat(caseCount(15_000, 300_000))}`)),
    ).toBeUndefined()
  })
})
