// Measures the memory of the connector: over a long load, and while Redis is paused, slow or far away.
import { setTimeout as pause } from 'node:timers/promises'
import { startProxy } from '../../../integration_tests/support/proxy.ts'
import { writeInput, type Input } from '../../inputs/inputs.ts'
import { loadWithConnector, scaled, type Bench, type ConnectorLoad } from '../../loads/measure.ts'
import { measureEach } from '../../loads/measure-each.ts'
import { startThrottle } from '../../loads/throttle.ts'
import { peakColumn } from '../../report/peak-column.ts'
import { table, whole, type Section } from '../../report/table.ts'
import { MEMORY, PROCESS_MB } from '../../report/targets.ts'
import { measureOverTime } from './over-time.ts'

// After 10 seconds the connector connects again; ids may then have gaps, and records are compared by their ids.
const pauseSeconds = 8
const slowBytesPerSecond = 20e6

const loads = [
  { name: '640 B', dataBytes: 640, records: 500_000 },
  { name: '1 MB', dataBytes: 1_000_000, records: 500 },
]

export async function measureMemory(bench: Bench): Promise<Section> {
  const measured = await measureEach(
    loads,
    ({ name }) => `memory, ${name}`,
    async (load) => measureLoad(bench, load),
  )
  const peaks = table(measured.rows.flat(), [
    { title: 'data', cell: ({ name }) => name },
    { title: 'Redis', left: true, cell: ({ redis }) => redis },
    { title: 'seconds', cell: ({ run }) => whole(run.wallSeconds) },
    peakColumn(
      bench.targetLog,
      ({ name, redis }) => `${name}, Redis ${redis}`,
      ({ run }) => [run],
    ),
  ])
  const overTime = await measureOverTime(bench)
  return {
    title: 'Memory',
    plots: [overTime.plot],
    tables: [overTime.table, peaks],
    notes: [
      `The bound is ${PROCESS_MB} MB and the default of \`max_in_flight_bytes\`: ${whole(MEMORY.atMost)} MB.`,
      ...(bench.server.own ? [] : ['Paused and far away are left out: they need a private Redis.']),
      ...overTime.leftOut,
      ...measured.leftOut,
    ],
  }
}

async function measureLoad(bench: Bench, { name, dataBytes, records }: (typeof loads)[number]) {
  using input = writeInput(bench.directory, {
    layout: bench.layout,
    dataBytes,
    records: scaled(bench, records),
  })
  const rows: { name: string; redis: string; run: ConnectorLoad }[] = []
  for (const [redis, run] of Object.entries(conditions(bench, input)))
    rows.push({ name, redis, run: await run() })
  return rows
}

type Condition = () => Promise<ConnectorLoad>

function conditions(bench: Bench, input: Input): Record<string, Condition> {
  const slow = `slow (${slowBytesPerSecond / 1e6} MB/s)`
  const anywhere = {
    'as it is': async () => loadWithConnector(bench, input),
    [slow]: async () => slowly(bench, input),
  }
  if (!bench.server.own) return anywhere
  return {
    ...anywhere,
    [`paused for ${pauseSeconds} s`]: async () =>
      withPause(bench, input, async () => loadWithConnector(bench, input)),
    'far (50 ms each way)': async () => farAway(bench, input),
  }
}

/** Pauses a private Redis after half of the records, for as long as a long fork or a migration takes. */
export async function withPause<Run>({ server }: Bench, input: Input, run: () => Promise<Run>): Promise<Run> {
  const { own, client } = server
  await server.flush()
  const running = run()
  const isOver = running.then(
    () => true,
    () => true,
  )
  while ((await client.dbsize()) < input.records / 2)
    if (await Promise.race([isOver, pause(5, false)])) return running
  await own?.kill('SIGSTOP')
  await pause(pauseSeconds * 1000)
  await own?.kill('SIGCONT')
  return running
}

async function slowly(bench: Bench, input: Input): Promise<ConnectorLoad> {
  await using throttle = await startThrottle(bench.server.address, slowBytesPerSecond)
  const redis = { ...throttle.address, password: bench.server.password }
  return await loadWithConnector(bench, input, { redis })
}

async function farAway(bench: Bench, input: Input): Promise<ConnectorLoad> {
  await using proxy = await startProxy(bench.server.address.port)
  await proxy.setMode({ kind: 'delay', ms: 50 })
  return await loadWithConnector(bench, input, { redis: { host: '127.0.0.1', port: proxy.port } })
}
