// Compares a full refresh of a list, built under a staging key and swapped, with an append of the same records.
import { writeInput } from '../../inputs/inputs.ts'
import { list } from '../../inputs/layouts.ts'
import {
  alternate,
  finishing,
  loadWithConnector,
  scaled,
  wall,
  type Bench,
  type ConnectorLoad,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { onceStarted } from '../../loads/start-up.ts'
import { peakColumn } from '../../report/peak-column.ts'
import { medianOf, proportion } from '../../report/statistics.ts'
import { exact, spread, table, two } from '../../report/table.ts'

export async function measureSwap(bench: Bench, startSeconds: number): Promise<string> {
  const { options, directory, server } = bench
  const records = scaled(bench, 500_000)
  console.error(`swap, ${exact(records)} records`)
  using input = writeInput(directory, { layout: list, dataBytes: 640, records })
  const load = async (job: Parameters<typeof loadWithConnector>[2]): Promise<ConnectorLoad> => {
    const run = await loadWithConnector(bench, input, job)
    const length = await server.client.llen(input.samples[0]!.baseKey)
    if (length !== records) throw new Error(`The list has ${length} items, and should have ${records}.`)
    return run
  }
  await load({})
  const runs = await alternate(options.runs, {
    append: async () => load({}),
    first: async () => load({ mode: 'overwrite' }),
    again: async () => load({ mode: 'overwrite', keptKeys: 0 }),
  })
  const rows = [
    { before: 'none', replace: runs.first },
    { before: exact(records), replace: runs.again },
  ]
  const ratio = (replace: PipelineWrite[]) => proportion<PipelineWrite>(runs.append, replace, wall)
  return table(rows, [
    { title: 'list, json: items before', cell: ({ before }) => before },
    { title: 'records', cell: () => exact(records) },
    { title: 'append s', cell: () => two(medianOf(runs.append, wall)) },
    { title: 'overwrite s', cell: ({ replace }) => two(medianOf(replace, wall)) },
    { title: 'of that the swap', cell: ({ replace }) => two(medianOf(replace, finishing)) },
    { title: 'ratio', cell: ({ replace }) => two(ratio(replace).median) },
    { title: 'lowest–highest', cell: ({ replace }) => spread(ratio(replace)) },
    {
      title: 'once started',
      cell: ({ replace }) => two(onceStarted(replace, runs.append, startSeconds)),
    },
    peakColumn(
      bench.targetLog,
      ({ before }) => `swap over ${before}`,
      ({ replace }) => replace,
    ),
  ])
}
