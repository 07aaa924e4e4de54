// The same load with connector and Redis confined to one core and to two, and redis-cli under the same limits.
import { writeInput, type Input } from '../inputs/inputs.ts'
import { Missing } from '../left-out.ts'
import { local } from '../loads/connector.ts'
import { moveToCores, onCores, usableCores } from '../loads/cores.ts'
import {
  alternate,
  connectorCpu,
  loadWith,
  loadWithConnector,
  loadWithYardstick,
  redisCpu,
  scaled,
  wall,
  type Bench,
  type ConnectorLoad,
  type PipelineWrite,
} from '../loads/measure.ts'
import { measureEach } from '../loads/measure-each.ts'
import { Server } from '../loads/server.ts'
import { runYardstick } from '../loads/yardstick.ts'
import { peakColumn } from '../report/peak-column.ts'
import type { Plot } from '../report/plot.ts'
import { medianOf, proportion } from '../report/statistics.ts'
import { exact, spread, table, two, whole, type Section } from '../report/table.ts'

const COUNTS = [1, 2]
const dataBytes = 640

type Row = { name: string; records: number; connector: ConnectorLoad[]; yardstick: PipelineWrite[] }

export async function measureCores(bench: Bench): Promise<Section> {
  const cores = await usableCores()
  await using server = await Server.open(undefined)
  const own = { ...bench, server }
  using input = writeInput(bench.directory, {
    layout: bench.layout,
    dataBytes,
    records: scaled(bench, 500_000),
    hasCommands: true,
  })
  // In its first load Redis allocates memory; that would make the first run look slower.
  await loadWithYardstick(own, input)
  const { rows, leftOut } = await measureEach(COUNTS, named, async (count) =>
    measureOn(own, input, cores.slice(0, count), count),
  )
  return {
    title: 'By cores',
    plots: [coresPlot(rows)],
    tables: [coresTable(bench, rows)],
    notes: [
      `${exact(input.records)} records of ${dataBytes} B; connector and Redis, or redis-cli and Redis, share the cores.`,
      ...leftOut,
    ],
  }
}

async function measureOn(bench: Bench, input: Input, cores: number[], count: number): Promise<Row> {
  const { server, options } = bench
  if (cores.length < count) throw new Missing('There is only one core.')
  const pid = server.own?.pid
  if (pid === undefined) throw new Missing('Redis runs in a container.')
  await moveToCores(cores, pid)
  const launcher: typeof local = (args, directory) => onCores(cores, local(args, directory))
  const runs = await alternate(options.runs, {
    connector: async () => loadWithConnector(bench, input, { launcher }),
    yardstick: async () =>
      loadWith(bench, input, async () => runYardstick({ cli: onCores(cores, server.cli) }, input)),
  })
  return { name: named(count), records: input.records, ...runs }
}

function named(count: number): string {
  return count === 1 ? '1 core' : `${count} cores`
}

function perSecond({ records }: Row, runs: PipelineWrite[]): number {
  return records / medianOf(runs, wall)
}

function coresPlot(rows: Row[]): Plot {
  const points = (which: 'connector' | 'yardstick') =>
    rows.map((row, y) => {
      const x = perSecond(row, row[which])
      return { x, y, label: whole(x) }
    })
  return {
    file: 'cores.svg',
    title: 'Throughput with 1 and with 2 cores, Redis included',
    x: { title: `records/s, ${dataBytes} B`, scale: 'linear' },
    y: rows.map(({ name }) => name),
    series: [
      { name: 'connector', colour: 'connector', as: 'bars', points: points('connector') },
      { name: 'redis-cli --pipe', colour: 'yardstick', as: 'bars', points: points('yardstick') },
    ],
  }
}

function coresTable({ targetLog }: Bench, rows: Row[]): string {
  const ratio = ({ connector, yardstick }: Row) => proportion<PipelineWrite>(yardstick, connector, wall)
  return table(rows, [
    { title: 'cores', cell: ({ name }) => name },
    { title: 'connector records/s', cell: (row) => whole(perSecond(row, row.connector)) },
    { title: 'redis-cli records/s', cell: (row) => whole(perSecond(row, row.yardstick)) },
    { title: 'ratio', cell: (row) => two(ratio(row).median) },
    { title: 'lowest–highest', cell: (row) => spread(ratio(row)) },
    { title: 'connector CPU s', cell: ({ connector }) => two(medianOf(connector, connectorCpu)) },
    { title: 'Redis CPU s', cell: ({ connector }) => two(medianOf(connector, redisCpu)) },
    peakColumn(
      targetLog,
      ({ name }) => name,
      ({ connector }) => connector,
    ),
  ])
}
