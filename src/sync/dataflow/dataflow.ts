/** Puts together what records go through: taken in, batched, prepared, delivered, and acknowledged in order. */
import type { Config } from '../../config/settings/config.ts'
import type { Output } from '../../protocol/airbyte/output.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { DeadLetters } from './dead-letters.ts'
import { deliverBy } from './deliver.ts'
import type { IdAllocator } from '../streams/id-allocator.ts'
import { Ingest } from './ingest.ts'
import { deadLetterKey } from '../streams/internal-keys.ts'
import { StateQueue } from './state-queue.ts'
import { prepareBy } from './prepare.ts'
import { Progress } from './progress.ts'
import { rowTrackersOf } from '../dedup/row-tracker.ts'
import { BufferPool } from '../batches/buffer-pool.ts'
import type { StreamSession } from '../dedup/stream-session.ts'

/** Slabs are a little larger than what is in them. */
const SLABS_PER_BYTE = 1.25

export interface DataflowOptions {
  config: Config
  client: RedisClient
  streams: readonly StreamSession[]
  ids: IdAllocator
  output: Output
}

export interface Dataflow {
  ingest: Ingest
  stateQueue: StateQueue
  progress: Progress
}

export function dataflow({ config, client, streams, ids, output }: DataflowOptions): Dataflow {
  const { batchBytes, batchRecords, keyPrefix } = config
  // For a cluster, what is laid out is copied once more, to go to different nodes.
  const maxBytes = config.maxInFlightBytes / (client.isCluster ? 2 : 1)
  const plans = streams.map(({ plan }) => plan)
  const progress = new Progress(plans, output.log)
  const buffers = new BufferPool(maxBytes * SLABS_PER_BYTE, batchBytes)
  const deadLetters =
    config.onRecordError === 'dead_letter'
      ? new DeadLetters({ client, key: deadLetterKey(keyPrefix), maxLength: config.deadLetterMaxLength })
      : undefined
  const stateQueue = new StateQueue({
    deliver: deliverBy({ client, buffers, deadLetters }),
    prepare: prepareBy(ids, rowTrackersOf(streams)),
    progress,
    output,
    maxBytes,
    leastBytes: buffers.least,
  })
  const limits = { records: batchRecords, bytes: batchBytes }
  return { ingest: new Ingest({ plans, limits, stateQueue, progress }), stateQueue, progress }
}
