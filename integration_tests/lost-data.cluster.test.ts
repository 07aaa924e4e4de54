// A node of a cluster that loses the numbers of a run behind the last state: nothing else is written to it, so only the
// comparison at the end finds out.
import { beforeEach, expect, it } from 'vitest'
import { RedisCluster } from './support/cluster.ts'
import { codesIn } from './support/codes.ts'
import { NUMBERED } from './support/numbered-layouts.ts'
import { OpenRun } from './support/open-run.ts'
import { shareFixture } from './support/shared-fixture.ts'

let cluster: RedisCluster
shareFixture(
  () => RedisCluster.start({ masters: 3 }),
  (started) => (cluster = started),
)

beforeEach(() => cluster.onMasters((client) => client.flushall()))

it.each(NUMBERED)('a run ends with an error: $name', async ({ numbers, options }) => {
  await using run = new OpenRun({ deployment: { mode: 'cluster', nodes: cluster.addresses }, ...options })
  run.send(100)
  await run.acknowledged()
  const clients = cluster.servers.map((server) => server.client())
  const metadata = await Promise.all(
    clients.map((client) => client.exists('_airbyte:manifest::s').catch(() => 0)),
  )
  const other = clients[metadata.indexOf(0)]!
  const lost = await other.keys(numbers)
  expect(lost).not.toEqual([])
  for (const key of lost) await other.unlink(key)
  const { code } = await run.end()
  expect([code, run.errors.flatMap(({ message }) => codesIn(message))]).toEqual([1, ['data-lost']])
})
