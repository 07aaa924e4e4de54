/** The verb `write`: one run, from the first message to the summary. */
import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import type { Config } from './config/settings/config.ts'
import { ConfigError, ConnectorError, problem, textOf, type Problem } from './errors.ts'
import { unmatchedStreams } from './config/settings/record-settings.ts'
import type { SyncStream } from './protocol/airbyte/catalog.ts'
import type { Output } from './protocol/airbyte/output.ts'
import type { InputRoom } from './protocol/input/stdin.ts'
import { RedisClient } from './redis/client/redis-client.ts'
import { finish } from './sync/replace/finish.ts'
import { IdAllocator } from './sync/ids/id-allocator.ts'
import type { Ingest } from './sync/dataflow/ingest.ts'
import { ownKeyError } from './sync/drafts/own-key-error.ts'
import { runKey } from './sync/drafts/internal-keys.ts'
import { Leases } from './sync/streams/leases.ts'
import { prepareStreams, type PreparationOptions } from './sync/replace/prepare-streams.ts'
import { dataflow } from './sync/dataflow/dataflow.ts'
import { requireComplete } from './sync/dataflow/completion.ts'
import { withMeantNumbers, type Host } from './sync/drafts/catalog-numbers.ts'
import { planStreams, type StreamPlan } from './sync/streams/stream-plan.ts'
import { nearestName } from './wording.ts'
import type { RunSnapshot } from './terminal/view/progress-line.ts'
import type { IndexedSession } from './sync/dedup/indexed-session.ts'

export interface WriteJob {
  config: Config
  catalog: readonly SyncStream[]
  /** Returns chunks of messages, each valid until the next one is asked for; ends early when the signal is aborted. */
  input: (signal: AbortSignal, room: InputRoom) => AsyncIterable<Uint8Array>
  output: Output
  /** Shows the run while it lasts; without one, its counts are logged at the end. */
  view?: RunView | undefined
  /**
   * Aborted, with an error as its reason, when the host ends the run: what was read is still confirmed, nothing older is
   * removed.
   */
  signal: AbortSignal
}

/** Shows a run on a terminal. */
interface RunView {
  watch(read: () => RunSnapshot): void
  finish(): void
}

/** After a signal, confirmations are waited for so long. Then the leases and the keys of the run are removed. */
const SETTLE_MS = 2_300

interface OpenRun {
  client: RedisClient
  leases: Leases
  sessions: readonly IndexedSession[]
  ids: IdAllocator
}

/** Failures that `check` explains better: it knows everything that a sync needs, and the rules that allow it. */
const EXPLAINED_BY_CHECK = ['command-denied', 'command-missing', 'key-denied']

export async function write(job: WriteJob): Promise<void> {
  limitHeapGrowth()
  try {
    await writeAll(job)
  } catch (error) {
    throw await explained(error, job)
  }
}

/** Objects live as long as their batch: V8's default growth would double the memory. It is right for loading modules. */
function limitHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=30')
}

async function writeAll(job: WriteJob): Promise<void> {
  await using open = new AsyncDisposableStack()
  await orTerminated(run(job, open), job.signal)
}

async function run(job: WriteJob, open: AsyncDisposableStack): Promise<void> {
  const { config, catalog, output, signal } = job
  const host: Host = {
    isPlatform: (process.env['WORKER_JOB_ID'] ?? '') !== '',
    connection: process.env['CONNECTION_ID'] || undefined,
  }
  const planned = planStreams(
    catalog.map((stream) => withMeantNumbers(stream, host)),
    config,
  )
  for (const { stream } of unmatchedStreams(config, catalog))
    output.log('WARN', textOf(unmatchedEntry(stream, catalog)))
  const runId = randomUUID()
  const client = open.use(await openClient(config, planned, runId, output))
  signal.throwIfAborted()
  const leases = open.use(await Leases.take(client, planned, runId, output.log))
  signal.throwIfAborted()
  const { sessions, ids } = await openStreams(client, planned, {
    log: output.log,
    signal,
    connection: host.connection,
  })
  signal.throwIfAborted()
  leases.confirm()
  await transfer(job, { client, leases, sessions, ids }, host)
}

