// Measures the memory of a key index per row, by the number of rows: tracked only, deduplicated, deleted.
import { runConnector, type Job } from '../../loads/connector.ts'
import { timestamp } from '../../inputs/cursors.ts'
import { writeInput, type InputPlan } from '../../inputs/inputs.ts'
import { stringByRow } from '../../inputs/layouts.ts'
import { scaled, type Bench } from '../../loads/measure.ts'
import { remembered, type Remembered } from '../../loads/key-index.ts'
import { exact, table, whole } from '../../report/table.ts'

type Kind = { title: string; mode: Job['mode'] & string; plan: Partial<InputPlan> }

const kinds: Kind[] = [
  { title: 'tracked', mode: 'overwrite', plan: {} },
  { title: 'append_dedup', mode: 'append_dedup', plan: { cursor: timestamp.value } },
  { title: 'deleted', mode: 'append_dedup', plan: { cursor: timestamp.value, isDeleted: true } },
]

export async function measureIndexMemory(bench: Bench): Promise<string> {
  const most = scaled(bench, 1_000_000)
  const rows: { count: number; figures: Remembered[] }[] = []
  for (const count of [1_000, 10_000, 100_000, 1_000_000].filter((one) => one <= most)) {
    console.error(`key index, ${exact(count)}`)
    const figures: Remembered[] = []
    for (const kind of kinds) figures.push(await measureKind(bench, kind, count))
    rows.push({ count, figures })
  }
  return table(rows, [
    { title: 'rows in the index', cell: ({ count }) => exact(count) },
    ...kinds.map(({ title }, at) => ({
      title: `bytes each, ${title}`,
      cell: ({ count, figures }: (typeof rows)[number]) => whole(figures[at]!.bytes / count),
    })),
    {
      title: 'encoding',
      left: true,
      cell: ({ figures }) => [...new Set(figures.map(({ encoding }) => encoding))].join(', '),
    },
  ])
}

async function measureKind(bench: Bench, { title, mode, plan }: Kind, count: number): Promise<Remembered> {
  const { server, directory } = bench
  using input = writeInput(directory, { layout: stringByRow, dataBytes: 100, records: count, ...plan })
  await server.flush()
  const redis = { ...server.address, password: server.password }
  await runConnector({ redis, directory, input, mode })
  const figures = await remembered(server, input)
  if (figures.places !== count)
    throw new Error(`${figures.places} of ${count} rows are in the key index (${title}).`)
  return figures
}
