/** Connects what records pass through: ingest, preparation, encoding, delivery, and the queue that acknowledges states. */
import type { Config } from '../../config/settings/config.ts'
import type { Output } from '../../protocol/airbyte/output.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { DeadLetters } from './dead-letters.ts'
import { deliverBy } from './deliver.ts'
import type { IdAllocator } from '../ids/id-allocator.ts'
import { Ingest } from './ingest.ts'
import { deadLetterKey } from '../drafts/internal-keys.ts'
import { StateQueue } from './state-queue.ts'
import { StateIntervals } from '../attempts/state-intervals.ts'
import { batchPreparation } from './batch-preparation.ts'
import { Progress } from './record-counts.ts'
import { rowTrackersOf } from '../dedup/row-tracker.ts'
import { rowRecorder } from '../streams/row-recorder.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'

/** Buffers are a little larger than their content. */
const BUFFERS_PER_BYTE = 1.25

/** The most bytes of all tables with numbers about records, commands and rows. Those of a batch of short records take some 400 KiB. */
const MOST_TABLE_BYTES = 12 << 20

export interface DataflowOptions {
  config: Config
  client: CommandClient
  sessions: readonly IndexedSession[]
  ids: IdAllocator
  output: Output
}

export interface Dataflow {
  ingest: Ingest
  stateQueue: StateQueue
  progress: Progress
}

export function dataflow({ config, client, sessions, ids, output }: DataflowOptions): Dataflow {
  const { batchBytes, batchRecords, keyPrefix } = config
  // On a cluster, commands that JavaScript has encoded are copied once more, as they go to different nodes.
  const maxBytes = config.maxInFlightBytes / (client.isCluster ? 2 : 1)
  const progress = new Progress(
    sessions.map(({ plan }) => plan),
    output.log,
  )
  const buffers = new BufferPool(maxBytes * BUFFERS_PER_BYTE, batchBytes)
  const tables = new BufferPool(MOST_TABLE_BYTES)
  const deadLetters =
    config.onRecordError === 'dead_letter'
      ? new DeadLetters({ client, key: deadLetterKey(keyPrefix), maxLength: config.deadLetterMaxLength })
      : undefined
  const intervals = new StateIntervals(client, sessions)
  const stateQueue = new StateQueue({
    deliver: deliverBy({ client, buffers, tables, deadLetters, log: output.log }),
    prepare: batchPreparation(ids, rowTrackersOf(sessions, tables), rowRecorder(client), (batch) =>
      intervals.of(batch),
    ),
    record: (batches) => intervals.acknowledge(batches),
    progress,
    output,
    maxBytes,
    leastBytes: buffers.least,
    unsentBytes: () => client.unsentBytes,
  })
  const limits = { records: batchRecords, bytes: batchBytes }
  const lines = { maxLineBytes: config.maxLineBytes, skipsLongRecords: deadLetters !== undefined }
  return {
    ingest: new Ingest({ sessions, limits, tables, stateQueue, progress, lines }),
    stateQueue,
    progress,
  }
}
