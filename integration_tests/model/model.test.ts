// Random cases against the model. A failed case prints its seed and a script; MODEL_SEED=<seed> repeats it.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../../src/case-count.support.ts'
import { RedisCluster } from '../support/cluster.ts'
import { randomFrom } from '../support/random.ts'
import { RedisServer } from '../support/redis-server.ts'
import { shareFixture } from '../support/shared-fixture.ts'
import { describeCase, type Case } from './case.ts'
import { compareCase } from './compare-case.ts'
import type { Target } from './driver.ts'
import { makeCase } from './random-case.ts'
import { reduceCase } from './reduce-case.ts'

const given = process.env['MODEL_SEED']
/** The same cases in every run of `npm test`; others each time in `npm run test:long`. */
const DEFAULT_SEED = caseCount(1_000, Math.floor(Math.random() * 2 ** 31))
const firstSeed = given === undefined ? DEFAULT_SEED : Number(given)

/** The number of cases for each topology; a seed repeats one case. */
const CASES = { standalone: caseCount(120, 4_700), cluster: caseCount(20, 300) }
const CASES_AT_ONCE = 20

describe('on one server', () => {
  let redis: RedisServer
  let client: Redis
  shareFixture(
    () => RedisServer.start(),
    (started) => {
      redis = started
      client = redis.client()
    },
  )

  it.each(seeds('standalone'))('does what the model says, from seed %i on', async (seed, count) => {
    const { host, port } = redis
    await compareSeeds(
      { seed, count, topology: 'standalone' },
      { connection: { host, port }, nodes: [client] },
    )
  })
})

describe('on a cluster of three', () => {
  let cluster: RedisCluster
  shareFixture(
    () => RedisCluster.start({ masters: 3 }),
    (started) => {
      cluster = started
    },
  )

  it.each(seeds('cluster'))('does what the model says, from seed %i on', async (seed, count) => {
    const nodes = cluster.servers.map((server) => server.client())
    const addresses = cluster.servers.map(({ host, port }) => `${host}:${port}`)
    const connection = { deployment: { mode: 'cluster', nodes: addresses } }
    await compareSeeds({ seed, count, topology: 'cluster' }, { connection, nodes })
  })
})

/** Returns the first seed and the number of cases of each test. */
function seeds(topology: Case['topology']): [seed: number, count: number][] {
  if (given !== undefined) return [[firstSeed, Number(process.env['MODEL_CASES'] ?? 1)]]
  const tests = Math.ceil(CASES[topology] / CASES_AT_ONCE)
  return Array.from({ length: tests }, (_, at) => [firstSeed + at * CASES_AT_ONCE, CASES_AT_ONCE])
}

async function compareSeeds(
  { seed, count, topology }: { seed: number; count: number; topology: Case['topology'] },
  target: Target,
): Promise<void> {
  for (let current = seed; current < seed + count; current++) {
    const one = makeCase(randomFrom(current), topology)
    const difference = await compareCase(one, target)
    if (difference === undefined) continue
    const fails = async (smaller: Case) => (await compareCase(smaller, target))?.what === difference.what
    const smallest = await reduceCase(one, fails)
    const { run, what, expected, actual } = (await compareCase(smallest, target)) ?? difference
    expect
      .soft(actual, `MODEL_SEED=${current}: ${what} of run ${run} differ\n${describeCase(smallest)}`)
      .toEqual(expected)
    expect.fail(`MODEL_SEED=${current}: ${what} of run ${run} differ`)
  }
}
