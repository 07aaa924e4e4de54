import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { stagingKey } from '../../layout/locations/staging-key.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { besideKey } from '../../redis/resp/key-slot.ts'
import { structureOf } from '../../layout/registry/structures.ts'
import { SWAP_SCRIPT } from '../../redis/commands/swap-script.ts'
import type { StreamMetadata } from '../streams/stream-metadata.ts'
import { answeringClient } from '../streams/links.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import { planWith } from '../streams/plans.support.ts'
import { openStaging, requireSwappable, swap } from './staging.ts'

const NOTES = '_airbyte:stream:n:s'
const OVERWRITE: Partial<SyncStream> = { mode: 'overwrite' }
const LIST = { cache_type: 'list', key_template: 'k:${id}' }
const [ONE, TWO] = ['k:1', 'k:2'].map(staging)

type Situation = Partial<Omit<StreamMetadata, 'plan' | 'live'>> & { live?: Partial<StreamMetadata['live']> }

describe('where the records of a collection go', () => {
  it.each([
    ['to what is live, where all is kept', {}, {}, 'live', [`HSET ${NOTES} live_newest 7`]],
    ['beside it, where it is replaced', OVERWRITE, { keptFrom: 7 }, 'staged', [`HSETNX ${NOTES} staged 7`]],
    [
      'beside it, with what an earlier attempt gathered',
      OVERWRITE,
      { keptFrom: 5, staged: 5 },
      'staged',
      [`HSETNX ${NOTES} staged 7`],
    ],
    [
      'to what is live, where that has been replaced by this generation',
      OVERWRITE,
      { keptFrom: 5, live: { oldest: 5, newest: 6 } },
      'live',
      [`HSET ${NOTES} live_newest 7`],
    ],
    [
      'to what is live, where no generation in it goes',
      OVERWRITE,
      { keptFrom: 5, live: { oldest: 6, newest: 6 } },
      'live',
      [`HSET ${NOTES} live_newest 7`],
    ],
  ] as [string, Partial<SyncStream>, Situation, string, string[]][])(
    '%s',
    async (_, more, situation, where, noted) => {
      const { plan, opened, asked } = await open(LIST, more, situation)
      expect(opened.layout === (where === 'live' ? plan.layout : plan.staged)).toBe(true)
      expect(asked).toEqual(noted)
    },
  )

  it('is nothing to decide where rows are deduplicated, or have keys of their own', async () => {
    const options = { cache_type: 'set', member: '${id}' }
    const dedup = await open(options, { mode: 'append_dedup', primaryKey: [['id']] }, {})
    const keyed = await open({ cache_type: 'string', key_template: 'k:${id}' }, OVERWRITE, { keptFrom: 7 })
    for (const { plan, opened, asked } of [dedup, keyed]) expect([opened, asked]).toEqual([plan, []])
  })

  it('is refused where what is to stay and what is to go are in one place', async () => {
    const more = { mode: 'append', generation: 9, minimumGeneration: 8 } as const
    for (const live of [
      { oldest: 3, newest: 5 },
      { oldest: 0, newest: 6 },
    ])
      await expect(open(LIST, more, { keptFrom: 5, live })).rejects.toThrow(
        new ConfigError(
          'Stream n.s: minimum_generation_id is 8, and the records of that generation and of older ones are in one ' +
            'place, where they cannot be told apart. Refresh the stream with a new generation.',
        ),
      )
    expect((await open(LIST, more, { keptFrom: 5, live: { oldest: 3, newest: 4 } })).asked).toHaveLength(1)
  })
})

describe('what an earlier run has gathered', () => {
  const notes = { 'k:1': '6', 'k:2': '4', 'k:3': '2' }

  it('is dropped where it is older than what is kept', async () => {
    const { asked } = await open(LIST, OVERWRITE, { keptFrom: 7, staged: 4 }, notes)
    expect(steps(asked)).toEqual([
      `UNLINK ${ONE}`,
      `UNLINK ${TWO}`,
      `HDEL ${NOTES} staged`,
      `HSETNX ${NOTES} staged 7`,
    ])
  })

  it('joins what is live where all is kept, until nothing is left of it', async () => {
    const left: Record<string, number[]> = { 'k:1': [500, 3, 0], 'k:2': [0] }
    const { asked } = await open(LIST, {}, { staged: 4 }, notes, (live) => left[live]!.shift()!)
    const script = drainOf(LIST)
    const [one, two] = [`EVAL ${script} 2 ${ONE} k:1 500`, `EVAL ${script} 2 ${TWO} k:2 500`]
    expect(steps(asked).slice(0, -2).toSorted()).toEqual([one, one, one, two])
    expect(steps(asked).slice(-2)).toEqual([`HDEL ${NOTES} staged`, `HSET ${NOTES} live_newest 7`])
  })

  it.each([
    [{ ...LIST, max_length: 5 }, ['LTRIM k:1 -5 -1']],
    [{ ...LIST, max_length: 5, list_operation: 'prepend' }, ['LTRIM k:1 0 4']],
    [{ ...LIST, cache_type: 'stream', max_length: 5 }, ['XTRIM k:1 MAXLEN 5']],
    [{ ...LIST, cache_type: 'set', ttl_seconds: 9 }, ['PEXPIRE k:1 9000']],
    [{ ...LIST, cache_type: 'sorted_set' }, []],
    [{ key_template: 'k:${id}', hash_field: '${f}', data_format: 'json' }, []],
  ])('becomes as long as it may be, and stays as long: %j', async (options, after) => {
    const left = [3, 0]
    const { asked } = await open(options, {}, { staged: 6 }, notes, () => left.shift()!)
    const expected = `EVAL ${drainOf(options)} 2 ${ONE} k:1 500`
    expect(steps(asked).slice(0, -2)).toEqual([expected, expected, ...after])
  })

  it.each([
    ['may have joined it, and not have been given its end', -1, ['PEXPIRE n:s 9000']],
    ['is for the only key, noted or not; what has an end keeps it', 100, []],
  ])('%s', async (_, left, ends) => {
    const options = { cache_type: 'set', ttl_seconds: 9 }
    const { asked } = await open(options, {}, { staged: 6 }, {}, () => 0, left)
    expect(steps(asked).filter((step) => !/airbyte:(stream|places)/.test(step))).toEqual([
      `EVAL ${drainOf(options)} 2 ${staging('n:s')} n:s 500`,
      ...ends,
    ])
    expect(asked.at(-1)).toMatch(/^HSETNX _airbyte:places:n:s:\d+ n:s 0$/)
  })
})

