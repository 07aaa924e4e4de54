import { describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { withMeantNumbers } from '../drafts/catalog-numbers.ts'
import { decide, firstKeptOf, isOtherWriter } from './replace-decision.ts'
import type { StreamLayout } from './stream-layout.ts'

const LAYOUT: StreamLayout = {
  cache_type: 'hash',
  data_format: 'flat',
  key_template: 'u:${id}',
  primary_key: ['id'],
}
const OTHER: StreamLayout = { ...LAYOUT, key_template: 'v:${id}' }

const MODES = ['append', 'append_dedup', 'overwrite', 'update', 'soft_delete'] as const
const MINIMUMS = ['0', 'between', 'equal'] as const
const GENERATIONS = ['lower', 'equal', 'higher'] as const
const SYNC_IDS = ['equal', 'other', 'null'] as const
const ENDS = ['good', 'bad', 'none'] as const

/** The first line that fits decides; `*` fits everything. */
const TABLE = `
  update        0        *           *        *         append
  soft_delete   0        *           *        *         append
  append        0        *           *        *         append
  append_dedup  0        *           *        *         append
  *             *        *           *        none      replace
  overwrite     *        equal       equal    good      replace
  overwrite     *        equal       null     good      replace
  *             *        equal       equal    good      go on with a complete one
  *             *        equal       null     good      go on with a complete one
  *             *        equal       equal    bad       go on
  *             *        equal       null     bad       go on
  *             *        *           *        *         replace
`

const LINES = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/ {2,}/))

const CELLS = MODES.flatMap((mode) =>
  MINIMUMS.flatMap((minimum) =>
    GENERATIONS.flatMap((generation) =>
      SYNC_IDS.flatMap((syncId) => ENDS.map((end) => [mode, minimum, generation, syncId, end] as const)),
    ),
  ),
)

describe('what a run does with what the last one wrote', () => {
  it.each(CELLS)('in mode %s: minimum %s, generation %s, sync id %s, last end %s', (...cell) => {
    const [mode, minimum, generation, syncId, end] = cell
    const line = LINES.find((words) => cell.every((word, at) => words[at] === '*' || words[at] === word))!
    const number = 5 + { lower: -1, equal: 0, higher: 1 }[generation]
    const stream = numbers({
      mode,
      generation: number,
      minimumGeneration: { 0: 0, between: number - 1, equal: number }[minimum],
      syncId: { equal: 10, other: 11, null: undefined }[syncId],
    })
    const last = { ...former(5), syncId: 10, endedWell: end === 'good' }
    const decision = decide(stream, LAYOUT, end === 'none' ? [] : [last])
    const isComplete = decision.kind === 'go on' && decision.isComplete
    expect(isComplete ? 'go on with a complete one' : decision.kind).toBe(line.at(-1))
  })

  it('starts anew in each overwrite of a host without generations', () => {
    const stream = numbers({ mode: 'overwrite', generation: undefined })
    expect(decide(stream, LAYOUT, [{ ...former(undefined), endedWell: false }]).kind).toBe('replace')
  })
})

describe('rows in another layout', () => {
  const differences = [{ option: 'key_template', former: 'u:${id}', now: 'v:${id}' }]

  it.each([
    ['an append', { generation: 5 }],
    ['an attempt that goes on', { generation: 5, minimumGeneration: 5 }],
    ['a replace that keeps some', { generation: 6, minimumGeneration: 5 }],
  ])('are not added to by %s', (_, more) => {
    const decision = decide(numbers(more), OTHER, [former(5)])
    expect(decision).toEqual({ kind: 'refuse', differences })
  })

  it('are replaced', () => {
    const stream = numbers({ generation: 6, minimumGeneration: 6 })
    expect(decide(stream, OTHER, [former(5)]).kind).toBe('replace')
  })

  it('do not matter where a generation has no records', () => {
    expect(decide(numbers({ generation: 5 }), OTHER, [{ ...former(5), hasRecords: false }]).kind).toBe(
      'append',
    )
  })

  it('are those of another primary key, but not of another order of its columns', () => {
    const [one, two] = [
      { ...LAYOUT, primary_key: ['a', 'b'] },
      { ...LAYOUT, primary_key: ['b', 'a'] },
    ]
    expect(decide(numbers({ generation: 5 }), one, [{ ...former(5), layout: two }]).kind).toBe('append')
    expect(decide(numbers({ generation: 5 }), one, [former(5)]).kind).toBe('refuse')
  })
})

