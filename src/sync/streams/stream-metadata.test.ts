import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { noteIdKeys, openMetadata, type StreamMetadata } from './stream-metadata.ts'
import { playedClient } from './links.support.ts'
import type { StreamPlan } from './stream-plan.ts'
import { planWith } from './plans.support.ts'

const NOTES = '_airbyte:stream:n:s'
const STRING = { cache_type: 'string', key_template: 'k:${id}' }
const LIST = { cache_type: 'list' }
const DEDUP: Partial<SyncStream> = {
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: { path: 'v', isNumeric: false },
}
const CLASSIC = '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}'

describe('the runs of a stream', () => {
  it('are numbered, each before its first record', async () => {
    const { metadata, asked } = await opened(planWith(STRING, { mode: 'overwrite' }), { attempts: '4' })
    expect(metadata.attempt).toBe(5)
    expect(asked.at(-2)).toBe(`HINCRBY ${NOTES} attempts 1`)
    expect(asked.at(-1)).toContain(`HSET ${NOTES} run_generations`)
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
  ])('keep %s', async (_, generation, minimumGeneration, run_generations, keptFrom) => {
    const plan = planWith(STRING, { mode: 'overwrite', generation, minimumGeneration })
    const { metadata } = await opened(plan, { attempts: '4', run_generations })
    expect(metadata.keptFrom).toBe(keptFrom)
  })

  it('keep all where nothing is replaced, and note the generation all the same', async () => {
    const plan = planWith(STRING, { generation: 4 })
    const { metadata, news } = await opened(plan, { attempts: '4', run_generations: '3@2' })
    expect([metadata.keptFrom, news['run_generations']]).toEqual([0, '3@2 4@5'])
  })
})

describe('whether places are remembered', () => {
  it.each([
    ['as the plan has it', STRING, { mode: 'overwrite' }, {}, true, undefined],
    ['not of appends', STRING, {}, {}, false, '1'],
    ['of appends where former runs did', STRING, {}, { form: 'string' }, true, undefined],
    ['not of appends where some rows are not', STRING, {}, { form: 'string', untracked: '1' }, false, '1'],
    ['not of appends where places were others', STRING, {}, { form: 'hash' }, false, '1'],
    [
      'not of appends where that is not wanted',
      { ...STRING, track_keys: 'never' },
      {},
      { form: 'string' },
      false,
      '1',
    ],
    [
      'not of records under a condition',
      { ...STRING, write_condition: 'if_absent' },
      {},
      { form: 'string' },
      false,
      '1',
    ],
    [
      'of no row that only changes',
      { ...STRING, write_condition: 'if_exists' },
      {},
      { form: 'string' },
      false,
      undefined,
    ],
    [
      'of no row that only changes, by its mode',
      STRING,
      { mode: 'update', primaryKey: [['id']] },
      {},
      false,
      undefined,
    ],
    ['not of a collection that is one key, which need not be', LIST, {}, {}, false, undefined],
    [
      'still not all of them, once some were not',
      STRING,
      { mode: 'overwrite' },
      { untracked: '1' },
      true,
      '1',
    ],
  ] as [string, object, Partial<SyncStream>, object, boolean, string | undefined][])(
    '%s',
    async (_, options, more, notes, isTracked, untracked) => {
      const plan = planWith(options, more)
      const { metadata, news } = await opened(plan, { attempts: '4', ...notes })
      expect([metadata.plan.isTracked, metadata.hasUntracked, news['untracked']]).toEqual([
        isTracked,
        untracked !== undefined,
        untracked,
      ])
      expect(news['form']).toBe(isTracked ? plan.locator.form.name : undefined)
    },
  )

  it('is refused where earlier runs remembered others', async () => {
    const plan = planWith(STRING, { mode: 'overwrite' })
    await expect(opened(plan, { attempts: '4', form: 'member of set' })).rejects.toThrow(
      new ConfigError(
        'Stream n.s was written as member of set by earlier runs, which remembered it so, and is to be written as ' +
          'string now. Clear the stream with the configuration it was written with, or set another key_prefix.',
      ),
    )
  })
})

