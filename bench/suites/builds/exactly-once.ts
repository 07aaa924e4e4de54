// What it costs that lists and Redis streams get each record once and in order: alternating pairs with another build.
import { resolve } from 'node:path'
import { RedisCluster } from '../../../integration_tests/support/cluster.ts'
import { startProxy } from '../../../integration_tests/support/proxy.ts'
import { Missing } from '../../left-out.ts'
import { builtAt, runConnector, type Launcher } from '../../loads/connector.ts'
import { writeInput, type Input } from '../../inputs/inputs.ts'
import type { Layout } from '../../inputs/layouts.ts'
import { alternate, redisCpu, scaled, wall, type Bench, type PipelineWrite } from '../../loads/measure.ts'
import { proportion } from '../../report/statistics.ts'
import { exact, spread, table, two, type Section } from '../../report/table.ts'

const PAIRS = 15

/** At most 3 % more on one server, with transactions of 1 ms or more, and 10 % more with a list for each record. */
const ON_SERVER = { atMost: 1.03 }
const ON_CLUSTER = { atMost: 1.1 }

interface Subject {
  title: string
  config: Record<string, unknown>
  where: 'server' | 'server at 5 ms' | 'cluster'
}

const SUBJECTS: readonly Subject[] = [
  { title: 'list, json', config: { cache_type: 'list', data_format: 'json' }, where: 'server' },
  { title: 'stream, flat', config: { cache_type: 'stream', data_format: 'flat' }, where: 'server' },
  { title: 'list, json', config: { cache_type: 'list', data_format: 'json' }, where: 'server at 5 ms' },
  {
    title: 'list for each record, json',
    config: { cache_type: 'list', data_format: 'json', key_template: 'list:${id}' },
    where: 'cluster',
  },
]

type Load = (launcher: Launcher | undefined) => Promise<PipelineWrite>

interface Row extends Subject {
  records: number
  own: PipelineWrite[]
  base: PipelineWrite[]
}

export async function measureExactlyOnce(bench: Bench): Promise<Section> {
  const { base } = bench.options
  if (base === undefined || !bench.server.own)
    throw new Missing('It takes private servers, and another build (--base).')
  const launcher = builtAt(resolve(base))
  const rows: Row[] = []
  for (const subject of SUBJECTS) {
    console.error(`exactly once: ${subject.title}, ${subject.where}`)
    const records = scaled(bench, subject.where === 'cluster' ? 200_000 : 500_000)
    const layout: Layout = { ...bench.layout, config: subject.config }
    using input = writeInput(bench.directory, { layout, dataBytes: 640, records })
    await withServers(bench, subject, input, async (load) => {
      const { own, other } = await alternate(PAIRS, {
        other: () => load(launcher),
        own: () => load(undefined),
      })
      rows.push({ ...subject, records, own, base: other })
    })
  }
  return {
    title: 'Exactly once',
    tables: [costs(bench, rows)],
    notes: [`Medians of ${PAIRS} alternating pairs, 640 B.`],
  }
}

async function withServers(
  { server, directory }: Bench,
  { where }: Subject,
  input: Input,
  measure: (load: Load) => Promise<void>,
): Promise<void> {
  if (where === 'cluster') {
    await using cluster = await RedisCluster.start({ masters: 3 })
    const cpuSeconds = async (): Promise<number> => {
      const each = await Promise.all(cluster.servers.map((one) => one.cpuSeconds()))
      return each.reduce((sum, seconds) => sum + seconds, 0)
    }
    await measure(async (launcher) => {
      await cluster.onMasters((client) => client.flushall())
      const job = { input, directory, nodes: cluster.addresses, ...(launcher && { launcher }) }
      return withCpu(cpuSeconds, () => runConnector(job))
    })
    return
  }
  await using proxy = await startProxy(server.address.port)
  if (where === 'server at 5 ms') await proxy.setMode({ kind: 'delay', ms: 5 })
  const redis = { host: '127.0.0.1', port: where === 'server' ? server.address.port : proxy.port }
  await measure(async (launcher) => {
    await server.flush()
    const job = {
      input,
      directory,
      redis: { ...redis, password: server.password },
      ...(launcher && { launcher }),
    }
    return withCpu(
      () => server.cpuSeconds(),
      () => runConnector(job),
    )
  })
}

async function withCpu(
  cpuSeconds: () => Promise<number>,
  run: () => Promise<{ wallSeconds: number }>,
): Promise<PipelineWrite> {
  const before = await cpuSeconds()
  const { wallSeconds } = await run()
  return { wallSeconds, redisCpuSeconds: (await cpuSeconds()) - before }
}

function costs({ targetLog }: Bench, rows: readonly Row[]): string {
  const cpu = ({ own, base }: Row) => proportion(own, base, redisCpu)
  const time = ({ own, base }: Row) => proportion(own, base, wall)
  return table(
    [...rows],
    [
      { title: 'structure', left: true, cell: ({ title }) => title },
      { title: 'on a', left: true, cell: ({ where }) => where },
      { title: 'records', cell: ({ records }) => exact(records) },
      {
        title: 'Redis CPU, of the other build',
        left: true,
        cell: (row) =>
          targetLog.compare(
            `Redis CPU of ${row.title} on a ${row.where}`,
            cpu(row).median,
            row.where === 'cluster' ? ON_CLUSTER : ON_SERVER,
            two,
          ),
      },
      { title: 'lowest–highest', cell: (row) => spread(cpu(row)) },
      {
        title: 'time, of the other build',
        left: true,
        cell: (row) =>
          targetLog.compare(
            `time of ${row.title} on a ${row.where}`,
            time(row).median,
            row.where === 'cluster' ? undefined : ON_SERVER,
            two,
          ),
      },
      { title: 'lowest–highest', cell: (row) => spread(time(row)) },
    ],
  )
}
