// A Redis with snapshots is killed in a step of a replace, and comes back as it was when the step began: the run does the
// step again, whichever it is, or says that records are lost.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { codesIn } from './support/codes.ts'
import { CommandProxy, type BeforeCommand } from './support/command-proxy.ts'
import type { RedisServer } from './support/redis-server.ts'
import {
  expectExactly,
  messages,
  REPLACED,
  rowsFrom,
  streamOf,
  type Replaced,
} from './support/replacements.ts'
import { shareRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

const OLD = rowsFrom(0, 20, 'old')
const NEW = rowsFrom(10, 20, 'new')

/** As many steps as a replace has at least, at its start and at its end. */
const FEWEST_STEPS = 5

let redis: RedisServer
let client: Redis
shareRedis((shared) => {
  redis = shared.redis
  client = redis.client({ retryStrategy: () => 20, maxRetriesPerRequest: null })
})

const some = REPLACED.filter(({ title }) => caseCount(0, 1) === 1 || /^(strings|a list)/.test(title))

describe.each(some)('$title', (replaced) => {
  it(
    'are replaced by one run, though the server is set back in any of its steps',
    async () => {
      let steps = 0
      while (await isSetBackIn(steps, replaced)) steps++
      expect(steps).toBeGreaterThanOrEqual(FEWEST_STEPS)
    },
    caseCount(150_000, 600_000),
  )
})

/** Replaces the old rows, with the server set back in a step. Returns false if the run has fewer steps. */
async function isSetBackIn(step: number, replaced: Replaced): Promise<boolean> {
  await client.flushall()
  const { options } = replaced
  expect((await write(redis, [streamOf(replaced, 1, 1)], messages(OLD), options)).code).toBe(0)
  await using proxy = await CommandProxy.start(redis.port)
  const setBack = setsBackIn(step)
  proxy.beforeEach(setBack.before)
  const run = await write(proxy, [streamOf(replaced, 2, 2)], messages(NEW), options)
  const codes = run.errors.flatMap(({ message }) => codesIn(message))
  // Records that were confirmed behind the snapshot are gone.
  if (codes[0] === 'data-lost') return true
  expect({ step, code: run.code, codes }).toEqual({ step, code: 0, codes: [] })
  // A lease that could not be released runs out, and the next run closes the connections.
  await client.del('_airbyte:lease:n:s')
  await client.hdel('_airbyte:manifest:n:s', 'connections')
  await expectExactly(replaced, client, NEW)
  return setBack.isDone()
}

/**
 * A step ends with a marker. Before the first command of the given one a snapshot is made; before its marker the server is
 * killed. The steps between the first record and the end of the run do not count.
 */
function setsBackIn(step: number): { before: BeforeCommand; isDone: () => boolean } {
  let left = step
  let phase: 'start' | 'records' | 'end' = 'start'
  let isBetween = true
  let state: 'before' | 'saved' | 'done' = 'before'
  const before: BeforeCommand = (words, settled) => {
    const own = words.find((word) => word.startsWith('_airbyte:'))
    if (own === undefined || own.startsWith('_airbyte:lease:')) return undefined
    if (words.includes('pending_removal')) phase = 'end'
    else if (phase === 'start' && own.startsWith('_airbyte:journal:')) phase = 'records'
    const isMarker = own.startsWith('_airbyte:marker:')
    if (state === 'saved' && isMarker) {
      state = 'done'
      return settled().then(() => redis.restart())
    }
    if (state !== 'before' || phase === 'records') return undefined
    if (isBetween && !isMarker && left-- === 0) {
      state = 'saved'
      return settled().then(() => client.save())
    }
    isBetween = isMarker
    return undefined
  }
  return { before, isDone: () => state === 'done' }
}
