// A whole run of the connector: what it leaves in Redis, the states that it acknowledges, and how it ends.
import type { Case, ForeignContents, Message, RunPlan } from './case.ts'
import { incompleteness, type Status } from './completion.ts'
import { keyTemplateOf } from './keys.ts'
import { dataFormatOf, isReplace, isStaged, settingsOf, type Settings } from './options.ts'
import type { Entry, Keyspace } from './keyspace.ts'
import { fieldsOf, lastOf, removeNewest, scoresOf, typeOf, withItems } from './keyspace.ts'
import { decide, keptFrom, withGeneration, withMeantNumbers, type Decision } from './replace.ts'
import {
  closeIndex,
  emptyStream,
  everyRow,
  isDeletedMember,
  isLog,
  isMemberRow,
  nextId,
  openIndex,
  removeFormerRow,
  take,
  type StreamModel,
} from './stream-model.ts'

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
  /** Values that the source has replaced with null. */
  nulled: number
}

export interface RunResult {
  states: AcknowledgedState[]
  /** The code of the error that ends the run; undefined for exit code 0. */
  code: string | undefined
}

/** Returns a Redis with the keys of other applications. */
export function emptyWorld({ foreign }: Case): World {
  const keyspace = new Map(
    foreign.map(([key, contents]): [string, Entry] => [
      key,
      { contents: entryOf(contents), expiry: undefined },
    ]),
  )
  return { keyspace, streams: new Map<string, StreamModel>(), rejected: 0 }
}

function entryOf(contents: ForeignContents): Entry['contents'] {
  return contents.type === 'hash'
    ? { type: 'hash', fields: new Map(Object.entries(contents.fields)) }
    : contents
}

interface Running {
  settings: Settings
  model: StreamModel
  status: Status | undefined
  records: number
  /** The counts since the stream's last state. */
  since: Omit<AcknowledgedState, 'id'>
}

const NOTHING = { records: 0, rejected: 0, filtered: 0, nulled: 0 }

/** Changes the world as the run does. A run that is killed stops behind its first `length` messages. */
export function runModel(world: World, plan: RunPlan, length = plan.messages.length): RunResult {
  const opening = plan.streams.map((stream) =>
    settle(world, settingsOf(withMeantNumbers(stream, plan), plan.options)),
  )
  if (opening.some(isOtherLayout)) return { states: [], code: 'layout-changed' }
  const running = opening.map((one) => open(world.keyspace, one))
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
  const code = incompleteness(running, plan)
  if (code === undefined) for (const one of running) finish(world.keyspace, one)
  return end(running, { states, code })
}

interface Opening {
  settings: Settings
  model: StreamModel
  decision: Decision
}

/** Returns the name of the stream below its prefix. */
export function nameOf({ stream, options }: Settings): string {
  return JSON.stringify([options.key_prefix, stream.namespace, stream.name])
}

function settle({ streams }: World, settings: Settings): Opening {
  const name = nameOf(settings)
  const model = streams.get(name) ?? emptyStream()
  streams.set(name, model)
  return { settings, model, decision: decide(settings.stream, model.last) }
}

/** Returns whether the run would add records to rows of another layout, or keep such rows beside its own. */
function isOtherLayout({ settings, model, decision }: Opening): boolean {
  const generations = withGeneration(model.generations, settings.stream, decision)
  const first = decision === 'join' ? 0 : keptFrom(generations, settings.stream)
  const today = layoutOf(settings)
  return model.layouts.some(({ generation, layout }) => generation >= first && layout !== today)
}

/** Returns the options that say where a record is and what it looks like. The order of the primary key is free. */
function layoutOf(settings: Settings): string {
  const { options, stream } = settings
  const { hash_field: field, member, value_field: value, root_field: root } = options
  const key = (stream.primaryKey ?? []).toSorted()
  return JSON.stringify([
    typeOf(settings),
    dataFormatOf(options),
    keyTemplateOf(settings),
    field,
    member,
    value,
    root,
    key,
  ])
}

function open(live: Keyspace, { settings, model, decision }: Opening): Running {
  const { stream, options } = settings
  model.generations = withGeneration(model.generations, stream, decision)
  model.keptFrom = isReplace(stream) && decision !== 'join' ? keptFrom(model.generations, stream) : undefined
  openIndex(model, settings, layoutOf(settings))
  openCursor(model, settings)
  takeBack(live, model, settings)
  openStaging(live, model, settings, decision)
  model.attempt.added.clear()
  model.attempt.isRecorded = model.staged !== undefined || settings.options.on_retry === 'roll_back'
  if (options.tombstone_seconds === 0 && options.delete_mode !== 'ttl')
    for (const [at, { isDeleted }] of model.rows) if (isDeleted) model.rows.delete(at)
  return { settings, model, status: undefined, records: 0, since: { ...NOTHING } }
}

/** After the cursor column has changed, the first record of each row wins once. */
function openCursor(model: StreamModel, { stream }: Settings): void {
  if (stream.mode !== 'append_dedup') return
  if (stream.cursor !== model.cursor) for (const row of model.rows.values()) row.version = undefined
  model.cursor = stream.cursor
}

