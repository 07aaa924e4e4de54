import { describe, expect, it } from 'vitest'
import { ConfigError, problem } from '../../errors.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { thrownBy } from '../../thrown.support.ts'
import { playedClient } from './links.support.ts'
import { planWith } from './plans.support.ts'
import {
  countFormerIds,
  expiryShardsIn,
  FORMAT,
  openIdKeys,
  openRuns,
  readMetadata,
  type MetadataField,
} from './stream-metadata.ts'
import type { StreamPlan } from './stream-plan.ts'

const STRING = { cache_type: 'string', key_template: 'k:${id}' }
const LIST = { cache_type: 'list' }
const DEDUP: Partial<SyncStream> = {
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: { path: 'v', isNumeric: false },
}
const CLASSIC = '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}'

type Fields = Partial<Record<MetadataField, string>>

describe('the runs of a stream', () => {
  it('are numbered', () => {
    const { runs, changes } = opened(planWith(STRING, { mode: 'overwrite' }), { runs: '4' })
    expect([runs.run, changes.runs]).toEqual([5, 5])
    expect(opened(planWith(STRING, { mode: 'overwrite' }), {}).runs.run).toBe(1)
  })

  it.each([
    ['the one it writes alone, where there are no generations', undefined, 0, '', 5],
    ['the one it writes alone, whatever ran before', undefined, 0, '3@2', 5],
    ['its own generation, from its first run on', 3, 3, '2@1 3@2', 2],
    ['its own generation, which is new', 4, 4, '3@2', 5],
    ['all from a minimum on', 4, 3, '2@1 3@2 4@4', 2],
    ['all from the first one above a minimum that never ran', 4, 3, '1@1 4@3', 3],
    ['an overwrite of a generation without a minimum keeps that', 3, 0, '2@1 3@2', 2],
    ['generation 0, after runs that had none', 0, 0, '', 5],
  ])('keep %s', (_, generation, minimumGeneration, run_generations, keptFrom) => {
    const plan = planWith(STRING, { mode: 'overwrite', generation, minimumGeneration })
    expect(opened(plan, { runs: '4', run_generations }).runs.keptFrom).toBe(keptFrom)
  })

  it('keep all where nothing is replaced, and record the generation all the same', () => {
    const plan = planWith(STRING, { generation: 4 })
    const { runs, changes } = opened(plan, { runs: '4', run_generations: '3@2' })
    expect([runs.keptFrom, changes.run_generations]).toEqual([0, '3@2 4@5'])
  })
})

describe('whether rows are added to the key index', () => {
  it.each([
    ['as the plan says', STRING, { mode: 'overwrite' }, {}, true, undefined],
    ['not those of appends', STRING, {}, {}, false, 1],
    ['those of appends where former runs did', STRING, {}, { location_form: 'string' }, true, undefined],
    [
      'not those of appends where some rows are untracked',
      STRING,
      {},
      { location_form: 'string', has_untracked: '1' },
      false,
      1,
    ],
    ['not those of appends where locations were others', STRING, {}, { location_form: 'hash' }, false, 1],
    [
      'not those of appends where that is turned off',
      { ...STRING, track_keys: 'never' },
      {},
      { location_form: 'string' },
      false,
      1,
    ],
    [
      'not those of records under a condition',
      { ...STRING, write_condition: 'if_absent' },
      {},
      { location_form: 'string' },
      false,
      1,
    ],
    [
      'none that only changes',
      { ...STRING, write_condition: 'if_exists' },
      {},
      { location_form: 'string' },
      false,
      undefined,
    ],
    [
      'none that only changes, by its mode',
      STRING,
      { mode: 'update', primaryKey: [['id']] },
      {},
      false,
      undefined,
    ],
    ['not those of a collection that is one key, which is known', LIST, {}, {}, false, undefined],
    ['but there are untracked ones for good', STRING, { mode: 'overwrite' }, { has_untracked: '1' }, true, 1],
  ] as [string, object, Partial<SyncStream>, Fields, boolean, number | undefined][])(
    '%s',
    (_, options, more, fields, isTracked, hasUntracked) => {
      const plan = planWith(options, more)
      const { changes, runs, ...opening } = opened(plan, { runs: '4', ...fields })
      expect([opening.isTracked, runs.hasUntracked, changes.has_untracked]).toEqual([
        isTracked,
        hasUntracked !== undefined,
        hasUntracked,
      ])
      expect(changes.location_form).toBe(isTracked ? plan.locator.form.name : undefined)
    },
  )

  it('is refused where the entries of earlier runs are of another form', async () => {
    const plan = planWith(STRING, { mode: 'overwrite' })
    expect(await thrownBy(() => opened(plan, { location_form: 'member of set' }))).toEqual({
      type: 'config_error',
      code: 'location-form-changed',
      options: ['cache_type', 'key_prefix'],
      params: { stream: 'n.s', former: 'member of set', now: 'string' },
    })
  })
})

describe('the cursor of a stream', () => {
  it.each([
    ['the same as before', { cursor: 'v', cursor_from_run: '2' }, 2, undefined],
    ['another one from this run on', { cursor: 'w', cursor_from_run: '2' }, 5, 'v'],
    ['from this run on, where there was none', {}, 5, 'v'],
  ])('is %s', (_, fields, cursorFrom, recorded) => {
    const { runs, changes } = opened(planWith(STRING, DEDUP), { runs: '4', ...fields })
    expect([runs.cursorFrom, changes.cursor, changes.cursor_from_run]).toEqual([
      cursorFrom,
      recorded,
      recorded && 5,
    ])
  })

  it('is the emission time where there is none, and is not recorded where entries have no version', () => {
    const none = { ...DEDUP, cursor: undefined }
    expect(opened(planWith(STRING, none), { cursor: '', cursor_from_run: '3' }).runs.cursorFrom).toBe(3)
    const plan = planWith(STRING, { mode: 'overwrite', cursor: { path: 'v', isNumeric: false } })
    expect(opened(plan, { cursor: 'w' }).changes.cursor).toBeUndefined()
  })
})

