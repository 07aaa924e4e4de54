// Measures every structure beside redis-cli with the same commands, and the memory of its records.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { FIELD_SCRIPT } from '../../src/layout/structures/hash-field.ts'
import { HASH_SCRIPT } from '../../src/layout/structures/hash.ts'
import { runConnector, type ConnectorRun } from '../loads/connector.ts'
import { writeInput, type Input } from '../inputs/inputs.ts'
import { alternate, scaled, type Bench, type PipelineWrite } from '../loads/measure.ts'
import { measureStartUp } from '../loads/start-up.ts'
import { median, medianOf, proportion, type Spread } from '../report/statistics.ts'
import { exact, spread, table, two, whole, type Section } from '../report/table.ts'
import { openTap } from '../loads/tap.ts'
import { runYardstick } from '../loads/yardstick.ts'

const structures: { name: string; config: Record<string, unknown> }[] = [
  { name: 'hash, airbyte', config: { cache_type: 'hash' } },
  { name: 'hash, flat, replace', config: { data_format: 'flat', key_template: 'row:${id}' } },
  {
    name: 'hash, flat, merge',
    config: { data_format: 'flat', key_template: 'row:${id}', on_update: 'merge' },
  },
  { name: 'hash by field, json', config: { hash_field: '${id}' } },
  { name: 'string, json', config: { cache_type: 'string', data_format: 'json', key_template: 'row:${id}' } },
  { name: 'list, json', config: { cache_type: 'list', data_format: 'json' } },
  { name: 'set, json', config: { cache_type: 'set', data_format: 'json' } },
  {
    name: 'sorted set, json',
    config: { cache_type: 'sorted_set', data_format: 'json', score_field: 'id' },
  },
  { name: 'stream, airbyte', config: { cache_type: 'stream' } },
  { name: 'stream, flat', config: { cache_type: 'stream', data_format: 'flat' } },
]

const sizes = [100, 640]
const footprintRecords = 10_000

type Row = {
  name: string
  records: number
  connector: ConnectorRun[]
  redisCpu: number
  ratio: Spread
  onceStarted: number
  footprints: { bytes: number; encoding: string }[]
}

export async function measureLayouts(bench: Bench): Promise<Section> {
  const { client } = bench.server
  const startUp = await measureStartUp(bench)
  const rows: Row[] = []
  for (const structure of structures) {
    console.error(structure.name)
    for (const { text } of [HASH_SCRIPT, FIELD_SCRIPT]) await client.script('LOAD', text)
    const speed = await measureSpeed(bench, structure.config, startUp.wall)
    const footprints = []
    for (const dataBytes of sizes) footprints.push(await measureFootprint(bench, structure.config, dataBytes))
    rows.push({ name: structure.name, ...speed, footprints })
  }
  return {
    title: 'By structure',
    tables: [speedTable(rows), footprintTable(rows)],
    notes: [
      `Records of 640 B; redis-cli loads the commands that the connector sent.`,
      `Bytes per record: MEMORY USAGE of all keys with records, for ${exact(footprintRecords)} records, and OBJECT ENCODING.`,
    ],
  }
}

function inputFor(bench: Bench, config: Record<string, unknown>, dataBytes: number, records: number): Input {
  const input = writeInput(bench.directory, { layout: bench.layout, dataBytes, records })
  return { ...input, layout: { ...input.layout, config }, [Symbol.dispose]: () => input[Symbol.dispose]() }
}

async function measureSpeed(bench: Bench, config: Record<string, unknown>, startSeconds: number) {
  const { server, directory, options } = bench
  const records = scaled(bench, 250_000)
  using input = inputFor(bench, config, 640, records)
  const redis = { ...server.address, password: server.password }
  await server.flush()
  const tap = await openTap(server.address, join(directory, 'tap'))
  await runConnector({ redis: { ...redis, host: '127.0.0.1', port: tap.port }, directory, input })
  const commands = await tap.end()
  const cpu: number[] = []
  const { connector, yardstick } = await alternate(options.runs, {
    connector: async () => {
      await server.flush()
      const before = await server.cpuSeconds()
      const run = await runConnector({ redis, directory, input })
      cpu.push((await server.cpuSeconds()) - before)
      return run
    },
    yardstick: async () => {
      await server.flush()
      return { ...(await runYardstick(server, { ...input, commands })), redisCpuSeconds: 0 }
    },
  })
  rmSync(commands)
  const ratio = proportion<Pick<PipelineWrite, 'wallSeconds'>>(
    yardstick,
    connector,
    ({ wallSeconds }) => wallSeconds,
  )
  const onceStarted = median(
    connector.map(({ wallSeconds }, pair) => yardstick[pair]!.wallSeconds / (wallSeconds - startSeconds)),
  )
  return { records, connector, redisCpu: median(cpu), ratio, onceStarted }
}

/** Measures the keys with records, without the connector's metadata and counters. */
async function measureFootprint(bench: Bench, config: Record<string, unknown>, dataBytes: number) {
  const { server, directory } = bench
  const { client } = server
  using input = inputFor(bench, config, dataBytes, footprintRecords)
  await server.flush()
  await runConnector({ redis: { ...server.address, password: server.password }, directory, input })
  const keys = (await client.keys('*')).filter(
    (key) => !key.startsWith('_airbyte:') && !key.endsWith(':_airbyte_ab_id'),
  )
  const records = keys.length === 1 ? keys : keys.filter((key) => /:\d+$/.test(key))
  let bytes = 0
  for (const key of records) bytes += (await client.memory('USAGE', key, 'SAMPLES', 0)) ?? 0
  return { bytes: bytes / footprintRecords, encoding: String(await client.object('ENCODING', records[0]!)) }
}

function speedTable(rows: Row[]): string {
  const seconds = ({ connector }: Row): number => medianOf(connector, ({ wallSeconds }) => wallSeconds)
  return table(rows, [
    { title: 'structure', left: true, cell: ({ name }) => name },
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'connector records/s', cell: (row) => whole(row.records / seconds(row)) },
    { title: 'ratio', cell: ({ ratio }) => two(ratio.median) },
    { title: 'lowest–highest', cell: ({ ratio }) => spread(ratio) },
    { title: 'once started', cell: ({ onceStarted }) => two(onceStarted) },
    {
      title: 'connector CPU s',
      cell: ({ connector }) => two(medianOf(connector, ({ cpuSeconds }) => cpuSeconds)),
    },
    { title: 'Redis CPU s', cell: ({ redisCpu }) => two(redisCpu) },
    { title: 'peak MB', cell: ({ connector }) => whole(Math.max(...connector.map(({ peakMb }) => peakMb))) },
  ])
}

function footprintTable(rows: Row[]): string {
  return table(rows, [
    { title: 'structure', left: true, cell: ({ name }) => name },
    ...sizes.map((size, index) => ({
      title: `bytes per record of ${size} B`,
      cell: ({ footprints }: Row) => whole(footprints[index]!.bytes),
    })),
    {
      title: 'encoding',
      left: true,
      cell: ({ footprints }) => [...new Set(footprints.map(({ encoding }) => encoding))].join(', '),
    },
  ])
}
