// Runs one case of the fault matrix: older records, the new ones with the fault, and further runs if one was killed.
import { fileURLToPath } from 'node:url'
import { CommandProxy } from '../support/command-proxy.ts'
import { startConnector, type Connector } from '../support/connector.ts'
import { feed } from '../support/feed.ts'
import { status, streamState, type CatalogStream } from '../support/messages.ts'
import { cursorOf, isError, isLog } from '../support/output-message.ts'
import { writeArgs } from '../support/write.ts'
import { wrongWith, type Attempt } from './expected-contents.ts'
import { FaultInjector } from './fault-injector.ts'
import { findLeftovers } from './find-leftovers.ts'
import type { MatrixCase } from './matrix-case.ts'
import { lineOf, newRecords, oldRecords, RECORDS_PER_STATE, type SentRecord } from './matrix-records.ts'
import type { Topology } from './topology.ts'

const REROUTE = fileURLToPath(new URL('reroute-connections.mjs', import.meta.url))

/** No case takes so long unless something is wrong. */
const LIMIT_MS = 100_000

const NO_ADDRESS = { host: '', port: 0 }

interface Outcome extends Attempt {
  code: number | null
  signal: NodeJS.Signals | null
  errors: string[]
  logs: string[]
  hasStruck: boolean
}

/** Resolves with whether the fault has struck; rejects if what Redis holds afterwards is wrong. */
export async function runCase(one: MatrixCase, topology: Topology): Promise<boolean> {
  const { layout, mode, random, fault } = one
  for (const master of await topology.masters()) await topology.client(master).flushall()
  const old = oldRecords(random)
  const sent = newRecords(random, mode.name === 'append_dedup')
  const first = await attempt(one, topology, mode.first, old, 0)
  if (first.code !== 0) throw new Error(`The older records could not be written.\n${describe([first])}`)

  const attempts: Outcome[] = []
  const kills = fault.killsConnector ? 1 + Math.floor(random() * 1.3) : 1
  for (let from = 0; attempts.length < kills || attempts.at(-1)!.isKilled;) {
    const made = await attempt(one, topology, mode.stream, sent, from, attempts.length < kills)
    attempts.push(made)
    if (!made.isKilled) break
    from = made.acknowledged
    await removeLease(topology)
  }
  const last = attempts.at(-1)!
  const masters = (await topology.masters()).map((server) => topology.client(server))
  const wrong =
    wrongEnd(last, sent.length) ??
    wrongWith({ layout, mode, old, sent, attempts }, await layout.read(masters, mode.name)) ??
    (await findLeftovers(masters))
  if (wrong !== undefined) throw new Error(`${wrong}\n${describe(attempts)}`)
  return attempts.some(({ hasStruck }) => hasStruck)
}

/** Writes the records behind `from`, with the fault of the case or without one. */
async function attempt(
  one: MatrixCase,
  topology: Topology,
  stream: Partial<CatalogStream>,
  records: readonly SentRecord[],
  from: number,
  isFaulty = false,
): Promise<Outcome> {
  const { layout, mode, topology: name, fault, random } = one
  await using proxy = await CommandProxy.start((port) => topology.route(port))
  const durable = name !== 'single' && (fault.losesServers || random() < 0.4)
  const args = writeArgs(
    NO_ADDRESS,
    [{ name: 's', namespace: 'n', primaryKey: layout.primaryKey, ...stream }],
    {
      host: undefined,
      port: undefined,
      ...topology.connection,
      ...layout.options(mode.name),
      ...(durable ? { durability: { mode: 'replicas', count: topology.replicas, timeout_ms: 1_000 } } : {}),
      batch_records: RECORDS_PER_STATE,
      max_outage_seconds: 60,
    },
  )
  const env = {
    NODE_OPTIONS: `--import=${REROUTE}`,
    FAULT_PROXY_PORT: String(proxy.port),
    // The platform numbers syncs and generations, so that a retry is known as one.
    WORKER_JOB_ID: '12',
  }
  await using run = startConnector(args, { env })
  const injector = isFaulty ? new FaultInjector(one, topology, run) : undefined
  if (injector !== undefined) proxy.beforeEach((...parts) => injector.before(...parts))
  void feed(run.stdin, linesOf(records, from))
  const outcome = await withinLimit(run, read(run, records.length, from, injector))
  await injector?.over()
  if (injector?.hasBegun && (fault.losesServers || fault.name === 'READONLY')) await topology.settled()
  const { code, signal } = await run.exit
  const logs = [...outcome.logs, ...outcome.errors, run.stderr.slice(-2_000)]
  return {
    ...outcome,
    logs,
    code,
    signal,
    from,
    isKilled: signal === 'SIGKILL',
    hasStruck: injector?.hasBegun ?? false,
  }
}

async function read(run: Connector, records: number, from: number, injector: FaultInjector | undefined) {
  let acknowledged = from
  const errors: string[] = []
  const logs: string[] = []
  for await (const message of run.messages) {
    if (isError(message)) errors.push(message.trace.error.message)
    if (isLog(message)) logs.push(message.log.message)
    if (message.type !== 'STATE') continue
    const cursor = cursorOf(message)
    if (cursor <= acknowledged) errors.push(`The state ${cursor} came behind ${acknowledged}.`)
    acknowledged = cursor
    if (acknowledged === records) injector?.trigger.lastState()
  }
  return { acknowledged, errors, logs }
}

async function withinLimit<Result>(run: Connector, result: Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => run.kill('SIGABRT'), LIMIT_MS)
  try {
    return await result
  } finally {
    clearTimeout(timer)
  }
}

function* linesOf(records: readonly SentRecord[], from: number): Generator<string> {
  for (let at = from; at < records.length; at += RECORDS_PER_STATE) {
    const some = records.slice(at, at + RECORDS_PER_STATE)
    yield some.map(lineOf).join('') + streamState('s', { id: at + some.length }, { namespace: 'n' })
  }
  yield status('s', 'COMPLETE', { namespace: 'n' })
}

/** Ends the lease of a killed run, as if it had run out. */
async function removeLease(topology: Topology): Promise<void> {
  for (const master of await topology.masters())
    await topology
      .client(master)
      .del('_airbyte:lease:n:s')
      .catch(() => {})
}

function wrongEnd({ code, errors, acknowledged }: Outcome, records: number): string | undefined {
  if (code !== 0 || errors.length > 0) return `The run ended with ${code}: ${errors.join(' ')}`
  return acknowledged === records ? undefined : `Only ${acknowledged} of ${records} records are acknowledged.`
}

function describe(attempts: readonly Outcome[]): string {
  return attempts
    .map(
      ({ from, acknowledged, code, signal, logs }) =>
        `A run from record ${from} on: acknowledged ${acknowledged}, ${signal ?? `exit ${code}`}\n  ${logs.slice(-8).join('\n  ')}`,
    )
    .join('\n')
}
