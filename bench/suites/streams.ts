// Measures runs with many streams and a record for each: what opening and closing a stream costs.
import { writeInput } from '../inputs/inputs.ts'
import { runConnector } from '../loads/connector.ts'
import type { Bench } from '../loads/measure.ts'
import { exact, table, two, whole, type Section } from '../report/table.ts'

const MODES = ['append', 'append_dedup', 'overwrite'] as const
const [FEW, MANY] = [100, 1_000]

/** The processor time of many streams may be this many times that of few. */
const MOST_TIMES = 12

export async function measureStreams(bench: Bench): Promise<Section> {
  console.error('streams')
  const rows: Row[] = []
  for (const mode of MODES) for (const streams of [FEW, MANY]) rows.push(await measure(bench, mode, streams))
  const figures = table(rows, [
    { title: 'mode', left: true, cell: ({ mode }) => `\`${mode}\`` },
    { title: 'streams', cell: ({ streams }) => exact(streams) },
    { title: 'CPU s', cell: ({ cpuSeconds }) => two(cpuSeconds) },
    {
      title: 'times',
      cell: (row) => {
        const few = rows.find(({ mode, streams }) => mode === row.mode && streams === FEW)!
        if (row === few) return ''
        const times = row.cpuSeconds / few.cpuSeconds
        return bench.verdicts.classify(`streams ${row.mode}`, times, { atMost: MOST_TIMES }, two)
      },
    },
    { title: 'wall s', cell: ({ wallSeconds }) => two(wallSeconds) },
    { title: 'peak MB', cell: ({ peakMb }) => whole(peakMb) },
    { title: 'commands', cell: ({ commands }) => exact(commands) },
  ])
  return { title: 'Streams', tables: [figures], notes: ['One run each, with one record for each stream.'] }
}

interface Row {
  mode: (typeof MODES)[number]
  streams: number
  cpuSeconds: number
  wallSeconds: number
  peakMb: number
  commands: number
}

async function measure(bench: Bench, mode: Row['mode'], streams: number): Promise<Row> {
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
