/** Puts together what records go through: taken in, batched, prepared, delivered, and acknowledged in order. */
import type { Config } from '../../config/settings/config.ts'
import type { Output } from '../../protocol/airbyte/output.ts'
import type { Link } from '../../redis/client/client.ts'
import { DeadLetters } from './dead-letters.ts'
import { deliverBy } from './deliver.ts'
import type { OpenStream } from '../replace/finish.ts'
import type { Ids } from '../streams/id-allocator.ts'
import { Intake } from './ingest.ts'
import { deadLetterKey } from '../streams/internal-keys.ts'
import { Ledger } from './state-queue.ts'
import { prepareBy } from './prepare.ts'
import { Progress } from './progress.ts'
import { rowsOf } from '../dedup/row-tracker.ts'
import { Slabs } from '../batches/buffer-pool.ts'

/** Slabs are a little larger than what is in them. */
const SLABS_PER_BYTE = 1.25

export interface PipelineParts {
  config: Config
  link: Link
  streams: readonly OpenStream[]
  ids: Ids
  output: Output
}

export interface Pipeline {
  intake: Intake
  ledger: Ledger
  progress: Progress
}

export function pipeline({ config, link, streams, ids, output }: PipelineParts): Pipeline {
  const { batchBytes, batchRecords, keyPrefix } = config
  // For a cluster, what is laid out is copied once more, to go to different nodes.
  const maxBytes = config.maxInFlightBytes / (link.isCluster ? 2 : 1)
  const plans = streams.map(({ plan }) => plan)
  const progress = new Progress(plans, output.log)
  const slabs = new Slabs(maxBytes * SLABS_PER_BYTE, batchBytes)
  const deadLetters =
    config.onRecordError === 'dead_letter'
      ? new DeadLetters({ link, key: deadLetterKey(keyPrefix), maxLength: config.deadLetterMaxLength })
      : undefined
  const ledger = new Ledger({
    deliver: deliverBy({ link, slabs, deadLetters }),
    prepare: prepareBy(ids, rowsOf(streams)),
    progress,
    output,
    maxBytes,
    leastBytes: slabs.least,
  })
  const limits = { records: batchRecords, bytes: batchBytes }
  return { intake: new Intake({ plans, limits, ledger, progress }), ledger, progress }
}
