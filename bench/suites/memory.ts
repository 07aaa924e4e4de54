// Measures the peak memory of the connector while Redis is paused, slow or far away.
import { setTimeout as pause } from 'node:timers/promises'
import { startProxy } from '../../integration_tests/support/proxy.ts'
import { writeInput, type Input } from '../inputs/inputs.ts'
import { loadWithConnector, scaled, type Bench, type ConnectorLoad } from '../loads/measure.ts'
import { table, whole, type Section } from '../report/table.ts'
import { startThrottle } from '../loads/throttle.ts'

const pauseSeconds = 10
const slowBytesPerSecond = 20e6
const peakMb = { atMost: 150 }

const loads = [
  { name: '640 B', dataBytes: 640, records: 500_000 },
  { name: '1 MB', dataBytes: 1_000_000, records: 500 },
]

export async function measureMemory(bench: Bench): Promise<Section> {
  const rows: { name: string; redis: string; run: ConnectorLoad }[] = []
  for (const { name, dataBytes, records } of loads) {
    using input = writeInput(bench.directory, {
      layout: bench.layout,
      dataBytes,
      records: scaled(bench, records),
    })
    for (const [redis, run] of Object.entries(conditions(bench, input))) {
      console.error(`memory, ${name}, Redis ${redis}`)
      rows.push({ name, redis, run: await run() })
    }
  }
  const peaks = table(rows, [
    { title: 'data', cell: ({ name }) => name },
    { title: 'Redis', left: true, cell: ({ redis }) => redis },
    { title: 'seconds', cell: ({ run }) => whole(run.wallSeconds) },
    {
      title: 'peak MB',
      left: true,
      cell: ({ name, redis, run }) =>
        bench.verdicts.classify(`peak MB at ${name}, Redis ${redis}`, run.peakMb, peakMb, whole),
    },
  ])
  const notes = bench.server.own ? [] : ['Paused and far away are left out: they need a private Redis.']
  return { title: 'Memory', tables: [peaks], notes }
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
