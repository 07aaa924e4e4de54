// Examples of the rules that random cases avoid while they are not built: see rules.ts.
import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'
import { shareFixture } from '../support/shared-fixture.ts'
import type { Case } from './case.ts'
import { compareCase } from './compare-case.ts'
import { digits, example, row, type ExampleRun } from './example-case.ts'
import type { ModelStream, Options } from './options.ts'
import { isBuilt, type Rule } from './rules.ts'

let redis: RedisServer
let client: Redis

shareFixture(
  () => RedisServer.start(),
  (started) => {
    redis = started
    client = redis.client()
  },
)

/** Tests that the connector does what the model says; the rule's example fails until the rule is built. */
function rule(name: Rule, title: string, one: Case): void {
  const test = isBuilt(name) ? it : it.fails
  test(`${name}: ${title}`, async () => {
    const { host, port } = redis
    expect(await compareCase(one, { connection: { host, port }, nodes: [client] })).toBeUndefined()
  })
}

const refresh = (generation: number, syncId = generation): Partial<ModelStream> => ({
  generation,
  minimum: generation,
  syncId,
})
const dedup: Partial<ModelStream> = { mode: 'append_dedup' }
const overwrite: Partial<ModelStream> = { mode: 'overwrite' }
const rejects: Options = { on_record_error: 'dead_letter' }
const flatById: Options = { data_format: 'flat', key_template: 'u:${id}' }
const json: Options = { cache_type: 'string', data_format: 'json' }
const list: Options = { cache_type: 'list', data_format: 'json' }
const DELETED = '2024-05-01T10:00:00Z'
const [first, second] = [row({ id: 1, c: 1 }), row({ id: 2, c: 1 })]

/** Two runs with the same options, and streams that differ. */
function twoRuns(options: Options, one: ExampleRun, other: ExampleRun): ExampleRun[] {
  return [
    { options, input: [first, second, 1], ...one },
    { options, input: [row({ id: 3, c: 1 }), 2], ...other },
  ]
}

for (const [title, options] of Object.entries({ hash: flatById, list, 'classic hash': {} })) {
  rule(
    'replace.generation-lower',
    `a lower generation replaces a ${title}`,
    example(twoRuns(options, { stream: refresh(7) }, { stream: refresh(1, 8) })),
  )
  rule(
    'replace.other-sync',
    `the same generation of another sync replaces a ${title}`,
    example(twoRuns(options, { stream: refresh(7, 1) }, { stream: refresh(7, 2) })),
  )
  rule(
    'replace.overwrite-again',
    `an overwrite that ended well is not continued, for a ${title}`,
    example(
      twoRuns(
        options,
        { stream: { ...overwrite, ...refresh(7) } },
        { stream: { ...overwrite, ...refresh(7) } },
      ),
    ),
  )
}

rule(
  'replace.staged-roll-back',
  'another attempt takes back what was gathered behind the last acknowledged state',
  example([
    { options: list, stream: refresh(7), input: [first, 1, second], status: 'INCOMPLETE' },
    { options: list, stream: refresh(7), input: [second, 2] },
  ]),
)

rule(
  'replace.constant-numbers',
  'an overwrite of a host with constant numbers replaces',
  example(
    twoRuns(
      flatById,
      { stream: { ...overwrite, ...refresh(1) } },
      { stream: { ...overwrite, ...refresh(1) } },
    ),
  ),
)

rule(
  'replace.constant-numbers',
  'an append of a host with constant numbers removes nothing',
  example(twoRuns(list, {}, { stream: refresh(1) })),
)

rule(
  'completion.auto',
  'the end of input completes an overwrite on a platform that sends no status',
  example(
    twoRuns(
      flatById,
      { stream: { ...overwrite, ...refresh(1, 5) }, status: 'none', isPlatform: true },
      { stream: { ...overwrite, ...refresh(2, 6) }, status: 'none', isPlatform: true },
    ),
  ),
)

rule(
  'completion.empty-replace',
  'a replace without records and without a status removes nothing',
  example([
    { options: flatById, stream: overwrite, input: [first], status: 'none' },
    { options: flatById, stream: overwrite, status: 'none' },
  ]),
)

rule(
  'completion.option',
  'completion status requires a status of hosts without generations too',
  example([{ options: { ...flatById, completion: 'status' }, input: [first, 1], status: 'none' }]),
)

rule(
  'completion.option',
  'completion end_of_input requires no status',
  example([
    {
      options: { ...flatById, completion: 'end_of_input' },
      stream: refresh(3),
      input: [first, 1],
      status: 'none',
    },
  ]),
)

rule(
  'completion.allow-empty-replace',
  'allow_empty_replace empties a stream at the end of input',
  example([
    { options: { ...flatById, completion: 'end_of_input' }, stream: refresh(3), input: [first] },
    {
      options: { ...flatById, completion: 'end_of_input', allow_empty_replace: true },
      stream: refresh(4),
      status: 'none',
    },
  ]),
)

for (const [title, options] of Object.entries({
  'shared hash': { hash_field: '${id}' },
  set: { cache_type: 'set', member: '${id}' },
  'sorted set': { cache_type: 'sorted_set', member: '${id}' },
} satisfies Record<string, Options>)) {
  rule(
    'dedup.delete-after-append',
    `a delete removes a row that a plain append wrote to a ${title}`,
    example([
      { options, input: [first, second] },
      { options, stream: dedup, input: [row({ id: 2, c: 2, _ab_cdc_deleted_at: DELETED }), 1] },
    ]),
  )
  rule(
    'mode.changed',
    `a refresh in another sync mode replaces a ${title}`,
    example([
      { options, stream: { ...overwrite, ...refresh(1) }, input: [first, second] },
      { options, stream: { ...dedup, ...refresh(2) }, input: [row({ id: 1, c: 2 })] },
    ]),
  )
}

