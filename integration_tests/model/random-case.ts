// Random cases: streams with a layout and a sync mode each, and the runs of a host with changing numbers and options.
import { below, oneOf } from '../support/dedup.model.ts'
import type { Random } from '../support/random.ts'
import type { Case, ForeignContents, Message, RunPlan } from './case.ts'
import { incompleteness } from './completion.ts'
import { LAYOUTS, type LayoutChoice } from './layout-choices.ts'
import { isCollection, isReplace, isStaged, isUpdate, settingsOf } from './options.ts'
import type { LayoutOptions, Mode, ModelStream, Options } from './options.ts'
import { makeRecord, type RecordMaking } from './random-records.ts'
import { isBuilt } from './rules.ts'

/** What stays the same of a stream over the runs of a case. */
interface StreamMaking extends RecordMaking {
  layout: LayoutChoice
  mode: Mode
  name: string
  namespace: string | undefined
  primaryKey: string[]
  cursor: string | undefined
  /** Options that are added to those of the layout. */
  added: LayoutOptions
}

/** The host's numbers, and how its last run ended. */
interface HostState {
  hasGenerations: boolean
  isPlatform: boolean
  syncId: number
  streams: ModelStream[]
  endedWell: boolean
  /** The messages behind the last acknowledged states, which the host sends again. */
  unacknowledged: Message[]
}

export function makeCase(random: Random, topology: Case['topology']): Case {
  const streams = Array.from({ length: oneOf(random, [1, 1, 1, 2, 3]) }, (_, at) => makeStream(random, at))
  const host: HostState = {
    hasGenerations: random() < 0.85,
    isPlatform: random() < 0.5 && isBuilt('completion.auto'),
    syncId: 10,
    streams: [],
    endedWell: true,
    unacknowledged: [],
  }
  const common = makeOptions(random, streams)
  const runs: RunPlan[] = []
  const length = oneOf(random, [2, 2, 3, 3, 4, 5])
  while (runs.length < length)
    runs.push(makeRun(random, { host, streams, common, number: runs.length * 100 }))
  return { topology, foreign: makeForeign(random), runs }
}

function makeStream(random: Random, at: number): StreamMaking {
  const layout = oneOf(random, LAYOUTS)
  const mode = oneOf(random, layout.modes)
  const isDeduplicated = mode === 'append_dedup'
  const withFaults = random() < 0.2 && (!isDeduplicated || isBuilt('dedup.unwritable'))
  return {
    layout,
    mode,
    name: `s${at}`,
    namespace: oneOf(random, ['n', 'n', undefined]),
    primaryKey:
      layout.isGrouped === true ? ['group', 'id'] : oneOf(random, [['id'], ['id'], ['group', 'id']]),
    cursor: random() < 0.8 ? 'c' : undefined,
    cursorKind: oneOf(random, ['numbers', 'timestamps', 'texts']),
    idKind: oneOf(random, ['numbers', 'texts']),
    faults: withFaults ? 0.1 : 0,
    deletes: oneOf(random, [0.1, 0.3]),
    added: makeAddedOptions(random, layout, mode),
  }
}

/** Returns options that fit the layout and the mode. */
function makeAddedOptions(random: Random, { options }: LayoutChoice, mode: Mode): LayoutOptions {
  const { cache_type: cacheType = 'hash', data_format: format, member } = options
  const isShared = isCollection(options)
  const isWhole = member === undefined && format !== 'raw'
  const mayFilter = mode !== 'append_dedup' || isBuilt('filter.dedup-removes')
  const mayCondition = mode === 'append' && ['hash', 'string'].includes(cacheType)
  const condition =
    mayCondition && random() < 0.15 ? oneOf(random, ['if_exists', 'if_absent'] as const) : undefined
  const isConditional = condition !== undefined || isUpdate({ name: '', mode })
  const mayExpire = !isConditional || !isShared || isBuilt('ttl.skipped')
  const isByTime = !isShared && random() < 0.12
  return {
    ...(isWhole && random() < 0.15
      ? { fields: ['id', 'group', { from: 'address.city', to: 'city' }, 'text'] }
      : {}),
    ...(mayFilter && random() < 0.12
      ? { record_filter: { field: 'kind', equals: filterValue(random) } }
      : {}),
    ...(isByTime ? { expire_at_field: 'until' } : {}),
    ...(!isByTime && mayExpire && random() < 0.25 ? { ttl_seconds: oneOf(random, [5000, 9000]) } : {}),
    ...(condition === undefined ? {} : { write_condition: condition }),
  }
}

function filterValue(random: Random): string {
  return oneOf(random, isBuilt('filter.text') ? ['keep', '1', '1.0'] : ['keep'])
}

