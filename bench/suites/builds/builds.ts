// Compares this build with another one (--base), by size, structure and sync mode, in alternating pairs.
import { resolve } from 'node:path'
import { integer } from '../../inputs/cursors.ts'
import { Missing } from '../../left-out.ts'
import { builtAt, runConnector, type ConnectorRun, type Job, type Launcher } from '../../loads/connector.ts'
import { writeInput } from '../../inputs/inputs.ts'
import {
  alternate,
  connectorCpu,
  redisCpu,
  scaled,
  wall,
  type Bench,
  type ConnectorLoad,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { proportion } from '../../report/statistics.ts'
import { exact, spread, table, two, type Section } from '../../report/table.ts'

/** A difference of 3 % cannot be told from chance in so few pairs. */
const THROUGHPUT = { atLeast: 0.97 }

interface Subject {
  title: string
  config: Record<string, unknown>
  mode: NonNullable<Job['mode']>
  dataBytes: number
  records: number
}

const BY_ROW = { cache_type: 'string', data_format: 'json', key_template: 'row:${id}' }

const SUBJECTS: readonly Subject[] = [
  ...[
    { dataBytes: 100, records: 1_000_000 },
    { dataBytes: 640, records: 500_000 },
    { dataBytes: 5_000, records: 100_000 },
    { dataBytes: 100_000, records: 5_000 },
  ].map((size) => ({
    title: 'hash, airbyte',
    config: { cache_type: 'hash' },
    mode: 'append' as const,
    ...size,
  })),
  structure('hash, flat', { data_format: 'flat', key_template: 'row:${id}' }),
  structure('string, json', BY_ROW),
  structure('list, json', { cache_type: 'list', data_format: 'json' }),
  structure('set, json', { cache_type: 'set', data_format: 'json' }),
  structure('stream, airbyte', { cache_type: 'stream' }),
  structure('string, json', BY_ROW, 'append_dedup'),
  structure('string, json', BY_ROW, 'overwrite'),
  structure('list, json', { cache_type: 'list', data_format: 'json' }, 'overwrite'),
]

interface Row extends Subject {
  own: ConnectorLoad[]
  base: ConnectorLoad[]
}

export async function measureBuilds(bench: Bench): Promise<Section> {
  const { base, runs } = bench.options
  if (base === undefined) throw new Missing('It takes another build (--base).')
  const launcher = builtAt(resolve(base))
  const rows: Row[] = []
  for (const subject of SUBJECTS) {
    const { title, mode, config, dataBytes } = subject
    const records = scaled(bench, subject.records)
    console.error(`two builds: ${title}, ${mode}, ${dataBytes} B`)
    const cursor = mode === 'append_dedup' ? integer.value : undefined
    using input = writeInput(bench.directory, {
      layout: { ...bench.layout, config },
      dataBytes,
      records,
      cursor,
    })
    const load = (other?: Launcher) => loadOnce(bench, { input, mode, ...(other && { launcher: other }) })
    const { own, other } = await alternate(runs, { other: () => load(launcher), own: () => load() })
    rows.push({ ...subject, records, own, base: other })
  }
  return {
    title: 'Two builds',
    tables: [comparison(bench, rows)],
    notes: [`Medians of ${runs} alternating pairs. A throughput above 1 means that this build is faster.`],
  }
}

function structure(title: string, config: Subject['config'], mode: Subject['mode'] = 'append'): Subject {
  return { title, config, mode, dataBytes: 640, records: 300_000 }
}

/** Loads the input into an empty server. The bookkeeping keys of two builds may differ, so no keys are compared. */
async function loadOnce(
  { server, directory }: Bench,
  job: Pick<Job, 'input' | 'mode' | 'launcher'>,
): Promise<ConnectorRun & PipelineWrite> {
  await server.flush()
  const before = await server.cpuSeconds()
  const run = await runConnector({
    ...job,
    directory,
    redis: { ...server.address, password: server.password },
  })
  return { ...run, redisCpuSeconds: (await server.cpuSeconds()) - before }
}

function comparison({ targetLog }: Bench, rows: Row[]): string {
  const throughput = ({ own, base }: Row) => proportion<ConnectorLoad>(base, own, wall)
  return table(rows, [
    { title: 'structure', left: true, cell: ({ title }) => title },
    { title: 'mode', left: true, cell: ({ mode }) => mode },
    { title: 'data', cell: ({ dataBytes }) => `${exact(dataBytes)} B` },
    { title: 'records', cell: ({ records }) => exact(records) },
    {
      title: 'throughput, of the other build',
      left: true,
      cell: (row) =>
        targetLog.compare(
          `throughput of ${row.title}, ${row.mode}, ${row.dataBytes} B`,
          throughput(row).median,
          THROUGHPUT,
          two,
        ),
    },
    { title: 'lowest–highest', cell: (row) => spread(throughput(row)) },
    {
      title: 'connector CPU',
      cell: ({ own, base }) => two(proportion<ConnectorLoad>(own, base, connectorCpu).median),
    },
    {
      title: 'Redis CPU',
      cell: ({ own, base }) => two(proportion<ConnectorLoad>(own, base, redisCpu).median),
    },
  ])
}
