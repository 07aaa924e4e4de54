// Runs the same loads in the image and in the local build: the container should cost little more than its start.
import { Missing } from '../left-out.ts'
import { inImage } from '../loads/connector.ts'
import { writeInput } from '../inputs/inputs.ts'
import { alternate, loadWithConnector, scaled, type Bench, type ConnectorLoad } from '../loads/measure.ts'
import { measureEach } from '../loads/measure-each.ts'
import { peakColumn } from '../report/peak-column.ts'
import { medianOf, proportion } from '../report/statistics.ts'
import { table, two, whole, type Section } from '../report/table.ts'
import { IMAGE } from '../report/targets.ts'
import { withPause } from './memory/memory.ts'
import { sizes, type SizeRow } from './size.ts'

const memory = '256m'

export async function measureImage(bench: Bench): Promise<Section> {
  const { image } = bench.options
  if (image === undefined) throw new Missing('It takes an image (--image).')
  const { rows, leftOut } = await measureEach(
    sizes,
    ({ name }) => `image, ${name}`,
    async (size) => measureSize(bench, size, image),
  )
  return {
    title: `From the image ${image}`,
    tables: [sizeTable(bench, rows), ...(bench.server.own ? [await measureSmall(bench, image)] : [])],
    notes: [
      'Seconds as the connector itself counts them, from the start of its process; what `docker run` takes ' +
        'before and after that is in the last column.',
      ...leftOut,
    ],
  }
}

type Row = SizeRow & { local: ConnectorLoad[]; image: ConnectorLoad[]; messageBytes: number }

async function measureSize(bench: Bench, size: SizeRow, name: string): Promise<Row> {
  const { layout, options, directory } = bench
  const { dataBytes, bodies } = size
  const records = scaled(bench, size.records)
  using input = writeInput(directory, { layout, dataBytes, bodies, records })
  const { local, image } = await alternate(options.runs, {
    local: async () => loadWithConnector(bench, input),
    image: async () => loadWithConnector(bench, input, { launcher: inImage(name) }),
  })
  return { ...size, records, local, image, messageBytes: input.messageBytes }
}

function sizeTable({ targetLog }: Bench, rows: Row[]): string {
  return table(rows, [
    { title: 'data', cell: ({ name }) => name },
    { title: 'local records/s', cell: ({ local, records }) => whole(records / medianOf(local, time)) },
    { title: 'image records/s', cell: ({ image, records }) => whole(records / medianOf(image, time)) },
    {
      title: 'image MB/s',
      cell: ({ image, messageBytes }) => whole(messageBytes / 1e6 / medianOf(image, time)),
    },
    {
      title: 'image/local',
      left: true,
      cell: ({ name, local, image }) =>
        targetLog.compare(`image at ${name}`, proportion(local, image, time).median, IMAGE, two),
    },
    { title: 'CPU s', cell: ({ image }) => two(medianOf(image, ({ cpuSeconds }) => cpuSeconds)) },
    peakColumn(
      targetLog,
      ({ name }) => `image at ${name}`,
      ({ image }) => image,
    ),
    {
      title: 'container s',
      cell: ({ image }) => two(medianOf(image, ({ wallSeconds, seconds }) => wallSeconds - seconds)),
    },
  ])
}

/** Runs a container with little memory, while Redis is paused. */
async function measureSmall(bench: Bench, image: string): Promise<string> {
  const records = scaled(bench, 500)
  console.error(`image, --memory ${memory}`)
  using input = writeInput(bench.directory, { layout: bench.layout, dataBytes: 1_000_000, records })
  const launcher = inImage(image, '--memory', memory)
  const run = await withPause(bench, input, async () => loadWithConnector(bench, input, { launcher }))
  return table(
    [run],
    [
      { title: `--memory ${memory}, 1 MB, Redis paused: s`, cell: ({ seconds }) => whole(seconds) },
      peakColumn(
        bench.targetLog,
        () => `image with --memory ${memory}`,
        (row) => [row],
      ),
    ],
  )
}

function time({ seconds }: ConnectorLoad): number {
  return seconds
}
