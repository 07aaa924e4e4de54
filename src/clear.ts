/** The command `clear`: removes what the connector has written, by the manifests of its streams. */
import { randomUUID } from 'node:crypto'
import { settingsOf } from './config/layout-options/record-options.ts'
import { parseConfig } from './config/parsing/parse-config.ts'
import type { Config } from './config/settings/config.ts'
import { ConfigError, problem, textOf, type Problem } from './errors.ts'
import { STRUCTURES } from './layout/registry/structure-registry.ts'
import type { SyncStream } from './protocol/airbyte/catalog.ts'
import { displayName } from './protocol/airbyte/stream-descriptor.ts'
import type { Output } from './protocol/airbyte/output.ts'
import { RedisClient } from './redis/client/redis-client.ts'
import { KeyOwners, type PrefixedStream } from './sync/drafts/foreign-keys.ts'
import { deadLetterKey, OWN_KEYS, runKey } from './sync/drafts/internal-keys.ts'
import { ownKeyError } from './sync/drafts/own-key-error.ts'
import { finish } from './sync/replace/finish.ts'
import { removeKeys } from './sync/replace/delete-keys.ts'
import { requireOneServer, requireOwnPattern, searchPattern } from './sync/replace/pattern-removal.ts'
import { prepareStreams } from './sync/replace/prepare-streams.ts'
import { storedRows, type StoredRows } from './sync/replace/stored-rows.ts'
import { IdAllocator } from './sync/ids/id-allocator.ts'
import { streamsUnder } from './sync/streams/stream-directory.ts'
import { Leases } from './sync/streams/leases.ts'
import { planStreams, prefixedStreamOf, type StreamPlan } from './sync/streams/stream-plan.ts'
import { listAnd, nearestName } from './wording.ts'

export interface ClearJob {
  /** The file of the configuration. */
  path: string
  text: string
  /** Names of streams, or namespace.name; empty for all streams. */
  streams: readonly string[]
  /** Whether keys without an index entry are removed by the pattern of the key template. */
  byPattern: boolean
  dryRun: boolean
  output: Output
  signal: AbortSignal
}

/** The template of no stream, so that nothing of a stream is taken for a row of this run. */
const NO_KEYS = '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_cleared}'

export async function clear(job: ClearJob): Promise<void> {
  const { output, dryRun, byPattern } = job
  const { config, warnings, hidden } = parseConfig(job.text, process.env, STRUCTURES, job.path)
  output.hide(hidden)
  for (const warning of warnings) output.log('WARN', textOf(warning))
  const runId = randomUUID()
  await using open = new AsyncDisposableStack()
  const client = open.use(await openClient(config, runId, output))
  if (byPattern) requireOneServer(client)
  const known = await knownStreams(client, config)
  const chosen = choose(known, job.streams)
  const plans = chosen.flatMap((stream) => planFor(stream, config))
  const stored = await rowsOf(client, plans, output)
  if (byPattern)
    for (const [plan, { patterns }] of stored)
      for (const pattern of patterns) requireOwnPattern(pattern, plan.name)
  // Without the metadata, nothing would tell the pattern any more.
  const unfound = [...stored].filter(([, rows]) => isIncomplete(rows))
  if (!dryRun && !byPattern && !client.isCluster && unfound.length > 0)
    throw new ConfigError(
      unfound.map(([plan, rows]) => untrackedRows(plan, rows, client)),
      {
        lead: 'Nothing was removed.',
      },
    )
  if (!dryRun && plans.length > 0) {
    const leases = open.use(await Leases.take(client, plans, runId, output.log))
    await removeStreams(client, plans, leases, job)
  }
  const owners = new KeyOwners(known)
  let count = [...stored.values()].reduce((sum, rows) => sum + rows.count, 0)
  for (const [plan, rows] of stored) count += await clearUntracked({ client, plan, rows, owners, job })
  if (job.streams.length === 0) await clearDeadLetters(client, config, job)
  output.log(
    'INFO',
    dryRun
      ? 'Nothing was removed (--dry-run).'
      : `Cleared: ${countOf(count)} of ${countOf(plans.length, 'stream')}.`,
  )
}

function openClient(config: Config, runId: string, { log }: Output): Promise<RedisClient> {
  return RedisClient.open({
    config,
    log,
    run: runId,
    runKeys: (name, its, slot) => runKey(config.keyPrefix, name, its, slot),
    scripts: [],
    explain: (error, key) => ownKeyError(error, key, prefixesIn(config)),
  })
}

async function knownStreams(client: RedisClient, config: Config): Promise<PrefixedStream[]> {
  return (await Promise.all(prefixesIn(config).map((prefix) => streamsUnder(client, prefix)))).flat()
}

function prefixesIn({ keyPrefix, streams }: Pick<Config, 'keyPrefix' | 'streams'>): string[] {
  return [...new Set([keyPrefix, ...streams.map(({ records }) => records.keyPrefix)])]
}

/** Returns the streams of these names, or all of them. */
function choose(known: readonly PrefixedStream[], names: readonly string[]): PrefixedStream[] {
  if (names.length === 0) return [...known]
  const unknown = names.find((name) => !known.some((stream) => isNamed(stream, name)))
  if (unknown !== undefined) throw unknownStream(unknown, known)
  return known.filter((stream) => names.some((name) => isNamed(stream, name)))
}

function isNamed({ namespace, stream }: PrefixedStream, name: string): boolean {
  return name === stream || name === displayName({ name: stream, namespace })
}

