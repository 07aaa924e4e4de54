import { expect, it } from 'vitest'
import { ConfigError, type Problem } from '../../errors.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { planWith } from '../streams/stream-sessions.support.ts'

type Mode = SyncStream['mode']

const JSON_STRING = { cache_type: 'string', data_format: 'json' }
const FLAT = { data_format: 'flat' }
const MEMBER = { cache_type: 'set', member: '${id}' }
const RANKED = { cache_type: 'sorted_set', member: '${id}' }
const FIELD = { hash_field: '${id}', data_format: 'json' }
const TTL = { delete_mode: 'ttl', delete_ttl_seconds: 60 }

it.each<[Mode, object, code: string, options: string[]]>([
  ['append_dedup', { cache_type: 'list' }, 'mode-needs-rows', ['cache_type']],
  ['update', { cache_type: 'stream' }, 'mode-needs-rows', ['cache_type']],
  ['soft_delete', MEMBER, 'mode-cannot-change-set', ['cache_type']],
  ['update', { cache_type: 'sorted_set' }, 'mode-needs-member', ['member']],
  ['append_dedup', { key_template: 'k:${email}' }, 'template-not-primary-key', ['key_template']],
  [
    'update',
    { ...FIELD, hash_field: '${email}' },
    'template-not-primary-key',
    ['key_template', 'hash_field'],
  ],
  [
    'soft_delete',
    { ...RANKED, member: '${_airbyte_ab_id}${id}' },
    'template-not-primary-key',
    ['key_template', 'member'],
  ],
  ['append_dedup', { ...FLAT, on_update: 'merge' }, 'dedup-with-merge', ['on_update']],
  ['append_dedup', { ...FLAT, write_condition: 'if_exists' }, 'dedup-with-condition', ['write_condition']],
  ['append_dedup', { ...FIELD, ...TTL }, 'delete-mode-ttl-on-shared-key', ['delete_mode']],
  ['append_dedup', { ...RANKED, delete_mode: 'soft' }, 'delete-mode-soft-on-member', ['delete_mode']],
  ['update', { ...JSON_STRING, write_condition: 'if_absent' }, 'update-with-if-absent', ['write_condition']],
  ['soft_delete', RANKED, 'soft-delete-without-field', ['data_format']],
])('%s with %j is refused with a code, the options and the mode', (mode, options, code, named) => {
  const params = { stream: 'n.s', mode }
  expect(problemsOf(mode, options)).toMatchObject([{ code, options: named, params }])
})

it.each<[Mode, object, code: string, options: string[], params: object]>([
  [
    'overwrite',
    { write_condition: 'if_absent' },
    'replace-with-condition',
    ['write_condition'],
    { condition: 'if_absent' },
  ],
  [
    'overwrite',
    { ...JSON_STRING, track_keys: 'never' },
    'tracking-required',
    ['track_keys'],
    { purpose: 'replaced' },
  ],
  [
    'append_dedup',
    { ...JSON_STRING, track_keys: 'never' },
    'tracking-required',
    ['track_keys'],
    { purpose: 'deduplicated' },
  ],
])('%s with %j is refused with what it depends on', (mode, options, code, named, params) => {
  expect(problemsOf(mode, options)).toMatchObject([
    { code, options: named, params: { stream: 'n.s', ...params } },
  ])
})

it.each<Mode>(['append_dedup', 'update', 'soft_delete'])('%s is refused without a primary key', (mode) => {
  expect(codesOf(mode, JSON_STRING, { primaryKey: [] })).toEqual(['primary-key-missing'])
})

it.each<Mode>(['update', 'soft_delete'])('%s is refused where the stream is to be replaced', (mode) => {
  expect(codesOf(mode, JSON_STRING, { generation: 2, minimumGeneration: 1 })).toEqual([
    'update-of-replaced-stream',
  ])
})

it('each of several problems is named where one is not the reason for the other', () => {
  const more = { generation: 1, minimumGeneration: 1 }
  const options = { ...JSON_STRING, write_condition: 'if_absent', track_keys: 'never' }
  expect(codesOf('append_dedup', options, more)).toEqual([
    'dedup-with-condition',
    'replace-with-condition',
    'tracking-required',
  ])
})

function codesOf(mode: Mode, options: object, more: Partial<SyncStream> = {}): string[] {
  return problemsOf(mode, options, more).map(({ code }) => code)
}

/** Returns the problems of a stream with the primary key `id`. */
function problemsOf(mode: Mode, options: object, more: Partial<SyncStream> = {}): readonly Problem[] {
  try {
    planWith(options, { mode, primaryKey: [['id']], ...more })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
