// Measures one load of Redis and compares its result: a fast run that is wrong is no run.
import { knownStreamsKey } from '../../src/sync/drafts/internal-keys.ts'
import type { Input } from '../inputs/inputs.ts'
import type { Layout } from '../inputs/layouts.ts'
import type { Options } from '../options.ts'
import type { Server } from './server.ts'
import type { TargetLog } from '../report/target-log.ts'
import { runConnector, type ConnectorRun, type Job } from './connector.ts'
import { placesKeys } from './key-index.ts'
import { runYardstick } from './yardstick.ts'

/** The dependencies of every suite. */
export type Bench = {
  options: Options
  server: Server
  layout: Layout
  targetLog: TargetLog
  /** A temporary directory for inputs; removed at the end. */
  directory: string
}

export type PipelineWrite = { wallSeconds: number; redisCpuSeconds: number }
export type ConnectorLoad = PipelineWrite & ConnectorRun

type JobOptions = Partial<Omit<Job, 'input'>> & {
  /** If set, the database is not flushed, and this many of its keys must still exist afterwards. */
  keptKeys?: number
}

export async function loadWithConnector(
  bench: Bench,
  input: Input,
  { keptKeys, ...options }: JobOptions = {},
): Promise<ConnectorLoad> {
  const { server, directory } = bench
  const redis = { ...server.address, password: server.password }
  return measure(server, input, keptKeys, async () => runConnector({ redis, directory, ...options, input }))
}

export async function loadWithYardstick(bench: Bench, input: Input): Promise<PipelineWrite> {
  return loadWith(bench, input, async () => runYardstick(bench.server, input))
}

/** Loads the input with any other program. */
export async function loadWith<Run>(
  { server }: Bench,
  input: Input,
  run: () => Promise<Run>,
): Promise<Run & { redisCpuSeconds: number }> {
  return measure(server, input, undefined, run)
}

/** Runs each of them in turn, several times, so that other work on the machine affects all of them alike. */
export async function alternate<Runs extends Record<string, () => Promise<unknown>>>(
  rounds: number,
  runs: Runs,
): Promise<{ [Name in keyof Runs]: Awaited<ReturnType<Runs[Name]>>[] }> {
  const done = Object.fromEntries(Object.keys(runs).map((name) => [name, [] as unknown[]]))
  for (let round = 1; round <= rounds; round++)
    for (const [name, run] of Object.entries(runs)) {
      done[name]!.push(await run())
      process.stderr.write('.')
    }
  process.stderr.write('\n')
  // `fromEntries` forgets which names went in.
  return done as { [Name in keyof Runs]: Awaited<ReturnType<Runs[Name]>>[] }
}

export function scaled({ options }: Bench, records: number): number {
  return Math.max(20, Math.round(records * options.scale))
}

export function wall({ wallSeconds }: Pick<PipelineWrite, 'wallSeconds'>): number {
  return wallSeconds
}

export function finishing({ finishSeconds }: ConnectorLoad): number {
  return finishSeconds
}

export function connectorCpu({ cpuSeconds }: Pick<ConnectorLoad, 'cpuSeconds'>): number {
  return cpuSeconds
}

export function redisCpu({ redisCpuSeconds }: PipelineWrite): number {
  return redisCpuSeconds
}

export function peak(runs: Pick<ConnectorLoad, 'peakMb'>[]): number {
  return Math.max(...runs.map(({ peakMb }) => peakMb))
}

async function measure<Run>(
  server: Server,
  input: Input,
  keptKeys: number | undefined,
  run: () => Promise<Run>,
): Promise<Run & { redisCpuSeconds: number }> {
  if (keptKeys === undefined) await server.flush()
  const before = await server.cpuSeconds()
  const result = await run()
  const redisCpuSeconds = (await server.cpuSeconds()) - before
  await requireKeys(server, input, keptKeys ?? 0)
  // After earlier loads, the same records may have other ids.
  if (keptKeys === undefined || input.layout.isStable) await requireRecords(server, input)
  return { ...result, redisCpuSeconds }
}

async function requireKeys({ client }: Server, input: Input, keptKeys: number): Promise<void> {
  const { layout, records, streams, rows } = input
  const expected = keptKeys + layout.keys(records, streams, rows)
  const beside = await client.exists([...placesKeys(input), knownStreamsKey('')])
  const keys = (await client.dbsize()) - beside
  if (keys !== expected) throw new Error(`There are ${keys} keys in Redis, and there should be ${expected}.`)
}

async function requireRecords({ client }: Server, { layout, samples }: Input): Promise<void> {
  for (const sample of samples)
    if (!(await layout.read(client, sample))?.equals(sample.data))
      throw new Error(`Record ${sample.id} of ${sample.baseKey} is not in Redis as it was sent.`)
}
