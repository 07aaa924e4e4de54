import { expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { planWith } from './plans.support.ts'

const JSON_STRING = { cache_type: 'string', data_format: 'json' }
const FLAT = { data_format: 'flat' }
const MEMBER = { cache_type: 'set', member: '${id}' }
const RANKED = { cache_type: 'sorted_set', member: '${id}' }
const FIELD = { hash_field: '${id}', data_format: 'json' }
const TTL = { delete_mode: 'ttl', delete_ttl_seconds: 60 }
const ADVICE = 'all of them and no others; use ${_airbyte_primary_key}'

it.each([
  [
    'append_dedup',
    { cache_type: 'list' },
    'has sync mode append_dedup, and a list has no rows that could be found again; use append, or another cache_type',
  ],
  [
    'update',
    { cache_type: 'stream' },
    'has sync mode update, and a stream has no rows that could be found again; use append, or another cache_type',
  ],
  [
    'soft_delete',
    MEMBER,
    'has sync mode soft_delete, and there is nothing to change in a member of a set; use append',
  ],
  [
    'update',
    { cache_type: 'sorted_set' },
    'has sync mode update, for which member has to be made of the primary key; give a member',
  ],
  [
    'append_dedup',
    { key_template: 'k:${email}' },
    `has sync mode append_dedup, for which key_template must name the columns of the primary key (id), ${ADVICE}`,
  ],
  [
    'update',
    { ...FIELD, hash_field: '${email}' },
    `has sync mode update, for which key_template and hash_field must name the columns of the primary key (id), ${ADVICE}`,
  ],
  [
    'soft_delete',
    { ...RANKED, member: '${_airbyte_ab_id}${id}' },
    `has sync mode soft_delete, for which key_template and member must name the columns of the primary key (id), ${ADVICE}`,
  ],
  [
    'append_dedup',
    { ...FLAT, on_update: 'merge' },
    'has sync mode append_dedup, in which the newest record of a row replaces it, and not on_update merge; use append or update to merge',
  ],
  [
    'append_dedup',
    { ...FLAT, write_condition: 'if_exists' },
    'has sync mode append_dedup, which the write_condition if_exists would keep from working; use always, or sync mode update',
  ],
  [
    'append_dedup',
    { ...FIELD, ...TTL },
    'shares its keys between rows, so delete_mode ttl cannot end one of them; use hard',
  ],
  [
    'append_dedup',
    { ...RANKED, delete_mode: 'soft' },
    'holds members, in which delete_mode soft would not show; use hard',
  ],
  [
    'update',
    { ...JSON_STRING, write_condition: 'if_absent' },
    'has sync mode update, which never inserts, and write_condition if_absent; leave that out',
  ],
  [
    'soft_delete',
    RANKED,
    'has sync mode soft_delete, and no place where its records could say that they are deleted; use data_format flat or json',
  ],
  [
    'overwrite',
    { write_condition: 'if_absent' },
    'is to be replaced, which the write_condition if_absent would keep from happening; use always',
  ],
  [
    'overwrite',
    { ...JSON_STRING, track_keys: 'never' },
    'is to be replaced, for which the keys it writes have to be remembered; set track_keys to auto, or use append',
  ],
  [
    'append_dedup',
    { ...JSON_STRING, track_keys: 'never' },
    'is to be deduplicated, for which the keys it writes have to be remembered; set track_keys to auto, or use append',
  ],
] as [SyncStream['mode'], object, string][])(
  '%s with %j is refused in a sentence',
  (mode, options, sentence) => {
    expect(problemOf(mode, options)).toBe(`n.s ${sentence}`)
  },
)

it.each(['append_dedup', 'update', 'soft_delete'] as const)('%s is refused without a primary key', (mode) => {
  expect(problemOf(mode, JSON_STRING, { primaryKey: [] })).toBe(
    `n.s has sync mode ${mode} and no primary key, which says which records are of one row; choose one`,
  )
})

it.each(['update', 'soft_delete'] as const)('%s is refused where the stream is to be replaced', (mode) => {
  expect(problemOf(mode, JSON_STRING, { generation: 2, minimumGeneration: 1 })).toBe(
    `n.s has sync mode ${mode}, which changes rows that are there, and is to be replaced; use append_dedup`,
  )
})

it('each of several problems is named where one is not the reason for the other', () => {
  const more = { generation: 1, minimumGeneration: 1 }
  const options = { ...JSON_STRING, write_condition: 'if_absent', track_keys: 'never' }
  expect(problemOf('append_dedup', options, more).split('; ').length).toBe(6)
})

/** What is said of a stream with the primary key `id`, between what every refusal says. */
function problemOf(mode: SyncStream['mode'], options: object, more: Partial<SyncStream> = {}): string {
  const key = { mode, primaryKey: [['id']], ...more }
  expect(() => planWith(options, key)).toThrow(/^The catalog cannot be written: n\.s /)
  try {
    planWith(options, key)
  } catch (error) {
    return (error as Error).message.slice(
      'The catalog cannot be written: '.length,
      -'. Change the configuration, or sync it apart.'.length,
    )
  }
  return ''
}
