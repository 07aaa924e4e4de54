import { describe, expect, it } from 'vitest'
import type { Need } from '../../redis/health/permission-probes.ts'
import { needsOf } from './required-commands.ts'
import { planWith } from '../streams/plans.support.ts'

describe('what a structure needs of a server', () => {
  it.each<[options: object, needs: Need[]]>([
    [{ cache_type: 'hash' }, []],
    [{ cache_type: 'hash', data_format: 'flat', on_update: 'merge' }, []],
    [{ cache_type: 'hash', data_format: 'flat' }, ['hash_script']],
    [{ cache_type: 'hash', ttl_seconds: 60 }, ['expiry', 'hash_script']],
    [{ cache_type: 'hash', expire_at_field: 'until' }, ['expiry', 'hash_script']],
    [{ cache_type: 'hash', write_condition: 'if_absent' }, ['hash_script']],
    [{ cache_type: 'hash', hash_field: '${id}' }, []],
    [{ cache_type: 'hash', hash_field: '${id}', write_condition: 'if_absent' }, []],
    [{ cache_type: 'hash', hash_field: '${id}', write_condition: 'if_exists' }, ['field_script']],
    [{ cache_type: 'hash', hash_field: '${id}', ttl_seconds: 60 }, ['expiry', 'transaction']],
    [{ cache_type: 'string' }, ['string']],
    [{ cache_type: 'string', ttl_seconds: 60, write_condition: 'if_exists' }, ['expiry', 'string']],
    [{ cache_type: 'set' }, ['set']],
    [{ cache_type: 'sorted_set', ttl_seconds: 60 }, ['expiry', 'sorted_set', 'transaction']],
    [{ cache_type: 'list' }, ['list', 'transaction']],
    [{ cache_type: 'stream' }, ['stream', 'transaction']],
  ])('%j: %j', (options, needs) => {
    const { settings, liveLayout: layout } = planWith(options)
    expect(needsOf(settings).toSorted()).toEqual(needs)
    // What is probed for is what the layout does.
    expect(needs.some((need) => need.endsWith('_script'))).toBe(layout.script !== undefined)
    expect(needs.includes('transaction')).toBe(layout.delivery !== 'each')
  })
})
