// Times to live and times of expiry, by examples.
import { example, row } from './example-case.ts'
import type { ModelStream, Options } from './options.ts'
import { DELETED, ruleTests } from './rule-example.ts'

const rule = ruleTests()

const dedup: Partial<ModelStream> = { mode: 'append_dedup' }
const rejects: Options = { on_record_error: 'dead_letter' }
const json: Options = { cache_type: 'string', data_format: 'json' }
const ranked: Options = { cache_type: 'sorted_set', member: '${id}', score_field: 'c' }
const list: Options = { cache_type: 'list', data_format: 'json' }
const first = row({ id: 1, c: 1 })

rule(
  'ttl.delete-in-batch',
  'an insert and the delete of its row in one batch leave the row until it expires',
  example([
    {
      options: { ...json, delete_mode: 'ttl', delete_ttl_seconds: 3000 },
      stream: dedup,
      input: [row({ id: 1, c: 2 }), row({ id: 1, c: 3, _ab_cdc_deleted_at: DELETED }), 1],
    },
  ]),
)

for (const cacheType of ['list', 'set', 'sorted_set', 'stream'] as const)
  rule(
    'ttl.foreign-key',
    `a key of another type that refuses a ${cacheType} gets no time to live`,
    example(
      [
        {
          options: { ...rejects, cache_type: cacheType, key_template: 'k', ttl_seconds: 5000 },
          input: [first, 1],
        },
      ],
      [['k', { type: 'hash', fields: { app: 'data' } }]],
    ),
  )

rule(
  'ttl.skipped',
  'a record that is skipped changes no time to live',
  example(
    [
      {
        options: { hash_field: '${id}', write_condition: 'if_absent', ttl_seconds: 5000 },
        input: [first, 1],
      },
    ],
    [['n:s', { type: 'hash', fields: { '1': 'theirs' } }]],
  ),
)

for (const [title, options] of Object.entries({
  'classic hash': { key_template: 'k:${id}' },
  'merged hash': { data_format: 'flat', on_update: 'merge' },
  'shared hash': { hash_field: '${id}' },
  list,
  set: { cache_type: 'set' },
  'sorted set': { cache_type: 'sorted_set' },
  'Redis stream': { cache_type: 'stream' },
} satisfies Record<string, Options>))
  rule(
    'ttl.taken-away',
    `a ${title} that is written again without a time to live does not expire`,
    example([
      { options: { ...options, ttl_seconds: 5000 }, input: [first, 1] },
      { options, input: [first, 2] },
    ]),
  )

rule(
  'ttl.unchanged',
  'a member that an update finds with the same score has the time to live of today',
  example([
    { options: { ...ranked, ttl_seconds: 9000 }, input: [first] },
    { options: { ...ranked, ttl_seconds: 5000 }, stream: { mode: 'update' }, input: [first, 1] },
  ]),
)

rule(
  'ttl.field',
  'ttl_field gives each record its own time to live',
  example([
    {
      options: { ...json, ttl_field: 'life' },
      input: [row({ id: 1, life: 5000 }), row({ id: 2, life: '3000' })],
    },
  ]),
)

rule(
  'expiry.units',
  'the size of a number tells the unit of expire_at_field',
  example([
    {
      options: { ...json, expire_at_field: 'until' },
      input: [4_102_444_800, 4_102_444_800_000, 4_102_444_800_000_000].map((until, at) =>
        row({ id: at, until }),
      ),
    },
  ]),
)

rule(
  'expiry.numeric-text',
  'a text with a number is a time of expiry',
  example([
    { options: { ...json, expire_at_field: 'until' }, input: [row({ id: 1, until: '4102444800000' })] },
  ]),
)