describe('the first generation that a replace keeps', () => {
  it.each([
    ['itself alone, where the minimum is its own', [3, 4, 5], 5, 2],
    ['those from the minimum on', [3, 4, 5], 4, 1],
    ['those behind one that was written after a higher one', [4, 7, 5, 6], 4, 2],
    ['not those of the same number by another connection', [5, 5], 4, 1],
    ['not those of hosts without generations', [undefined, 5], 4, 1],
  ])('is %s', (_, generations, minimumGeneration, expected) => {
    const stream = numbers({ generation: generations.at(-1), minimumGeneration })
    expect(firstKeptOf(stream, generations.map(former))).toBe(expected)
  })

  it('is its first form, where it has several', () => {
    const manifests = [former(4), former(5), { ...former(5), continues: true }]
    expect(firstKeptOf(numbers({ generation: 5, minimumGeneration: 5 }), manifests)).toBe(1)
  })
})

it('an append is refused where rows of any generation have another layout', () => {
  const append = numbers({ generation: 7 })
  const refresh = { ...former(6), endedWell: false, layout: OTHER }
  expect(decide(append, OTHER, [former(5), refresh]).kind).toBe('refuse')
  expect(decide(append, OTHER, [{ ...former(5), hasRecords: false }, refresh]).kind).toBe('append')
})

it('another attempt may have another layout than generations that it does not keep', () => {
  const stream = numbers({ mode: 'overwrite', generation: 6, minimumGeneration: 6, syncId: 7 })
  const attempt = { ...former(6), syncId: 7, endedWell: false, hasRecords: false, layout: OTHER }
  expect(decide(stream, OTHER, [former(5), attempt]).kind).toBe('go on')
  expect(decide({ ...stream, minimumGeneration: 5 }, OTHER, [former(5), attempt]).kind).toBe('refuse')
  expect(decide({ ...stream, mode: 'append', minimumGeneration: 0 }, OTHER, [former(5), attempt]).kind).toBe(
    'refuse',
  )
})

it.each([
  ['append', false, 0],
  ['append_dedup', false, 0],
  ['overwrite', false, 1],
  ['append', true, 1],
] as [SyncStream['mode'], boolean, number][])(
  'a host that always sends 1 means, for %s with a platform (%s), the minimum %i',
  (mode, isPlatform, expected) => {
    const stream = numbers({ mode, generation: 1, minimumGeneration: 1, syncId: 1 })
    expect(withMeantNumbers(stream, { isPlatform }).minimumGeneration).toBe(expected)
  },
)

describe('another connection', () => {
  it.each([
    ['a lower generation', { generation: 4, minimumGeneration: 0 }, true],
    ['the next sync', { syncId: 11 }, false],
    ['another attempt of the sync', { syncId: 10 }, false],
    ['a sync before the last one', { syncId: 9 }, true],
    ['a replace in another sync', { minimumGeneration: 5, syncId: 11 }, true],
    ['a replace in the same sync', { minimumGeneration: 5, syncId: 10 }, false],
    ['the next generation', { generation: 6, minimumGeneration: 6, syncId: 11 }, false],
  ])('has written the stream before %s: %j, %s', (_, more, expected) => {
    expect(isOtherWriter(numbers(more), [{ ...former(5), syncId: 10 }])).toBe(expected)
  })

  it('has written the stream where a generation comes back that another one followed', () => {
    expect(isOtherWriter(numbers({ generation: 5 }), [former(5), former(2)])).toBe(true)
    expect(isOtherWriter(numbers({ generation: 6 }), [former(5), former(2)])).toBe(false)
  })

  it.each([
    ['a', 'b', true],
    ['a', 'a', false],
    [undefined, 'b', false],
    ['a', undefined, false],
  ])('is known by its name, where the platform gives one: %s, then %s', (before, now, expected) => {
    const stream = { ...numbers({ syncId: 11 }), connection: now }
    expect(isOtherWriter(stream, [{ ...former(5), syncId: 10, connection: before }])).toBe(expected)
  })
})

function numbers(more: Partial<SyncStream>) {
  return { mode: 'append' as const, generation: 5, minimumGeneration: 0, syncId: undefined, ...more }
}

/** The manifest of a generation that ended well. */
function former(generation: number | undefined) {
  return {
    generation,
    syncId: undefined,
    endedWell: true,
    hasRecords: true,
    layout: LAYOUT,
    continues: false,
  }
}
