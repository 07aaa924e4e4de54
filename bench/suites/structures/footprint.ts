// Measures the memory that records take in Redis, by structure and size.
import { writeInput } from '../../inputs/inputs.ts'
import { runConnector } from '../../loads/connector.ts'
import type { Bench } from '../../loads/measure.ts'
import { exact, table, whole } from '../../report/table.ts'

export type Footprint = { bytes: number; encoding: string }

const sizes = [100, 640]
const records = 10_000

export const FOOTPRINT_NOTE = `Bytes per record: MEMORY USAGE of all keys with records, for ${exact(records)} records, and OBJECT ENCODING.`

export async function measureFootprints(bench: Bench, config: Record<string, unknown>): Promise<Footprint[]> {
  const footprints: Footprint[] = []
  for (const dataBytes of sizes) footprints.push(await measureFootprint(bench, config, dataBytes))
  return footprints
}

export function footprintTable(rows: { name: string; footprints: Footprint[] }[]): string {
  return table(rows, [
    { title: 'structure', left: true, cell: ({ name }) => name },
    ...sizes.map((size, index) => ({
      title: `bytes per record of ${size} B`,
      cell: ({ footprints }: (typeof rows)[number]) => whole(footprints[index]!.bytes),
    })),
    {
      title: 'encoding',
      left: true,
      cell: ({ footprints }) => [...new Set(footprints.map(({ encoding }) => encoding))].join(', '),
    },
  ])
}

/** Measures the keys with records, without the connector's metadata and counters. */
async function measureFootprint(
  bench: Bench,
  config: Record<string, unknown>,
  dataBytes: number,
): Promise<Footprint> {
  const { server, directory } = bench
  const { client } = server
  using input = writeInput(directory, { layout: { ...bench.layout, config }, dataBytes, records })
  await server.flush()
  await runConnector({ redis: { ...server.address, password: server.password }, directory, input })
  const keys = (await client.keys('*')).filter(
    (key) => !key.startsWith('_airbyte:') && !key.endsWith(':_airbyte_ab_id'),
  )
  const withRecords = keys.length === 1 ? keys : keys.filter((key) => /:\d+$/.test(key))
  let bytes = 0
  for (const key of withRecords) bytes += (await client.memory('USAGE', key, 'SAMPLES', 0)) ?? 0
  return { bytes: bytes / records, encoding: String(await client.object('ENCODING', withRecords[0]!)) }
}
