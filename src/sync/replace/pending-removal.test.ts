import { describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import type { StreamMetadata } from '../streams/stream-metadata.ts'
import type { IdAllocator } from '../streams/id-allocator.ts'
import { answeringClient, playedClient } from '../streams/links.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { planWith } from '../streams/plans.support.ts'
import { executeRemoval, removalByIds, removalByIndex, type PendingRemoval } from './pending-removal.ts'

const CLASSIC = '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}'
const OVERWRITE: Partial<SyncStream> = { mode: 'overwrite' }
const STRING = { cache_type: 'string', key_template: 'k:${id}' }

describe('of a stream whose keys are ids', () => {
  it.each([
    [true, undefined, null, undefined],
    [false, 'hash', 'member of set', 'member of set'],
  ])(
    'what is below the ids that are kept goes, and all places: noted %s',
    async (isNoted, kind, noted, form) => {
      const plan = planWith({ key_prefix: 'p:' }, OVERWRITE)
      const ids = {
        replaced: () => ({ first: 3, last: 8, isNoted }),
        given: () => 12,
      } as unknown as IdAllocator
      const keys = { lead: 'p:n:s:', tail: '' }
      expect(await removalByIds(playedClient(() => noted).client, plan, ids)).toEqual({
        ids: { first: 3, last: 8, keys, kind },
        keptIds: { first: 9, last: 12, keys },
        form,
        before: Number.MAX_SAFE_INTEGER,
        attempt: 0,
        isStaged: false,
      })
    },
  )
})

describe('of a stream whose places are remembered', () => {
  it.each([
    ['nothing but places', {}, undefined, false],
    ['what was gathered', { staged: '3' }, undefined, true],
    [
      'keys of the classic connector',
      { last_id: '9', key_template: CLASSIC },
      { first: 1, last: 9, lead: 'n:s:', tail: '', kind: 'hash' },
      false,
    ],
    [
      'keys by id of our own',
      { last_id: '9', lowest_id: '4', key_template: 'r:${_airbyte_ab_id}:x' },
      { first: 4, last: 9, lead: 'r:', tail: ':x', kind: undefined },
      false,
    ],
    ['none of keys that were made in several ways', { last_id: '9', key_template: '' }, undefined, false],
  ])('what goes is noted: %s', async (_, notes, ids, isStaged) => {
    const plan = planWith(STRING, OVERWRITE)
    const { client } = playedClient(() => Object.entries(notes).flat())
    const metadata = { plan, keptFrom: 4, attempt: 6 } as StreamMetadata
    expect(await removalByIndex(client, metadata)).toEqual({
      ids: ids && {
        first: ids.first,
        last: ids.last,
        keys: { lead: ids.lead, tail: ids.tail },
        kind: ids.kind,
      },
      keptIds: undefined,
      form: 'string',
      before: 4,
      attempt: 6,
      isStaged,
    })
  })
})

describe('what is replaced', () => {
  const base: PendingRemoval = {
    ids: undefined,
    keptIds: undefined,
    form: 'string',
    before: 4,
    attempt: 4,
    isStaged: false,
  }
  const notes = { 'k:1': '3 5 9', 'k:2': '4', 'k:3': '12 1 ', 'k:4': '3', 'k:5': '0' }

  it('is gone from the places that only older runs noted, and how many are left is told', async () => {
    const { left, gone } = await carried(planWith(STRING, OVERWRITE), base, notes)
    expect([left, gone]).toEqual([2, ['k:1', 'k:4', 'k:5']])
  })

  it('is gone from keys by id, but for those that were noted since, and those that are counters', async () => {
    const ids = { first: 1, last: 6, keys: { lead: 'k:', tail: '' }, kind: undefined }
    const plan = { ...planWith(STRING, OVERWRITE), foreignIds: [6] }
    const { gone } = await carried(plan, { ...base, form: undefined, ids }, notes)
    expect(gone).toEqual(['k:1', 'k:4', 'k:5'])
  })

  it('is gone from all places where keys are ids now, but from keys that are ids that stay', async () => {
    const keptIds = { first: 2, last: 3, keys: { lead: 'k:', tail: '' } }
    const replacement = { ...base, before: Number.MAX_SAFE_INTEGER, keptIds }
    const { left, gone } = await carried(planWith({}, OVERWRITE), replacement, { ...notes, other: '9' })
    expect([left, gone]).toEqual([2, ['k:1', 'k:4', 'k:5', 'other']])
  })

  it('is not looked for in the places where keys are ids, to be spared', async () => {
    const keys = { lead: 'k:', tail: '' }
    const ids = { first: 1, last: 2, keys, kind: undefined }
    const replacement = { ...base, form: undefined, ids, keptIds: { first: 3, last: 3, keys } }
    const { gone, asked } = await carried(planWith({}, OVERWRITE), replacement, notes)
    expect(gone).toEqual(['k:1', 'k:2'])
    expect(asked.filter((question) => /HMGET|HSCAN/.test(question))).toEqual([])
  })

  it('makes way, in collections, for what was gathered, before the rest goes', async () => {
    const plan = planWith({ cache_type: 'set', key_template: 'k:${id}' }, OVERWRITE)
    const { asked } = await carried(
      plan,
      { ...base, form: 'set', isStaged: true },
      { 'k:1': '3', 'k:2': '4' },
      'set',
    )
    const steps = asked
      .filter((question) => /^(EVAL|UNLINK)/.test(question))
      .map((question) => question.split(' ').at(question.startsWith('EVAL') ? -4 : -1))
    expect(steps).toEqual(['k:2', expect.stringContaining('_airbyte:old:'), 'k:1'])
  })
})

/** Carries it out over a server that has these notes; what is removed of records is `gone`. */
async function carried(
  plan: StreamPlan,
  replacement: PendingRemoval,
  notes: Record<string, string>,
  kind = 'string',
) {
  const { client, asked } = answeringClient((question) => {
    const [command, key, ...rest] = question.split(' ')
    if (command === 'TYPE') return kind
    if (command === 'HMGET') return rest.map((location) => notes[location] ?? null)
    if (command !== 'HSCAN') return null
    return ['0', key!.endsWith(':0') ? Object.entries(notes).flat() : []]
  })
  const left = await executeRemoval(client, plan, new KeyIndex(client, plan), replacement)
  const gone = asked
    .filter((question) => question.startsWith('UNLINK '))
    .flatMap((question) => question.split(' ').slice(1))
  return { left, gone, asked }
}
