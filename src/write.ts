/** The verb `write`: one run, from the first message to the summary. */
import { randomUUID } from 'node:crypto'
import type { Config } from './config/settings/config.ts'
import { optionProblem, textOf, type Problem } from './errors.ts'
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
    output.log('WARN', textOf(unmatchedEntry(stream)))
  const runId = randomUUID()
  const scripts = new Set(
    planned.flatMap(({ liveLayout, stagedLayout }) => [
      ...liveLayout.scripts,
      ...(stagedLayout?.scripts ?? []),
    ]),
  )
  await using client = await RedisClient.open({
    config,
    log: output.log,
    onceKey: (slot) => onceKey(config.keyPrefix, runId, slot),
    markKey: (slot) => markKey(config.keyPrefix, runId, slot),
    assuredKey: (slot) => assuredKey(config.keyPrefix, runId, slot),
    scripts: [...scripts],
  })
  await using leases = await Leases.take(client, planned, runId, output.log)
  const sessions = await prepareStreams(client, planned, output.log)
  const ids = await IdAllocator.open(client, sessions)
  client.objection = async (ask, identities) => {
    await ids.lift(ask)
    return leases.renewOnReconnect(ask, identities)
  }
  // The metadata must be as durable as the records that will be acknowledged.
  await client.leaveMarks()
  leases.confirm()
  const { ingest, stateQueue, progress } = dataflow({ config, client, sessions, ids, output })

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
  await finish(client, ids, sessions, output.log)
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

function unmatchedEntry(stream: string): Problem {
  const clause = `the catalog has no stream ${stream}, so this entry is ignored`
  return optionProblem('stream-entry-unmatched', 'streams', clause, { stream })
}
