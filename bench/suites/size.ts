// The connector against the yardstick, by record size: throughput, processor time and memory.
import { writeInput } from '../inputs/inputs.ts'
import {
  alternate,
  loadWithConnector,
  loadWithYardstick,
  redisCpu,
  scaled,
  type Bench,
  type ConnectorLoad,
  type PipelineWrite,
} from '../loads/measure.ts'
import { measureStartUp, type StartUp } from '../loads/start-up.ts'
import { median, medianOf, proportion, type Spread } from '../report/statistics.ts'
import { exact, spread, table, two, whole, type Section } from '../report/table.ts'
import type { Target } from '../report/targets.ts'

export type SizeRow = {
  name: string
  dataBytes: number
  records: number
  targets: { ratio?: Target; connectorCpu?: Target; redisCpu?: Target; peakMb: Target }
}

export type SizeFigures = SizeRow & {
  connector: Throughput
  yardstick: Throughput
  ratio: Spread
}

export type Throughput = { recordsPerSecond: number; mbPerSecond: number }

const peakMb = { atMost: 150 }

export const sizes: SizeRow[] = [
  { name: '100 B', dataBytes: 100, records: 1_000_000, targets: { ratio: { atLeast: 1 }, peakMb } },
  {
    name: '640 B',
    dataBytes: 640,
    records: 500_000,
    targets: { ratio: { atLeast: 1 }, connectorCpu: { atMost: 1.2 }, redisCpu: { atMost: 1.1 }, peakMb },
  },
  { name: '5 KB', dataBytes: 5_000, records: 100_000, targets: { ratio: { atLeast: 0.8 }, peakMb } },
  { name: '100 KB', dataBytes: 100_000, records: 5_000, targets: { ratio: { atLeast: 0.5 }, peakMb } },
  { name: '1 MB', dataBytes: 1_000_000, records: 500, targets: { peakMb } },
]

export async function measureSizes(bench: Bench): Promise<{ section: Section; figures: SizeFigures[] }> {
  const rows: Row[] = []
  const startUp = await measureStartUp(bench)
  for (const size of sizes) rows.push(await measureSize(bench, size, startUp))
  const section = {
    title: 'By size',
    tables: [throughputTable(bench, rows), workTable(bench, rows)],
    notes: [
      `Starting the connector takes ${two(startUp.wall)} s and ${two(startUp.cpu)} s of CPU, and counts in full but in _once started_.`,
    ],
  }
  return { section, figures: rows }
}

type Row = SizeFigures & {
  onceStarted: number
  connectorRuns: ConnectorLoad[]
  yardstickRuns: PipelineWrite[]
}

async function measureSize(bench: Bench, size: SizeRow, startUp: StartUp): Promise<Row> {
  const { layout, options, directory } = bench
  const { dataBytes, name } = size
  const records = scaled(bench, size.records)
  console.error(`${name}, ${exact(records)} records`)
  using input = writeInput(directory, { layout, dataBytes, records, hasCommands: true })
  // In its first load Redis allocates memory; that would make the first run look slower.
  await loadWithYardstick(bench, input)
  const { connector, yardstick } = await alternate(options.runs, {
    connector: async () => loadWithConnector(bench, input),
    yardstick: async () => loadWithYardstick(bench, input),
  })
  const throughput = (runs: PipelineWrite[]) => {
    const seconds = medianOf(runs, ({ wallSeconds }) => wallSeconds)
    return { recordsPerSecond: records / seconds, mbPerSecond: input.messageBytes / 1e6 / seconds }
  }
  return {
    ...size,
    records,
    connector: throughput(connector),
    yardstick: throughput(yardstick),
    ratio: proportion<PipelineWrite>(yardstick, connector, ({ wallSeconds }) => wallSeconds),
    onceStarted: median(
      connector.map(({ wallSeconds }, pair) => yardstick[pair]!.wallSeconds / (wallSeconds - startUp.wall)),
    ),
    connectorRuns: connector,
    yardstickRuns: yardstick,
  }
}

function throughputTable({ verdicts }: Bench, rows: Row[]): string {
  return table(rows, [
    { title: 'data', cell: ({ name }) => name },
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'connector records/s', cell: ({ connector }) => whole(connector.recordsPerSecond) },
    { title: 'redis-cli records/s', cell: ({ yardstick }) => whole(yardstick.recordsPerSecond) },
    { title: 'connector MB/s', cell: ({ connector }) => whole(connector.mbPerSecond) },
    { title: 'redis-cli MB/s', cell: ({ yardstick }) => whole(yardstick.mbPerSecond) },
    {
      title: 'ratio',
      left: true,
      cell: (row) => verdicts.classify(`ratio at ${row.name}`, row.ratio.median, row.targets.ratio, two),
    },
    { title: 'lowest–highest', cell: (row) => spread(row.ratio) },
    { title: 'once started', cell: ({ onceStarted }) => two(onceStarted) },
  ])
}

function workTable({ verdicts }: Bench, rows: Row[]): string {
  return table(rows, [
    { title: 'data', cell: ({ name }) => name },
    {
      title: 'connector CPU s',
      cell: ({ connectorRuns }) => two(medianOf(connectorRuns, ({ cpuSeconds }) => cpuSeconds)),
    },
    { title: 'Redis CPU s', cell: ({ connectorRuns }) => two(medianOf(connectorRuns, redisCpu)) },
    { title: 'under redis-cli', cell: ({ yardstickRuns }) => two(medianOf(yardstickRuns, redisCpu)) },
    {
      title: 'connector/Redis',
      left: true,
      cell: ({ name, connectorRuns, targets }) => {
        const share = medianOf(connectorRuns, cpuShare)
        return verdicts.classify(`connector CPU/Redis CPU at ${name}`, share, targets.connectorCpu, two)
      },
    },
    {
      title: 'Redis/under redis-cli',
      left: true,
      cell: ({ name, connectorRuns, yardstickRuns, targets }) => {
        const share = proportion<PipelineWrite>(connectorRuns, yardstickRuns, redisCpu).median
        return verdicts.classify(`Redis CPU/under redis-cli at ${name}`, share, targets.redisCpu, two)
      },
    },
    {
      title: 'peak MB',
      left: true,
      cell: ({ name, connectorRuns, targets }) => {
        const peak = Math.max(...connectorRuns.map((run) => run.peakMb))
        return verdicts.classify(`peak MB at ${name}`, peak, targets.peakMb, whole)
      },
    },
  ])
}

function cpuShare({ cpuSeconds, redisCpuSeconds }: ConnectorLoad): number {
  return cpuSeconds / redisCpuSeconds
}