function makeOptions(random: Random, streams: StreamMaking[]): Options {
  const isDeduplicated = streams.some(({ mode }) => mode === 'append_dedup')
  const isShared = streams.some(({ layout }) => isCollection(layout.options))
  const isMember = streams.some(({ layout }) => layout.options.member !== undefined)
  const deleteMode = oneOf(random, [
    'hard',
    'hard',
    ...(isMember ? [] : ['soft' as const]),
    ...(isShared ? [] : ['ttl' as const]),
  ] as const)
  const hasCondition = streams.some(({ added }) => added.write_condition !== undefined)
  return {
    ...(random() < 0.3 ? { key_prefix: 'p:' } : {}),
    ...(isDeduplicated ? { delete_mode: deleteMode } : {}),
    ...(isDeduplicated && deleteMode === 'ttl' ? { delete_ttl_seconds: 3000 } : {}),
    ...(isDeduplicated && deleteMode === 'hard' && random() < 0.2 ? { tombstone_seconds: 0 } : {}),
    ...(!hasCondition && random() < 0.4 ? { track_keys: 'always' } : {}),
    on_record_error: 'dead_letter',
  }
}

interface RunMaking {
  host: HostState
  streams: StreamMaking[]
  common: Options
  number: number
}

function makeRun(random: Random, { host, streams: makings, common, number }: RunMaking): RunPlan {
  const isRetry = !host.endedWell && random() < 0.65
  if (!isRetry) host.syncId++
  const streams = makings.map((making, at) => makeCatalogStream(random, { making, host, at, isRetry }))
  const options = makeRunOptions(random, { makings, common, number })
  const ending = oneOf(random, [
    ...Array.from({ length: 15 }, () => 'complete' as const),
    'incomplete',
    'incomplete',
    'cut',
    'cut',
    'kill',
  ] as const)
  const resent = isRetry || random() < 0.5 ? host.unacknowledged : []
  const isEmpty = resent.length === 0 && random() < 0.07
  const messages = isEmpty ? [] : [...resent, ...makeMessages(random, { makings, number })]
  // A kill waits for the last state, and the model does not know what was written behind it.
  const needsStates = ending === 'kill' || (ending !== 'complete' && hasStaging(streams, options))
  const isAcknowledged = needsStates && (ending === 'kill' || !isBuilt('replace.staged-roll-back'))
  if (isAcknowledged || random() < 0.7)
    for (const at of streams.keys()) messages.push(stateOf(at, number + 90 + at))
  const isSilent = ending === 'cut' || ending === 'kill' || (!host.hasGenerations && random() < 0.5)
  const isEndedByInput = ending !== 'kill' && (ending === 'complete' || !host.hasGenerations)
  if (!isSilent || (isEndedByInput && needsStatus(streams, messages)))
    for (const at of streams.keys()) messages.push(statusOf(at, ending === 'incomplete' && at === 0))
  host.streams = streams
  host.endedWell = ending !== 'kill' && isComplete(streams, messages, host)
  host.unacknowledged = host.endedWell ? [] : behindStates(messages)
  return {
    options,
    streams,
    messages,
    ending: ending === 'kill' ? 'kill' : 'end of input',
    chunkBytes: oneOf(random, [13, 200, 65_536]),
    isPlatform: host.isPlatform,
  }
}

function hasStaging(streams: ModelStream[], options: Options): boolean {
  return streams.some((stream) => isReplace(stream) && isStaged(settingsOf(stream, options)))
}

/** Returns whether a stream is to be replaced by nothing, which only a status can say. */
function needsStatus(streams: ModelStream[], messages: Message[]): boolean {
  return (
    !isBuilt('completion.empty-replace') &&
    streams.some((stream, at) => isReplace(stream) && recordsOf(messages, at) === 0)
  )
}

function isComplete(streams: ModelStream[], messages: Message[], host: HostState): boolean {
  const received = streams.map((stream, at) => ({
    settings: { stream, options: {} },
    status: messages.find((message) => message.kind === 'status' && message.stream === at),
    records: recordsOf(messages, at),
  }))
  const statuses = received.map(({ status, ...rest }) => ({
    ...rest,
    status: status?.kind === 'status' ? status.status : undefined,
  }))
  return incompleteness(statuses, host) === undefined
}

function recordsOf(messages: Message[], stream: number): number {
  return messages.filter((message) => message.kind === 'record' && message.stream === stream).length
}

function statusOf(stream: number, isIncomplete: boolean): Message {
  return { kind: 'status', stream, status: isIncomplete ? 'INCOMPLETE' : 'COMPLETE' }
}

function stateOf(stream: number | undefined, id: number): Message {
  return { kind: 'state', stream, id }
}

