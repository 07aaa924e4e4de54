import { describe, expect, it } from 'vitest'
import { parse, problemsOf } from '../parsing/parsed.support.ts'

const FORMATS = table(`
                        airbyte  flat  json  raw
  hash                  yes      yes   no    no
  hash_with_hash_field  no       no    yes   yes
  string                yes      no    yes   yes
  list                  yes      no    yes   yes
  set                   yes      no    yes   yes
  sorted_set            yes      no    yes   yes
  stream                yes      yes   no    no
`)

describe('a cache type and a data format', () => {
  it.each(FORMATS)('%s and %s: %s', (structure, format, answer) => {
    const options = { ...structureOf(structure), data_format: format }
    const problems = problemsOf({ host: 'h', ...options, ...(format === 'raw' ? { value_field: 'v' } : {}) })
    const code =
      structure === 'hash_with_hash_field' ? 'format-not-for-hash-field' : 'format-not-for-cache-type'
    expect(problems).toMatchObject(
      answer === 'yes' ? [] : [{ code, options: ['data_format'], params: { format } }],
    )
  })

  it.each([
    ['hash', 'airbyte'],
    ['hash_with_hash_field', 'json'],
    ['string', 'airbyte'],
    ['list', 'airbyte'],
    ['set', 'airbyte'],
    ['sorted_set', 'airbyte'],
    ['stream', 'airbyte'],
  ])('%s has the format %s where none is given', (structure, format) => {
    expect(parse({ host: 'h', ...structureOf(structure) }).config.records).toMatchObject({
      dataFormat: format,
    })
  })
})

const EXAMPLES: Record<string, object> = {
  hash_field: { hash_field: '${id}' },
  member: { member: '${id}' },
  score_field: { score_field: 'points' },
  'list_operation append': { list_operation: 'append' },
  'list_operation prepend': { list_operation: 'prepend' },
  max_length: { max_length: 10 },
  stream_trim: { stream_trim: 'exact', max_length: 10 },
  'on_retry keep': { on_retry: 'keep' },
  'on_retry roll_back': { on_retry: 'roll_back' },
  expire_at_field: { expire_at_field: 'ends' },
  ttl_field: { ttl_field: 'life' },
  ttl_seconds: { ttl_seconds: 60 },
  ttl_jitter_percent: { ttl_seconds: 60, ttl_jitter_percent: 10 },
  'on_update replace': { on_update: 'replace' },
  'on_update merge': { on_update: 'merge' },
  root_field: { root_field: 'a.b' },
  fields: { fields: ['a', { from: 'b', to: 'c' }] },
  keep_meta: { keep_meta: true },
  record_filter: { record_filter: { field: 'a', equals: 1 } },
  key_prefix: { key_prefix: 'p:' },
  key_template: { key_template: 'k:${id}' },
  'write_condition always': { write_condition: 'always' },
  'write_condition if_exists': { write_condition: 'if_exists' },
  'write_condition if_absent': { write_condition: 'if_absent' },
}

const PLACES = [
  ...table(`
                            hash  flat_hash  hash_with_hash_field
    hash_field              yes   no         yes
    member                  no    no         no
    score_field             no    no         no
    list_operation append   no    no         no
    list_operation prepend  no    no         no
    max_length              no    no         no
    stream_trim             no    no         no
    on_retry keep           no    no         no
    on_retry roll_back      no    no         no
    expire_at_field         yes   yes        no
    ttl_field               yes   yes        no
    ttl_seconds             yes   yes        yes
    ttl_jitter_percent      yes   yes        yes
    on_update replace       yes   yes        yes
    on_update merge         no    yes        no
    root_field              yes   yes        yes
    fields                  yes   yes        yes
    keep_meta               yes   yes        yes
    record_filter           yes   yes        yes
    key_prefix              yes   yes        yes
    key_template            yes   yes        yes
    write_condition always     yes  yes      yes
    write_condition if_exists  yes  yes      yes
    write_condition if_absent  yes  yes      yes
  `),
  ...table(`
                            string  list  set  sorted_set  stream  flat_stream
    hash_field              no      no    no   no          no      no
    member                  no      yes   yes  yes         no      no
    score_field             no      no    no   yes         no      no
    list_operation append   no      yes   no   no          no      no
    list_operation prepend  no      yes   no   no          no      no
    max_length              no      yes   no   no          yes     yes
    stream_trim             no      no    no   no          yes     yes
    on_retry keep           no      yes   no   no          yes     yes
    on_retry roll_back      no      yes   no   no          yes     yes
    expire_at_field         yes     no    no   no          no      no
    ttl_field               yes     no    no   no          no      no
    ttl_seconds             yes     yes   yes  yes         yes     yes
    ttl_jitter_percent      yes     yes   yes  yes         yes     yes
    on_update replace       yes     yes   yes  yes         yes     yes
    on_update merge         no      no    no   no          no      no
    root_field              yes     yes   yes  yes         yes     yes
    fields                  yes     yes   yes  yes         yes     yes
    keep_meta               yes     yes   yes  yes         yes     yes
    record_filter           yes     yes   yes  yes         yes     yes
    key_prefix              yes     yes   yes  yes         yes     yes
    key_template            yes     yes   yes  yes         yes     yes
    write_condition always     yes  yes   yes  yes         yes     yes
    write_condition if_exists  yes  yes   no   yes         yes     yes
    write_condition if_absent  yes  no    no   yes         no      no
  `),
]

describe('an option and what it is for', () => {
  it.each(PLACES)('%s and %s: %s', (example, structure, answer) => {
    const [option] = example.split(' ')
    const problems = problemsOf({ host: 'h', ...structureOf(structure), ...EXAMPLES[example] })
    const names = problems.flatMap((problem) => problem.options)
    // What stream_trim has beside it is a row of its own.
    const beside = option === 'stream_trim' ? 'max_length' : undefined
    expect(names.filter((name) => name !== beside)).toEqual(
      answer === 'yes' ? [] : [blamed(option!, structure)],
    )
  })
})

function structureOf(name: string): object {
  switch (name) {
    case 'hash_with_hash_field':
      return { cache_type: 'hash', hash_field: '${id}' }
    case 'flat_hash':
      return { cache_type: 'hash', data_format: 'flat' }
    case 'flat_stream':
      return { cache_type: 'stream', data_format: 'flat' }
    default:
      return { cache_type: name }
  }
}

/** A hash with columns is no place for a hash_field, but it is the format that is in its way. */
function blamed(option: string, structure: string): string {
  return option === 'hash_field' && structure === 'flat_hash' ? 'data_format' : option
}

/** Rows of a table, each cell with the names of its row and column. */
function table(text: string): [row: string, column: string, cell: string][] {
  const [head, ...rows] = text.trim().split('\n')
  const columns = head!.trim().split(/\s+/)
  return rows.flatMap((line) => {
    const words = line.trim().split(/\s+/)
    const row = words.slice(0, -columns.length).join(' ')
    return words
      .slice(-columns.length)
      .map((cell, index): [string, string, string] => [row, columns[index]!, cell])
  })
}