function unknownStream(name: string, known: readonly PrefixedStream[]): ConfigError {
  const names = [...new Set(known.map(({ namespace, stream }) => displayName({ name: stream, namespace })))]
  const nearest = nearestName(name, names)
  const advice =
    nearest !== undefined
      ? `Did you mean ${nearest}?`
      : names.length === 0
        ? 'There is none under this key_prefix.'
        : `There are ${listAnd(names)}.`
  return new ConfigError(
    problem('clear-stream-unknown', `The connector has not written a stream ${name}. ${advice}`, {
      options: ['key_prefix'],
      params: { stream: name },
    }),
  )
}

/** Returns the plan of a full refresh without records, in a layout that no stream has. */
function planFor({ namespace, stream, prefix }: PrefixedStream, config: Config): StreamPlan[] {
  const options = { data_format: 'flat' as const, key_prefix: prefix, key_template: NO_KEYS }
  const records = settingsOf(options, STRUCTURES)
  const catalog: SyncStream[] = [
    {
      name: stream,
      namespace,
      mode: 'overwrite',
      generation: undefined,
      minimumGeneration: 0,
      syncId: undefined,
      primaryKey: [],
      cursor: undefined,
      columns: undefined,
    },
  ]
  return planStreams(catalog, { ...config, records, streams: [], defaultProblems: [], trackKeys: 'auto' })
}

/** Returns the rows of each stream after printing how many there are, and some of their keys. */
async function rowsOf(
  client: RedisClient,
  plans: readonly StreamPlan[],
  { log }: Output,
): Promise<ReadonlyMap<StreamPlan, StoredRows>> {
  const stored = new Map<StreamPlan, StoredRows>()
  for (const plan of plans) {
    const rows = await storedRows(client, plan)
    stored.set(plan, rows)
    log('INFO', `${plan.name}: ${countOf(rows.count)}${sampleOf(rows.samples)}.`)
  }
  if (plans.length === 0) log('INFO', 'The connector has written no stream under this key_prefix.')
  return stored
}

async function removeStreams(
  client: RedisClient,
  plans: readonly StreamPlan[],
  leases: Leases,
  { output: { log }, signal }: ClearJob,
): Promise<void> {
  const { sessions, ids } = await client.confirmed(async () => {
    const prepared = await prepareStreams(client, plans, { log: () => undefined, signal })
    return { sessions: prepared, ids: new IdAllocator(client, prepared) }
  })
  leases.confirm()
  await finish(client, ids, sessions, {
    // What is left is reported below, with the remedy that this command has.
    log: (level, message) => {
      if (level === 'INFO') log(level, message)
    },
    leases,
    isWithoutRecords: () => true,
    forgetsUntracked: true,
  })
  await client.requireIntact()
}

interface UntrackedRows {
  client: RedisClient
  plan: StreamPlan
  rows: StoredRows
  owners: KeyOwners
  job: ClearJob
}

/** Returns how many keys were removed that only a pattern names. */
async function clearUntracked({ client, plan, rows, owners, job }: UntrackedRows): Promise<number> {
  const { output, byPattern, dryRun } = job
  if (!byPattern) {
    if (isIncomplete(rows)) output.log('WARN', textOf(untrackedRows(plan, rows, client)))
    return 0
  }
  const own = prefixedStreamOf(plan)
  const ownKeys = plan.settings.keyPrefix + OWN_KEYS
  const isSpared = (key: string): boolean =>
    key.startsWith(ownKeys) || owners.ownerOf(key, own) !== undefined || owners.writersOf(key, own).length > 0
  let count = 0
  for (const pattern of rows.patterns) {
    const search = (remove: boolean) => searchPattern(client, { pattern, isSpared, remove })
    const found = await search(false)
    const what = `${countOf(found.count, 'more key')} of the pattern ${pattern.glob}`
    output.log('INFO', `${plan.name}: ${what}${sampleOf(found.samples)}.`)
    if (!dryRun && found.count > 0) count += (await search(true)).count
  }
  return count
}

/** Returns whether a stream has rows that only a pattern can find. */
function isIncomplete({ hasUntracked, patterns }: StoredRows): boolean {
  return hasUntracked && patterns.length > 0
}

function untrackedRows(
  { name }: StreamPlan,
  { patterns }: StoredRows,
  { isCluster }: Pick<RedisClient, 'isCluster'>,
): Problem {
  const remedy = isCluster
    ? 'A cluster is not searched: remove them with redis-cli on each master.'
    : 'With --pattern, clear removes all keys of their type that match it, whoever wrote them.'
  const globs = listAnd([...new Set(patterns.map(({ glob }) => glob))])
  return problem(
    'clear-needs-pattern',
    `${name}: rows that were appended without an index entry (track_keys) are not counted, and only the pattern ${globs} ` +
      `finds them. ${remedy}`,
    { options: ['track_keys'], params: { stream: name, patterns: globs } },
  )
}

async function clearDeadLetters(
  client: RedisClient,
  config: Config,
  { dryRun, output }: ClearJob,
): Promise<void> {
  const key = deadLetterKey(config.keyPrefix)
  if ((await client.ask('TYPE', key)) !== 'stream') return
  output.log('INFO', `${key}: ${countOf(Number(await client.ask('XLEN', key)), 'dead letter')}.`)
  if (!dryRun) await removeKeys(client, [key])
}

function countOf(count: number, noun = 'row'): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`
}

function sampleOf(samples: readonly string[]): string {
  return samples.length === 0 ? '' : `, for example ${listAnd(samples)}`
}
