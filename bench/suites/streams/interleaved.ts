// The same records, alternating between few and many streams.
import { writeInput } from '../../inputs/inputs.ts'
import {
  alternate,
  connectorCpu,
  loadWithConnector,
  loadWithYardstick,
  scaled,
  wall,
  type Bench,
  type ConnectorLoad,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { measureEach } from '../../loads/measure-each.ts'
import { peakColumn } from '../../report/peak-column.ts'
import type { Plot } from '../../report/plot.ts'
import { medianOf } from '../../report/statistics.ts'
import { exact, table, two } from '../../report/table.ts'
import { FLAT } from '../../report/targets.ts'
import type { Opening } from './opening.ts'

/** Times are microseconds per record. */
interface Interleaved {
  streams: number
  records: number
  time: number
  cpu: number
  yardstick: number
  runs: ConnectorLoad[]
}

export async function measureInterleaved(
  bench: Bench,
  openings: readonly Opening[],
): Promise<{ rows: Interleaved[]; leftOut: string[] }> {
  return measureEach(
    openings.filter(({ mode }) => mode === 'append'),
    ({ streams }) => `${exact(streams)} streams, interleaved`,
    async (opening) => measureCount(bench, opening),
  )
}

async function measureCount(bench: Bench, opening: Opening): Promise<Interleaved> {
  const { layout, options, directory } = bench
  const { streams } = opening
  const records = Math.max(streams, scaled(bench, 500_000))
  using input = writeInput(directory, { layout, dataBytes: 100, records, streams, hasCommands: true })
  const { connector, yardstick } = await alternate(Math.min(3, options.runs), {
    connector: async () => loadWithConnector(bench, input),
    yardstick: async () => loadWithYardstick(bench, input),
  })
  const each = (seconds: number) => (seconds / records) * 1e6
  return {
    streams,
    records,
    time: each(medianOf(connector, wall) - opening.wallSeconds),
    cpu: each(medianOf(connector, connectorCpu) - opening.cpuSeconds),
    yardstick: each(medianOf<PipelineWrite>(yardstick, wall)),
    runs: connector,
  }
}

export function interleavedPlot(rows: Interleaved[]): Plot {
  const points = (figure: 'time' | 'cpu' | 'yardstick') =>
    rows.map((row) => ({ x: row.streams, y: row[figure] }))
  return {
    file: 'streams.svg',
    title: 'Time per record by number of streams',
    x: { title: 'streams that the records alternate between (logarithmic)', scale: 'logarithmic' },
    y: { title: 'µs per record of 100 B', scale: 'linear' },
    series: [
      { name: 'redis-cli --pipe', colour: 'yardstick', as: 'curve', points: points('yardstick') },
      { name: 'connector', colour: 'connector', as: 'curve', points: points('time') },
      { name: 'connector, processor time', colour: 'second', as: 'curve', points: points('cpu') },
    ],
  }
}

export function interleavedTable({ targetLog }: Bench, rows: Interleaved[]): string {
  const single = rows.find(({ streams }) => streams === 1)?.time ?? Number.NaN
  return table(rows, [
    { title: 'streams, interleaved', cell: ({ streams }) => exact(streams) },
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'connector µs/record', cell: ({ time }) => two(time) },
    {
      title: 'of that with 1',
      left: true,
      cell: ({ streams, time }) => {
        const target = streams > 1 ? { atMost: FLAT } : undefined
        return targetLog.compare(`time per record of ${exact(streams)} streams`, time / single, target, two)
      },
    },
    { title: 'CPU µs/record', cell: ({ cpu }) => two(cpu) },
    { title: 'redis-cli µs/record', cell: ({ yardstick }) => two(yardstick) },
    peakColumn(
      targetLog,
      ({ streams }) => `${exact(streams)} streams, interleaved`,
      ({ runs }) => runs,
    ),
  ])
}