function behindStates(messages: Message[]): Message[] {
  return messages.filter(
    (message, at) =>
      message.kind === 'record' &&
      !messages
        .slice(at)
        .some(
          (other) =>
            other.kind === 'state' && (other.stream === undefined || other.stream === message.stream),
        ),
  )
}

interface CatalogMaking {
  making: StreamMaking
  host: HostState
  at: number
  isRetry: boolean
}

function makeCatalogStream(random: Random, { making, host, at, isRetry }: CatalogMaking): ModelStream {
  const { name, namespace, primaryKey, cursor } = making
  const before = host.streams[at]
  if (isRetry && before !== undefined) return before
  const mode = modeOf(making, before)
  const stream: ModelStream = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    mode,
    primaryKey,
    ...(cursor === undefined ? {} : { cursor }),
  }
  if (!host.hasGenerations) return stream
  return { ...stream, ...numbersOf(random, { stream, before, making }), syncId: host.syncId }
}

/** Updates need rows that exist, which the first run writes. */
function modeOf({ mode, layout }: StreamMaking, before: ModelStream | undefined): Mode {
  if (!isUpdate({ name: '', mode }) || before !== undefined) return mode
  return layout.modes.includes('append') ? 'append' : 'append_dedup'
}

type Numbers = Required<Pick<ModelStream, 'generation' | 'minimum'>>

function numbersOf(
  random: Random,
  { stream, before, making }: { stream: ModelStream; before: ModelStream | undefined; making: StreamMaking },
): Numbers {
  const last = before?.generation ?? 4
  const same = { generation: last, minimum: 0 }
  const [merge, refresh] = [
    { generation: last + 1, minimum: 0 },
    { generation: last + 1, minimum: last + 1 },
  ]
  if (isUpdate(making)) return same
  const replaces: Numbers[] = [refresh, refresh]
  if (!isCollection(making.layout.options) || stream.mode === 'append_dedup')
    replaces.push({ generation: last + 1, minimum: last })
  if (isBuilt('replace.generation-lower'))
    replaces.push({ generation: Math.max(last - 1, 1), minimum: Math.max(last - 1, 1) })
  if (isBuilt('replace.other-sync')) replaces.push({ generation: last, minimum: last })
  if (stream.mode === 'overwrite') return oneOf(random, replaces)
  // Conditions and refreshes exclude each other.
  if (making.added.write_condition !== undefined) return same
  return oneOf(random, [same, same, same, merge, ...replaces])
}

function makeRunOptions(
  random: Random,
  { makings, common, number }: { makings: StreamMaking[]; common: Options; number: number },
): Options {
  const isTtlDelete = common.delete_mode === 'ttl' && !isBuilt('ttl.delete-in-batch')
  const shared = { ...common, batch_records: isTtlDelete ? 1 : oneOf(random, [1, 2, 3, 20_000]) }
  const layouts = makings.map(({ layout, added }) => ({
    ...layout.options,
    ...laterOptions(random, added, number),
  }))
  if (makings.length === 1) return { ...shared, ...layouts[0] }
  return { ...shared, streams: makings.map(({ name }, at) => ({ stream: name, ...layouts[at] })) }
}

/** Later runs may have another time to live. */
function laterOptions(random: Random, added: LayoutOptions, number: number): LayoutOptions {
  if (number === 0 || added.ttl_seconds === undefined || random() < 0.7) return added
  return { ...added, ttl_seconds: oneOf(random, isBuilt('ttl.taken-away') ? [0, 5000, 9000] : [5000, 9000]) }
}

function makeMessages(
  random: Random,
  { makings, number }: { makings: StreamMaking[]; number: number },
): Message[] {
  const count = below(random, oneOf(random, [5, 15]))
  const often = oneOf(random, [0, 0.2, 0.5])
  return Array.from({ length: count }, (_, at) => {
    const stream = below(random, makings.length)
    const record: Message = {
      kind: 'record',
      stream,
      value: makeRecord(random, makings[stream]!, number + at),
      emittedAt: 1_700_000_000_000 + below(random, 3) + number,
    }
    const isGlobal = random() < 0.1
    return random() < often ? [record, stateOf(isGlobal ? undefined : stream, number + at)] : [record]
  }).flat()
}

/** Keys of other applications, beside those of the streams. */
function makeForeign(random: Random): [string, ForeignContents][] {
  const keys: [string, ForeignContents][] = [
    ['n:s0:note', { type: 'string', text: 'theirs' }],
    ['n:s00', { type: 'list', items: ['theirs'] }],
    ['g/s0/else', { type: 'list', items: ['theirs'] }],
    ['p:other', { type: 'string', text: '7' }],
  ]
  return keys.filter(() => random() < 0.3)
}
