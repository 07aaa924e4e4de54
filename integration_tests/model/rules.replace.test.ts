// Which runs replace, and when a stream is complete, by examples.
import { example, row, type ExampleRun } from './example-case.ts'
import type { ModelStream, Options } from './options.ts'
import { DELETED, refresh, ruleTests } from './rule-example.ts'

const rule = ruleTests()

const overwrite: Partial<ModelStream> = { mode: 'overwrite' }
const flatById: Options = { data_format: 'flat', key_template: 'u:${id}' }
const list: Options = { cache_type: 'list', data_format: 'json' }
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

rule(
  'layout.replaced',
  'keys by id and keys by primary key meet, there and back, while the replace does not end well',
  example([
    {
      stream: { mode: 'append_dedup', ...refresh(7) },
      input: [row({ id: 2, c: 1 }), row({ id: 3, c: 1 }), 1],
    },
    { stream: refresh(8), input: [row({ id: 4, c: 1 }), row({ id: 5, c: 1 }), 2], status: 'INCOMPLETE' },
    {
      stream: { mode: 'append_dedup', ...refresh(9) },
      input: [row({ id: 4, c: 2 }), 3],
      status: 'INCOMPLETE',
    },
    { stream: { mode: 'append_dedup', ...refresh(10) }, input: [row({ id: 5, c: 3 }), 4] },
  ]),
)

rule(
  'replace.kept-filtered',
  'the counter is removed where a generation that is kept had only records that were filtered',
  example(
    [
      {
        stream: { mode: 'append_dedup' as const, ...refresh(4) },
        input: [first],
        status: 'INCOMPLETE' as const,
      },
      { stream: { mode: 'append_dedup' as const, ...refresh(5), minimum: 4 } },
    ].map((run) => ({ ...run, options: { record_filter: { field: 'c', equals: '2' } } })),
  ),
)

const leftRow: ExampleRun[] = [
  { options: flatById, input: [first] },
  { options: flatById, stream: refresh(4) },
]

rule(
  'replace.left-rows',
  'an append behind a refresh that left a row without an index is recorded',
  example([...leftRow, { options: flatById, input: [second] }, { options: flatById, stream: refresh(5) }]),
)

rule(
  'replace.left-rows',
  'a delete removes a row without an index that two refreshes have left',
  example([
    ...leftRow,
    { options: flatById, stream: refresh(5) },
    {
      options: flatById,
      stream: { mode: 'append_dedup' },
      input: [row({ id: 1, c: 2, _ab_cdc_deleted_at: DELETED }), 1],
    },
  ]),
)

for (const [title, cacheType, deleted] of [
  ['of another type, a member of which was deleted', 'set', { _ab_cdc_deleted_at: DELETED }],
  ['with the others', 'sorted_set', {}],
] as const) {
  const options: Options = { cache_type: 'sorted_set', member: '${id}', key_template: 'g/${group}' }
  const primaryKey = ['group', 'id']
  rule(
    'replace.left-rows',
    `a row without an index stays in its key ${title}`,
    example([
      {
        options: { ...options, cache_type: cacheType },
        stream: { primaryKey },
        input: [row({ id: 1, group: 'a' })],
      },
      {
        options,
        stream: { mode: 'append_dedup', primaryKey, ...refresh(5) },
        input: [row({ id: 2, group: 'a', c: 1, ...deleted })],
      },
      {
        options,
        stream: { ...overwrite, primaryKey, ...refresh(6) },
        input: [row({ id: 3, group: 'b', c: 1 })],
      },
    ]),
  )
}
