// The hashes of the key index, in which the connector records the keys of a stream.
import { indexExpiryKey, indexKey } from '../../src/sync/drafts/internal-keys.ts'
import { streamName, type Input } from '../inputs/inputs.ts'
import type { Server } from './server.ts'

const most = 256

/** Returns every name that a hash of the index may have, for the input's first stream. Tracked inputs have only one. */
export function placesKeys(input: Input): string[] {
  return Array.from({ length: most }, (_, shard) => indexKey('', baseOf(input), String(shard)))
}

export type Remembered = { places: number; bytes: number; encoding: string }

/** Returns how many entries the index has, and their memory by MEMORY USAGE, including their expiry. */
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
  return Array.from({ length: most }, (_, shard) => indexExpiryKey('', baseOf(input), String(shard)))
}

function baseOf({ namespace }: Input): string {
  return `${namespace}:${streamName(0)}`
}
