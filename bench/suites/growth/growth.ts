// Measures whether the time per record depends on the number of records or of other keys.
import { writeInput } from '../../inputs/inputs.ts'
import {
  alternate,
  loadWithConnector,
  loadWithYardstick,
  scaled,
  type Bench,
  type ConnectorLoad,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { measureEach } from '../../loads/measure-each.ts'
import { measureStartUp, type StartUp } from '../../loads/start-up.ts'
import { peakColumn } from '../../report/peak-column.ts'
import { medianOf } from '../../report/statistics.ts'
import { exact, table, two, type Section } from '../../report/table.ts'
import { FLAT } from '../../report/targets.ts'
import { measureBesideOthers, measureCleanUp } from './overwrite.ts'

const dataBytes = 100

// In proportion to Redis' own growth, less counts as flat.
const noise = 1.1

export async function measureGrowth(bench: Bench): Promise<Section> {
  const startUp = await measureStartUp(bench)
  const counts = await measureCounts(bench, startUp)
  const overwrites = await measureEach(
    [measureCleanUp, measureBesideOthers],
    (measure) => (measure === measureCleanUp ? 'clean-up' : 'beside other keys'),
    async (measure) => measure(bench, startUp.wall),
  )
  return {
    title: 'Growth',
    tables: [counts.table, ...overwrites.rows],
    notes: [
      `${dataBytes} B where nothing else is said. The start of the connector (${two(startUp.wall)} s, ` +
        'a `write` of one record) is not counted.',
      'Growth is in proportion to the row of 100,000; before that the connector is not warm. Flat means at most ' +
        '1.20, or 1.1 × the growth of redis-cli, where Redis itself takes longer with many keys.',
      ...counts.leftOut,
      ...overwrites.leftOut,
    ],
  }
}

/** Times are microseconds per record. */
type CountRow = {
  records: number
  connector: number
  cpu: number
  yardstick: number
  runs: ConnectorLoad[]
}

async function measureCounts(bench: Bench, startUp: StartUp): Promise<{ table: string; leftOut: string[] }> {
  const most = scaled(bench, 5_000_000)
  const counts = [10_000, 100_000, 500_000, 1_000_000, 5_000_000].filter((count) => count <= most)
  const { rows, leftOut } = await measureEach(
    counts,
    (records) => `${exact(records)} records`,
    async (records) => measureCount(bench, records, startUp),
  )

  const base = rows.find(({ records }) => records === 100_000) ?? rows.at(-1)
  const growth = (row: CountRow, figure: 'connector' | 'cpu' | 'yardstick') =>
    row[figure] / (base?.[figure] ?? Number.NaN)
  const judged = (what: string, row: CountRow, figure: 'connector' | 'cpu', atMost: number) => {
    const target = row.records > (base?.records ?? 0) ? { atMost } : undefined
    return bench.targetLog.compare(`${what} at ${exact(row.records)}`, growth(row, figure), target, two)
  }
  const growths = table(rows, [
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'connector µs/record', cell: ({ connector }) => two(connector) },
    {
      title: 'growth',
      left: true,
      cell: (row) =>
        judged('growth of time', row, 'connector', Math.max(FLAT, noise * growth(row, 'yardstick'))),
    },
    { title: 'CPU µs/record', cell: ({ cpu }) => two(cpu) },
    { title: 'growth', left: true, cell: (row) => judged('growth of CPU', row, 'cpu', FLAT) },
    { title: 'redis-cli µs/record', cell: ({ yardstick }) => two(yardstick) },
    { title: 'growth', cell: (row) => two(growth(row, 'yardstick')) },
    peakColumn(
      bench.targetLog,
      ({ records }) => `${exact(records)} records`,
      ({ runs }) => runs,
    ),
  ])
  return { table: growths, leftOut }
}

async function measureCount(bench: Bench, records: number, startUp: StartUp): Promise<CountRow> {
  const { layout, options, directory } = bench
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
    runs: connector,
  }
}

function wallTime(runs: PipelineWrite[], records: number, startUp: number): number {
  return ((medianOf(runs, ({ wallSeconds }) => wallSeconds) - startUp) / records) * 1e6
}
