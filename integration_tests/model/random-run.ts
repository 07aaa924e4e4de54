// Random runs: messages, options, and the way the run ends.
import { below, oneOf } from '../support/dedup.model.ts'
import type { Random } from '../support/random.ts'
import type { Change, Message, RunPlan } from './case.ts'
import { incompleteness } from './completion.ts'
import { isReplace, isStaged, settingsOf, type ModelStream, type Options } from './options.ts'
import { makeCatalogStream, type HostNumbers } from './random-catalog.ts'
import { makeRecord } from './random-records.ts'
import { adjusted, changed, laterOptions, type StreamMaking } from './random-stream.ts'
import { isBuilt } from './rules.ts'

/** The host's numbers, and how its last run ended. */
export interface HostState extends HostNumbers {
  isPlatform: boolean
  endedWell: boolean
  /** Whether the layout of a stream has changed, so that a run may end before its first record. */
  mayBeRefused: boolean
  /** The messages behind the last acknowledged states, which the host sends again. */
  unacknowledged: Message[]
}

export interface RunMaking {
  host: HostState
  streams: StreamMaking[]
  common: Options
  number: number
}

export function makeRun(random: Random, { host, streams: makings, common, number }: RunMaking): RunPlan {
  const isRetry = !host.endedWell && random() < 0.65
  if (!isRetry) host.syncId++
  if (!isRetry && number > 0)
    for (const [at, making] of makings.entries()) {
      const other = changed(random, making, common)
      host.mayBeRefused ||= other !== making
      makings[at] = adjusted(random, other)
    }
  const streams = makings.map((making, at) => makeCatalogStream(random, { making, host, at, isRetry }))
  const options = makeRunOptions(random, { makings, common, number })
  // The model of a killed run does not know refusals.
  const ending = endingOf(random, host.mayBeRefused ? 0 : undefined)
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

/** Few runs are killed, as that takes a process and a second each. */
function endingOf(random: Random, kills = 0.015): 'complete' | 'incomplete' | 'cut' | 'kill' {
  const number = random()
  if (number < kills) return 'kill'
  if (number < 0.12) return 'incomplete'
  return number < 0.22 ? 'cut' : 'complete'
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
      ...(random() < 0.1 ? { changes: makeChanges(random) } : {}),
    }
    const isGlobal = random() < 0.1
    return random() < often ? [record, stateOf(isGlobal ? undefined : stream, number + at)] : [record]
  }).flat()
}

function makeChanges(random: Random): Change[] {
  return Array.from({ length: below(random, 3) }, (_, at) => ({
    field: `f${at}`,
    change: oneOf(random, ['NULLED', 'TRUNCATED'] as const),
  }))
}
