// Runs a case with the connector and with the model, and names the first difference.
import type { Redis } from 'ioredis'
import { lineOf, type Case, type RunPlan } from './case.ts'
import {
  emptyWorld,
  nameOf,
  runModel,
  type AcknowledgedState,
  type RunResult,
  type World,
} from './connector-model.ts'
import { alignIds } from './id-alignment.ts'
import { isReplace } from './options.ts'
import { runPlan, type ConnectorResult, type Target } from './driver.ts'
import { countersOf, describe, idPrefixesOf, readKeyspace, separate } from './snapshot.ts'
import { namedKeysOf } from './stream-model.ts'
import type { State } from '../support/output-message.ts'

export interface Difference {
  run: number
  what: string
  expected: unknown
  actual: unknown
}

/** Returns undefined if the connector does what the model says. */
export async function compareCase(one: Case, target: Target): Promise<Difference | undefined> {
  await Promise.all(target.nodes.map((node) => node.flushall()))
  for (const [key, contents] of one.foreign) await writeForeign(target, key, contents)
  const world = emptyWorld(one)
  for (const [at, plan] of one.runs.entries()) {
    const expected = runModel(world, plan)
    const actual = await runPlan(plan, target)
    const wasKilled = one.runs.slice(0, at + 1).some(({ ending }) => ending === 'kill')
    const difference =
      compareEnds(plan, expected, actual) ??
      (await compareKeys(one, { run: at, world, expected, target, wasKilled }))
    if (difference !== undefined) return { run: at + 1, ...difference }
  }
  return undefined
}

async function writeForeign(
  { nodes }: Target,
  key: string,
  contents: Case['foreign'][number][1],
): Promise<void> {
  const command = (node: Redis) => {
    if (contents.type === 'hash') return node.hset(key, contents.fields)
    return contents.type === 'string' ? node.set(key, contents.text) : node.rpush(key, ...contents.items)
  }
  const results = await Promise.allSettled(nodes.map(command))
  if (results.every(({ status }) => status === 'rejected')) throw new Error(`no node takes the key ${key}`)
}

type Found = Omit<Difference, 'run'>

function compareEnds(plan: RunPlan, expected: RunResult, actual: ConnectorResult): Found | undefined {
  const exitCode = plan.ending === 'kill' ? null : Number(expected.code !== undefined)
  if (actual.exitCode !== exitCode)
    return { what: 'exit code', expected: [exitCode, expected.code], actual: [actual.exitCode, actual.error] }
  const code = actual.error?.code
  if (code !== undefined && code !== expected.code)
    return { what: 'problem code', expected: expected.code, actual: actual.error }
  const states = expected.states.map((state, at) => withCounts(plan, at, state))
  const acknowledged = actual.states.map(countsOf)
  return JSON.stringify(states) === JSON.stringify(acknowledged)
    ? undefined
    : { what: 'states', expected: states, actual: acknowledged }
}

type CountedState = Omit<AcknowledgedState, 'id'> & { state: string }

/** Returns the state as the source sent it, and its counts. */
function withCounts(
  { messages, streams }: RunPlan,
  at: number,
  { records, rejected, filtered, nulled }: AcknowledgedState,
): CountedState {
  const sent = messages.filter(({ kind }) => kind === 'state')[at]!
  const { state } = JSON.parse(lineOf(sent, streams)) as { state: State }
  return { state: JSON.stringify(state), records, rejected, filtered, nulled }
}

function countsOf({ destinationStats, ...state }: State): CountedState {
  const { recordCount = 0, rejectedRecordCount = 0 } = destinationStats ?? {}
  const { additionalStats = {} } = Object(destinationStats) as { additionalStats?: Record<string, number> }
  return {
    state: JSON.stringify(state),
    records: recordCount + rejectedRecordCount,
    rejected: rejectedRecordCount,
    filtered: additionalStats['filtered'] ?? 0,
    nulled: additionalStats['nulled_by_source'] ?? 0,
  }
}

interface Compared {
  run: number
  world: World
  expected: RunResult
  target: Target
  wasKilled: boolean
}

async function compareKeys(
  one: Case,
  { run, world, expected, target, wasKilled }: Compared,
): Promise<Found | undefined> {
  const foreign = new Set(one.foreign.map(([key]) => key))
  const counters = countersOf(one).filter((key) => !foreign.has(key))
  const { records, own } = separate(await readKeyspace(target.nodes), counters)
  const named = [...namedKeysOf(world.streams.values())].filter((key) => world.keyspace.has(key))
  const ids = { prefixes: idPrefixesOf(one), named: new Set(named) }
  const [should, does] = [describe(world.keyspace, ids), describe(records, ids)]
  if (should.join('\n') !== does.join('\n'))
    return {
      what: 'keys',
      expected: should.filter((line) => !does.includes(line)),
      actual: does.filter((line) => !should.includes(line)),
    }
  alignIds(world, records, ids)
  const cleared = expected.code === undefined ? countersOfCleared(one.runs[run]!, world) : []
  const left = own.filter((key) => cleared.includes(key) || isLeft(key, expected, wasKilled))
  return left.length === 0
    ? undefined
    : { what: "the connector's own keys that are left", expected: [], actual: left }
}

/** Returns the counters of the streams that a run without records has emptied. */
function countersOfCleared({ streams, options, messages }: RunPlan, world: World): string[] {
  const received = new Set(messages.flatMap((message) => (message.kind === 'record' ? [message.stream] : [])))
  return streams
    .filter((stream, at) => isReplace(stream) && !received.has(at))
    .filter((stream) => {
      const model = world.streams.get(nameOf({ stream, options }))
      if (model === undefined || model.rows.size > 0 || model.hadOthers) return false
      // Ids of a generation that is kept may have rows.
      return model.unwritten === undefined || model.unwritten < (model.keptFrom ?? 0)
    })
    .map(({ namespace = '', name }) => `${options.key_prefix ?? ''}${namespace}:${name}`)
    .flatMap((base) => [base, `${base}:_airbyte_ab_id`])
}

const RUN_KEYS = /_airbyte:(sent|written|assured|sequence|durable):/
const REPLACE_KEYS = /_airbyte:(staging|old|trash):/

/** Returns whether the run should have removed this key of its own. */
function isLeft(key: string, { code }: RunResult, wasKilled: boolean): boolean {
  if (/_airbyte:(lease|check):/.test(key)) return true
  if (code === undefined && /_airbyte:attempt:/.test(key)) return true
  if (RUN_KEYS.test(key)) return !wasKilled
  return code === undefined && REPLACE_KEYS.test(key)
}
