// Measures whether the number of streams matters: the same records, interleaved, and runs with one record for each
// stream, which are nearly all opening and closing.
import { writeInput } from '../inputs/inputs.ts'
import { runConnector } from '../loads/connector.ts'
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
} from '../loads/measure.ts'
import { measureEach } from '../loads/measure-each.ts'
import { measureStartUp, type StartUp } from '../loads/start-up.ts'
import { peakColumn } from '../report/peak-column.ts'
import type { Plot } from '../report/plot.ts'
import { medianOf } from '../report/statistics.ts'
import { exact, table, two, type Section } from '../report/table.ts'
import { FLAT, OPENING } from '../report/targets.ts'

const COUNTS = [1, 10, 100, 1_000]
const MODES = ['append', 'append_dedup', 'overwrite'] as const
const [FEW, MANY] = [100, 1_000]

export async function measureStreams(bench: Bench): Promise<Section> {
  const startUp = await measureStartUp(bench)
  const interleaved = await measureEach(
    COUNTS,
    (streams) => `${exact(streams)} streams, interleaved`,
    async (streams) => measureInterleaved(bench, streams, startUp),
  )
  const opened = await measureEach(
    MODES.flatMap((mode) => [FEW, MANY].map((streams) => ({ mode, streams }))),
    ({ mode, streams }) => `${exact(streams)} streams, ${mode}`,
    async ({ mode, streams }) => measureOpening(bench, mode, streams),
  )
  return {
    title: 'Streams',
    plots: [streamsPlot(interleaved.rows)],
    tables: [interleavedTable(bench, interleaved.rows), openingTable(bench, opened.rows)],
    notes: [
      'Interleaved: records of 100 B that alternate between the streams; the start of the connector is not counted.',
      'The second table has one run each, with one record for each stream.',
      ...interleaved.leftOut,
      ...opened.leftOut,
    ],
  }
}

/** Times are microseconds per record. */
interface Interleaved {
  streams: number
  records: number
  time: number
  cpu: number
  yardstick: number
  runs: ConnectorLoad[]
}

async function measureInterleaved(bench: Bench, streams: number, startUp: StartUp): Promise<Interleaved> {
  const { layout, options, directory } = bench
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
    time: each(medianOf(connector, wall) - startUp.wall),
    cpu: each(medianOf(connector, connectorCpu) - startUp.cpu),
    yardstick: each(medianOf<PipelineWrite>(yardstick, wall)),
    runs: connector,
  }
}

function streamsPlot(rows: Interleaved[]): Plot {
  const points = (figure: 'time' | 'cpu' | 'yardstick') =>
    rows.map((row) => ({ x: row.streams, y: row[figure] }))
  return {
    file: 'streams.svg',
    title: 'Time per record by number of streams',
    x: { title: 'streams, interleaved (logarithmic)', scale: 'logarithmic' },
    y: { title: 'µs per record of 100 B', scale: 'linear' },
    series: [
      { name: 'redis-cli --pipe', colour: 'yardstick', as: 'curve', points: points('yardstick') },
      { name: 'connector', colour: 'connector', as: 'curve', points: points('time') },
      { name: 'connector, processor time', colour: 'second', as: 'curve', points: points('cpu') },
    ],
  }
}

function interleavedTable({ targetLog }: Bench, rows: Interleaved[]): string {
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

interface Opening {
  mode: (typeof MODES)[number]
  streams: number
  cpuSeconds: number
  wallSeconds: number
  peakMb: number
  commands: number
}

async function measureOpening(bench: Bench, mode: Opening['mode'], streams: number): Promise<Opening> {
  const { directory, layout, server } = bench
  using input = writeInput(directory, { layout, dataBytes: 100, records: streams, streams })
  await server.flush()
  const before = await commandsOf(bench)
  const redis = { ...server.address, password: server.password }
  const { cpuSeconds, wallSeconds, peakMb } = await runConnector({ redis, directory, input, mode })
  return { mode, streams, cpuSeconds, wallSeconds, peakMb, commands: (await commandsOf(bench)) - before }
}

async function commandsOf({ server }: Bench): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await server.client.info('stats'))?.[1])
}

function openingTable({ targetLog }: Bench, rows: Opening[]): string {
  return table(rows, [
    { title: 'mode', left: true, cell: ({ mode }) => `\`${mode}\`` },
    { title: 'streams', cell: ({ streams }) => exact(streams) },
    { title: 'CPU s', cell: ({ cpuSeconds }) => two(cpuSeconds) },
    {
      title: 'times',
      left: true,
      cell: (row) => {
        const few = rows.find(({ mode, streams }) => mode === row.mode && streams === FEW)
        if (few === undefined || row === few) return ''
        return targetLog.compare(`opening, ${row.mode}`, row.cpuSeconds / few.cpuSeconds, OPENING, two)
      },
    },
    { title: 'wall s', cell: ({ wallSeconds }) => two(wallSeconds) },
    peakColumn(
      targetLog,
      ({ mode, streams }) => `${exact(streams)} streams, ${mode}`,
      (row) => [row],
    ),
    { title: 'commands', cell: ({ commands }) => exact(commands) },
  ])
}
