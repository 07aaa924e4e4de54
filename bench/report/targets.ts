// The targets of the connector. Where nothing else is said, a figure is a ratio to redis-cli, start included.
import { readFileSync } from 'node:fs'

export type Target = { atLeast: number } | { atMost: number }

const specification = new URL('../../spec/spec.json', import.meta.url)

/** By record size. */
export const SIZE_TARGETS: Record<
  string,
  { ratio?: Target; onceStarted?: Target; connectorToRedisCpu?: Target }
> = {
  '100 B': { onceStarted: { atLeast: 1 } },
  '640 B': { onceStarted: { atLeast: 1 } },
  '640 B, users': { ratio: { atLeast: 0.95 }, connectorToRedisCpu: { atMost: 0.9 } },
  '5 KB': { ratio: { atLeast: 0.85 } },
  '100 KB': { ratio: { atLeast: 0.65 } },
  '1 MB': { ratio: { atLeast: 0.5 } },
}

export const STRUCTURE_TARGETS: Record<string, { atLeast: number }> = {
  'hash, flat, replace': { atLeast: 0.95 },
  'hash, flat, merge': { atLeast: 0.95 },
  'hash by field, json': { atLeast: 0.65 },
  'string, json': { atLeast: 0.85 },
  'list, json': { atLeast: 0.65 },
  'set, json': { atLeast: 0.9 },
  'sorted set, json': { atLeast: 0.9 },
  'stream, airbyte': { atLeast: 0.8 },
  'stream, flat': { atLeast: 0.7 },
}

/** Microseconds of the connector's processor time per record, without its start. */
export const STRUCTURE_CPU_TARGETS: Record<string, Target> = { 'list, json': { atMost: 0.8 } }

/** Redis' processor time of a flat hash that is replaced, to one that is merged. */
export const REPLACE_TO_MERGE: Target = { atMost: 1.3 }

/** Records/s of append_dedup, to an append of the same records. */
export const DEDUP_TARGETS = { fresh: { atLeast: 0.6 }, again: { atLeast: 0.85 } } satisfies Record<
  string,
  Target
>

/** Processor time of a start, to a Node that loads the module for TLS. */
export const START_TARGETS = {
  spec: { atMost: 1.2 },
  check: { atMost: 2 },
  firstCommand: { atMost: 2 },
} satisfies Record<string, Target>

/** The connector's processor time with a cluster, to one server. */
export const CLUSTER: Target = { atMost: 1.1 }

/** Throughput behind a delay, to the same proxy without one. */
export const DISTANCE_TARGETS: Record<number, Target> = { 5: { atLeast: 0.8 }, 50: { atLeast: 0.5 } }

/** Growth up to this counts as flat, because measurements differ by this much. */
export const FLAT = 1.2

/** The time that an overwrite takes in addition to an append, to that of the append. */
export const CLEAN_UP: Target = { atMost: 0.25 }

/** The processor time of opening and closing 1,000 streams, to that of 100. */
export const OPENING: Target = { atMost: 12 }

/** Records/s of the image, to the local build. */
export const IMAGE: Target = { atLeast: 0.9 }

/** The memory of the process itself, in MB; what is in flight comes on top. */
export const PROCESS_MB = 77

/** Resident memory in MB, in every suite. */
export const MEMORY = { atMost: PROCESS_MB + maxInFlightBytes() / 1e6 }

function maxInFlightBytes(): number {
  const text = readFileSync(specification, 'utf8')
  const { connectionSpecification } = JSON.parse(text) as {
    connectionSpecification: { properties: { max_in_flight_bytes: { default: number } } }
  }
  return connectionSpecification.properties.max_in_flight_bytes.default
}
