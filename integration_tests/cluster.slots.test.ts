// Slots that move from one master to another while the connector writes: nothing is lost, doubled, or overtaken.
import { describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { RedisCluster } from './support/cluster.ts'
import { clusterLayouts, columnsOf, wrongIn, type ClusterLayout } from './support/cluster-rows.ts'
import type { SlotMove } from './support/cluster-slot-move.ts'
import { EVERY, writeDisturbed } from './support/disturbed-write.ts'
import type { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'

const least = caseCount(15_000, 200_000)
const moves = caseCount(5, 30)

let cluster: RedisCluster

shareFixture(
  () => RedisCluster.start({ masters: 3 }),
  (started) => (cluster = started),
)

async function expectExact(layout: ClusterLayout, disturb: () => Promise<unknown>): Promise<void> {
  await cluster.onMasters((client) => client.flushall())
  const config = { deployment: { mode: 'cluster', nodes: cluster.addresses.slice(0, 1) }, ...layout.options }
  const { sent, cursors, errors, code } = await writeDisturbed({ config, least, columns: columnsOf, disturb })
  expect([errors, code]).toEqual([[], 0])
  expect(cursors).toEqual(Array.from({ length: sent / EVERY }, (_, index) => (index + 1) * EVERY))
  expect(await wrongIn(cluster, layout, sent)).toBeUndefined()
}

/** A slot that has keys, and a master that does not have it: that one, if one is given. */
async function movable(target?: RedisServer): Promise<{ slot: number; to: RedisServer }> {
  const masters = (await cluster.masters()).map(({ server }) => server)
  for (let attempt = 0; ; attempt++) {
    const from = masters[attempt % masters.length]!
    const key = from === target ? null : await cluster.client(from).randomkey()
    if (key === null) continue
    return { slot: await cluster.slotOf(key), to: target ?? masters.find((master) => master !== from)! }
  }
}

describe.each(clusterLayouts)('rows of a cluster: $kind', (layout) => {
  it('are each there once and in order when slots move, one after the other, while they are written', async () => {
    await expectExact(layout, async () => {
      const moved = new Map<number, SlotMove>()
      for (let number = 0; number < moves; number++) {
        const { slot, to } = await movable()
        const move = await cluster.beginMove(slot, to)
        await move.moveKeys()
        moved.set(slot, move)
        // Those before this one as well, of which nodes may have heard something older meanwhile.
        for (const one of moved.values()) await one.finish()
      }
    })
  })

  it('are each there once and in order when a slot stays half moved for a while', async () => {
    await expectExact(layout, async () => {
      const { slot, to } = await movable()
      const move = await cluster.beginMove(slot, to)
      await move.moveKeys(1)
      const records = EVERY
      await untilWritten(records)
      await move.moveKeys()
      await untilWritten(records)
      await move.finish()
    })
  })
})

it('a master that had no slot gets one while rows are written', async () => {
  await using grown = await RedisCluster.start({ masters: 3, spare: 1 })
  const former = cluster
  cluster = grown
  try {
    await expectExact(clusterLayouts[0]!, async () => {
      for (let move = 0; move < 3; move++) {
        const { slot, to } = await movable(grown.servers.at(-1))
        await cluster.moveSlot(slot, to)
      }
    })
  } finally {
    cluster = former
  }
})

/** Some more commands have been run; or none are, as what moves is waited for. */
async function untilWritten(commands: number): Promise<void> {
  const before = await commandsRun()
  const deadline = Date.now() + 1_000
  while ((await commandsRun()) < before + commands && Date.now() < deadline);
}

async function commandsRun(): Promise<number> {
  const stats = await cluster.onMasters((client) => client.info('stats'))
  return stats.reduce((sum, text) => sum + Number(/total_commands_processed:(\d+)/.exec(text)?.[1]), 0)
}
