// Measures every structure beside redis-cli with the same commands, and the memory of its records.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { FIELD_SCRIPT } from '../../../src/layout/structures/hash-field.ts'
import { HASH_SCRIPT } from '../../../src/layout/structures/hash.ts'
import { writeInput } from '../../inputs/inputs.ts'
import { runConnector, type ConnectorRun } from '../../loads/connector.ts'
import {
  alternate,
  connectorCpu,
  redisCpu,
  scaled,
  wall,
  type Bench,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { measureEach } from '../../loads/measure-each.ts'
import { measureStartUp, onceStarted, type StartUp } from '../../loads/start-up.ts'
import { openTap } from '../../loads/tap.ts'
import { runYardstick } from '../../loads/yardstick.ts'
import { peakColumn } from '../../report/peak-column.ts'
import type { Plot } from '../../report/plot.ts'
import { medianOf, proportion } from '../../report/statistics.ts'
import { exact, spread, table, two, whole, type Section } from '../../report/table.ts'
import { REPLACE_TO_MERGE, STRUCTURE_CPU_TARGETS, STRUCTURE_TARGETS } from '../../report/targets.ts'
import { FOOTPRINT_NOTE, footprintTable, measureFootprints, type Footprint } from './footprint.ts'

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

type Row = {
  name: string
  records: number
  connector: (ConnectorRun & PipelineWrite)[]
  yardstick: { wallSeconds: number }[]
  footprints: Footprint[]
}

export async function measureLayouts(bench: Bench): Promise<Section> {
  const { client } = bench.server
  const startUp = await measureStartUp(bench)
  const { rows, leftOut } = await measureEach(
    structures,
    ({ name }) => name,
    async ({ name, config }): Promise<Row> => {
      for (const { text } of [HASH_SCRIPT, FIELD_SCRIPT]) await client.script('LOAD', text)
      const speed = await measureSpeed(bench, config)
      return { name, ...speed, footprints: await measureFootprints(bench, config) }
    },
  )
  return {
    title: 'By structure',
    plots: [ratioPlot(rows)],
    tables: [speedTable(bench, rows, startUp), workTable(bench, rows, startUp), footprintTable(rows)],
    notes: [
      `Records of 640 B; redis-cli loads the commands that the connector sent.`,
      ...replaceToMerge(bench, rows),
      FOOTPRINT_NOTE,
      ...leftOut,
    ],
  }
}

async function measureSpeed(bench: Bench, config: Record<string, unknown>) {
  const { server, directory, options } = bench
  const records = scaled(bench, 250_000)
  using input = writeInput(directory, { layout: { ...bench.layout, config }, dataBytes: 640, records })
  const redis = { ...server.address, password: server.password }
  await server.flush()
  const tap = await openTap(server.address, join(directory, 'tap'))
  await runConnector({ redis: { ...redis, host: '127.0.0.1', port: tap.port }, directory, input })
  const commands = await tap.end()
  const runs = await alternate(options.runs, {
    connector: async () => {
      await server.flush()
      const before = await server.cpuSeconds()
      const run = await runConnector({ redis, directory, input })
      return { ...run, redisCpuSeconds: (await server.cpuSeconds()) - before }
    },
    yardstick: async () => {
      await server.flush()
      return runYardstick(server, { ...input, commands })
    },
  })
  rmSync(commands)
  return { records, ...runs }
}

function ratio({ connector, yardstick }: Row) {
  return proportion<{ wallSeconds: number }>(yardstick, connector, wall)
}

function ratioPlot(rows: Row[]): Plot {
  const targets = rows.flatMap(({ name }, y) => {
    const target = STRUCTURE_TARGETS[name]
    return target ? [{ x: target.atLeast, y }] : []
  })
  return {
    file: 'structures.svg',
    title: 'Records/s by structure, in proportion to redis-cli --pipe',
    x: { title: '× redis-cli, records of 640 B', scale: 'linear' },
    y: rows.map(({ name }) => name),
    series: [
      {
        name: 'connector, start included',
        colour: 'connector',
        as: 'bars',
        points: rows.map((row, y) => ({ x: ratio(row).median, y, label: two(ratio(row).median) })),
      },
      { name: 'target', colour: 'limit', as: 'marks', points: targets },
      {
        name: 'redis-cli --pipe with the same commands',
        colour: 'yardstick',
        as: 'line',
        points: [-0.5, rows.length - 0.5].map((y) => ({ x: 1, y })),
      },
    ],
  }
}

function speedTable({ targetLog }: Bench, rows: Row[], startUp: StartUp): string {
  return table(rows, [
    { title: 'structure', left: true, cell: ({ name }) => name },
    { title: 'records', cell: ({ records }) => exact(records) },
    {
      title: 'connector records/s',
      cell: ({ records, connector }) => whole(records / medianOf(connector, wall)),
    },
    {
      title: 'ratio',
      left: true,
      cell: (row) =>
        targetLog.compare(`ratio of ${row.name}`, ratio(row).median, STRUCTURE_TARGETS[row.name], two),
    },
    { title: 'lowest–highest', cell: (row) => spread(ratio(row)) },
    {
      title: 'once started',
      cell: ({ connector, yardstick }) => two(onceStarted(connector, yardstick, startUp.wall, 0)),
    },
  ])
}

function workTable({ targetLog }: Bench, rows: Row[], startUp: StartUp): string {
  return table(rows, [
    { title: 'structure', left: true, cell: ({ name }) => name },
    { title: 'connector CPU s', cell: ({ connector }) => two(medianOf(connector, connectorCpu)) },
    {
      title: 'µs per record, once started',
      left: true,
      cell: ({ name, records, connector }) => {
        const each = ((medianOf(connector, connectorCpu) - startUp.cpu) / records) * 1e6
        return targetLog.compare(
          `connector CPU µs per record of ${name}`,
          each,
          STRUCTURE_CPU_TARGETS[name],
          two,
        )
      },
    },
    { title: 'Redis CPU s', cell: ({ connector }) => two(medianOf(connector, redisCpu)) },
    peakColumn(
      targetLog,
      ({ name }) => name,
      ({ connector }) => connector,
    ),
  ])
}

/** Returns no note if one of both is missing. */
function replaceToMerge({ targetLog }: Bench, rows: Row[]): string[] {
  const [replace, merge] = ['replace', 'merge'].map((way) =>
    rows.find(({ name }) => name === `hash, flat, ${way}`),
  )
  if (!replace || !merge) return []
  const times = medianOf(replace.connector, redisCpu) / medianOf(merge.connector, redisCpu)
  const figure = targetLog.compare('Redis CPU of replace to merge', times, REPLACE_TO_MERGE, two)
  return [`Redis CPU of a flat hash that is replaced, in proportion to one that is merged: ${figure}.`]
}
