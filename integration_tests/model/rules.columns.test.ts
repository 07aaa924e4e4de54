// Scores, filters, primary keys and values, by examples.
import { digits, example, row, type ExampleRun } from './example-case.ts'
import type { ModelStream, Options } from './options.ts'
import { ruleTests } from './rule-example.ts'

const rule = ruleTests()

const dedup: Partial<ModelStream> = { mode: 'append_dedup' }
const rejects: Options = { on_record_error: 'dead_letter' }
const flatById: Options = { data_format: 'flat', key_template: 'u:${id}' }
const json: Options = { cache_type: 'string', data_format: 'json' }

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
