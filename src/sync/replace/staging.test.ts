import { describe, expect, it } from 'vitest'
import { stagingKey } from '../../layout/locations/staging-key.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { besideKey } from '../../redis/resp/key-slot.ts'
import { structureOf } from '../../layout/registry/structure-registry.ts'
import { SWAP_SCRIPT } from '../../redis/commands/swap-script.ts'
import type { RunMetadata } from '../streams/stream-session.ts'
import { indexedSessionOf } from '../dedup/row-trackers.support.ts'
import { thrownBy } from '../../errors.support.ts'
import { answeringClient } from '../streams/played-client.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import { planWith, sessionOf } from '../streams/stream-sessions.support.ts'
import { openStaging, requireSwappable, swap } from './staging.ts'

const METADATA = '_airbyte:manifest:n:s'
const OVERWRITE: Partial<SyncStream> = { mode: 'overwrite' }
const LIST = { cache_type: 'list', key_template: 'k:${id}' }
const [ONE, TWO, THREE] = ['k:1', 'k:2', 'k:3'].map(staging)

type Situation = Partial<RunMetadata>

describe('where the records of a collection go', () => {
  it.each([
    ['to live keys, where all is kept', {}, {}, undefined],
    ['to staging keys, where it is replaced', OVERWRITE, { keptFrom: 7 }, 7],
    ['to the staging keys of an earlier run of the generation', OVERWRITE, { keptFrom: 5, stagedFrom: 5 }, 5],
    [
      'to live keys, where this generation has replaced them',
      OVERWRITE,
      { keptFrom: 5, live: { oldest: 5, newest: 6 } },
      undefined,
    ],
    [
      'to live keys, where none of their generations is removed',
      OVERWRITE,
      { keptFrom: 5, live: { oldest: 6, newest: 6 } },
      undefined,
    ],
  ] as [string, Partial<SyncStream>, Situation, number | undefined][])(
    '%s',
    async (_, more, situation, expected) => {
      const { stagedFrom, asked } = await open(LIST, more, situation)
      expect(stagedFrom).toBe(expected)
      expect(asked).toEqual(expected === undefined ? [`HSET ${METADATA} live_newest_run 7`] : [])
    },
  )

  it('is nothing to decide where rows are deduplicated, or have keys of their own', async () => {
    const options = { cache_type: 'set', member: '${id}' }
    const dedup = await open(options, { mode: 'append_dedup', primaryKey: [['id']] }, {})
    const keyed = await open({ cache_type: 'string', key_template: 'k:${id}' }, OVERWRITE, { keptFrom: 7 })
    for (const { stagedFrom, asked } of [dedup, keyed]) expect([stagedFrom, asked]).toEqual([undefined, []])
  })

  it('is refused where what is to stay and what is to go are in one place', async () => {
    const more = { mode: 'append', generation: 9, minimumGeneration: 8 } as const
    for (const live of [
      { oldest: 3, newest: 5 },
      { oldest: 0, newest: 6 },
    ])
      expect(await thrownBy(() => open(LIST, more, { keptFrom: 5, live }))).toEqual({
        type: 'config_error',
        code: 'generations-mixed',
        options: [],
        params: { stream: 'n.s', minimumGeneration: 8 },
      })
    expect((await open(LIST, more, { keptFrom: 5, live: { oldest: 3, newest: 4 } })).stagedFrom).toBe(7)
  })
})

describe('the staging keys of an earlier run', () => {
  const entries = { 'k:1': '6', 'k:2': '4', 'k:3': '2' }

  it('are removed where they are older than the kept generations, recorded in the index or not', async () => {
    const { stagedFrom, asked } = await open(LIST, OVERWRITE, { keptFrom: 7, stagedFrom: 4 }, entries)
    expect(stagedFrom).toBe(7)
    expect(steps(asked)).toEqual([
      `UNLINK ${ONE}`,
      `UNLINK ${TWO}`,
      `UNLINK ${THREE}`,
      `HDEL ${METADATA} staged_from_run`,
    ])
  })

  it('are moved to the live keys where all is kept, until nothing is left of them', async () => {
    const left: Record<string, number[]> = { 'k:1': [500, 3, 0], 'k:2': [0], 'k:3': [0] }
    const { asked } = await open(LIST, {}, { stagedFrom: 4 }, entries, (live) => left[live]!.shift()!)
    const drains = [ONE, ONE, ONE, TWO, THREE].map(
      (key) => `EVAL ${drainOf(LIST)} 2 ${key} ${liveOf(key!)} 500 keep`,
    )
    expect(steps(asked).slice(0, -2).toSorted()).toEqual(drains.toSorted())
    expect(steps(asked).slice(-2)).toEqual([
      `HDEL ${METADATA} staged_from_run`,
      `HSET ${METADATA} live_newest_run 7`,
    ])
  })

  it.each([
    [{ ...LIST, max_length: 5 }, ['LTRIM k:1 -5 -1']],
    [{ ...LIST, max_length: 5, list_operation: 'prepend' }, ['LTRIM k:1 0 4']],
    [{ ...LIST, cache_type: 'stream', max_length: 5 }, ['XTRIM k:1 MAXLEN 5']],
    [{ ...LIST, cache_type: 'sorted_set' }, []],
    [{ key_template: 'k:${id}', hash_field: '${f}', data_format: 'json' }, []],
  ])('are trimmed like the live key: %j', async (options, after) => {
    const left = [3, 0]
    const { asked } = await open(options, {}, { stagedFrom: 6 }, { 'k:1': '6' }, () => left.shift()!)
    const expected = `EVAL ${drainOf(options)} 2 ${ONE} k:1 500 keep`
    expect(steps(asked).slice(0, -2)).toEqual([expected, expected, ...after])
  })

  it.each([
    [{ ttl_seconds: 9 }, false, '9000'],
    [{ ttl_seconds: 9 }, true, '9000'],
    [{}, true, 'never'],
    [{}, false, 'keep'],
  ])(
    'give the live key its time to live: %j, after runs that gave one: %j',
    async (more, hadExpiry, time) => {
      const options = { ...LIST, cache_type: 'set', ...more }
      const { asked } = await open(options, {}, { stagedFrom: 6, hadExpiry }, { 'k:1': '6' })
      expect(steps(asked)[0]).toBe(`EVAL ${drainOf(options)} 2 ${ONE} k:1 500 ${time}`)
    },
  )

  it('belong to the only key, indexed or not', async () => {
    const options = { cache_type: 'set' }
    const { asked } = await open(options, {}, { stagedFrom: 6 }, {})
    expect(steps(asked).filter((step) => !/airbyte:(manifest|index)/.test(step))).toEqual([
      `EVAL ${drainOf(options)} 2 ${staging('n:s')} n:s 500 keep`,
    ])
    expect(asked.at(-1)).toMatch(/^HSETNX _airbyte:index:n:s:\d+ n:s 0$/)
  })
})