for (const batchRecords of [1, 20_000]) {
  rule(
    'dedup.unwritable',
    `a record that cannot be written leaves the older one, with batches of ${batchRecords}`,
    example([
      {
        options: {
          ...rejects,
          cache_type: 'string',
          data_format: 'raw',
          value_field: 'v',
          batch_records: batchRecords,
        },
        stream: dedup,
        input: [row({ id: 1, c: 2, v: null }), row({ id: 1, c: 1, v: 'good' }), 1],
      },
    ]),
  )
}

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

rule(
  'score.numeric-text',
  'a text with a number is a score',
  example([
    {
      options: { ...rejects, cache_type: 'sorted_set', member: '${id}', score_field: 'points' },
      input: [row({ id: 1, points: '7.5' }), 1],
    },
  ]),
)

rule(
  'filter.decimal',
  'numbers in a filter are compared exactly',
  example([
    {
      options: { ...json, record_filter: { field: 'n', equals: '9007199254740993' } },
      input: ['9007199254740992', '9007199254740993', '9007199254740993.0'].map((n, at) => ({
        columns: [...row({ id: at }).columns, ['n', digits(n)]],
      })),
    },
  ]),
)

rule(
  'filter.text',
  'a text in a filter matches texts and numbers',
  example([
    {
      options: { ...json, record_filter: { field: 'n', equals: '1' } },
      input: [
        row({ id: 1, n: '1' }),
        row({ id: 2, n: 1 }),
        row({ id: 3, n: '1.0' }),
        row({ id: 4, n: true }),
      ],
    },
  ]),
)

const filtered: Options = { ...json, record_filter: { field: 'kind', equals: 'keep' } }
const leaving: ExampleRun['input'] = [
  row({ id: 1, c: 1, kind: 'keep' }),
  row({ id: 2, c: 2, kind: 'keep' }),
  row({ id: 1, c: 2, kind: 'drop' }),
  row({ id: 2, c: 1, kind: 'drop' }),
  1,
]

rule(
  'filter.dedup-removes',
  'a row that no longer passes the filter is removed, unless the record is older',
  example([{ options: filtered, stream: dedup, input: leaving }]),
)

rule(
  'filter.dedup-keeps',
  'filtered_rows keep leaves a row that no longer passes the filter',
  example([{ options: { ...filtered, filtered_rows: 'keep' }, stream: dedup, input: leaving }]),
)

rule(
  'keys.number-form',
  'numbers in a primary key are values',
  example([
    {
      options: json,
      stream: dedup,
      input: ['7000', '7E+3', '7000.0', '-0', '1e400', '0.50'].map((id, at) => ({
        columns: [['id', digits(id)], ...row({ c: at }).columns],
      })),
    },
  ]),
)

rule(
  'keys.empty-text',
  'an empty text is a primary key',
  example([{ options: { ...json, ...rejects }, stream: dedup, input: [row({ id: '', c: 1 }), 1] }]),
)

rule(
  'keys.array',
  'an array in a primary key is a record error',
  example([{ options: { ...json, ...rejects }, stream: dedup, input: [row({ id: [true], c: 1 }), 1] }]),
)

rule(
  'keys.null',
  'null_keys allow writes null as text that no value has',
  example([
    {
      options: { ...json, ...rejects, null_keys: 'allow' },
      stream: dedup,
      input: [row({ id: null, c: 1 }), row({ c: 2 }), row({ id: '%null', c: 1 }), 1],
    },
  ]),
)

for (const nullAs of ['empty', 'text'] as const)
  rule(
    'values.null-as',
    `null_as ${nullAs} writes a field for null`,
    example([{ options: { ...flatById, null_as: nullAs }, input: [row({ id: 1, a: null })] }]),
  )

rule(
  'layout.append-refused',
  'a deduplicated append to rows with keys made of ids is refused',
  example([{ input: [first, second] }, { stream: dedup, input: [row({ id: 2, c: 2 }), 1] }]),
)

rule(
  'layout.counter-left',
  'Clear removes the counter of the former layout',
  example([
    { options: { cache_type: 'list' }, stream: { ...overwrite, ...refresh(1) }, input: [first] },
    { options: list, stream: { ...overwrite, ...refresh(2) } },
  ]),
)

rule(
  'neighbours.cdc-delete',
  'a delete never removes a key of a type that the layout cannot have written',
  example(
    [
      { options: flatById, input: [first] },
      { options: flatById, stream: dedup, input: [row({ id: 7, c: 2, _ab_cdc_deleted_at: DELETED })] },
    ],
    [['u:7', { type: 'list', items: ['theirs'] }]],
  ),
)

rule(
  'neighbours.classic-counter',
  'an overwrite leaves hashes that only look like those of the classic connector',
  example(
    [{ options: { data_format: 'flat', key_template: 'f:${id}' }, stream: overwrite, input: [first] }],
    [
      ['n:s', { type: 'string', text: '2' }],
      ['n:s:1', { type: 'hash', fields: { name: 'theirs' } }],
      ['n:s:2', { type: 'hash', fields: { name: 'theirs' } }],
    ],
  ),
)
