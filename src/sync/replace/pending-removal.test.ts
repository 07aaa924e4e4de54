import { describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { answeringClient } from '../streams/links.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { planWith, sessionOf } from '../streams/plans.support.ts'
import { executeRemoval, pendingRemovalOf, type PendingRemoval } from './pending-removal.ts'

const OVERWRITE: Partial<SyncStream> = { mode: 'overwrite' }
/** Of streams without ids. */
const NO_IDS = {
  replaced: () => {
    throw new Error('It has no ids.')
  },
  last: () => 0,
}
const STRING = { cache_type: 'string', key_template: 'k:${id}' }

describe('of a stream whose keys are ids', () => {
  it.each([
    [true, undefined, undefined],
    [false, 'hash', 'member of set'],
  ])(
    'keys below the ids that are kept are removed, and all index entries: lowest id recorded %s',
    (isRecorded, redisType, formerForm) => {
      const plan = planWith({ key_prefix: 'p:' }, OVERWRITE)
      const ids = { replaced: () => ({ first: 3, last: 8, isRecorded }), last: () => 12 }
      const keys = { lead: 'p:n:s:', tail: '' }
      const session = {
        ...sessionOf(plan),
        tracking: { kind: 'id-range', idKeys: keys, formerForm },
      } as const
      expect(pendingRemovalOf(session, ids)).toEqual({
        ids: { first: 3, last: 8, keys, redisType },
        keptIds: { first: 9, last: 12, keys },
        locationForm: formerForm,
        before: Number.MAX_SAFE_INTEGER,
        run: 0,
        isStaged: false,
        trash: 'trash',
      })
    },
  )
})

describe('of a stream with a key index', () => {
  it.each([
    ['rows of older runs', STRING, undefined, false],
    [
      'keys that former runs made of ids',
      STRING,
      { first: 4, last: 9, keys: { lead: 'r:', tail: ':x' }, redisType: undefined },
      false,
    ],
    ['live keys that have staging keys', { cache_type: 'list' }, undefined, true],
  ])('%s are removed', (_, options, formerIds, isStaged) => {
    const plan = planWith(options, OVERWRITE)
    const session = sessionOf(plan, { keptFrom: 4, run: 6, formerIds })
    const opened = isStaged ? { ...session, layout: plan.stagedLayout! } : session
    expect(pendingRemovalOf(opened, NO_IDS)).toEqual({
      ids: formerIds,
      keptIds: undefined,
      locationForm: plan.locator.form.name,
      before: 4,
      run: 6,
      isStaged,
      trash: 'trash',
    })
  })
})

describe('what is replaced', () => {
  const base: PendingRemoval = {
    ids: undefined,
    keptIds: undefined,
    locationForm: 'string',
    before: 4,
    run: 4,
    isStaged: false,
    trash: 'trash',
  }
  const entries = { 'k:1': '3 5 9', 'k:2': '4', 'k:3': '12 1 ', 'k:4': '3', 'k:5': '0' }

  it('is removed where only older runs wrote it, and the number of entries that are left is returned', async () => {
    const { left, gone } = await executed(planWith(STRING, OVERWRITE), base, entries)
    expect([left, gone]).toEqual([2, ['k:1', 'k:4', 'k:5']])
  })

  it('is removed from keys made of ids, but for those that were written since, and those that are counters', async () => {
    const ids = { first: 1, last: 6, keys: { lead: 'k:', tail: '' }, redisType: undefined }
    const plan = { ...planWith(STRING, OVERWRITE), foreignIds: [6] }
    const { gone } = await executed(plan, { ...base, locationForm: undefined, ids }, entries)
    expect(gone).toEqual(['k:1', 'k:4', 'k:5'])
  })

  it('is removed from all entries where keys are made of ids now, but for ids that are kept', async () => {
    const keptIds = { first: 2, last: 3, keys: { lead: 'k:', tail: '' } }
    const removal = { ...base, before: Number.MAX_SAFE_INTEGER, keptIds }
    const { left, gone } = await executed(planWith({}, OVERWRITE), removal, { ...entries, other: '9' })
    expect([left, gone]).toEqual([2, ['k:1', 'k:4', 'k:5', 'other']])
  })

  it('is not looked up in the index where keys are made of ids', async () => {
    const keys = { lead: 'k:', tail: '' }
    const ids = { first: 1, last: 2, keys, redisType: undefined }
    const removal = { ...base, locationForm: undefined, ids, keptIds: { first: 3, last: 3, keys } }
    const { gone, asked } = await executed(planWith({}, OVERWRITE), removal, entries)
    expect(gone).toEqual(['k:1', 'k:2'])
    expect(asked.filter((question) => /HMGET|HSCAN/.test(question))).toEqual([])
  })

  it('is replaced, in collections, by the staging keys, before the rest is removed', async () => {
    const plan = planWith({ cache_type: 'set', key_template: 'k:${id}' }, OVERWRITE)
    const { asked } = await executed(
      plan,
      { ...base, locationForm: 'set', isStaged: true },
      { 'k:1': '3', 'k:2': '4' },
      'set',
    )
    const steps = asked
      .filter((question) => /^(EVAL|UNLINK)/.test(question))
      .map((question) => question.split(' ').at(question.startsWith('EVAL') ? -4 : -1))
    expect(steps).toEqual([
      expect.stringContaining('_airbyte:staging:'),
      'k:2',
      expect.stringContaining('_airbyte:trash:'),
      'k:1',
    ])
  })
})

/** Executes it over a server that has these index entries; `gone` are the keys that are removed. */
async function executed(
  plan: StreamPlan,
  removal: PendingRemoval,
  entries: Record<string, string>,
  kind = 'string',
) {
  const { client, asked } = answeringClient((question) => {
    const [command, key, ...rest] = question.split(' ')
    if (command === 'TYPE') return kind
    if (command === 'HMGET') return rest.map((location) => entries[location] ?? null)
    if (command !== 'HSCAN') return null
    return ['0', key!.endsWith(':0') ? Object.entries(entries).flat() : []]
  })
  const left = await executeRemoval(client, plan, new KeyIndex(client, plan, []), removal)
  const gone = asked
    .filter((question) => question.startsWith('UNLINK '))
    .flatMap((question) => question.split(' ').slice(1))
  return { left, gone, asked }
}
