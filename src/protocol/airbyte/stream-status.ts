/** Trace messages: the only ones that mean something to a destination are the statuses of streams. */
import type { StreamDescriptor } from './stream-descriptor.ts'
import type { Message } from '../input/message.ts'

export interface StreamStatus {
  stream: StreamDescriptor
  status: 'COMPLETE' | 'INCOMPLETE'
}

interface Trace {
  type?: unknown
  stream_status?: { stream_descriptor?: Partial<StreamDescriptor> | null; status?: unknown } | null
}

/** The end of a stream, if that is what the trace message announces. A trace without a type is a status. */
export function readStreamStatus(bytes: Buffer, { text }: Message): StreamStatus | undefined {
  const { trace } = JSON.parse(bytes.toString('utf8', text.start, text.end)) as { trace: Trace }
  if (trace.type != null && trace.type !== 'STREAM_STATUS') return undefined
  const { stream_descriptor: stream, status } = trace.stream_status ?? {}
  if (typeof stream?.name !== 'string' || (status !== 'COMPLETE' && status !== 'INCOMPLETE')) return undefined
  return { stream: { name: stream.name, namespace: stream.namespace ?? null }, status }
}
