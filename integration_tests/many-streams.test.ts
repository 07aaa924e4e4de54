// Measures a run of many streams, almost without records: its processor time must not grow with the square of their number.
import { expect, it } from 'vitest'
import { runConnector } from './support/connector.ts'
import { record, status, type CatalogStream } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { writeArgs } from './support/write.ts'

/** 105 MB and `max_in_flight_bytes`, 148 million bytes. */
const MOST_KB = 144_500

/** Limits the processor time of 1,000 streams to so many times that of 100. */
const MOST_TIMES = 12

/** Prints the processor time of a process as it ends. */
const USAGE = new URL('../bench/usage.mjs', import.meta.url).href

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

it.each(['append', 'append_dedup', 'overwrite'] as const)(
  'takes ten times as long with 1,000 streams as with 100, and stays within its memory: %s',
  { timeout: 120_000 },
  async (mode) => {
    const few = await measure(mode, 100)
    const many = await measure(mode, 1_000)
    expect(many.cpuSeconds).toBeLessThan(MOST_TIMES * few.cpuSeconds)
    expect(many.commands).toBeLessThan(MOST_TIMES * few.commands)
    // The collector is late in one run of some ten, and more often beside other tests.
    const peaks = [many.peakKb]
    while (peaks.at(-1)! >= MOST_KB && peaks.length < 4) peaks.push((await measure(mode, 1_000)).peakKb)
    expect(peaks.at(-1)).toBeLessThan(MOST_KB)
  },
)

interface Usage {
  readonly cpuSeconds: number
  readonly peakKb: number
}

async function measure(
  mode: NonNullable<CatalogStream['mode']>,
  count: number,
): Promise<Usage & { commands: number }> {
  const client = redis.client()
  await client.flushall()
  const names = Array.from({ length: count }, (_, at) => `s${at}`)
  const streams = names.map((name) => ({ name, mode, primaryKey: [['id']] }))
  const input = [...names.map((name) => record(name, { id: 1 })), ...names.map((name) => status(name))]
  const before = await commandsOf(client)
  const run = await runConnector(writeArgs(redis, streams), input.join(''), {
    env: { NODE_OPTIONS: `--import=${USAGE}` },
  })
  expect(run).toMatchObject({ code: 0, errors: [] })
  const { usage } = JSON.parse(run.stderr) as { usage: Usage }
  return { ...usage, commands: (await commandsOf(client)) - before }
}

/** Counts the commands but those that renew leases (GET, HGET, PEXPIRE), as a slow machine sends more of them. */
async function commandsOf(client: ReturnType<RedisServer['client']>): Promise<number> {
  const info = await client.info('all')
  const renewals = Number(/cmdstat_pexpire:calls=(\d+)/.exec(info)?.[1] ?? 0)
  return Number(/total_commands_processed:(\d+)/.exec(info)?.[1]) - 3 * renewals
}
