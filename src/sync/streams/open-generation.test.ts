import { describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { thrownBy } from '../../errors.support.ts'
import { manifestField, manifestText, type GenerationManifest } from './generation-manifest.ts'
import { openGeneration } from './open-generation.ts'
import { planWith } from './stream-sessions.support.ts'
import { layoutOf } from './stream-layout.ts'
import type { MetadataField } from './stream-metadata.ts'
import type { StreamPlan } from './stream-plan.ts'

const STRING = { cache_type: 'string', key_template: 'k:${id}' }
const LIST = { cache_type: 'list' }
const SET = { cache_type: 'set', member: '${id}' }
const OVERWRITE: Partial<SyncStream> = { mode: 'overwrite' }
const DEDUP: Partial<SyncStream> = {
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: { path: 'v', isNumeric: false },
}

describe('a run of a stream', () => {
  it('has a number, and begins a generation where there is none', () => {
    const { runs, manifests, decision } = open(planWith(STRING, { ...OVERWRITE, generation: 4, syncId: 9 }))
    expect([runs.run, decision]).toEqual([1, 'replace'])
    expect(manifests).toMatchObject([
      { firstRun: 1, generation: 4, syncId: 9, hasRecords: false, endedWell: false },
    ])
  })

  it('goes on with its generation, which has not ended until it ends well', () => {
    const plan = planWith(STRING, { generation: 4, minimumGeneration: 4 })
    const { runs, manifests, changes, decision } = open(plan, [{ generation: 4, endedWell: false }])
    expect([runs.run, runs.keptFrom, decision]).toEqual([2, 1, 'go on'])
    expect(manifests).toMatchObject([{ firstRun: 1, endedWell: false, hasRecords: true }])
    expect(changes['generation:1']).toBe(manifestText(manifests[0]!))
  })

  it('keeps the generations from a minimum on', () => {
    const plan = planWith(STRING, { generation: 6, minimumGeneration: 5 })
    expect(open(plan, [{ generation: 4 }, { generation: 5 }]).runs.keptFrom).toBe(2)
  })

  it('warns where another connection has written the stream, and where its generation is complete', () => {
    const refresh = { generation: 4, minimumGeneration: 4, syncId: 2 }
    const warned = (generation: number, syncId: number): number =>
      open(planWith(STRING, refresh), [{ generation, syncId }]).warnings.length
    expect([warned(5, 1), warned(4, 1), warned(4, 2), warned(3, 1)]).toEqual([1, 1, 1, 0])
  })

  it('is refused where it would add to rows of another layout, which are named', async () => {
    const plan = planWith({ ...STRING, key_template: 'l:${id}' })
    const manifest = manifestOf(planWith(STRING), { firstRun: 1 })
    expect(await thrownBy(() => openGeneration(plan, fieldsOf([manifest]), 0))).toEqual({
      type: 'config_error',
      code: 'layout-changed',
      options: ['key_template', 'key_prefix'],
      params: { stream: 'n.s', differences: 'key_template' },
    })
  })
})

describe('ids of a generation', () => {
  it('begin behind those of the former one', () => {
    const plan = planWith({}, OVERWRITE)
    const manifest = manifestOf(plan, { firstRun: 1 })
    const { manifests } = openGeneration(plan, fieldsOf([manifest]), 9)
    expect(manifests.map(({ rows }) => rows)).toEqual([
      { kind: 'ids', firstId: 1 },
      { kind: 'ids', firstId: 10 },
    ])
  })

  it('stay the same where a run goes on', () => {
    const { manifests } = openGeneration(planWith(), fieldsOf([manifestOf(planWith(), { firstRun: 1 })]), 9)
    expect(manifests.map(({ rows }) => rows)).toEqual([{ kind: 'ids', firstId: 1 }])
  })
})

describe('the key index of a generation', () => {
  it('is that of the former one where rows have the same form', () => {
    const plan = planWith(STRING, OVERWRITE)
    expect(open(plan, [{}]).manifests.at(-1)?.rows).toMatchObject({ index: 0 })
  })

  it('is another one where rows have another form, whose former rows are not in it', () => {
    const plan = planWith(SET, DEDUP)
    const former = manifestOf(planWith(SET, { primaryKey: [['id']] }), { firstRun: 1 })
    const { manifests, runs } = openGeneration(plan, fieldsOf([former]), 0)
    expect(manifests.at(-1)).toMatchObject({ firstRun: 2, continues: true, rows: { index: 1 } })
    expect(runs).toMatchObject({ hasUntracked: false, keepsOtherIndex: true })
  })
})

describe('whether rows are added to the key index', () => {
  const complete = { rows: { kind: 'index', index: 0, isComplete: true } } as const

  it.each([
    ['as the plan says', STRING, OVERWRITE, undefined, '', true],
    ['not those of appends', STRING, {}, undefined, '', false],
    ['those of appends where former runs did', STRING, {}, complete, '', true],
    ['not where some rows are untracked', STRING, {}, complete, '1', false],
    ['not where that is turned off', { ...STRING, track_keys: 'never' }, {}, complete, '', false],
    ['not under a condition', { ...STRING, write_condition: 'if_absent' }, {}, complete, '', false],
  ] as [string, object, Partial<SyncStream>, Partial<GenerationManifest> | undefined, string, boolean][])(
    '%s',
    (_, options, more, former, untracked, expected) => {
      const plan = planWith(options, more)
      const fields = fieldsOf(former === undefined ? [] : [manifestOf(plan, { firstRun: 1, ...former })])
      if (untracked !== '') fields.set('has_untracked', untracked)
      expect(openGeneration(plan, fields, 0).isTracked).toBe(expected)
    },
  )

  it('is known to be so of the only key of a collection', () => {
    expect(open(planWith(LIST)).runs.hasUntracked).toBe(false)
    expect(open(planWith(STRING)).runs.hasUntracked).toBe(true)
  })
})

describe('the cursor of a stream', () => {
  it.each([
    ['the same as before', { cursor: 'v', cursor_from_run: '2' }, 2, undefined],
    ['another one from this run on', { cursor: 'w', cursor_from_run: '2' }, 5, 'v'],
    ['from this run on, where there was none', {}, 5, 'v'],
  ])('is %s', (_, more, cursorFrom, recorded) => {
    const fields = new Map([...fieldsOf([]), ...Object.entries({ runs: '4', ...more })]) as Fields
    const { runs, changes } = openGeneration(planWith(STRING, DEDUP), fields, 0)
    expect([runs.cursorFrom, changes.cursor]).toEqual([cursorFrom, recorded])
  })
})

type Fields = Map<MetadataField, string>

/** Opens a run behind generations that were written with the same plan. */
function open(plan: StreamPlan, former: readonly Partial<GenerationManifest>[] = []) {
  const manifests = former.map((more, at) => manifestOf(plan, { firstRun: at + 1, ...more }))
  return openGeneration(plan, fieldsOf(manifests), 0)
}

function manifestOf(plan: StreamPlan, more: Partial<GenerationManifest>): GenerationManifest {
  return {
    firstRun: 1,
    generation: undefined,
    syncId: undefined,
    continues: false,
    layout: layoutOf(plan),
    keyForm: 'plain',
    form: plan.locator.form.name,
    rows:
      plan.idKeys === undefined
        ? { kind: 'index', index: 0, isComplete: false }
        : { kind: 'ids', firstId: 1 },
    usesIds: plan.liveLayout.usesIds,
    hasRecords: true,
    endedWell: true,
    ...more,
  }
}

function fieldsOf(manifests: readonly GenerationManifest[]): Fields {
  const fields: Fields = new Map([['runs', String(manifests.length)]])
  for (const manifest of manifests) fields.set(manifestField(manifest), manifestText(manifest))
  return fields
}
