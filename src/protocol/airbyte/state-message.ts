/** State messages: whose they are, and how they go back: byte for byte as they came, with our counts put in. */
import { SystemError } from '../../errors.ts'
import type { StreamDescriptor } from './stream-descriptor.ts'
import type { Message } from '../input/message.ts'

type StateScope = { kind: 'stream'; stream: StreamDescriptor } | { kind: 'global' } | { kind: 'legacy' }

/** Counts of records since the last state of the same scope. */
export interface DestinationStats {
  recordCount: number
  rejectedRecordCount: number
  /** Others, by name. */
  additionalStats: Record<string, number>
}

export interface StateMessage {
  scope: StateScope
  /** Bytes it takes while it is held back. */
  size: number
  /** The line that acknowledges it, line feed included. */
  acknowledge(stats: DestinationStats): Buffer
}

const LINE_FEED = Buffer.from('\n')

/** Takes the state message that `message` stands on out of its buffer. */
export function readState(bytes: Buffer, message: Message): StateMessage {
  const { text, state, destinationStats, stateIsEmpty, lineNumber } = message
  const copy = Buffer.from(bytes.subarray(text.start, text.end))
  const replaces = destinationStats.end > destinationStats.start
  // Either in place of the value that is there, or as a new last member.
  const from = (replaces ? destinationStats.start : state.end - 1) - text.start
  const to = (replaces ? destinationStats.end : state.end - 1) - text.start
  const lead = replaces ? '' : `${stateIsEmpty ? '' : ','}"destinationStats":`
  return {
    scope: scopeOf(copy, lineNumber),
    size: copy.length,
    acknowledge: (stats) =>
      Buffer.concat([
        copy.subarray(0, from),
        Buffer.from(lead + textOf(stats)),
        copy.subarray(to),
        LINE_FEED,
      ]),
  }
}

/** The platform reads counts as doubles; like its own connectors we write them with a decimal point. */
function textOf({ recordCount, rejectedRecordCount, additionalStats }: DestinationStats): string {
  const additional = membersOf(additionalStats)
  const members = [
    `"recordCount":${recordCount}.0`,
    ...membersOf({ rejectedRecordCount }),
    ...(additional.length > 0 ? [`"additionalStats":{${additional.join(',')}}`] : []),
  ]
  return `{${members.join(',')}}`
}

/** What is nothing is left out. */
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
  if (!isDescriptor(stream)) throw new SystemError(`Line ${lineNumber}: the STREAM state names no stream.`)
  return { kind: 'stream', stream }
}

function isDescriptor(value: unknown): value is StreamDescriptor {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
}
