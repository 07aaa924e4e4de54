// Masters of a cluster that die, stop for a while, or hand over, while the connector writes. Redis copies to its
// replicas without waiting for them; with `durability` the connector waits until they have what it acknowledges.
import { describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { RedisCluster, type Member } from './support/cluster.ts'
import { clusterLayouts, columnsOf, wrongIn, type ClusterLayout } from './support/cluster-rows.ts'
import { EVERY, writeDisturbed, type DisturbedWrite } from './support/disturbed-write.ts'
import { record, status, type CatalogStream } from './support/messages.ts'
import { pollUntil } from './support/poll.ts'
import { startConnector } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { someOf } from './support/some-of.ts'
import { write, writeArgs } from './support/write.ts'

const least = caseCount(10_000, 200_000)

const NOBODY = { host: '', port: 0 }
const DURABLE = { durability: { mode: 'replicas', count: 1, timeout_ms: 1_000 } }

let cluster: RedisCluster

// Two of each, so that a master that has taken over has one that can confirm.
shareFixture(
  () => RedisCluster.start({ masters: 3, replicas: 2, nodeTimeoutMs: 1_000 }),
  (started) => (cluster = started),
)

const layoutOf = (kind: string): ClusterLayout => clusterLayouts.find((layout) => layout.kind === kind)!

const onCluster = (options: object = {}): object => ({
  host: undefined,
  port: undefined,
  deployment: { mode: 'cluster', nodes: cluster.addresses.slice(0, 2) },
  ...options,
})

async function disturbedBy(layout: ClusterLayout, options: object, disturb: () => Promise<unknown>) {
  await cluster.onMasters((client) => client.flushall())
  await cluster.settled()
  const config = onCluster({ ...layout.options, ...options })
  const run = await writeDisturbed({ config, least, columns: columnsOf, disturb })
  await Promise.all(cluster.servers.filter((server) => !server.isRunning).map((server) => server.restart()))
  await cluster.settled()
  return run
}

async function expectExact(layout: ClusterLayout, { sent, cursors, errors, code }: DisturbedWrite) {
  expect([errors, code]).toEqual([[], 0])
  expect(cursors).toEqual(Array.from({ length: sent / EVERY }, (_, index) => (index + 1) * EVERY))
  expect(await wrongIn(cluster, layout, sent)).toBeUndefined()
}

async function anyMaster(): Promise<Member> {
  return (await cluster.masters())[0]!
}

async function killAny(): Promise<unknown> {
  return cluster.killMaster((await anyMaster()).server)
}

/** CLUSTER FAILOVER: both are up. */
async function handOver(): Promise<unknown> {
  return cluster.failover((await anyMaster()).server)
}

async function moveAndKill(): Promise<void> {
  const [one, two, three] = await cluster.masters()
  const move = await cluster.beginMove(one!.slots[0]!, two!.server)
  await move.moveKeys()
  await move.finish()
  await cluster.killMaster(three!.server)
  await cluster.moveSlot(one!.slots[1]!, two!.server)
}

/** Freezes a master until a replica has taken over. When it continues, it does not yet know that it was replaced. */
async function freezeAny(): Promise<void> {
  // A node that is frozen answers nothing, so the other one is chosen before.
  const [{ server, id }, other] = (await cluster.masters()) as [Member, Member]
  await server.kill('SIGSTOP')
  try {
    await pollUntil('a replica to take over', async () => {
      const nodes = await cluster.nodes(other.server)
      return nodes.every((node) => node.id !== id || node.slots.length === 0)
    })
  } finally {
    await server.kill('SIGCONT')
  }
}

describe('a master of a cluster that is lost during a write, with durability', () => {
  it.each(someOf(['hash', 'string', 'list', 'stream', 'set'], 1))(
    'killed: every row is there once: %s',
    async (kind) => {
      const layout = layoutOf(kind)
      await expectExact(layout, await disturbedBy(layout, DURABLE, killAny))
    },
  )

  it.each(someOf(['hash', 'list'], 1))('frozen, and back when it has been replaced: %s', async (kind) => {
    const layout = layoutOf(kind)
    await expectExact(layout, await disturbedBy(layout, DURABLE, freezeAny))
  })

  it.each(someOf(['string', 'list'], 0))('in good order (CLUSTER FAILOVER): %s', async (kind) => {
    const layout = layoutOf(kind)
    // The former master takes writes for a moment longer: only what all replicas have is safe.
    const options = { durability: { mode: 'replicas', count: 2, timeout_ms: 1_000 } }
    await expectExact(layout, await disturbedBy(layout, options, handOver))
  })

  it.each(someOf(['hash', 'list'], 1))('killed while slots move: %s', async (kind) => {
    const layout = layoutOf(kind)
    await expectExact(layout, await disturbedBy(layout, DURABLE, moveAndKill))
  })
})

describe('a master of a cluster that is killed during a write, without durability', () => {
  it.each(someOf(['hash', 'list'], 0))('nothing acknowledged is lost in silence: %s', async (kind) => {
    const layout = layoutOf(kind)
    const run = await disturbedBy(layout, {}, killAny)
    if (run.code === 0) return expectExact(layout, run)
    expect(run.errors).toMatchObject([{ failure_type: 'transient_error' }])
    expect(run.errors[0]!.message).toMatch(/older data|has lost what this run had noted/)
  })
})

describe('a stream that is replaced while a master of the cluster is killed', () => {
  const rows = caseCount(4_000, 40_000)
  const modes: [string, object][] = [
    ['strings', { cache_type: 'string', data_format: 'json', key_template: 'rows:${id}' }],
    ['lists', { cache_type: 'list', data_format: 'json', key_template: 'rows:${group}' }],
  ]
  it.each(modes)('holds the new rows, each once, and no others: %s', async (_, options) => {
    await cluster.onMasters((client) => client.flushall())
    await cluster.settled()
    const settings = onCluster({ ...options, ...DURABLE, max_outage_seconds: 60 })
    const first = await write(NOBODY, [replacing(1)], lines(1, rows) + status('s'), settings)
    expect(first).toMatchObject({ errors: [], code: 0 })
    await using run = startConnector(writeArgs(NOBODY, [replacing(2)], settings))
    const killed = killAny()
    await feed(run.stdin, [lines(1, rows / 2), lines(rows / 2 + 1, rows), status('s')])
    expect(await run.exit).toMatchObject({ code: 0 })
    await killed
    await Promise.all(cluster.servers.filter((server) => !server.isRunning).map((server) => server.restart()))
    await cluster.settled()
    const kind = 'cache_type' in options && options.cache_type === 'list' ? 'list' : 'string'
    expect(await wrongIn(cluster, layoutOf(kind), rows)).toBeUndefined()
  })
})

function replacing(generation: number): CatalogStream {
  const of = { generation, minimumGeneration: generation }
  return { name: 's', mode: 'overwrite', primaryKey: [['id']], ...of }
}

function lines(from: number, to: number): string {
  let text = ''
  for (let id = from; id <= to; id++) text += record('s', { id, ...columnsOf(id) })
  return text
}
