import { describe, expect, it } from 'vitest'
import { planWith, sessionOf } from '../streams/stream-sessions.support.ts'
import { thrownBy } from '../../errors.support.ts'
import { pendingRemovalOf, readPendingRemoval, type PendingRemoval } from './pending-removal.ts'

const IDS = { last: () => 12 }

const REMOVAL: PendingRemoval = {
  before: 4,
  run: 6,
  lastId: 9,
  isStaged: false,
  ttlSeconds: 0,
  ttlJitterPercent: 0,
  otherCounter: false,
}

describe('what a run removes', () => {
  it.each([
    ['rows of older runs', { cache_type: 'string', data_format: 'json', key_template: 'k:${id}' }, 3, false],
    ['ids up to the last one of the run', {}, 12, false],
    ['live keys that have staging keys', { cache_type: 'list', ttl_seconds: 9 }, 12, true],
  ])('is recorded: %s', (_, options, lastId, isStaged) => {
    const plan = planWith(options, { mode: 'overwrite' })
    const session = { ...sessionOf(plan, { run: 6, keptFrom: 4 }), lastId: 3 }
    const opened = isStaged ? { ...session, layout: plan.stagedLayout! } : session
    const ttlSeconds = isStaged ? 9 : 0
    expect(pendingRemovalOf(opened, IDS)).toEqual({ ...REMOVAL, lastId, isStaged, ttlSeconds })
  })
})

describe('a removal that an earlier run recorded', () => {
  it('is read', () => {
    expect(readPendingRemoval(planWith(), JSON.stringify(REMOVAL))).toEqual(REMOVAL)
  })

  it.each([
    ['{'],
    ['{}'],
    ['null'],
    [JSON.stringify({ ...REMOVAL, before: -1 })],
    [JSON.stringify({ ...REMOVAL, lastId: 9e18 })],
    [JSON.stringify({ ...REMOVAL, isStaged: 1 })],
    ['{"ids":{"first":1,"last":3,"keys":{"lead":"victim:","tail":""}}}'],
  ])('is refused where it is none: %s', async (text) => {
    expect(await thrownBy(() => readPendingRemoval(planWith(), text))).toMatchObject({
      type: 'config_error',
      code: 'pending-removal-invalid',
      params: { stream: 'n.s', key: '_airbyte:manifest:n:s' },
    })
  })
})
