/** The verb `write`: one run, from the first message to the summary. */
import { randomUUID } from 'node:crypto'
import type { Config } from './config/settings/config.ts'
import { unmatchedStreams } from './config/settings/record-settings.ts'
import type { SyncStream } from './protocol/airbyte/catalog.ts'
import type { Output } from './protocol/airbyte/output.ts'
import { RedisClient } from './redis/client/redis-client.ts'
import { finish } from './sync/replace/finish.ts'
import { IdAllocator } from './sync/streams/id-allocator.ts'
import type { Ingest } from './sync/dataflow/ingest.ts'
import { assuredKey, markKey, onceKey } from './sync/streams/internal-keys.ts'
import { Leases } from './sync/streams/leases.ts'
import { prepareStreams } from './sync/replace/prepare-streams.ts'
import { dataflow } from './sync/dataflow/dataflow.ts'
import { planStreams } from './sync/streams/stream-plan.ts'

export interface WriteJob {
  config: Config
  catalog: readonly SyncStream[]
  /** Chunks of messages, each good until the next one is asked for; ends early on the signal that it is given. */
  input: (signal: AbortSignal) => AsyncIterable<Uint8Array>
  output: Output
  /** Aborted when the host wants the run to end: what was read is still confirmed, nothing older is removed. */
  signal: AbortSignal
}

export async function write({ config, catalog, input, output, signal }: WriteJob): Promise<void> {
  const planned = planStreams(catalog, config)
  for (const { stream } of unmatchedStreams(config, catalog))
    output.log('WARN', `streams: no stream of the catalog is named ${stream}; the entry has no effect.`)
  const run = randomUUID()
  const scripts = new Set(planned.flatMap(({ layout }) => layout.script ?? []))
  await using client = await RedisClient.open({
    config,
    log: output.log,
    onceKey: (slot) => onceKey(config.keyPrefix, run, slot),
    markKey: (slot) => markKey(config.keyPrefix, run, slot),
    assuredKey: (slot) => assuredKey(config.keyPrefix, run, slot),
    greeting: [...scripts].map(({ text }) => ['SCRIPT', 'LOAD', text]),
  })
  await using leases = await Leases.take(client, planned, run, output.log)
  const streams = await prepareStreams(client, planned, output.log)
  const ids = await IdAllocator.open(
    client,
    streams.map(({ plan }) => plan),
  )
  client.objection = async (ask, identities) => {
    await ids.lift(ask)
    return leases.objection(ask, identities)
  }
  // What was noted on the way here is to be as durable as what will be acknowledged.
  await client.leaveMarks()
  const { ingest, stateQueue, progress } = dataflow({ config, client, streams, ids, output })

  const problem = await readAll(input, ingest, AbortSignal.any([signal, client.ended, output.closed]))
  ingest.submit()
  await stateQueue.settled()
  await ids.requireIntact()
  await client.requireIntact()
  if (problem !== undefined) throw problem
  // A state that cannot be printed is not acknowledged, so nothing older may be removed.
  await output.drained()
  output.closed.throwIfAborted()
  if (signal.aborted) return

  progress.requireComplete()
  await finish(client, ids, streams, output.log)
  await client.leaveMarks()
  progress.summarize()
}

/** Gives the error that ended the reading early: what came before it is still to be confirmed. */
async function readAll(input: WriteJob['input'], ingest: Ingest, signal: AbortSignal): Promise<unknown> {
  try {
    for await (const chunk of input(signal)) await ingest.take(chunk)
    if (!signal.aborted) await ingest.end()
    return undefined
  } catch (error) {
    return error
  }
}
