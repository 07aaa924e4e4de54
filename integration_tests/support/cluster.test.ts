// The clusters that other tests run against are what these take them for.
import { afterEach, describe, expect, it } from 'vitest'
import { RedisCluster, SLOTS } from './cluster.ts'
import type { RedisServer } from './redis-server.ts'

let cluster: RedisCluster

afterEach(() => cluster.stop())

const total = (lengths: number[]): number => lengths.reduce((sum, length) => sum + length, 0)

async function fill(keys: string[]): Promise<void> {
  for (const key of keys) {
    const owner = await cluster.ownerOf(await cluster.slotOf(key))
    await cluster.client(owner).set(key, `of ${key}`)
  }
}

describe('a cluster without replicas', () => {
  it('shares the slots out, and tells what is in all of it', async () => {
    cluster = await RedisCluster.start({ masters: 3 })
    const masters = await cluster.masters()
    expect(masters.map(({ slots }) => slots.length).toSorted((one, other) => one - other)).toEqual([
      5461, 5461, 5462,
    ])
    await fill(['a', 'b', 'c'])
    expect((await cluster.onMasters((client) => client.keys('*'))).map(({ length }) => length)).not.toContain(
      3,
    )
    expect(await cluster.dump()).toEqual({ a: 'of a', b: 'of b', c: 'of c' })
    expect(await cluster.contents()).toBe('a (string)\n  of a\n\nb (string)\n  of b\n\nc (string)\n  of c\n')
  })

  it('moves a slot step by step, and who asks in between is sent on', async () => {
    cluster = await RedisCluster.start({ masters: 2, password: 'secret' })
    const keys = Array.from({ length: 250 }, (_, index) => `{tag}:${index}`)
    await fill(keys)
    const slot = await cluster.slotOf('{tag}')
    const source = await cluster.ownerOf(slot)
    const target = cluster.servers.find((server) => server !== source)!
    const move = await cluster.beginMove(slot, target)
    expect(await move.moveKeys(120)).toBe(120)
    const dbsize = (server: RedisServer) => cluster.client(server).dbsize()
    expect([await dbsize(source), await dbsize(target)]).toEqual([130, 120])
    const answers = await Promise.all(
      keys.map((key) =>
        cluster
          .client(source)
          .get(key)
          .catch((error: Error) => error.message),
      ),
    )
    expect(answers.filter((answer) => answer === `ASK ${slot} ${target.host}:${target.port}`)).toHaveLength(
      120,
    )
    expect(await move.moveKeys()).toBe(130)
    await move.finish()
    expect(await cluster.ownerOf(slot)).toBe(target)
    expect([await dbsize(source), await dbsize(target)]).toEqual([0, 250])
    await expect(cluster.client(source).get('{tag}:1')).rejects.toThrow(`MOVED ${slot}`)
    await cluster.settled()
  })
})

describe('a cluster with replicas', () => {
  it('has a replica take over from a master that is killed, and the dead one back as a replica', async () => {
    cluster = await RedisCluster.start({ masters: 3, replicas: 1 })
    const [master] = await cluster.masters()
    const [replica] = await cluster.replicasOf(master!.server)
    expect(await cluster.killMaster(master!.server)).toBe(replica!.server)
    expect(total((await cluster.masters()).map(({ slots }) => slots.length))).toBe(SLOTS)
    await cluster.restart(master!.server)
    expect((await cluster.replicasOf(replica!.server)).map(({ server }) => server)).toEqual([master!.server])
    expect(await cluster.failover(replica!.server)).toBe(master!.server)
    expect(await cluster.ownerOf(master!.slots[0]!)).toBe(master!.server)
  })
})
