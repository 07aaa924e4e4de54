// What Redis can lose though it has acknowledged it, as it copies to its replicas without waiting for them; and that
// nothing is acknowledged that it could lose so where `durability` says what to wait for.
import { describe, expect, it } from 'vitest'
import { RedisCluster } from './support/cluster.ts'
import { OpenRun } from './support/open-run.ts'
import { pollUntil } from './support/poll.ts'
import type { RedisServer } from './support/redis-server.ts'
import { replicationOf } from './support/replicas.ts'

const RECORDS = 3_000

/** A cluster of which one replica can be made to get nothing any more. */
interface Fixture extends AsyncDisposable {
  cluster: RedisCluster
  master: RedisServer
  /** The replica of the master gets nothing from here on. */
  cut: () => Promise<void>
  /** The master is killed, and the replica awakes and takes over: with nothing of what was written meanwhile. */
  replaceMaster: () => Promise<void>
}

async function start(): Promise<Fixture> {
  const cluster = await RedisCluster.start({ masters: 3, replicas: 1 })
  const [, master, , , replica] = cluster.servers
  const cut = async (): Promise<void> => {
    await replica!.kill('SIGSTOP')
    // Else what was written went into the sockets, from where the replica would read it.
    await cluster.client(master!).call('CLIENT', 'KILL', 'TYPE', 'slave')
  }
  const replaceMaster = async (): Promise<void> => {
    await master!.kill()
    await master!.exited()
    await replica!.kill('SIGCONT')
    await pollUntil('the replica to take over', async () => (await replicationOf(replica!)).role === 'master')
    await cluster.settled()
  }
  return { cluster, master: master!, cut, replaceMaster, [Symbol.asyncDispose]: () => cluster.stop() }
}

function writeTo({ cluster }: Fixture, options: object = {}): OpenRun {
  const deployment = { mode: 'cluster', nodes: cluster.addresses }
  return new OpenRun({ deployment, max_outage_seconds: 60, ...options })
}

async function rowsIn(cluster: RedisCluster): Promise<number> {
  return (await cluster.onMasters((client) => client.keys(':s:*'))).flat().length
}

/** Of records: some are acknowledged before anything happens, as a run notes first what it is about to do. */
const FIRST = 500

describe('a master that dies before its replica has what was written', () => {
  it('takes acknowledged records with it, and a run that goes on says so', async () => {
    await using fixture = await start()
    const { cluster } = fixture
    await using run = writeTo(fixture)
    run.send(FIRST)
    await run.acknowledged()
    await fixture.cut()
    run.send(RECORDS)
    await run.acknowledged()
    expect(await rowsIn(cluster)).toBe(run.sent)
    await fixture.replaceMaster()
    // One of three masters had its share of them.
    const lost = run.sent - (await rowsIn(cluster))
    expect(lost).toBeGreaterThan(RECORDS / 5)
    expect(lost).toBeLessThan(RECORDS / 2)
    run.send(RECORDS)
    expect((await run.end()).code).toBe(1)
    expect(run.cursors).toEqual([FIRST, FIRST + RECORDS])
    expect(run.errors).toMatchObject([{ failure_type: 'transient_error' }])
    expect(run.errors[0]!.message).toContain('older data')
    expect(run.errors[0]!.message).toContain('durability')
  })

  it('has nothing of it acknowledged with durability, and the run makes all of it good', async () => {
    await using fixture = await start()
    const { cluster, master } = fixture
    await using run = writeTo(fixture, { durability: { mode: 'replicas', count: 1, timeout_ms: 200 } })
    run.send(FIRST)
    await run.acknowledged()
    await fixture.cut()
    run.send(RECORDS)
    await pollUntil('the records to be written', async () => (await rowsIn(cluster)) === run.sent)
    const asked = await waits(fixture)
    await pollUntil('further waits', async () => (await waits(fixture)) >= asked + 3)
    expect(run.cursors).toEqual([FIRST])
    await fixture.replaceMaster()
    expect(run.cursors).toEqual([FIRST])
    // The one that has taken over needs a replica, too, to have anything confirmed.
    await cluster.restart(master)
    await run.acknowledged()
    expect([run.errors, (await run.end()).code]).toEqual([[], 0])
    const texts = await cluster.onMasters(async (client) =>
      Promise.all((await client.keys(':s:*')).map((key) => client.hget(key, '_airbyte_data'))),
    )
    const ids = texts.flat().map((text) => (JSON.parse(text!) as { id: number }).id)
    expect(ids.toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: run.sent }, (_, at) => at + 1),
    )
  })
})

async function waits({ cluster, master }: Fixture): Promise<number> {
  const stats = await cluster.client(master).info('commandstats')
  return Number(/cmdstat_wait:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}
