// A master that is replaced in the middle of a write. Redis copies to its replicas without waiting for them, so what it
// has acknowledged may be gone with it; `durability` has the connector wait until the replicas have it.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { startConnector, writeFiles } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { catalog, record, streamState } from './support/messages.ts'
import { cursorOf, isError, type ConnectorError } from './support/output-message.ts'
import { SentinelRedis } from './support/sentinels.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { someOf } from './support/some-of.ts'

/** Records to a state. */
const every = 1_000
const least = caseCount(25_000, 500_000)

let redis: SentinelRedis

shareFixture(
  () => SentinelRedis.start(),
  (started) => (redis = started),
)

/** How the master is replaced, and how many replicas have what is acknowledged, so that none of it can be lost. */
const replacements = [
  // Sentinels choose by what they last heard of the replicas, and the old master takes writes for a moment longer.
  { how: 'in good order (SENTINEL FAILOVER)', replace: () => redis.failover(), replicas: 2 },
  // Two are left, and the one that has more becomes the master.
  { how: 'as it was killed', replace: () => redis.killMaster(), replicas: 1 },
]

const layouts = [
  { kind: 'hash', options: { cache_type: 'hash' }, read: readHashes },
  { kind: 'list', options: { cache_type: 'list', data_format: 'json' }, read: readList },
  { kind: 'stream', options: { cache_type: 'stream' }, read: readStream },
]

const cases = replacements.flatMap((replacement) =>
  layouts.map((layout) => ({ ...replacement, ...layout, title: `${layout.kind}, ${replacement.how}` })),
)

describe('a master that is replaced during a write', () => {
  it.each(someOf(cases, 1))(
    '$title: nothing acknowledged is lost in silence',
    async ({ replace, options, read }) => {
      const { sent, cursors, errors, code, client } = await writeAcross(replace, options)
      expectInOrder(cursors)
      if (code === 0) {
        expect(cursors.at(-1)).toBe(sent)
        expectEachOnce(await read(client), sent)
        return
      }
      expect(errors).toMatchObject([{ failure_type: 'transient_error' }])
      expect(errors[0]!.message).toContain('came back with older data')
    },
  )

  it.each(someOf(cases, 2))(
    '$title: with durability nothing is lost',
    async ({ replace, replicas, options, read }) => {
      const durability = { mode: 'replicas', count: replicas, timeout_ms: 1_000 }
      const { sent, cursors, errors, code, client } = await writeAcross(replace, { ...options, durability })
      expect(errors).toEqual([])
      expect(code).toBe(0)
      expectInOrder(cursors)
      expect(cursors.at(-1)).toBe(sent)
      expectEachOnce(await read(client), sent)
    },
  )
})

describe('the only sentinel that was listed', () => {
  it('may die during a write, as the others are known by then', async () => {
    const [listed] = redis.sentinels
    const replace = async (): Promise<void> => {
      await listed!.kill()
      await listed!.exited()
      await redis.killMaster()
    }
    const deployment = { mode: 'sentinel', nodes: redis.addresses.slice(0, 1), master_name: redis.masterName }
    const durability = { mode: 'replicas', count: 1, timeout_ms: 1_000 }
    const { errors, code, sent, client } = await writeAcross(replace, {
      cache_type: 'list',
      data_format: 'json',
      deployment,
      durability,
    })
    await redis.restart(listed!)
    expect([errors, code]).toEqual([[], 0])
    expectEachOnce(await readList(client), sent)
  })
})

/** Replaces the master when some states are out; goes on sending until that is done, and some more. */
async function writeAcross(replace: () => Promise<unknown>, options: object) {
  await (await redis.master()).client().flushall()
  await redis.inSync()
  const before = await redis.master()
  const config = {
    deployment: { mode: 'sentinel', nodes: redis.addresses, master_name: redis.masterName },
    max_outage_seconds: 30,
    // Little is on its way at a time, so that the middle of a run is the middle of the records.
    batch_bytes: 65_536,
    max_in_flight_bytes: 1_048_576,
    ...options,
  }
  const files = writeFiles({ config, catalog: catalog([{ name: 's' }]) })
  await using run = startConnector(['write', '--config', files.config, '--catalog', files.catalog])
  const flow = { sent: 0, isEnding: false }
  void feed(run.stdin, messages(flow))
  const cursors: number[] = []
  const errors: ConnectorError[] = []
  let replaced: Promise<unknown> | undefined
  for await (const message of run.messages) {
    if (isError(message)) errors.push(message.trace.error)
    if (message.type === 'STATE') cursors.push(cursorOf(message))
    if (cursors.length < 10 || replaced !== undefined) continue
    replaced = replace().finally(() => (flow.isEnding = true))
  }
  await replaced
  const { code } = await run.exit
  if (!before.isRunning) await redis.restart(before)
  await redis.settled()
  return { sent: flow.sent, cursors, errors, code, client: (await redis.master()).client() }
}

function* messages(flow: { sent: number; isEnding: boolean }): Generator<string> {
  for (let last = least; flow.sent < last;) {
    let lines = ''
    for (let id = flow.sent + 1; id <= flow.sent + every; id++) lines += record('s', { id })
    flow.sent += every
    yield lines + streamState('s', { id: flow.sent })
    if (!flow.isEnding) last = Math.max(last, flow.sent + 10 * every)
  }
}

function expectInOrder(cursors: number[]): void {
  expect(cursors).toEqual(cursors.map((_, index) => (index + 1) * every))
}

function expectEachOnce(ids: number[], sent: number): void {
  // Far quicker than to compare arrays, and tells the first that is wrong.
  const wrong = ids.findIndex((id, index) => id !== index + 1)
  expect(wrong === -1 ? 'none is wrong' : `record ${wrong + 1} is ${ids[wrong]}`).toBe('none is wrong')
  expect(ids).toHaveLength(sent)
}

/** In the order of their keys; a number may be missing among these, where replies were lost. */
async function readHashes(client: Redis): Promise<number[]> {
  const last = Number(await client.get(':s'))
  const ids: number[] = []
  for (let first = 1; first <= last; first += 5_000) {
    const pipeline = client.pipeline()
    for (let id = first; id < first + 5_000 && id <= last; id++) pipeline.hget(`:s:${id}`, '_airbyte_data')
    for (const [, text] of (await pipeline.exec()) ?? []) if (typeof text === 'string') ids.push(idIn(text))
  }
  return ids
}

async function readList(client: Redis): Promise<number[]> {
  return (await client.lrange(':s', 0, -1)).map(idIn)
}

async function readStream(client: Redis): Promise<number[]> {
  const entries = await client.xrange(':s', '-', '+')
  return entries.map(([, fields]) => idIn(fields[fields.indexOf('_airbyte_data') + 1] ?? ''))
}

function idIn(text: string): number {
  const { id } = JSON.parse(text) as { id: number }
  return id
}
