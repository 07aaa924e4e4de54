import { describe, expect, it } from 'vitest'
import { parseConfig } from '../config/parse.ts'
import { ConfigError } from '../errors.ts'
import type { SyncStream } from '../protocol/catalog.ts'
import { planStreams, type StreamPlan } from './plan.ts'

describe('the plan of a stream', () => {
  it.each([
    ['', 'public', 'users', 'public:users', '_airbyte:stream:public:users'],
    ['', '', 'users', ':users', '_airbyte:stream::users'],
    ['crm:', 'public', 'users', 'crm:public:users', 'crm:_airbyte:stream:public:users'],
    ['', 'A b', 'x[1]*?', 'A b:x[1]*?', '_airbyte:stream:A b:x[1]*?'],
    ['', 'a:b', 'c', 'a:b:c', '_airbyte:stream:a:b:c'],
  ])('with prefix %j, of %j %j, has the keys %j and %j', (prefix, namespace, name, baseKey, notesKey) => {
    const [plan] = planned([stream(namespace, name)], prefix)
    expect(plan).toMatchObject({ index: 0, baseKey, notesKey, foreignIds: [] })
  })

  it('says whether it replaces, in the order of the catalog', () => {
    const plans = planned([stream('n', 'a'), { ...stream('n', 'b'), mode: 'overwrite' }])
    expect(plans.map(({ index, name, replaces }) => [index, name, replaces])).toEqual([
      [0, 'n.a', false],
      [1, 'n.b', true],
    ])
  })
})

describe('streams that cannot be written beside each other', () => {
  it('are refused where they share a base key, both named unmistakably', () => {
    expect(() => planned([stream('a', 'b:c'), stream('a:b', 'c')])).toThrow(
      refusal('stream "b:c" of namespace "a" and stream "c" of namespace "a:b" would both use the key a:b:c'),
    )
  })

  it('are refused all at once', () => {
    const streams = [
      stream('a', 'b:c'),
      stream('a:b', 'c'),
      stream('_airbyte', 'x'),
      stream('', ':u'),
      stream(':', 'u'),
    ]
    expect(() => planned(streams, 'p:')).toThrow(
      refusal(
        "the keys of _airbyte.x would be among the connector's own (_airbyte:…); " +
          'stream "b:c" of namespace "a" and stream "c" of namespace "a:b" would both use the key p:a:b:c; ' +
          'stream ":u" of namespace "" and stream "u" of namespace ":" would both use the key p:::u',
      ),
    )
  })

  it.each([
    ['_airbyte', 'stream:a:b'],
    ['_airbyte:stream', 'a'],
  ])('are refused where their keys are among the reserved ones: %s %s', (namespace, name) => {
    expect(() => planned([stream(namespace, name)])).toThrow(
      refusal(`the keys of ${namespace}.${name} would be among the connector's own (_airbyte:…)`),
    )
  })

  it.each([
    ['', '_airbyte'],
    ['_airbyte_raw', 'users'],
    ['x', '_airbyte:y'],
  ])('are accepted where they only look reserved: %j %j', (namespace, name) => {
    expect(planned([stream(namespace, name)])).toHaveLength(1)
  })
})

describe('ids whose key is the counter of another stream', () => {
  it('are known and rising', () => {
    const streams = [
      stream('a', '2024'),
      stream('', 'n'),
      stream('', 'n:30'),
      stream('', 'n:4'),
      stream('', 'n:9007199254740991'),
    ]
    expect(foreignIds([...streams, stream('a', '2024:7')])).toEqual({
      'a:2024': [7],
      'a:2024:7': [],
      ':n': [4, 30, 9_007_199_254_740_991],
      ':n:30': [],
      ':n:4': [],
      ':n:9007199254740991': [],
    })
  })

  it('may come from another namespace, and stand behind a prefix and line feeds', () => {
    expect(foreignIds([stream('a\nb', 'c'), stream('a\nb:c', '5')], 'p:7:')).toEqual({
      'p:7:a\nb:c': [5],
      'p:7:a\nb:c:5': [],
    })
  })

  it.each(['0', '01', '-1', '1.5', '1e3', 'x', '', '1 ', '12345678901234567890'])(
    'are none where the name is not a number as ids are written: %j',
    (name) => expect(foreignIds([stream('', 'a'), stream('', `a:${name}`)])).toMatchObject({ ':a': [] }),
  )
})

function stream(namespace: string, name: string): SyncStream {
  return { name, namespace, mode: 'append' }
}

function planned(streams: SyncStream[], prefix = ''): StreamPlan[] {
  const { config } = parseConfig(JSON.stringify({ host: 'h', key_prefix: prefix }), {})
  return planStreams(streams, config)
}

function foreignIds(streams: SyncStream[], prefix = ''): Record<string, number[]> {
  return Object.fromEntries(planned(streams, prefix).map((plan) => [plan.baseKey, plan.foreignIds]))
}

function refusal(problems: string): ConfigError {
  return new ConfigError(`The catalog cannot be written: ${problems}. Rename one, or sync it apart.`)
}
