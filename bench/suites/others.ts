// Loads the same records as the connector and redis-cli with programs that use the client libraries of other projects.
import { writeInput, type Input } from '../inputs/inputs.ts'
import type { Layout } from '../inputs/layouts.ts'
import { prepareLoaders, runLoader } from '../loads/loaders.ts'
import {
  alternate,
  loadWith,
  loadWithConnector,
  loadWithYardstick,
  peak,
  redisCpu,
  scaled,
  wall,
  type Bench,
  type PipelineWrite,
} from '../loads/measure.ts'
import { measureEach } from '../loads/measure-each.ts'
import { withResources, type Resources } from '../loads/resources.ts'
import { medianOf, proportion, type Spread } from '../report/statistics.ts'
import { exact, spread, table, two, whole, type Section } from '../report/table.ts'
import { MEMORY } from '../report/targets.ts'
import { runYardstick } from '../loads/yardstick.ts'

const dataBytes = 640

type Load = PipelineWrite & Resources

type Row = { name: string; runs: Load[]; ratio: Spread }

export async function measureOthers(bench: Bench): Promise<Section> {
  const { directory, layout, options, server } = bench
  const records = scaled(bench, 300_000)
  const { commands, leftOut } = await prepareLoaders(directory)
  console.error(`others, ${exact(records)} records`)
  using input = writeInput(directory, { layout, dataBytes, records, hasCommands: true })
  const parsed = asParsed(input)
  // In its first load Redis allocates memory; that would make the first run look slower.
  await loadWithYardstick(bench, input)
  const loads: Record<string, () => Promise<Load>> = {
    connector: async () => loadWithConnector(bench, input),
    'redis-cli --pipe': async () =>
      loadWith(bench, input, async () =>
        withResources(async (started) => runYardstick(server, input, started)),
      ),
  }
  const tried = await measureEach(
    [...commands],
    ([name]) => name,
    async ([name, command]) => {
      const load = async () => loadWith(bench, parsed, async () => runLoader(command, server, input))
      await load()
      return { name, load }
    },
  )
  for (const { name, load } of tried.rows) loads[name] = load
  const done = await alternate(options.runs, loads)
  const rows = Object.entries(done).map(([name, runs]) => ({
    name,
    runs,
    ratio: proportion<Load>(done['redis-cli --pipe']!, runs, wall),
  }))
  return {
    title: 'Against others',
    tables: [loaderTable(bench, rows, records)],
    notes: [`${exact(records)} records of ${dataBytes} B.`, ...leftOut, ...tried.leftOut],
  }
}

/** Returns the input as a program leaves it that parses JSON and writes it again: the same values in other bytes. */
function asParsed(input: Input): Input {
  const layout: Layout = {
    ...input.layout,
    // Programs that count for themselves need no other keys.
    keys: (records) => records,
    read: async (client, sample) => {
      const data = await input.layout.read(client, sample)
      return data && rewritten(data)
    },
  }
  return {
    ...input,
    layout,
    samples: input.samples.map((sample) => ({ ...sample, data: rewritten(sample.data) })),
  }
}

function rewritten(data: Buffer): Buffer {
  return Buffer.from(JSON.stringify(JSON.parse(data.toString())))
}

function loaderTable({ targetLog }: Bench, rows: Row[], records: number): string {
  return table(rows, [
    { title: 'loader', left: true, cell: ({ name }) => name },
    { title: 'records/s', cell: ({ runs }) => whole(records / medianOf(runs, wall)) },
    { title: 'ratio', cell: ({ ratio }) => two(ratio.median) },
    { title: 'lowest–highest', cell: ({ ratio }) => spread(ratio) },
    { title: 'loader CPU s', cell: ({ runs }) => two(medianOf(runs, ({ cpuSeconds }) => cpuSeconds)) },
    { title: 'Redis CPU s', cell: ({ runs }) => two(medianOf(runs, redisCpu)) },
    {
      title: 'peak MB',
      left: true,
      cell: ({ name, runs }) =>
        targetLog.compare(
          'peak MB beside others',
          peak(runs),
          name === 'connector' ? MEMORY : undefined,
          whole,
        ),
    },
  ])
}
