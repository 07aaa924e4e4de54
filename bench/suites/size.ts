// The connector against the yardstick, by record size: throughput, processor time and memory.
import { writeInput } from '../inputs/inputs.ts'
import { recordBodies } from '../inputs/records.ts'
import { userBodies } from '../inputs/users.ts'
import {
  alternate,
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
import { measureStartUp, onceStarted, type StartUp } from '../loads/start-up.ts'
import { peakColumn } from '../report/peak-column.ts'
import type { Plot } from '../report/plot.ts'
import { medianOf, proportion } from '../report/statistics.ts'
import { exact, spread, table, two, whole, type Section } from '../report/table.ts'
import { SIZE_TARGETS } from '../report/targets.ts'

export type SizeRow = {
  name: string
  dataBytes: number
  records: number
  bodies: (dataBytes: number) => Buffer[]
}

export const sizes: SizeRow[] = [
  { name: '100 B', dataBytes: 100, records: 1_000_000, bodies: recordBodies },
  { name: '640 B', dataBytes: 640, records: 500_000, bodies: recordBodies },
  { name: '640 B, users', dataBytes: 640, records: 500_000, bodies: userBodies },
  { name: '5 KB', dataBytes: 5_000, records: 100_000, bodies: recordBodies },
  { name: '100 KB', dataBytes: 100_000, records: 5_000, bodies: recordBodies },
  { name: '1 MB', dataBytes: 1_000_000, records: 500, bodies: recordBodies },
]

type Row = SizeRow & {
  messageBytes: number
  connector: ConnectorLoad[]
  yardstick: PipelineWrite[]
}

export async function measureSizes(bench: Bench): Promise<Section> {
  const startUp = await measureStartUp(bench)
  const { rows, leftOut } = await measureEach(
    sizes,
    ({ name }) => name,
    async (size) => measureSize(bench, size),
  )
  return {
    title: 'By size',
    plots: [throughputPlot(rows)],
    tables: [throughputTable(bench, rows, startUp), workTable(bench, rows)],
    notes: [
      `Starting the connector takes ${two(startUp.wall)} s and ${two(startUp.cpu)} s of CPU, and counts in full but in _once started_.`,
      ...leftOut,
    ],
  }
}

async function measureSize(bench: Bench, size: SizeRow): Promise<Row> {
  const { layout, options, directory } = bench
  const { dataBytes, bodies } = size
  const records = scaled(bench, size.records)
  using input = writeInput(directory, { layout, dataBytes, bodies, records, hasCommands: true })
  // In its first load Redis allocates memory; that would make the first run look slower.
  await loadWithYardstick(bench, input)
  const runs = await alternate(options.runs, {
    connector: async () => loadWithConnector(bench, input),
    yardstick: async () => loadWithYardstick(bench, input),
  })
  return { ...size, records, messageBytes: input.messageBytes, ...runs }
}

function mbPerSecond({ messageBytes }: Row, runs: PipelineWrite[]): number {
  return messageBytes / 1e6 / medianOf(runs, wall)
}

function ratio({ connector, yardstick }: Row) {
  return proportion<PipelineWrite>(yardstick, connector, wall)
}

function throughputPlot(rows: Row[]): Plot {
  const measured = rows.filter(({ bodies }) => bodies === recordBodies)
  return {
    file: 'throughput.svg',
    title: 'Throughput by record size',
    x: { title: 'size of a record’s data (logarithmic)', scale: 'logarithmic', label: sizeLabel },
    y: { title: 'MB/s of input (logarithmic)', scale: 'logarithmic' },
    series: [
      {
        name: 'redis-cli --pipe, commands encoded beforehand',
        colour: 'yardstick',
        as: 'curve',
        points: measured.map((row) => ({ x: row.dataBytes, y: mbPerSecond(row, row.yardstick) })),
      },
      {
        name: 'connector (labels: × redis-cli)',
        colour: 'connector',
        as: 'curve',
        points: measured.map((row) => ({
          x: row.dataBytes,
          y: mbPerSecond(row, row.connector),
          label: `${two(ratio(row).median)}×`,
        })),
      },
    ],
  }
}

function sizeLabel(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`
  return bytes < 1e6 ? `${bytes / 1e3} KB` : `${bytes / 1e6} MB`
}

function throughputTable({ targetLog }: Bench, rows: Row[], startUp: StartUp): string {
  const perSecond = ({ records }: Row, runs: PipelineWrite[]) => whole(records / medianOf(runs, wall))
  return table(rows, [
    { title: 'data', cell: ({ name }) => name },
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'connector records/s', cell: (row) => perSecond(row, row.connector) },
    { title: 'redis-cli records/s', cell: (row) => perSecond(row, row.yardstick) },
    { title: 'connector MB/s', cell: (row) => whole(mbPerSecond(row, row.connector)) },
    { title: 'redis-cli MB/s', cell: (row) => whole(mbPerSecond(row, row.yardstick)) },
    {
      title: 'ratio',
      left: true,
      cell: (row) =>
        targetLog.compare(`ratio at ${row.name}`, ratio(row).median, SIZE_TARGETS[row.name]?.ratio, two),
    },
    { title: 'lowest–highest', cell: (row) => spread(ratio(row)) },
    {
      title: 'once started',
      left: true,
      cell: ({ name, connector, yardstick }) =>
        targetLog.compare(
          `ratio once started at ${name}`,
          onceStarted(connector, yardstick, startUp.wall, 0),
          SIZE_TARGETS[name]?.onceStarted,
          two,
        ),
    },
  ])
}

function workTable({ targetLog }: Bench, rows: Row[]): string {
  return table(rows, [
    { title: 'data', cell: ({ name }) => name },
    {
      title: 'connector CPU s',
      cell: ({ connector }) => two(medianOf(connector, ({ cpuSeconds }) => cpuSeconds)),
    },
    { title: 'Redis CPU s', cell: ({ connector }) => two(medianOf(connector, redisCpu)) },
    { title: 'under redis-cli', cell: ({ yardstick }) => two(medianOf(yardstick, redisCpu)) },
    {
      title: 'connector/Redis',
      left: true,
      cell: ({ name, connector }) =>
        targetLog.compare(
          `connector CPU/Redis CPU at ${name}`,
          medianOf(connector, ({ cpuSeconds, redisCpuSeconds }) => cpuSeconds / redisCpuSeconds),
          SIZE_TARGETS[name]?.connectorToRedisCpu,
          two,
        ),
    },
    {
      title: 'Redis/under redis-cli',
      cell: ({ connector, yardstick }) =>
        two(proportion<PipelineWrite>(connector, yardstick, redisCpu).median),
    },
    peakColumn(
      targetLog,
      ({ name }) => name,
      ({ connector }) => connector,
    ),
  ])
}