/** Removes the records that a failed run wrote behind its last acknowledged state, as the host sends them again. */
function takeBack(live: Keyspace, model: StreamModel, settings: Settings): void {
  const { attempt, staged } = model
  if (model.last?.endedWell !== false) return
  if (isLog(settings)) {
    if (!attempt.isRecorded || (staged === undefined && settings.options.on_retry !== 'roll_back')) return
    for (const [key, count] of attempt.added) removeNewest(staged ?? live, key, count, settings)
  } else if (staged === undefined || attempt.isAcknowledged) return
  else staged.clear()
  if (staged !== undefined && attempt.rows !== undefined) model.rows = structuredClone(attempt.rows)
}

/** A replace gathers its collections beside the live ones; a run that joins adds to the live ones what was gathered. */
function openStaging(live: Keyspace, model: StreamModel, settings: Settings, decision: Decision): void {
  // A merge keeps what a generation has gathered that it keeps.
  const isKept = model.staged !== undefined && model.stagedFrom >= (model.keptFrom ?? 0)
  if (decision === 'replace') {
    if (!isKept) {
      model.staged = isStaged(settings) ? new Map<string, Entry>() : undefined
      model.stagedFrom = model.generations.length - 1
    }
    model.attempt.isAcknowledged = false
    model.attempt.rows = structuredClone(model.rows)
  }
  if (model.staged === undefined || (isStaged(settings) && decision !== 'join')) return
  for (const [key, entry] of model.staged)
    live.set(key, { ...joined(live.get(key), entry, settings), expiry: todaysExpiry(settings) })
  model.staged = undefined
}

/** A key that takes what was gathered gets the time to live of the run that moves it. */
function todaysExpiry({ options: { ttl_seconds: seconds = 0 } }: Settings): Entry['expiry'] {
  return seconds > 0 ? { seconds } : undefined
}

/** Returns the contents of the live key and, behind them, those that were gathered. */
function joined(
  present: Entry | undefined,
  { contents }: Entry,
  settings: Settings,
): Pick<Entry, 'contents'> {
  const former = present?.contents
  if (contents.type === 'list') {
    const { list_operation: operation } = settings.options
    const inOrder = operation === 'prepend' ? contents.items.toReversed() : contents.items
    return { contents: { type: 'list', items: withItems(former, inOrder, settings) } }
  }
  if (contents.type === 'stream') {
    const entries = [...(former?.type === 'stream' ? former.entries : []), ...contents.entries]
    return { contents: { type: 'stream', entries: lastOf(entries, settings.options.max_length) } }
  }
  if (contents.type === 'set') {
    const members = new Set([...(former?.type === 'set' ? former.members : []), ...contents.members])
    return { contents: { type: 'set', members } }
  }
  if (contents.type === 'zset')
    return { contents: { type: 'zset', scores: new Map([...scoresOf(former), ...contents.scores]) } }
  if (contents.type === 'hash')
    return { contents: { type: 'hash', fields: new Map([...fieldsOf(former), ...contents.fields]) } }
  throw new Error(`a ${typeOf(settings)} is never gathered`)
}

function receive(
  world: World,
  one: Running,
  { value, emittedAt, changes }: Extract<Message, { kind: 'record' }>,
) {
  one.records++
  one.since.records++
  const id = nextId(one.model, one.settings, value)
  const outcome = take(world.keyspace, one.model, one.settings, { value, emittedAt, id, changes })
  if (outcome === 'rejected' || outcome === 'filtered') one.since[outcome]++
  const generation = one.model.generations.length - 1
  if (outcome !== 'filtered' || removesFiltered(one.settings))
    one.model.layouts.push({ generation, layout: layoutOf(one.settings) })
  // A filtered record is not looked at, unless it removes its row.
  if (outcome !== 'filtered' || removesFiltered(one.settings))
    one.since.nulled += (changes ?? []).filter(({ change }) => change === 'NULLED').length
  return outcome
}

function removesFiltered({ stream, options }: Settings): boolean {
  return stream.mode === 'append_dedup' && options.filtered_rows !== 'keep'
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
    state.nulled += one.since.nulled
    one.since = { ...NOTHING }
    const { attempt, rows } = one.model
    attempt.added.clear()
    attempt.isAcknowledged = true
    attempt.rows = structuredClone(rows)
  }
  return state
}

/** Removes the generations that the run replaces, and puts what was gathered in the place of the live collections. */
function finish(live: Keyspace, { model, settings }: Running): void {
  if (!isReplace(settings.stream)) return
  const former = everyRow(model.rows).filter((row) => row.isIndexed && !isDeletedMember(row))
  const first = model.keptFrom ?? 0
  if (model.staged === undefined) {
    for (const row of former) if (row.generation < first) removeFormerRow(live, model, row)
  } else {
    for (const row of former)
      if (!isMemberRow(row)) live.delete(row.key)
      else if (row.generation < first) removeFormerRow(live, model, row)
    for (const [key, entry] of model.staged) live.set(key, { ...entry, expiry: todaysExpiry(settings) })
    model.staged = undefined
  }
  closeIndex(model)
}

function end(running: Running[], result: RunResult): RunResult {
  for (const { model, settings } of running) {
    const { generation, syncId } = settings.stream
    model.last = { generation, syncId, endedWell: result.code === undefined }
  }
  return result
}
