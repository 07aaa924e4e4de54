// Measures what an overwrite costs beyond the load, and whether it depends on other keys in the database.
import { writeInput } from '../../inputs/inputs.ts'
import {
  alternate,
  loadWithConnector,
  loadWithYardstick,
  scaled,
  type Bench,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { medianOf, proportion } from '../../report/statistics.ts'
import { exact, table, two, whole } from '../../report/table.ts'
import { CLEAN_UP, FLAT } from '../../report/targets.ts'

/** Compares an overwrite of N records over N with an append of N to N: the difference is the clean-up. */
export async function measureCleanUp(bench: Bench): Promise<string> {
  const { layout, options, directory, targetLog } = bench
  const records = scaled(bench, 500_000)
  console.error(`growth, clean-up of ${exact(records)} records`)
  using input = writeInput(directory, { layout, dataBytes: 640, records })
  const { overwrite, append } = await alternate(Math.min(3, options.runs), {
    load: async () => loadWithConnector(bench, input),
    overwrite: async () => loadWithConnector(bench, input, { mode: 'overwrite', keptKeys: 0 }),
    append: async () => loadWithConnector(bench, input, { keptKeys: records }),
  })
  const cleanUp = proportion<PipelineWrite>(overwrite, append, ({ wallSeconds }) => wallSeconds).median - 1
  return table(
    [{ records, overwrite: seconds(overwrite), append: seconds(append) }],
    [
      { title: 'records of 640 B, replaced', cell: (row) => exact(row.records) },
      { title: 'overwrite s', cell: (row) => two(row.overwrite) },
      { title: 'append s', cell: (row) => two(row.append) },
      {
        title: 'clean-up of the load',
        left: true,
        cell: () => targetLog.compare('clean-up', cleanUp, CLEAN_UP, two),
      },
    ],
  )
}

/** Compares the same overwrite in an otherwise empty database and beside many other keys. */
export async function measureBesideOthers(bench: Bench, startUp: number): Promise<string> {
  const { layout, options, directory, targetLog } = bench
  const records = scaled(bench, 100_000)
  const others = scaled(bench, 2_000_000)
  console.error(`growth, beside ${exact(others)} other keys`)
  using input = writeInput(directory, { layout, dataBytes: 640, records })
  using foreign = writeInput(directory, {
    layout,
    dataBytes: 20,
    records: others,
    namespace: 'other',
    hasCommands: true,
  })
  const overwrite = async (keptKeys: number) =>
    loadWithConnector(bench, input, { mode: 'overwrite', keptKeys })
  const rounds = Math.min(3, options.runs)

  await loadWithConnector(bench, input)
  const { alone } = await alternate(rounds, { alone: async () => overwrite(0) })
  await loadWithYardstick(bench, foreign)
  const keptKeys = layout.keys(others, 1, others)
  await loadWithConnector(bench, input, { keptKeys })
  const { beside } = await alternate(rounds, { beside: async () => overwrite(keptKeys) })

  const rows = [
    { keys: 0, time: seconds(alone) - startUp },
    { keys: keptKeys, time: seconds(beside) - startUp },
  ]
  return table(rows, [
    { title: 'keys of others', cell: ({ keys }) => exact(keys) },
    { title: 'overwrite records/s', cell: ({ time }) => whole(records / time) },
    {
      title: 'time, of that alone',
      left: true,
      cell: ({ keys, time }) => {
        const target = keys > 0 ? { atMost: FLAT } : undefined
        return targetLog.compare('time beside other keys', time / rows[0]!.time, target, two)
      },
    },
  ])
}

function seconds(runs: PipelineWrite[]): number {
  return medianOf(runs, ({ wallSeconds }) => wallSeconds)
}
