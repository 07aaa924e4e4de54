// Refreshes: what a run writes belongs to a generation, and older ones go when the run is complete.
import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { record, status, streamState } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const modes = ['append', 'overwrite'] as const

/** Writes rows as an attempt of a sync; one that is not complete ends in the middle, as a source that was killed. */
async function attempt(
  texts: readonly string[],
  generation: number,
  minimumGeneration: number,
  { isComplete = true, mode = 'append' }: { isComplete?: boolean; mode?: 'append' | 'overwrite' } = {},
) {
  const stream = { name: 's', mode, generation, minimumGeneration }
  const input = [...texts.map((row) => record('s', { row })), streamState('s', { rows: texts.length })]
  const run = await write(redis, [stream], [...input, ...(isComplete ? [status('s')] : [])].join(''))
  expect(run.code).toBe(isComplete ? 0 : 1)
  expect(run.states).toHaveLength(1)
  return run
}

async function rows(): Promise<string[]> {
  const keys = (await client.keys(':s:*')).toSorted(
    (a, b) => Number(a.split(':').at(-1)) - Number(b.split(':').at(-1)),
  )
  const data = await Promise.all(keys.map((key) => client.hget(key, '_airbyte_data')))
  return data.map((text) => (JSON.parse(text ?? '') as { row: string }).row)
}

describe.each(modes)('a refresh that replaces (%s)', (mode) => {
  beforeEach(() => attempt(['old 1', 'old 2'], 1, 0))

  it('keeps what is older until it is complete, and nothing older then', async () => {
    await attempt(['new 1'], 2, 2, { mode })
    expect(await rows()).toEqual(['new 1'])
  })

  it('that was interrupted destroys nothing, tells so, and has acknowledged what came', async () => {
    const run = await attempt(['new 1'], 2, 2, { mode, isComplete: false })
    expect(run.errors.map(({ failure_type }) => failure_type)).toEqual(['transient_error'])
    expect(run.errors[0]?.message).toContain('[stream-status-missing]')
    expect(await rows()).toEqual(['old 1', 'old 2', 'new 1'])
  })

  it('that was interrupted has the records of all its attempts in the end, and nothing older', async () => {
    await attempt(['new 1'], 2, 2, { mode, isComplete: false })
    await attempt(['new 2'], 2, 2, { mode, isComplete: false })
    await attempt(['new 3'], 2, 2, { mode })
    expect(await rows()).toEqual(['new 1', 'new 2', 'new 3'])
  })

  it('without records empties the stream, and the next one writes on', async () => {
    await attempt([], 2, 2, { mode })
    expect(await rows()).toEqual([])
    await attempt(['later'], 2, 0)
    expect(await rows()).toEqual(['later'])
  })

  it('that failed at the source destroys nothing', async () => {
    const stream = { name: 's', mode, generation: 2, minimumGeneration: 2 }
    const run = await write(redis, [stream], record('s', { row: 'new' }) + status('s', 'INCOMPLETE'))
    expect(run.code).toBe(1)
    expect(await rows()).toEqual(['old 1', 'old 2', 'new'])
  })
})

describe('a sync that keeps all generations', () => {
  it('keeps what a cancelled refresh left behind, the older and the newer', async () => {
    await attempt(['old'], 1, 0)
    await attempt(['half'], 2, 2, { isComplete: false })
    await attempt(['new'], 3, 0)
    expect(await rows()).toEqual(['old', 'half', 'new'])
  })

  it('is told from one that drops those below a minimum', async () => {
    for (const generation of [1, 2, 3, 4]) await attempt([`of ${generation}`], generation, 0)
    await attempt(['of 5'], 5, 3)
    expect(await rows()).toEqual(['of 3', 'of 4', 'of 5'])
  })
})

describe('streams of one catalog', () => {
  it('are replaced only when all of them are complete', async () => {
    await write(redis, twoStreams(1, 0), inBoth('old') + status('s') + status('t'))
    const run = await write(redis, twoStreams(2, 2), inBoth('new') + status('s'))
    expect([run.code, run.errors[0]?.failure_type]).toEqual([1, 'transient_error'])
    expect(await rows()).toEqual(['old', 'new'])
    await write(redis, twoStreams(2, 2), status('s') + status('t'))
    expect(await rows()).toEqual(['new'])
  })
})

describe('a host that knows no generations', () => {
  it('has a clean end of the input for the end of its streams, and each overwrite replaces the one before', async () => {
    for (const row of ['first', 'second'])
      expect((await write(redis, [{ name: 's', mode: 'overwrite' }], record('s', { row }))).code).toBe(0)
    expect(await rows()).toEqual(['second'])
  })

  it('may come before or after one that does', async () => {
    await write(redis, [{ name: 's' }], record('s', { row: 'plain' }))
    await attempt(['new'], 7, 7)
    expect(await rows()).toEqual(['new'])
    await write(redis, [{ name: 's', mode: 'overwrite' }], record('s', { row: 'plain' }))
    expect(await rows()).toEqual(['plain'])
  })
})

function twoStreams(generation: number, minimumGeneration: number) {
  return ['s', 't'].map((name) => ({ name, generation, minimumGeneration }))
}

function inBoth(row: string): string {
  return record('s', { row }) + record('t', { row })
}
