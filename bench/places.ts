// The connector's own hashes, in which it remembers where the rows of a stream are.
import { indexExpiryKey, indexKey } from '../src/sync/streams/internal-keys.ts'
import { streamName, type Input } from './inputs.ts'
import type { Server } from './server.ts'

const most = 256

/** All that there may be for the input's first stream; those that are tracked have no other one. */
export function placesKeys(input: Input): string[] {
  return Array.from({ length: most }, (_, shard) => indexKey('', baseOf(input), shard))
}

export type Remembered = { places: number; bytes: number; encoding: string }

/** How many places are remembered, and the memory that takes, by MEMORY USAGE; with what says when to forget them. */
export async function remembered({ client }: Server, input: Input): Promise<Remembered> {
  let places = 0
  let bytes = 0
  const encodings = new Set<string>()
  for (const key of placesKeys(input)) {
    const length = await client.hlen(key)
    if (length === 0) continue
    places += length
    bytes += (await client.memory('USAGE', key, 'SAMPLES', 0)) ?? 0
    encodings.add(String(await client.object('ENCODING', key)))
  }
  for (const key of indexExpiryKeys(input)) bytes += (await client.memory('USAGE', key, 'SAMPLES', 0)) ?? 0
  return { places, bytes, encoding: [...encodings].join(', ') }
}

function indexExpiryKeys(input: Input): string[] {
  return Array.from({ length: most }, (_, shard) => indexExpiryKey('', baseOf(input), shard))
}

function baseOf({ namespace }: Input): string {
  return `${namespace}:${streamName(0)}`
}
