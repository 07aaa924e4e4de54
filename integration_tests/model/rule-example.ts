// Tests of single rules, by examples: see rules.ts.
import type { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'
import { shareFixture } from '../support/shared-fixture.ts'
import type { Case } from './case.ts'
import { compareCase } from './compare-case.ts'
import type { ModelStream } from './options.ts'
import { isBuilt, type Rule } from './rules.ts'

type RuleTest = (name: Rule, title: string, one: Case) => void

/**
 * Starts a Redis for the tests of the file. The result defines a test: the connector does what the model says; while
 * a rule is not built, its example has to fail.
 */
export function ruleTests(): RuleTest {
  let redis: RedisServer
  let client: Redis
  shareFixture(
    () => RedisServer.start(),
    (started) => {
      redis = started
      client = redis.client()
    },
  )
  return (name, title, one) => {
    const test = isBuilt(name) ? it : it.fails
    test(`${name}: ${title}`, async () => {
      const { host, port } = redis
      expect(await compareCase(one, { connection: { host, port }, nodes: [client] })).toBeUndefined()
    })
  }
}

/** Returns the numbers of a refresh. */
export function refresh(generation: number, syncId = generation): Partial<ModelStream> {
  return { generation, minimum: generation, syncId }
}

export const DELETED = '2024-05-01T10:00:00Z'
