// Measures whether the time per record depends on the number of records, streams or keys.
import { writeInput } from '../../inputs/inputs.ts'
import {
  alternate,
  loadWithConnector,
  loadWithYardstick,
  scaled,
  type Bench,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { measureStartUp, type StartUp } from '../../loads/start-up.ts'
import { medianOf } from '../../report/statistics.ts'
import { exact, table, two, whole, type Section } from '../../report/table.ts'
import { measureBesideOthers, measureCleanUp } from './overwrite.ts'

const dataBytes = 100

// Growth up to this counts as flat, because measurements differ by this much; in proportion to Redis' own growth, less.
const flat = 1.2
const noise = 1.1

export async function measureGrowth(bench: Bench): Promise<Section> {
  const startUp = await measureStartUp(bench)
  const tables = [
    await measureCounts(bench, startUp),
    await measureStreams(bench, startUp),
    await measureCleanUp(bench),
    await measureBesideOthers(bench, startUp.wall),
  ]
  return {
    title: 'Growth',
    tables,
    notes: [
      `${dataBytes} B where nothing else is said. The start of the connector (${two(startUp.wall)} s, ` +
        'a `write` of one record) is not counted.',
      'Growth is in proportion to the row of 100,000; before that the connector is not warm. Flat means at most ' +
        '1.20, or 1.1 × the growth of redis-cli, where Redis itself takes longer with many keys.',
    ],
  }
}

/** Returns microseconds per record. */
type CountRow = { records: number; connector: number; cpu: number; yardstick: number }

async function measureCounts(bench: Bench, startUp: StartUp): Promise<string> {
  const most = scaled(bench, 5_000_000)
  const counts = [10_000, 100_000, 500_000, 1_000_000, 5_000_000].filter((count) => count <= most)
  const rows: CountRow[] = []
  for (const records of counts) rows.push(await measureCount(bench, records, startUp))

  const base = rows.find(({ records }) => records === 100_000) ?? rows.at(-1)
  const growth = (row: CountRow, figure: 'connector' | 'cpu' | 'yardstick') =>
    row[figure] / (base?.[figure] ?? Number.NaN)
  const judged = (what: string, row: CountRow, figure: 'connector' | 'cpu', atMost: number) => {
    const target = row.records > (base?.records ?? 0) ? { atMost } : undefined
    return bench.verdicts.classify(`${what} at ${exact(row.records)}`, growth(row, figure), target, two)
  }
  return table(rows, [
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'connector µs/record', cell: ({ connector }) => two(connector) },
    {
      title: 'growth',
      left: true,
      cell: (row) =>
        judged('growth of time', row, 'connector', Math.max(flat, noise * growth(row, 'yardstick'))),
    },
    { title: 'CPU µs/record', cell: ({ cpu }) => two(cpu) },
    { title: 'growth', left: true, cell: (row) => judged('growth of CPU', row, 'cpu', flat) },
    { title: 'redis-cli µs/record', cell: ({ yardstick }) => two(yardstick) },
    { title: 'growth', cell: (row) => two(growth(row, 'yardstick')) },
  ])
}

async function measureCount(bench: Bench, records: number, startUp: StartUp): Promise<CountRow> {
  const { layout, options, directory } = bench
  console.error(`growth, ${exact(records)} records`)
  using input = writeInput(directory, { layout, dataBytes, records, hasCommands: true })
  // Long loads need only one run.
  const rounds = records > 500_000 ? 1 : Math.min(3, options.runs)
  const { connector, yardstick } = await alternate(rounds, {
    connector: async () => loadWithConnector(bench, input),
    yardstick: async () => loadWithYardstick(bench, input),
  })
  return {
    records,
    connector: wallTime(connector, records, startUp.wall),
    cpu: ((medianOf(connector, ({ cpuSeconds }) => cpuSeconds) - startUp.cpu) / records) * 1e6,
    yardstick: wallTime(yardstick, records, 0),
  }
}

async function measureStreams(bench: Bench, startUp: StartUp): Promise<string> {
  const { layout, options, directory } = bench
  const records = scaled(bench, 500_000)
  const rows: { streams: number; time: number }[] = []
  for (const streams of [1, 10, 50, 200]) {
    console.error(`growth, ${streams} streams`)
    using input = writeInput(directory, { layout, dataBytes, records, streams })
    const { connector } = await alternate(Math.min(3, options.runs), {
      connector: async () => loadWithConnector(bench, input),
    })
    rows.push({ streams, time: wallTime(connector, records, startUp.wall) })
  }
  const single = rows[0]?.time ?? Number.NaN
  return table(rows, [
    { title: 'streams, interleaved', cell: ({ streams }) => exact(streams) },
    { title: 'connector µs/record', cell: ({ time }) => two(time) },
    {
      title: 'of that with 1',
      left: true,
      cell: ({ streams, time }) => {
        const target = streams > 1 ? { atMost: flat } : undefined
        return bench.verdicts.classify(`time a record of ${streams} streams`, time / single, target, two)
      },
    },
    { title: 'records/s', cell: ({ time }) => whole(1e6 / time) },
  ])
}

function wallTime(runs: PipelineWrite[], records: number, startUp: number): number {
  return ((medianOf(runs, ({ wallSeconds }) => wallSeconds) - startUp) / records) * 1e6
}
