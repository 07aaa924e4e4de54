import { describe, expect, it } from 'vitest'
import { eachRead } from '../../layout/registry/encode-records.support.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { isDeletion } from './cdc-deletes.ts'
import { planWith } from './stream-sessions.support.ts'

const DEDUP: Partial<SyncStream> = { mode: 'append_dedup', primaryKey: [['id']] }

describe('a record that says that its row is gone', () => {
  it.each([
    ['{"_ab_cdc_deleted_at":"2024-01-01T00:00:00Z"}', true],
    ['{"_ab_cdc_deleted_at":1700000000}', true],
    ['{"_ab_cdc_deleted_at":""}', true],
    ['{"_ab_cdc_deleted_at":false}', true],
    ['{"_ab_cdc_deleted_at":{}}', true],
    ['{"_ab_cdc_deleted_at":null}', false],
    ['{"_ab_cdc_deleted_at":1,"_ab_cdc_deleted_at":null}', false],
    ['{"_ab_cdc_deleted":1}', false],
    ['{"a":{"_ab_cdc_deleted_at":1}}', false],
    ['{}', false],
  ])('%s: %s', (record, expected) => {
    const found: boolean[] = []
    eachRead([record], '5', true, ({ columns }) => found.push(isDeletion(columns)))
    expect(found).toEqual([expected])
  })
})

describe('what is done with a deletion', () => {
  it.each([
    [{}, { afterMs: undefined, tombstoneMs: 604_800_000 }],
    [
      { delete_mode: 'hard', tombstone_seconds: 60 },
      { afterMs: undefined, tombstoneMs: 60_000 },
    ],
    [
      { delete_mode: 'hard', tombstone_seconds: 0 },
      { afterMs: undefined, tombstoneMs: 0 },
    ],
    [
      { delete_mode: 'ttl', delete_ttl_seconds: 30, tombstone_seconds: 1 },
      { afterMs: 30_000, tombstoneMs: 1_000 },
    ],
    [{ delete_mode: 'soft' }, undefined],
  ])('is as delete_mode says: %j', (options, deletions) => {
    expect(planWith(options, DEDUP).deletions).toEqual(deletions)
  })

  it.each(['append', 'overwrite', 'update', 'soft_delete'] as const)('is nothing in sync mode %s', (mode) => {
    expect(planWith({}, { ...DEDUP, mode }).deletions).toBeUndefined()
  })

  it('is done whatever the filter says, unless deletions are written like other records', () => {
    const filter = { record_filter: { field: 'kind', equals: 'x' } }
    const isLetThrough = (options: object): boolean => {
      const plan = planWith({ ...filter, ...options }, DEDUP)
      let kept = false
      eachRead(['{"_ab_cdc_deleted_at":1}'], '5', true, ({ columns }) => (kept = plan.filter!(columns)))
      return kept
    }
    expect([{}, { delete_mode: 'soft' }].map(isLetThrough)).toEqual([true, false])
    expect(planWith({}, DEDUP).filter).toBeUndefined()
  })
})
