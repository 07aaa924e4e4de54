// A whole run of the connector: what it leaves in Redis, the states that it acknowledges, and how it ends.
import type { Case, Message, RunPlan } from './case.ts'
import { incompleteness, type Status } from './completion.ts'
import { isReplace, isStaged, settingsOf, type Settings } from './options.ts'
import type { Entry, Keyspace } from './keyspace.ts'
import { fieldsOf, lastOf, scoresOf, typeOf, withItems } from './keyspace.ts'
import { decide, keptFrom, withGeneration, type Decision } from './replace.ts'
import { emptyStream, removeRow, take, type StreamModel } from './stream-model.ts'

export interface World {
  keyspace: Keyspace
  streams: Map<string, StreamModel>
  /** The number of dead letters. */
  rejected: number
}

/** A state as it is acknowledged, with the counts that do not depend on batches. */
export interface AcknowledgedState {
  id: number
  records: number
  rejected: number
  filtered: number
}

export interface RunResult {
  states: AcknowledgedState[]
  /** The code of the error that ends the run; undefined for exit code 0. */
  code: string | undefined
}

/** Returns a Redis with the keys of other applications. */
export function emptyWorld({ foreign }: Case): World {
  const keyspace = new Map(
    foreign.map(([key, contents]): [string, Entry] => [key, { contents, expiry: undefined }]),
  )
  return { keyspace, streams: new Map<string, StreamModel>(), rejected: 0 }
}

interface Running {
  settings: Settings
  model: StreamModel
  status: Status | undefined
  records: number
  /** The counts since the stream's last state. */
  since: Omit<AcknowledgedState, 'id'>
}

const NOTHING = { records: 0, rejected: 0, filtered: 0 }

/** Changes the world as the run does. A run that is killed stops behind its first `length` messages. */
export function runModel(world: World, plan: RunPlan, length = plan.messages.length): RunResult {
  const running = plan.streams.map((stream) => open(world, settingsOf(stream, plan.options), plan))
  const states: AcknowledgedState[] = []
  for (const message of plan.messages.slice(0, length)) {
    if (message.kind === 'record' && receive(world, running[message.stream]!, message) === 'rejected') {
      if (plan.options.on_record_error !== 'dead_letter')
        return end(running, { states, code: 'record-refused' })
      world.rejected++
    }
    if (message.kind === 'status') running[message.stream]!.status = message.status
    if (message.kind === 'state') states.push(acknowledge(running, message))
  }
  if (plan.ending === 'kill') return end(running, { states, code: 'killed' })
  const received = running.map(({ settings: { stream }, status, records }) => ({ stream, status, records }))
  const code = incompleteness(received, plan)
  if (code === undefined) for (const one of running) finish(world.keyspace, one)
  return end(running, { states, code })
}

function open(world: World, settings: Settings, plan: RunPlan): Running {
  const { stream, options } = settings
  const name = JSON.stringify([options.key_prefix, stream.namespace, stream.name])
  const model = world.streams.get(name) ?? emptyStream()
  world.streams.set(name, model)
  const decision = decide(stream, model.last, plan)
  model.generations = withGeneration(model.generations, stream, decision)
  model.keptFrom = isReplace(stream) && decision !== 'join' ? keptFrom(model.generations, stream) : 0
  openStaging(world.keyspace, model, settings, decision)
  if (options.tombstone_seconds === 0 && options.delete_mode !== 'ttl')
    for (const [at, { isDeleted }] of model.rows) if (isDeleted) model.rows.delete(at)
  return { settings, model, status: undefined, records: 0, since: { ...NOTHING } }
}

/** A replace gathers its collections beside the live ones; a run that joins adds to the live ones what was gathered. */
function openStaging(live: Keyspace, model: StreamModel, settings: Settings, decision: Decision): void {
  if (decision === 'replace') model.staged = isStaged(settings) ? new Map<string, Entry>() : undefined
  if (decision !== 'join' || model.staged === undefined) return
  for (const [key, entry] of model.staged) live.set(key, joined(live.get(key), entry, settings))
  model.staged = undefined
}

function joined(present: Entry | undefined, { contents, expiry }: Entry, settings: Settings): Entry {
  const former = present?.contents
  if (contents.type === 'list') {
    const { list_operation: operation } = settings.options
    const inOrder = operation === 'prepend' ? contents.items.toReversed() : contents.items
    return { contents: { type: 'list', items: withItems(former, inOrder, settings) }, expiry }
  }
  if (contents.type === 'stream') {
    const entries = [...(former?.type === 'stream' ? former.entries : []), ...contents.entries]
    return { contents: { type: 'stream', entries: lastOf(entries, settings.options.max_length) }, expiry }
  }
  if (contents.type === 'set') {
    const members = new Set([...(former?.type === 'set' ? former.members : []), ...contents.members])
    return { contents: { type: 'set', members }, expiry }
  }
  if (contents.type === 'zset')
    return { contents: { type: 'zset', scores: new Map([...scoresOf(former), ...contents.scores]) }, expiry }
  if (contents.type === 'hash')
    return { contents: { type: 'hash', fields: new Map([...fieldsOf(former), ...contents.fields]) }, expiry }
  throw new Error(`a ${typeOf(settings)} is never gathered`)
}

function receive(world: World, one: Running, { value, emittedAt }: Extract<Message, { kind: 'record' }>) {
  one.records++
  one.since.records++
  const id = ++one.model.lastId
  const outcome = take(world.keyspace, one.model, one.settings, { value, emittedAt, id })
  if (outcome === 'rejected' || outcome === 'filtered') one.since[outcome]++
  return outcome
}

/** Returns the state with the counts since the last one of its stream; a global state counts all streams. */
function acknowledge(
  running: Running[],
  { id, stream }: Extract<Message, { kind: 'state' }>,
): AcknowledgedState {
  const counted = stream === undefined ? running : [running[stream]!]
  const state = { id, ...NOTHING }
  for (const one of counted) {
    state.records += one.since.records
    state.rejected += one.since.rejected
    state.filtered += one.since.filtered
    one.since = { ...NOTHING }
  }
  return state
}

/** Removes the generations that the run replaces, and puts what was gathered in the place of the live collections. */
function finish(live: Keyspace, { model, settings }: Running): void {
  if (!isReplace(settings.stream)) return
  const former = [...model.rows.values()].filter(({ isIndexed }) => isIndexed)
  if (model.staged === undefined) {
    for (const row of former) if (row.generation < model.keptFrom) removeRow(live, row, settings)
  } else {
    for (const { key } of former) live.delete(key)
    for (const [key, entry] of model.staged) live.set(key, entry)
    model.staged = undefined
  }
  for (const [name, { generation, isIndexed }] of model.rows)
    if (isIndexed && generation < model.keptFrom) model.rows.delete(name)
  // A stream of which nothing is left starts without an index again.
  model.isIndexing = model.rows.size > 0
}

function end(running: Running[], result: RunResult): RunResult {
  for (const { model, settings } of running) {
    const { generation, syncId } = settings.stream
    model.last = { generation, syncId, endedWell: result.code === undefined }
  }
  return result
}