function openClient(
  config: Config,
  planned: readonly StreamPlan[],
  runId: string,
  { log }: Output,
): Promise<RedisClient> {
  const scripts = new Set(
    planned.flatMap(({ liveLayout, stagedLayout }) => [
      ...liveLayout.scripts,
      ...(stagedLayout?.scripts ?? []),
    ]),
  )
  const prefixes = new Set([config.keyPrefix, ...planned.map(({ settings }) => settings.keyPrefix)])
  return RedisClient.open({
    config,
    log,
    run: runId,
    runKeys: (name, its, slot) => runKey(config.keyPrefix, name, its, slot),
    scripts: [...scripts],
    explain: (error, key) => ownKeyError(error, key, [...prefixes]),
  })
}

/** Prepares the streams; everything that this writes is confirmed before the first record is sent. */
async function openStreams(
  client: RedisClient,
  planned: readonly StreamPlan[],
  options: PreparationOptions,
): Promise<Pick<OpenRun, 'sessions' | 'ids'>> {
  const opened = await client.confirmed(async () => {
    const sessions = await prepareStreams(client, planned, options)
    return { sessions, ids: new IdAllocator(client, sessions) }
  })
  client.onReconnect(async (ask) => {
    await opened.ids.lift(ask)
    return undefined
  })
  return opened
}

/** Writes all records; then, if the input is complete, removes what they replace. */
async function transfer(
  { config, input, output, signal, view }: WriteJob,
  { client, leases, sessions, ids }: OpenRun,
  host: Host,
): Promise<void> {
  const { ingest, stateQueue, progress } = dataflow({ config, client, sessions, ids, output })
  let bytes = 0
  view?.watch(() => ({
    bytes,
    waitsFor: stateQueue.hasRoom ? 'input' : 'Redis',
    streams: progress.totals,
  }))
  const counted: WriteJob['input'] = async function* (until, room) {
    for await (const chunk of input(until, room)) {
      bytes += chunk.length
      yield chunk
    }
  }
  const over = AbortSignal.any([signal, client.ended, stateQueue.failed, output.closed])
  const failure = await readAll(counted, ingest, over)
  ingest.submit()
  await stateQueue.settled()
  await leases.renew()
  await client.requireIntact()
  if (failure !== undefined) throw failure
  // A state that cannot be printed is not acknowledged, so nothing older may be removed.
  await output.drained()
  output.closed.throwIfAborted()
  signal.throwIfAborted()

  requireComplete(progress.receipts, config.completion, host)
  const { log } = output
  await finish(client, ids, sessions, {
    log,
    leases,
    isWithoutRecords: (plan) => progress.recordsOf(plan) === 0,
  })
  await client.requireIntact()
  if (view === undefined) progress.summarize()
  else view.finish()
}

/** Rejects some time after the signal, if the run has not ended by then. */
async function orTerminated(running: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const terminate = (): void => {
    timer = setTimeout(() => reject(signal.reason as Error), SETTLE_MS)
  }
  signal.addEventListener('abort', terminate, { once: true })
  if (signal.aborted) terminate()
  try {
    await Promise.race([running, promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', terminate)
  }
}

/** Returns the error that ended the reading early: what came before it is still to be confirmed. */
async function readAll(input: WriteJob['input'], ingest: Ingest, signal: AbortSignal): Promise<unknown> {
  try {
    for await (const chunk of input(signal, (size) => ingest.room(size))) await ingest.take(chunk)
    if (!signal.aborted) await ingest.end()
    return undefined
  } catch (error) {
    return error
  }
}

/** Returns what `check` says of the failure, if it says anything. */
async function explained(error: unknown, { config, signal }: WriteJob): Promise<unknown> {
  const code = error instanceof ConnectorError ? error.problem?.code : undefined
  if (code === undefined || !EXPLAINED_BY_CHECK.includes(code) || signal.aborted) return error
  const { serverFindings } = await import('./server-findings.ts')
  const problems = (await serverFindings(config)).flatMap(({ level, problem: found }) =>
    found !== undefined && (level === 'FAILED' || (code === 'key-denied' && found.code === 'keys-denied'))
      ? [found]
      : [],
  )
  return problems.length === 0 ? error : new ConfigError(problems, { cause: error })
}

function unmatchedEntry(stream: string, catalog: readonly SyncStream[]): Problem {
  const nearest = nearestName(
    stream,
    catalog.map(({ name }) => name),
  )
  const advice = nearest === undefined ? '' : `; did you mean ${nearest}?`
  const sentence = `streams: the catalog has no stream ${stream}, so this entry is ignored${advice || '.'}`
  return problem('stream-entry-unmatched', sentence, {
    options: ['streams'],
    params: { stream, ...(nearest === undefined ? {} : { nearest }) },
  })
}
