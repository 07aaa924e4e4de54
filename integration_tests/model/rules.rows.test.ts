// Which rows are there after deletes, changes of the layout or the sync mode, and beside other applications, by examples.
import { example, row } from './example-case.ts'
import type { ModelStream, Options } from './options.ts'
import { DELETED, refresh, ruleTests } from './rule-example.ts'

const rule = ruleTests()

const dedup: Partial<ModelStream> = { mode: 'append_dedup' }
const overwrite: Partial<ModelStream> = { mode: 'overwrite' }
const rejects: Options = { on_record_error: 'dead_letter' }
const flatById: Options = { data_format: 'flat', key_template: 'u:${id}' }
const list: Options = { cache_type: 'list', data_format: 'json' }
const [first, second] = [row({ id: 1, c: 1 }), row({ id: 2, c: 1 })]

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