describe('before anything is replaced', () => {
  const runs = { keptFrom: 5, live: { oldest: 0, newest: 4 } }

  it('keys without a staging key are made older than every run, so that they are removed', async () => {
    const { asked } = await required(LIST, runs, { 'k:1': '5', 'k:2': '6', 'k:3': '4' }, (key) =>
      key === ONE ? 1 : 0,
    )
    expect(asked.filter((command) => command.startsWith('HSET'))).toEqual([expect.stringMatching(/ k:2 0$/)])
  })

  it('the only key stays where neither this run nor an earlier one has written it', async () => {
    const { asked } = await required({ cache_type: 'list' }, runs, {}, () => 0)
    expect(asked.filter((command) => !command.startsWith('HSCAN'))).toEqual([])
  })

  it('a key of another type is in the way', async () => {
    const kinds = { 'k:1': 'none', 'k:2': 'hash' }
    expect(await thrownBy(() => required(LIST, runs, { 'k:1': '5', 'k:2': '5' }, () => 1, kinds))).toEqual({
      type: 'config_error',
      code: 'live-key-other-type',
      options: ['key_prefix'],
      params: { stream: 'n.s', key: 'k:${id}' },
    })
  })

  it('nothing is looked at where no record was staged', async () => {
    const options = { cache_type: 'string', key_template: 'k:${id}' }
    expect((await required(options, runs, { 'k:1': '5' }, () => 0)).asked).toEqual([])
  })
})

it('a staging key replaces its live key in one step, which is removed in another', async () => {
  const plan = planWith({ ...LIST, cache_type: 'sorted_set', ttl_seconds: 9, key_prefix: 'p:' }, OVERWRITE)
  const { client, asked } = answeringClient(() => 1)
  await swap(client, plan, 'p:k:1', ['zset', 'string', 'zset'], plan.settings)
  const [from, old] = ['staging', 'trash'].map((name) =>
    besideKey(Buffer.from('p:k:1'), Buffer.from('p:'), `_airbyte:${name}`).toString(),
  )
  expect(steps(asked)).toEqual([`EVAL SWAP 3 ${from} p:k:1 ${old} zset string 9000`, `UNLINK ${old}`])
})

/** Returns the script that drains the staging keys of a stream with these options. */
function drainOf(options: object): string {
  const { settings } = planWith(options)
  return structureOf(settings).collection!.drain(settings).text
}

function staging(key: string): string {
  return stagingKey(Buffer.from(key), Buffer.alloc(0)).toString()
}

function liveOf(key: string): string {
  return key.slice(-3)
}

/** Opens the staging of a collection that has these index entries. */
async function open(
  options: object,
  more: Partial<SyncStream>,
  situation: Situation,
  entries: object = {},
  drained: (live: string) => number = () => 0,
) {
  const plan = planWith(options, more)
  const { client, asked } = answeringClient((command) => {
    if (command.startsWith('EVAL')) return drained(/ (\S+) 500 \S+$/.exec(command)![1]!)
    return scanned(command, entries)
  })
  const runs = { ...sessionOf({ ...plan, idKeys: undefined }).runs, ...situation }
  const stagedFrom = await openStaging(client, plan, new KeyIndex(client, plan, []), runs)
  return { stagedFrom, asked }
}

/** Requires that the staging keys of a stream can replace its live keys. */
async function required(
  options: object,
  situation: Situation,
  entries: object,
  exists: (key: string) => number,
  kinds: Record<string, string> = {},
) {
  const plan = planWith(options, OVERWRITE)
  const { client, asked } = answeringClient((text) => {
    const [command, key] = text.split(' ')
    if (command === 'EXISTS') return exists(key!)
    return command === 'TYPE' ? (kinds[key!] ?? 'list') : scanned(text, entries)
  })
  const session = indexedSessionOf(plan, situation, new KeyIndex(client, plan, []))
  await requireSwappable(client, { ...session, layout: plan.stagedLayout ?? plan.liveLayout })
  return { asked }
}

function scanned(text: string, entries: object) {
  const [command, key] = text.split(' ')
  return command === 'HSCAN'
    ? ['0', key!.endsWith(':0') ? (Object.entries(entries).flat() as string[]) : []]
    : null
}

/** The commands that change something, with scripts by their names. */
function steps(asked: readonly string[]): string[] {
  return asked
    .filter((command) => !/^(HSCAN|PTTL)/.test(command))
    .map((command) => command.replace(SWAP_SCRIPT.text, 'SWAP'))
}