describe('the cursor of a stream', () => {
  it.each([
    ['the same as before', { cursor: 'v', cursor_from: '2' }, 2, undefined],
    ['another one from this run on', { cursor: 'w', cursor_from: '2' }, 5, 'v'],
    ['from this run on, where there was none', {}, 5, 'v'],
  ])('is %s', async (_, notes, cursorFrom, noted) => {
    const { metadata, news } = await opened(planWith(STRING, DEDUP), { attempts: '4', ...notes })
    expect([metadata.cursorFrom, news['cursor'], news['cursor_from']]).toEqual([
      cursorFrom,
      noted,
      noted && '5',
    ])
  })

  it('is that of emission where there is none, and is not noted where rows have no versions', async () => {
    const none = { ...DEDUP, cursor: undefined }
    expect((await opened(planWith(STRING, none), { cursor: '', cursor_from: '3' })).metadata.cursorFrom).toBe(
      3,
    )
    const plan = planWith(STRING, { mode: 'overwrite', cursor: { path: 'v', isNumeric: false } })
    expect((await opened(plan, { cursor: 'w' })).news['cursor']).toBeUndefined()
  })
})

it('a collection is told which runs are in it, and which are gathered beside it', async () => {
  const notes = { live_oldest: '2', live_newest: '3', staged: '4' }
  const { metadata } = await opened(planWith(LIST), notes)
  expect([metadata.live, metadata.staged]).toEqual([{ oldest: 2, newest: 3 }, 4])
  const { metadata: fresh } = await opened(planWith(LIST), {})
  expect([fresh.live, fresh.staged]).toEqual([{ oldest: 0, newest: 0 }, undefined])
})

describe('keys that former runs made of ids', () => {
  it.each([
    ['of the classic connector', {}, '9', `HSET ${NOTES} last_id 9 key_template ${CLASSIC}`],
    [
      'of our own',
      { key_template: 'row:${_airbyte_ab_id}', attempts: '1' },
      '9',
      `HSET ${NOTES} last_id 9 key_template row:\${_airbyte_ab_id}`,
    ],
    ['that were noted', { key_template: CLASSIC, last_id: '3' }, '9', undefined],
    ['where there were others from the start', { attempts: '1' }, '9', undefined],
    ['where nothing was counted', {}, null, undefined],
    ['where something else is counted', {}, 'x', undefined],
    ['where the key is none that counts', {}, new ConfigError('It is a list.'), undefined],
  ])('are noted once, %s', async (_, notes, counter, question) => {
    const { asked } = await opened(planWith(STRING, DEDUP), notes, counter)
    expect(asked.filter((one) => one.includes('last_id'))).toEqual(question === undefined ? [] : [question])
  })

  it('are not looked for where the stream is a collection', async () => {
    expect((await opened(planWith(LIST), {}, '9')).asked).not.toContain('GET n:s')
  })

  it.each([
    [null, 'append', CLASSIC],
    [CLASSIC, 'overwrite', CLASSIC],
    ['row:${_airbyte_ab_id}', 'append', ''],
    ['', 'append', ''],
  ] as const)('are noted as they are, or as several: %j, %s', async (before, mode, after) => {
    const { client, asked } = playedClient(() => before)
    await noteIdKeys(client, planWith({}, { mode }))
    expect(asked.slice(1)).toEqual([`HSET ${NOTES} key_template ${after}`, `HDEL ${NOTES} last_id`])
  })

  it.each([
    ['row:${_airbyte_ab_id}', 'row:${_airbyte_ab_id}'],
    ['', '(several)'],
  ])('are more than can be replaced where there are several: %j', async (before, named) => {
    const { client, asked } = playedClient(() => before)
    await expect(noteIdKeys(client, planWith({}, { mode: 'overwrite' }))).rejects.toThrow(
      new ConfigError(
        `Stream n.s was written with the key_template ${named}, is to be replaced, and has the key_template ${CLASSIC} ` +
          'now. Clear it with the former one, or set another key_prefix.',
      ),
    )
    expect(asked).toHaveLength(1)
  })
})

/** Opens the history of a stream of which this is noted; `news` is what is noted now. */
async function opened(plan: StreamPlan, notes: object, counter: string | null | Error = null) {
  const { client, asked } = playedClient((question) => {
    if (question.startsWith('HGETALL')) return Object.entries(notes).flat() as string[]
    if (question.startsWith('HINCRBY')) return 1 + Number((notes as { attempts?: string }).attempts ?? 0)
    if (!question.startsWith('GET')) return null
    if (counter instanceof Error) throw counter
    return counter
  })
  const metadata: StreamMetadata = await openMetadata(client, plan)
  const words = asked.at(-1)!.slice(`HSET ${NOTES} `.length)
  return { metadata, asked, news: newsIn(words) }
}

/** Fields and values; generations have spaces between them. */
function newsIn(text: string): Record<string, string> {
  const names = /(?:^| )(run_generations|form|untracked|cursor_from|cursor) /
  const [, ...ranges] = text.split(names)
  return Object.fromEntries(ranges.flatMap((range, at) => (at % 2 === 0 ? [[range, ranges[at + 1]!]] : [])))
}
