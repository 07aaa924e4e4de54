// What it costs the connector to split what it writes by node, and where that ends: beside a server of its own,
// clusters of several masters. On few cores the masters take turns, so processor time tells more than the clock.
import { RedisCluster } from '../../integration_tests/support/cluster.ts'
import { Missing } from '../left-out.ts'
import { runConnector } from '../loads/connector.ts'
import { writeInput, type Input } from '../inputs/inputs.ts'
import {
  alternate,
  connectorCpu,
  loadWithConnector,
  redisCpu,
  scaled,
  wall,
  type Bench,
  type ConnectorLoad,
} from '../loads/measure.ts'
import { measureEach } from '../loads/measure-each.ts'
import { peakColumn } from '../report/peak-column.ts'
import { median } from '../report/statistics.ts'
import { exact, table, two, whole, type Section } from '../report/table.ts'
import { CLUSTER } from '../report/targets.ts'

const SIZES = [3, 6]

type Row = { servers: string; records: number; runs: ConnectorLoad[]; alone: ConnectorLoad[] }

export async function measureClusters(bench: Bench): Promise<Section> {
  if (!bench.server.own) throw new Missing('It takes private servers.')
  using input = writeInput(bench.directory, {
    layout: bench.layout,
    dataBytes: 640,
    records: scaled(bench, 500_000),
  })
  const { rows: clustered, leftOut } = await measureEach(
    SIZES,
    (masters) => `cluster, ${masters} masters`,
    async (masters) => measureCluster(bench, input, masters),
  )
  const [first] = clustered
  const rows = first ? [{ ...first, servers: 'one server', runs: first.alone }, ...clustered] : []
  const clusters = table(rows, [
    { title: 'hash, airbyte', left: true, cell: ({ servers }) => servers },
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'records/s', cell: ({ records, runs }) => whole(records / median(runs.map(wall))) },
    { title: 'connector CPU s', cell: ({ runs }) => two(cpu(runs)) },
    {
      title: 'of that alone',
      left: true,
      cell: ({ servers, runs, alone }) =>
        bench.targetLog.compare(
          `connector CPU with ${servers}`,
          cpu(runs) / cpu(alone),
          runs === alone ? undefined : CLUSTER,
          two,
        ),
    },
    { title: 'Redis CPU s', cell: ({ runs }) => two(median(runs.map(redisCpu))) },
    { title: 'records per connector CPU s', cell: ({ records, runs }) => whole(records / cpu(runs)) },
    peakColumn(
      bench.targetLog,
      ({ servers }) => servers,
      ({ runs }) => runs,
    ),
  ])
  return {
    title: 'Cluster',
    tables: [clusters],
    notes: [
      'The masters share the cores of this machine with the connector, and Redis CPU is theirs together.',
      ...leftOut,
    ],
  }
}

async function measureCluster(bench: Bench, input: Input, masters: number): Promise<Row> {
  await using cluster = await RedisCluster.start({ masters })
  const runs = await alternate(bench.options.runs, {
    alone: async () => loadWithConnector(bench, input),
    runs: async () => loadCluster(bench, input, cluster),
  })
  return { servers: `${masters} masters`, records: input.records, ...runs }
}

function cpu(runs: ConnectorLoad[]): number {
  return median(runs.map(connectorCpu))
}

async function loadCluster(
  { directory }: Bench,
  input: Input,
  cluster: RedisCluster,
): Promise<ConnectorLoad> {
  await cluster.onMasters((client) => client.flushall())
  const before = await cpuSeconds(cluster)
  const run = await runConnector({ input, directory, nodes: cluster.addresses })
  const redisCpuSeconds = (await cpuSeconds(cluster)) - before
  const sizes = await cluster.onMasters((client) => client.dbsize())
  const keys = sizes.reduce((sum, size) => sum + size, 0)
  // One more is the set that names the streams.
  const expected = 1 + input.layout.keys(input.records, input.streams, input.rows)
  if (keys !== expected)
    throw new Error(`There are ${keys} keys in the cluster, and there should be ${expected}.`)
  return { ...run, redisCpuSeconds }
}

async function cpuSeconds(cluster: RedisCluster): Promise<number> {
  const each = await Promise.all(cluster.servers.map((server) => server.cpuSeconds()))
  return each.reduce((sum, seconds) => sum + seconds, 0)
}
