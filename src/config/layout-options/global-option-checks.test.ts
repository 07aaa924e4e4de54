import { describe, expect, it } from 'vitest'
import { parseConfig } from '../parsing/parse-config.ts'

const NO_SECONDS =
  'delete_ttl_seconds: is missing; give how many seconds delete_mode ttl is to leave a deleted key'
const NO_DEAD_LETTERS =
  'dead_letter_max_length: there is no dead letter stream; set on_record_error to dead_letter, or leave this out'

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
    expect(() => parse(options)).toThrow(refusal(problem))
  })

  it.each<[object, string]>([
    [{ delete_mode: 'purge', delete_ttl_seconds: 5 }, 'delete_mode: must be one of hard, soft, ttl'],
    [{ delete_mode: 'ttl', delete_ttl_seconds: 0 }, 'delete_ttl_seconds: must be at least 1'],
    [{ delete_mode: 'ttl', delete_ttl_seconds: 1e300 }, 'delete_ttl_seconds: must be at most 10000000000'],
    [
      { delete_mode: 'ttl', delete_ttl_seconds: 1.5 },
      'delete_ttl_seconds: must be a whole number, without quotes',
    ],
    [{ tombstone_seconds: -1 }, 'tombstone_seconds: must be at least 0'],
    [{ tombstone_seconds: 1e300 }, 'tombstone_seconds: must be at most 10000000000'],
    [{ tombstone_seconds: '5' }, 'tombstone_seconds: must be a whole number, without quotes'],
    [
      { track_keys: 'sometimes', write_condition: 'if_exists' },
      'track_keys: must be one of auto, always, never',
    ],
    [
      { track_keys: 'always', write_condition: 'maybe' },
      'write_condition: must be one of always, if_exists, if_absent',
    ],
    [{ track_keys: 'always', streams: 'all' }, 'streams: must be a list'],
    [{ track_keys: 'always', streams: [7] }, 'streams[0]: must be an object'],
  ])('for itself, and once: %j', (options, problem) => {
    expect(() => parse(options)).toThrow(refusal(problem))
  })

  it('with everything else that is wrong', () => {
    const options = {
      delete_mode: 'ttl',
      tombstone_seconds: -1,
      track_keys: 'always',
      dead_letter_max_length: 5,
      value_field: 'v',
    }
    expect(() => parse(options)).toThrow(
      refusal(
        'tombstone_seconds: must be at least 0',
        'value_field: is for data_format raw, and this is airbyte; leave it out, or use raw',
        NO_SECONDS,
        NO_DEAD_LETTERS,
      ),
    )
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
    expect(() => parse({ track_keys: 'always', streams })).toThrow(
      refusal(
        conditional('streams[2] (carts).', 'if_exists'),
        conditional('streams[3] (visits).', 'if_absent'),
      ),
    )
  })

  it('are refused once for a condition that streams only inherit', () => {
    const streams = [{ stream: 'orders' }, { stream: 'users', write_condition: 'always' }]
    expect(() => parse({ track_keys: 'always', write_condition: 'if_exists', streams })).toThrow(
      refusal(conditional('', 'if_exists')),
    )
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
  expect(warnings.map(({ sentence }) => sentence)).toEqual([
    'streams[0].delete_mode: this option does not exist and is ignored; check its spelling.',
    'streams[0].track_keys: this option does not exist and is ignored; check its spelling.',
  ])
})

function secondsWithout(mode: string): string {
  return `delete_ttl_seconds: is for delete_mode ttl, and this is ${mode}; leave it out, or use ttl`
}

function conditional(at: string, condition: string): string {
  return `${at}write_condition: ${condition} is not possible with track_keys always, which would remember keys that were not written; use always, or track_keys auto`
}

function refusal(...sentences: string[]): unknown {
  const problems = sentences.map((sentence) => expect.objectContaining({ sentence: `${sentence}.` }))
  return expect.objectContaining({ failureType: 'config_error', problems })
}

function parse(options: object): ReturnType<typeof parseConfig> {
  return parseConfig(JSON.stringify({ host: 'h', ...options }), {})
}
