import { describe, expect, it } from 'vitest'
import { parse as parseRaw, problemsOf, summaryOf } from '../parsing/parsed.support.ts'

const NO_SECONDS = 'delete-ttl-missing: delete_ttl_seconds'
const NO_DEAD_LETTERS = 'dead-letter-length-without-stream: dead_letter_max_length'

describe('an option that holds for all streams alike is refused by name', () => {
  it.each<[object, string]>([
    [{ delete_mode: 'ttl' }, NO_SECONDS],
    [{ delete_mode: 'ttl', delete_ttl_seconds: null }, NO_SECONDS],
    [{ delete_ttl_seconds: 5 }, secondsWithout('hard')],
    [{ delete_mode: null, delete_ttl_seconds: 5 }, secondsWithout('hard')],
    [{ delete_mode: 'hard', delete_ttl_seconds: 5 }, secondsWithout('hard')],
    [{ delete_mode: 'soft', delete_ttl_seconds: 5 }, secondsWithout('soft')],
    [{ dead_letter_max_length: 5 }, NO_DEAD_LETTERS],
    [{ on_record_error: 'fail', dead_letter_max_length: 5 }, NO_DEAD_LETTERS],
    [{ track_keys: 'always', write_condition: 'if_exists' }, conditional('', 'if_exists')],
    [{ track_keys: 'always', write_condition: 'if_absent' }, conditional('', 'if_absent')],
  ])('beside another that it does not go with: %j', (options, problem) => {
    expect(problemsIn(options)).toEqual([problem])
  })

  it.each<[object, string]>([
    [{ delete_mode: 'purge', delete_ttl_seconds: 5 }, 'option-not-allowed: delete_mode (hard, soft, ttl)'],
    [{ delete_mode: 'ttl', delete_ttl_seconds: 0 }, 'option-too-small: delete_ttl_seconds (1)'],
    [{ delete_mode: 'ttl', delete_ttl_seconds: 1e300 }, 'option-too-large: delete_ttl_seconds (10000000000)'],
    [{ delete_mode: 'ttl', delete_ttl_seconds: 1.5 }, 'option-wrong-type: delete_ttl_seconds (integer)'],
    [{ tombstone_seconds: -1 }, 'option-too-small: tombstone_seconds (0)'],
    [{ tombstone_seconds: 1e300 }, 'option-too-large: tombstone_seconds (10000000000)'],
    [{ tombstone_seconds: '5' }, 'option-wrong-type: tombstone_seconds (integer)'],
    [
      { track_keys: 'sometimes', write_condition: 'if_exists' },
      'option-not-allowed: track_keys (auto, always, never)',
    ],
    [
      { track_keys: 'always', write_condition: 'maybe' },
      'option-not-allowed: write_condition (always, if_exists, if_absent)',
    ],
    [{ track_keys: 'always', streams: 'all' }, 'option-wrong-type: streams (array)'],
    [{ track_keys: 'always', streams: [7] }, 'option-wrong-type: streams[0] (object)'],
  ])('for itself, and once: %j', (options, problem) => {
    expect(problemsIn(options)).toEqual([problem])
  })

  it('with everything else that is wrong', () => {
    const options = {
      delete_mode: 'ttl',
      tombstone_seconds: -1,
      track_keys: 'always',
      dead_letter_max_length: 5,
      value_field: 'v',
    }
    expect(problemsIn(options)).toEqual([
      'option-too-small: tombstone_seconds (0)',
      'value-field-without-raw: value_field (airbyte)',
      NO_SECONDS,
      NO_DEAD_LETTERS,
    ])
  })
})

describe('keys that are always remembered', () => {
  it('go with no condition of a single stream either, which is named', () => {
    const streams = [
      { stream: 'orders' },
      { stream: 'users', write_condition: 'always' },
      { stream: 'carts', write_condition: 'if_exists' },
      { stream: 'visits', write_condition: 'if_absent' },
    ]
    expect(problemsIn({ track_keys: 'always', streams })).toEqual([
      conditional('streams[2].', 'if_exists'),
      conditional('streams[3].', 'if_absent'),
    ])
  })

  it('are refused once for a condition that streams only inherit', () => {
    const streams = [{ stream: 'orders' }, { stream: 'users', write_condition: 'always' }]
    expect(problemsIn({ track_keys: 'always', write_condition: 'if_exists', streams })).toEqual([
      conditional('', 'if_exists'),
    ])
  })
})

it.each<[object]>([
  [{ delete_mode: 'ttl', delete_ttl_seconds: 1 }],
  [{ delete_mode: 'soft', tombstone_seconds: 0 }],
  [{ cache_type: 'set', delete_mode: 'ttl', delete_ttl_seconds: 5 }],
  [{ track_keys: 'always', write_condition: 'always', streams: [{ stream: 'a', write_condition: null }] }],
  [{ track_keys: 'auto', write_condition: 'if_exists', streams: [{ stream: 'a' }] }],
  [{ track_keys: 'never', streams: [{ stream: 'a', write_condition: 'if_absent' }] }],
  [{ on_record_error: 'dead_letter', dead_letter_max_length: 5 }],
])('options that go together are no matter: %j', (options) => {
  expect(parse(options).warnings).toEqual([])
})

it('an option that holds for all streams alike has no effect in an entry of one, which is warned about', () => {
  const streams = [{ stream: 'a', delete_mode: 'soft', track_keys: 'always', write_condition: 'if_exists' }]
  const { config, warnings } = parse({ streams })
  expect([config.deleteMode, config.trackKeys]).toEqual(['hard', 'auto'])
  expect(warnings.flatMap((warning) => warning.options)).toEqual([
    'streams[0].delete_mode',
    'streams[0].track_keys',
  ])
})

function secondsWithout(mode: string): string {
  return `delete-ttl-without-mode: delete_ttl_seconds (${mode})`
}

function conditional(at: string, condition: string): string {
  return `condition-with-tracking: ${at}write_condition (${condition})`
}

function problemsIn(options: object): string[] {
  return problemsOf({ host: 'h', ...options }).map(summaryOf)
}

function parse(options: object): ReturnType<typeof parseRaw> {
  return parseRaw({ host: 'h', ...options })
}
