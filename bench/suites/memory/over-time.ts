// Samples the resident memory of the connector during long loads: it must not grow with what was loaded.
import { timestamp } from '../../inputs/cursors.ts'
import { writeInput, type InputPlan } from '../../inputs/inputs.ts'
import { hash, hashByRow } from '../../inputs/layouts.ts'
import { Missing } from '../../left-out.ts'
import type { Job } from '../../loads/connector.ts'
import { loadWithConnector, scaled, type Bench, type ConnectorLoad } from '../../loads/measure.ts'
import { measureEach } from '../../loads/measure-each.ts'
import { withMemorySamples, type MemorySample } from '../../loads/resources.ts'
import { peakColumn } from '../../report/peak-column.ts'
import type { Plot, Series } from '../../report/plot.ts'
import { medianOf } from '../../report/statistics.ts'
import { exact, table, whole } from '../../report/table.ts'
import { MEMORY, PROCESS_MB } from '../../report/targets.ts'

const dataBytes = 640

type Load = {
  name: string
  colour: Series['colour']
  mode: Job['mode'] & string
  plan: Pick<InputPlan, 'layout' | 'streams' | 'cursor'>
}

const loads: Load[] = [
  { name: 'hash', colour: 'connector', mode: 'append', plan: { layout: hash } },
  {
    name: 'hash, append_dedup',
    colour: 'second',
    mode: 'append_dedup',
    plan: { layout: hashByRow, cursor: timestamp.value },
  },
  { name: 'hash, 1,000 streams', colour: 'third', mode: 'append', plan: { layout: hash, streams: 1_000 } },
]

type Row = Load & { records: number; run: ConnectorLoad & { samples: MemorySample[] } }

export async function measureOverTime(
  bench: Bench,
): Promise<{ plot: Plot; table: string; leftOut: string[] }> {
  const { rows, leftOut } = await measureEach(
    loads,
    ({ name }) => `memory over time, ${name}`,
    async (load) => measureLoad(bench, load),
  )
  return { plot: memoryPlot(rows), table: memoryTable(bench, rows), leftOut }
}

async function measureLoad(bench: Bench, load: Load): Promise<Row> {
  const { mode, plan } = load
  const records = Math.max(scaled(bench, 2_000_000), plan.streams ?? 1)
  using input = writeInput(bench.directory, { ...plan, dataBytes, records })
  const run = await withMemorySamples(async (started) => loadWithConnector(bench, input, { mode, started }))
  if (run.samples.length === 0) throw new Missing('The memory of another process can be read on Linux only.')
  return { ...load, records, run }
}

function memoryPlot(rows: Row[]): Plot {
  const end = Math.max(...rows.map(({ run }) => run.samples.at(-1)!.seconds))
  const bound: Series = {
    name: `bound: ${PROCESS_MB} MB + max_in_flight_bytes`,
    colour: 'limit',
    as: 'line',
    points: [0, end].map((seconds) => ({ x: seconds, y: MEMORY.atMost })),
  }
  return {
    file: 'memory.svg',
    title: 'Memory of the connector during a long load',
    x: { title: 'seconds', scale: 'linear' },
    y: { title: 'resident MB', scale: 'linear' },
    series: [
      ...rows.map(({ name, colour, run }) => ({
        name: `${name}, ${dataBytes} B`,
        colour,
        as: 'line' as const,
        points: run.samples.map(({ seconds, mb }) => ({ x: seconds, y: mb })),
      })),
      ...(rows.length > 0 ? [bound] : []),
    ],
  }
}

function memoryTable({ targetLog }: Bench, rows: Row[]): string {
  return table(rows, [
    { title: `load, ${dataBytes} B`, left: true, cell: ({ name }) => name },
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'seconds', cell: ({ run }) => whole(run.wallSeconds) },
    { title: 'median MB', cell: ({ run }) => whole(medianOf(run.samples, ({ mb }) => mb)) },
    { title: 'MB at the end', cell: ({ run }) => whole(run.samples.at(-1)!.mb) },
    peakColumn(
      targetLog,
      ({ name }) => `long load, ${name}`,
      ({ run }) => [run],
    ),
  ])
}
