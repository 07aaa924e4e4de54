import { describe, expect, it } from 'vitest'
import { errorWith } from '../../errors.support.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { plansFor, planWith, stream } from '../streams/stream-sessions.support.ts'

type Mode = SyncStream['mode']

const FLAT = { data_format: 'flat' }
const JSON_STRING = { cache_type: 'string', data_format: 'json' }
const MEMBER = { member: '${_airbyte_primary_key}' }

/** A stream with the primary key `id`, and what a configuration makes of it. */
function planned(mode: Mode, options: object, more: Partial<SyncStream> = {}) {
  return () => planWith(options, { mode, primaryKey: [['id']], ...more })
}

describe('append_dedup', () => {
  it.each([
    {},
    FLAT,
    JSON_STRING,
    { key_template: 'user:${id}' },
    { key_prefix: 'p:', key_template: 'user:${_airbyte_primary_key}:x' },
    { hash_field: '${id}' },
    { hash_field: 'all', key_template: 'row:${id}' },
    { cache_type: 'set', ...MEMBER },
    { cache_type: 'sorted_set', member: '${id}' },
    { ...FLAT, delete_mode: 'ttl', delete_ttl_seconds: 60 },
    { ...JSON_STRING, delete_mode: 'soft' },
  ])('goes with %j', (options) => {
    expect(planned('append_dedup', options)()).toMatchObject({ isDeduplicated: true, mustTrack: true })
  })

  it.each([
    [{ cache_type: 'list' }, 'mode-needs-rows'],
    [{ cache_type: 'stream' }, 'mode-needs-rows'],
    [{ cache_type: 'set' }, 'mode-needs-member'],
    [{ cache_type: 'sorted_set' }, 'mode-needs-member'],
    [{ key_template: 'user:${email}' }, 'template-not-primary-key'],
    [{ key_template: 'user:${id}:${email}' }, 'template-not-primary-key'],
    [{ key_template: 'user:${_airbyte_ab_id}' }, 'template-not-primary-key'],
    [{ key_template: 'user' }, 'template-not-primary-key'],
    [{ hash_field: '${email}' }, 'template-not-primary-key'],
    [{ cache_type: 'set', member: '${email}' }, 'template-not-primary-key'],
    [{ ...FLAT, on_update: 'merge' }, 'dedup-with-merge'],
    [{ ...FLAT, write_condition: 'if_absent' }, 'dedup-with-condition'],
    [{ track_keys: 'never' }, 'tracking-required'],
    [{ hash_field: '${id}', delete_mode: 'ttl', delete_ttl_seconds: 60 }, 'delete-mode-ttl-on-shared-key'],
    [{ cache_type: 'set', ...MEMBER, delete_mode: 'soft' }, 'delete-mode-soft-on-member'],
  ])('is refused with %j: %s', (options, code) => {
    expect(planned('append_dedup', options)).toThrow(errorWith(code))
  })

  it('is refused without a primary key, and with a part of one', () => {
    expect(planned('append_dedup', {}, { primaryKey: [] })).toThrow(errorWith('primary-key-missing'))
    const primaryKey = [['id'], ['a', 'b']]
    expect(planned('append_dedup', { key_template: 'x:${id}' }, { primaryKey })).toThrow(
      errorWith('template-not-primary-key'),
    )
    expect(planned('append_dedup', { key_template: 'x:${a.b}:${id}' }, { primaryKey })().keyTemplate).toBe(
      'x:${a.b}:${id}',
    )
  })
})

describe.each(['update', 'soft_delete'] as const)('%s', (mode) => {
  it.each([{}, FLAT, JSON_STRING, { hash_field: '${id}' }, { ...FLAT, write_condition: 'if_exists' }])(
    'never inserts: %j',
    (options) => {
      expect(planned(mode, options)().settings.writeCondition).toBe('if_exists')
    },
  )

  it.each([
    [{ cache_type: 'list' }, 'mode-needs-rows'],
    [{ cache_type: 'set', ...MEMBER }, 'mode-cannot-change-set'],
    [{ ...FLAT, write_condition: 'if_absent' }, 'update-with-if-absent'],
    [{ key_template: 'user:${email}' }, 'template-not-primary-key'],
  ])('is refused with %j: %s', (options, code) => {
    expect(planned(mode, options)).toThrow(errorWith(code))
  })

  it('is refused where the stream is to be replaced', () => {
    expect(planned(mode, {}, { generation: 2, minimumGeneration: 2 })).toThrow(
      errorWith('update-of-replaced-stream'),
    )
  })
})

describe('soft_delete', () => {
  it.each([
    { cache_type: 'sorted_set', ...MEMBER },
    { cache_type: 'string', data_format: 'raw', value_field: 'v' },
  ])('is refused where nothing would show it: %j', (options) => {
    expect(planned('soft_delete', options)).toThrow(errorWith('soft-delete-without-field'))
  })

  it('merges its mark into flat hashes', () => {
    expect(planned('soft_delete', FLAT)().settings).toMatchObject({
      onUpdate: 'merge',
      writesDeletedAt: true,
    })
  })
})

describe('a stream that is to be replaced', () => {
  it.each([
    [{}, false],
    [{ key_template: 'row:${_airbyte_ab_id}' }, false],
    [FLAT, true],
    [JSON_STRING, true],
    [{ key_template: 'row:${_airbyte_ab_id}:${id}' }, true],
    [{ cache_type: 'list' }, true],
    [{ cache_type: 'stream', key_template: 'events:${id}' }, true],
    [{ hash_field: '${id}' }, true],
  ])('may be anything: %j; what it writes is remembered: %s', (options, mustTrack) => {
    expect(planned('overwrite', options)()).toMatchObject({ replaces: true, mustTrack })
  })

  it.each(['if_exists', 'if_absent'])('is refused with the write_condition %s', (condition) => {
    expect(planned('overwrite', { write_condition: condition })).toThrow(
      errorWith('replace-with-condition', { stream: 'n.s', condition }),
    )
  })

  it('needs its keys remembered where they do not tell themselves', () => {
    expect(planned('overwrite', { ...JSON_STRING, track_keys: 'never' })).toThrow(
      errorWith('tracking-required'),
    )
    expect(
      planned('overwrite', { cache_type: 'list', key_template: 'l:${id}', track_keys: 'never' }),
    ).toThrow(errorWith('tracking-required'))
    for (const options of [{}, { cache_type: 'list' }])
      expect(planned('overwrite', { ...options, track_keys: 'never' })().replaces).toBe(true)
  })

  it('is refused where other streams write into the same hashes', () => {
    const shared = { ...FLAT, on_update: 'merge', key_template: 'user:${id}' }
    const streams = [stream('a', { mode: 'overwrite' }), stream('b')]
    expect(() => plansFor(streams, shared)).toThrow(
      errorWith('replaced-keys-shared', { stream: 'n.a', key: 'user:${…}' }),
    )
  })
})

describe('a stream that is appended', () => {
  it.each([
    [{}, 'auto', false],
    [JSON_STRING, 'auto', false],
    [JSON_STRING, 'always', true],
    [{}, 'always', false],
    [JSON_STRING, 'never', false],
  ])('has its keys remembered as track_keys says: %j, %s: %s', (options, trackKeys, mustTrack) => {
    expect(planned('append', { ...options, track_keys: trackKeys })()).toMatchObject({ mustTrack })
  })
})
