// Measures what a key index costs, and what it costs to remove the rows that vanished.
import { writeInput } from '../../inputs/inputs.ts'
import { stringByRow } from '../../inputs/layouts.ts'
import {
  alternate,
  connectorCpu,
  finishing,
  loadWithConnector,
  scaled,
  wall,
  type Bench,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { onceStarted } from '../../loads/start-up.ts'
import { peakColumn } from '../../report/peak-column.ts'
import { medianOf, proportion } from '../../report/statistics.ts'
import { exact, spread, table, two, whole } from '../../report/table.ts'

/** Loads the same records without and with a key index, into an empty database and over the same rows. */
export async function measureMirror(bench: Bench, startSeconds: number): Promise<string> {
  const { options, directory } = bench
  const records = scaled(bench, 500_000)
  console.error(`mirror, ${exact(records)} records`)
  using input = writeInput(directory, { layout: stringByRow, dataBytes: 640, records })
  await loadWithConnector(bench, input)
  const runs = await alternate(options.runs, {
    append: async () => loadWithConnector(bench, input),
    appendAgain: async () => loadWithConnector(bench, input, { keptKeys: 0 }),
    overwrite: async () => loadWithConnector(bench, input, { mode: 'overwrite' }),
    overwriteAgain: async () => loadWithConnector(bench, input, { mode: 'overwrite', keptKeys: 0 }),
  })
  const rows = [
    { rows: 'none', append: runs.append, overwrite: runs.overwrite },
    { rows: 'all', append: runs.appendAgain, overwrite: runs.overwriteAgain },
  ]
  const ratio = (row: (typeof rows)[number]) => proportion<PipelineWrite>(row.append, row.overwrite, wall)
  return table(rows, [
    { title: 'string, json: rows before', left: true, cell: (row) => row.rows },
    { title: 'records', cell: () => exact(records) },
    { title: 'append, untracked, records/s', cell: ({ append }) => whole(records / medianOf(append, wall)) },
    {
      title: 'overwrite, tracked, records/s',
      cell: ({ overwrite }) => whole(records / medianOf(overwrite, wall)),
    },
    { title: 'ratio', cell: (row) => two(ratio(row).median) },
    { title: 'lowest–highest', cell: (row) => spread(ratio(row)) },
    { title: 'once started', cell: (row) => two(onceStarted(row.overwrite, row.append, startSeconds)) },
    { title: 'append: connector CPU s', cell: ({ append }) => two(medianOf(append, connectorCpu)) },
    { title: 'overwrite', cell: ({ overwrite }) => two(medianOf(overwrite, connectorCpu)) },
    peakColumn(
      bench.targetLog,
      ({ rows: there }) => `overwrite over ${there}`,
      ({ overwrite }) => overwrite,
    ),
  ])
}

/** Measures the time from the last state to the end of a full refresh, by how many of the old rows vanished. */
export async function measureVanished(bench: Bench): Promise<string> {
  const { options, directory } = bench
  const known = scaled(bench, 500_000)
  const plan = { layout: stringByRow, dataBytes: 100 }
  console.error(`mirror, finishing over ${exact(known)} keys`)
  using all = writeInput(directory, { ...plan, records: known })
  using half = writeInput(directory, { ...plan, records: Math.floor(known / 2) })
  using one = writeInput(directory, { ...plan, records: 1 })
  const replace = async (input: typeof all) => {
    await loadWithConnector(bench, all, { mode: 'overwrite' })
    return loadWithConnector(bench, input, { mode: 'overwrite', keptKeys: 0 })
  }
  const runs = await alternate(Math.min(3, options.runs), {
    // The end of any run takes this long.
    'an append, for comparison': async () => loadWithConnector(bench, all),
    none: async () => replace(all),
    half: async () => replace(half),
    'all but one': async () => replace(one),
  })
  const rows = Object.entries(runs).map(([vanished, loads]) => ({
    vanished,
    finish: medianOf(loads, finishing),
  }))
  return table(rows, [
    { title: 'rows in the index', cell: () => exact(known) },
    { title: 'of them vanished', left: true, cell: ({ vanished }) => vanished },
    { title: 'finishing s', cell: ({ finish }) => two(finish) },
    { title: 'µs per row in the index', cell: ({ finish }) => two((finish / known) * 1e6) },
  ])
}
