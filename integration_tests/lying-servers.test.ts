// Servers that lie: whatever they answer, each command ends in time, with one message that says why, without a stack trace
// of Node, within its memory, and without a secret or a value on its outputs.
import { describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { KINDS_OF_LIES, startLyingServer } from './support/lying-server.ts'
import { catalog, record, streamState } from './support/messages.ts'
import { withSeeds, type Random } from './support/random.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'

const CANARIES = ['canary-password', 'canary-value', 'canary-key'] as const

/** Limit of the process' memory: 105 MB and `max_in_flight_bytes`, 148 million bytes. */
const MOST_KB = 144_500

/** Servers are given a tenth of the usual time. */
const ENVIRONMENT = { DESTINATION_REDIS_INTERNAL_TIME_SHARE: '0.1' }
const LONGEST_MS = 10_000

const LAYOUTS: readonly object[] = [
  {},
  { data_format: 'flat', key_template: 'k:${id}' },
  { cache_type: 'list', data_format: 'json', key_template: 'k:${id}' },
  { cache_type: 'set', data_format: 'json', key_template: 'k' },
  { cache_type: 'string', data_format: 'json', key_template: 'k:${id}', ttl_seconds: 60 },
]

const MODES = ['append', 'append_dedup', 'overwrite'] as const

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

describe('a server that lies', () => {
  it('is not believed, waited for, or repeated', { timeout: 3_600_000 }, () =>
    withSeeds(caseCount(30, 2_000), async (random) => {
      await redis.client().flushall()
      const lie = oneOf(random, KINDS_OF_LIES)
      const first = Math.floor(random() ** 2 * 60)
      const share = oneOf(random, [1, 1, 0.3, 0.05])
      await using server = await startLyingServer(redis.port, { lie, first, share, random })
      const isCheck = random() < 0.3
      const [layout, mode] = [oneOf(random, LAYOUTS), oneOf(random, MODES)]
      const config = {
        ...addressOf(random, server.port),
        ...layout,
        password: CANARIES[0],
        max_outage_seconds: 1,
      }
      const stream = { name: 's', namespace: 'n', mode, primaryKey: [['id']] }
      const files = writeFiles({ config, catalog: catalog([stream]) })
      const args = isCheck
        ? ['check', '--config', files.config]
        : ['write', '--config', files.config, '--catalog', files.catalog]
      const input = Array.from({ length: 20 }, (_, at) =>
        record('s', { id: `${CANARIES[2]}-${at}`, value: CANARIES[1] }, { namespace: 'n' }),
      )
      const started = performance.now()
      const run = await runConnector(args, [...input, streamState('s', 1, { namespace: 'n' })].join(''), {
        env: ENVIRONMENT,
      })
      const what = JSON.stringify({ lie, first, share, args: args[0], layout, mode })
      expect(performance.now() - started, what).toBeLessThan(LONGEST_MS)
      requireOneEnd(run, isCheck, what)
      expect(run.stderr, what).toBe('')
      expect(run.peakRssKb ?? 0, what).toBeLessThan(MOST_KB)
      const shown = run.messages
        .filter(({ type }) => type !== 'STATE')
        .map((message) => JSON.stringify(message))
      for (const canary of CANARIES) expect(shown.join('\n'), what).not.toContain(canary)
    }),
  )
})

function requireOneEnd({ code, messages, errors }: ConnectorRun, isCheck: boolean, what: string): void {
  if (isCheck) {
    expect(code, what).toBe(0)
    expect(
      messages.filter(({ type }) => type === 'CONNECTION_STATUS'),
      what,
    ).toHaveLength(1)
  } else if (code === 0) expect(errors, what).toEqual([])
  else {
    expect(code, what).toBe(1)
    expect(errors, what).toHaveLength(1)
    expect(errors[0]!.message, what).not.toContain('[internal-error]')
    expect(messages.at(-1)?.type, what).toBe('TRACE')
  }
}

function addressOf(random: Random, port: number): object {
  const nodes = [`127.0.0.1:${port}`]
  return oneOf<object>(random, [
    { host: '127.0.0.1', port },
    { host: '127.0.0.1', port },
    { deployment: { mode: 'cluster', nodes } },
    { deployment: { mode: 'sentinel', nodes, master_name: 'm' } },
  ])
}

function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)]!
}