it('a collection knows which runs are live, and which are staged', () => {
  const fields = { live_oldest_run: '2', live_newest_run: '3', staged_from_run: '4' }
  const { runs } = opened(planWith(LIST), fields)
  expect([runs.live, runs.stagedFrom]).toEqual([{ oldest: 2, newest: 3 }, 4])
  const { runs: fresh } = opened(planWith(LIST), {})
  expect([fresh.live, fresh.stagedFrom]).toEqual([{ oldest: 0, newest: 0 }, undefined])
})

describe('keys that former runs made of ids', () => {
  const range = { first: 1, last: 9, keys: { lead: 'n:s:', tail: '' }, redisType: 'hash' }

  it.each([
    ['of the classic connector, which left no metadata', {}, '9', 9],
    ['of our own', { key_template: 'row:${_airbyte_ab_id}', runs: '1' }, '9', 9],
    ['that are recorded', { key_template: CLASSIC, last_id: '3' }, '9', 0],
    ['that were counted before their template came back', { key_template: CLASSIC, last_id: '0' }, '9', 9],
    ['where there were others from the start', { runs: '1' }, '9', 0],
    ['where nothing was counted', {}, null, 0],
    ['where something else is counted', {}, 'x', 0],
    ['where the counter is a key of another type', {}, new ConfigError(problem('x', 'It is a list.')), 0],
  ] as [string, Fields, string | null | Error, number][])(
    'are counted once, %s',
    async (_, fields, counter, counted) => {
      const { client } = playedClient(() => {
        if (counter instanceof Error) throw counter
        return counter
      })
      expect(await countFormerIds(client, planWith(STRING, DEDUP), mapOf(fields))).toBe(counted)
    },
  )

  it('are not looked for where the stream is a collection', async () => {
    const { client, asked } = playedClient(() => '9')
    expect(await countFormerIds(client, planWith(LIST), mapOf({}))).toBe(0)
    expect(asked).toEqual([])
  })

  it.each([
    ['of the classic connector', {}, 9, range],
    ['that are recorded', { key_template: CLASSIC, last_id: '9' }, 0, range],
    [
      'of our own, from the lowest one on',
      { key_template: 'r:${_airbyte_ab_id}:x', last_id: '9', lowest_id: '4' },
      0,
      { first: 4, last: 9, keys: { lead: 'r:', tail: ':x' }, redisType: undefined },
    ],
    ['but not of several templates', { key_template: '', last_id: '9' }, 0, undefined],
  ] as [string, Fields, number, object | undefined][])(
    'are a range that a replace removes: %s',
    (_, fields, counted, expected) => {
      const { runs } = openRuns(planWith(STRING, { mode: 'overwrite' }), mapOf(fields), counted)
      expect(runs.formerIds).toEqual(expected)
    },
  )

  it('are recorded with their template', () => {
    const { changes } = openRuns(planWith(STRING, DEDUP), mapOf({}), 9)
    expect(changes).toMatchObject({ last_id: 9, key_template: CLASSIC })
  })
})

describe('the template of keys that are made of ids', () => {
  it.each([
    [{}, 'append', { format: FORMAT, key_template: CLASSIC }],
    [{ format: '2', key_template: CLASSIC }, 'overwrite', {}],
    [{ format: '2', key_template: CLASSIC, last_id: '7' }, 'overwrite', { last_id: 0 }],
    [{ format: '2', key_template: 'row:${_airbyte_ab_id}' }, 'append', { key_template: '' }],
    [{ format: '2', key_template: '' }, 'append', {}],
  ] as [Fields, SyncStream['mode'], object][])(
    'is recorded if it differs, or as several: %j, %s',
    (before, mode, changes) => {
      expect(openIdKeys(planWith({}, { mode }), mapOf(before))).toEqual(changes)
    },
  )

  it.each(['row:${_airbyte_ab_id}', ''])(
    'must be the only one of a stream that is replaced: %j',
    async (former) => {
      const call = () => openIdKeys(planWith({}, { mode: 'overwrite' }), mapOf({ key_template: former }))
      expect(await thrownBy(call)).toEqual({
        type: 'config_error',
        code: 'key-template-changed',
        options: ['key_template', 'key_prefix'],
        params: { stream: 'n.s', former, now: CLASSIC },
      })
    },
  )
})

it.each([
  ['1', undefined],
  ['2', undefined],
  ['3', 'metadata-format-newer'],
])('metadata of format %s are read up to the present one', async (format, code) => {
  const { client } = playedClient(() => ['format', format, 'runs', '3'])
  expect((await thrownBy(() => readMetadata(client, planWith())))?.code).toBe(code)
})

it.each([
  [{}, []],
  [{ expiry_shards: '' }, []],
  [{ expiry_shards: '3 17 255' }, [3, 17, 255]],
])('shards with entries that expire are listed: %j', (fields, shards) => {
  expect(expiryShardsIn(mapOf(fields))).toEqual(shards)
})

function opened(plan: StreamPlan, fields: Fields) {
  return openRuns(plan, mapOf(fields), 0)
}

function mapOf(fields: Fields): Map<MetadataField, string> {
  return new Map(Object.entries(fields) as [MetadataField, string][])
}
