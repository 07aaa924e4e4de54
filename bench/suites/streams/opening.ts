// Runs with one record for each stream: what is measured is nearly all opening and closing streams.
import { writeInput } from '../../inputs/inputs.ts'
import { runConnector, type ConnectorRun } from '../../loads/connector.ts'
import { alternate, connectorCpu, wall, type Bench } from '../../loads/measure.ts'
import { measureEach } from '../../loads/measure-each.ts'
import type { StartUp } from '../../loads/start-up.ts'
import { peakColumn } from '../../report/peak-column.ts'
import type { Plot } from '../../report/plot.ts'
import { medianOf } from '../../report/statistics.ts'
import { exact, table, two } from '../../report/table.ts'
import { OPENING } from '../../report/targets.ts'

const COUNTS = [1, 10, 100, 1_000]
const MODES = [
  { mode: 'append', colour: 'connector' },
  { mode: 'append_dedup', colour: 'second' },
  { mode: 'overwrite', colour: 'third' },
] as const

export interface Opening {
  mode: (typeof MODES)[number]['mode']
  streams: number
  cpuSeconds: number
  wallSeconds: number
  /** Processor time, without the start of the connector. */
  msPerStream: number
  commands: number
  runs: ConnectorRun[]
}

export async function measureOpenings(
  bench: Bench,
  startUp: StartUp,
): Promise<{ rows: Opening[]; leftOut: string[] }> {
  return measureEach(
    MODES.flatMap(({ mode }) => COUNTS.map((streams) => ({ mode, streams }))),
    ({ mode, streams }) => `${exact(streams)} streams, ${mode}`,
    async ({ mode, streams }) => measureOpening(bench, { mode, streams }, startUp),
  )
}

async function measureOpening(
  bench: Bench,
  { mode, streams }: Pick<Opening, 'mode' | 'streams'>,
  startUp: StartUp,
): Promise<Opening> {
  const { directory, layout, server, options } = bench
  using input = writeInput(directory, { layout, dataBytes: 100, records: streams, streams })
  const redis = { ...server.address, password: server.password }
  let commands = 0
  const { runs } = await alternate(Math.min(3, options.runs), {
    runs: async () => {
      await server.flush()
      const before = await commandsOf(bench)
      const run = await runConnector({ redis, directory, input, mode })
      commands = (await commandsOf(bench)) - before
      return run
    },
  })
  const cpuSeconds = medianOf(runs, connectorCpu)
  const msPerStream = ((cpuSeconds - startUp.cpu) / streams) * 1000
  return { mode, streams, cpuSeconds, wallSeconds: medianOf(runs, wall), msPerStream, commands, runs }
}

async function commandsOf({ server }: Bench): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await server.client.info('stats'))?.[1])
}

export function openingPlot(rows: Opening[]): Plot {
  return {
    file: 'opening.svg',
    title: 'Opening and closing streams',
    x: { title: 'streams with one record each (logarithmic)', scale: 'logarithmic' },
    y: { title: 'processor time per stream, ms', scale: 'linear' },
    series: MODES.map(({ mode, colour }) => ({
      name: mode,
      colour,
      as: 'curve',
      // One stream is too little to tell from the start.
      points: rows
        .filter((row) => row.mode === mode && row.streams > 1)
        .map(({ streams, msPerStream }) => ({ x: streams, y: msPerStream })),
    })),
  }
}

export function openingTable({ targetLog }: Bench, rows: Opening[]): string {
  return table(rows, [
    { title: 'mode', left: true, cell: ({ mode }) => `\`${mode}\`` },
    { title: 'streams', cell: ({ streams }) => exact(streams) },
    { title: 'CPU s', cell: ({ cpuSeconds }) => two(cpuSeconds) },
    {
      title: 'times',
      left: true,
      cell: (row) => {
        const few = rows.find(({ mode, streams }) => mode === row.mode && streams === row.streams / 10)
        if (row.streams < 1_000 || few === undefined) return ''
        return targetLog.compare(`opening, ${row.mode}`, row.cpuSeconds / few.cpuSeconds, OPENING, two)
      },
    },
    { title: 'CPU ms per stream', cell: ({ streams, msPerStream }) => (streams > 1 ? two(msPerStream) : '') },
    { title: 'wall s', cell: ({ wallSeconds }) => two(wallSeconds) },
    peakColumn(
      targetLog,
      ({ mode, streams }) => `${exact(streams)} streams, ${mode}`,
      ({ runs }) => runs,
    ),
    { title: 'commands', cell: ({ commands }) => exact(commands) },
  ])
}