describe('before anything is replaced', () => {
  const metadata = { keptFrom: 5, live: { oldest: 0, newest: 4 } }

  it('keys for which nothing was gathered are noted as old, so that they go', async () => {
    const { asked } = await required(LIST, metadata, { 'k:1': '5', 'k:2': '6', 'k:3': '4' }, (key) =>
      key === ONE ? 1 : 0,
    )
    expect(asked.filter((question) => question.startsWith('HSET'))).toEqual([
      expect.stringMatching(/ k:2 0$/),
    ])
  })

  it('the only key is noted, whether or not a run has done so', async () => {
    const { asked } = await required({ cache_type: 'list' }, metadata, {}, () => 1)
    expect(asked[0]).toMatch(/^HSETNX _airbyte:places:n:s:\d+ n:s 0$/)
  })

  it('a key of another type is in the way', async () => {
    const kinds = { 'k:1': 'none', 'k:2': 'hash' }
    await expect(required(LIST, metadata, { 'k:1': '5', 'k:2': '5' }, () => 1, kinds)).rejects.toThrow(
      new ConfigError(
        'Stream n.s: the key k:2 holds another Redis type, so what was gathered for it cannot take its place. ' +
          'Remove or rename that key, or set a key_prefix.',
      ),
    )
  })

  it.each([
    [LIST, { keptFrom: 5, live: { oldest: 5, newest: 6 } }],
    [{ cache_type: 'string', key_template: 'k:${id}' }, metadata],
  ])('there is nothing to see to where nothing was gathered: %j', async (options, one) => {
    expect((await required(options, one, { 'k:1': '5' }, () => 0)).asked).toEqual([])
  })
})

it('what was gathered takes the place of what is live in one step, and the rest goes in another', async () => {
  const plan = planWith({ ...LIST, cache_type: 'sorted_set', ttl_seconds: 9, key_prefix: 'p:' }, OVERWRITE)
  const { client, asked } = answeringClient(() => 1)
  await swap(client, plan, 'p:k:1')
  const [from, old] = ['staging', 'old'].map((name) =>
    besideKey(Buffer.from('p:k:1'), Buffer.from('p:'), name).toString(),
  )
  expect(steps(asked)).toEqual([`EVAL SWAP 3 ${from} p:k:1 ${old} zset 9000`, `UNLINK ${old}`])
})

/** Returns the script that drains the staging keys of a stream with these options. */
function drainOf(options: object): string {
  const { settings } = planWith(options)
  return structureOf(settings).collection!.drain(settings).text
}

function staging(key: string): string {
  return stagingKey(Buffer.from(key), Buffer.alloc(0)).toString()
}

function historyOf(
  options: object,
  more: Partial<SyncStream>,
  { live, ...situation }: Situation,
): StreamMetadata {
  const usual = { attempt: 7, keptFrom: 0, cursorFrom: 0, hasUntracked: false, staged: undefined }
  return { plan: planWith(options, more), ...usual, ...situation, live: { oldest: 0, newest: 0, ...live } }
}

/** Opens the staging of a collection of which these places are noted. */
async function open(
  options: object,
  more: Partial<SyncStream>,
  situation: Situation,
  notes: object = {},
  drained: (live: string) => number = () => 0,
  ttl = 0,
) {
  const metadata = historyOf(options, more, situation)
  const { client, asked } = answeringClient((question) => {
    if (question.startsWith('EVAL')) return drained(/ (\S+) 500$/.exec(question)![1]!)
    if (question.startsWith('PTTL')) return ttl
    return scanned(question, notes)
  })
  const opened = await openStaging(client, new KeyIndex(client, metadata.plan), metadata)
  return { plan: metadata.plan, opened, asked }
}

async function required(
  options: object,
  situation: Situation,
  notes: object,
  exists: (key: string) => number,
  kinds: Record<string, string> = {},
) {
  const metadata = historyOf(options, OVERWRITE, situation)
  const { client, asked } = answeringClient((question) => {
    const [command, key] = question.split(' ')
    if (command === 'EXISTS') return exists(key!)
    return command === 'TYPE' ? (kinds[key!] ?? 'list') : scanned(question, notes)
  })
  await requireSwappable(client, new KeyIndex(client, metadata.plan), metadata)
  return { asked }
}

function scanned(question: string, notes: object) {
  const [command, key] = question.split(' ')
  return command === 'HSCAN'
    ? ['0', key!.endsWith(':0') ? (Object.entries(notes).flat() as string[]) : []]
    : null
}

/** What is asked besides what is known, with scripts by their names. */
function steps(asked: readonly string[]): string[] {
  return asked
    .filter((question) => !/^(HSCAN|PTTL)/.test(question))
    .map((question) => question.replace(SWAP_SCRIPT.text, 'SWAP'))
}
