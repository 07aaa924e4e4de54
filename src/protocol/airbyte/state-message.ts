/** Reads state messages, and writes them back byte for byte with the counts of records inserted. */
import { problem, SystemError } from '../../errors.ts'
import type { StreamDescriptor } from './stream-descriptor.ts'
import type { Message } from '../input/message.ts'

type StateScope = { kind: 'stream'; stream: StreamDescriptor } | { kind: 'global' } | { kind: 'legacy' }

/** Counts of records since the previous state of the same scope. */
export interface DestinationStats {
  recordCount: number
  rejectedRecordCount: number
  /** Further counts, by name. */
  additionalStats: Record<string, number>
}

export interface StateMessage {
  scope: StateScope
  /** The bytes of memory that the state uses while it waits. */
  size: number
  /** Returns the line that acknowledges the state, with its line feed. */
  acknowledge(stats: DestinationStats): Buffer
}

/**
 * What the objects of a state that waits take, besides its text, twice: while many leave, others take their place before
 * those are collected.
 */
const STATE_BYTES = 800

/** A state is parsed and copied while it waits, so that it takes several times its size. */
const MOST_BYTES = 64 << 20

const LINE_FEED = Buffer.from('\n')

/** Copies the state message at hand out of the input block. */
export function readState(bytes: Buffer, message: Message): StateMessage {
  const { text, state, destinationStats, stateIsEmpty, lineNumber } = message
  if (text.end - text.start > MOST_BYTES) throw tooLarge(lineNumber, text.end - text.start)
  const copy = Buffer.from(bytes.subarray(text.start, text.end))
  const replaces = destinationStats.end > destinationStats.start
  // The counts replace an existing value, or become a new last member.
  const from = (replaces ? destinationStats.start : state.end - 1) - text.start
  const to = (replaces ? destinationStats.end : state.end - 1) - text.start
  const lead = replaces ? '' : `${stateIsEmpty ? '' : ','}"destinationStats":`
  return {
    scope: scopeOf(copy, lineNumber),
    size: copy.length + STATE_BYTES,
    acknowledge: (stats) =>
      Buffer.concat([
        copy.subarray(0, from),
        Buffer.from(lead + statsText(stats)),
        copy.subarray(to),
        LINE_FEED,
      ]),
  }
}

/** The platform reads counts as doubles, so they have a decimal point as in its own connectors. */
function statsText({ recordCount, rejectedRecordCount, additionalStats }: DestinationStats): string {
  const additional = membersOf(additionalStats)
  const members = [
    `"recordCount":${recordCount}.0`,
    ...membersOf({ rejectedRecordCount }),
    ...(additional.length > 0 ? [`"additionalStats":{${additional.join(',')}}`] : []),
  ]
  return `{${members.join(',')}}`
}

/** Leaves out counts of zero. */
function membersOf(counts: Record<string, number>): string[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `"${name}":${count}.0`)
}

function scopeOf(message: Buffer, lineNumber: number): StateScope {
  const { state } = JSON.parse(message.toString()) as {
    state: { type?: unknown; stream?: { stream_descriptor?: unknown } | null; global?: unknown }
  }
  const kind = state.type ?? (state.stream ? 'STREAM' : state.global ? 'GLOBAL' : 'LEGACY')
  if (kind !== 'STREAM') return { kind: kind === 'GLOBAL' ? 'global' : 'legacy' }
  const stream = state.stream?.stream_descriptor
  if (!isDescriptor(stream))
    throw new SystemError(
      problem('state-without-stream', `Line ${lineNumber}: the STREAM state names no stream.`, {
        params: { line: lineNumber },
      }),
    )
  return { kind: 'stream', stream }
}

function isDescriptor(value: unknown): value is StreamDescriptor {
  if (typeof value !== 'object' || value === null) return false
  const { name, namespace = null } = value as { name?: unknown; namespace?: unknown }
  return typeof name === 'string' && (namespace === null || typeof namespace === 'string')
}

function tooLarge(line: number, bytes: number): SystemError {
  const sentence = `Line ${line}: the state has ${bytes} bytes, more than the ${MOST_BYTES} that a state may have.`
  return new SystemError(problem('state-too-large', sentence, { params: { line, bytes, most: MOST_BYTES } }))
}
