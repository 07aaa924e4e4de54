/** Reads trace messages. A destination acts on the statuses of streams only. */
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

/** Returns the status if the message says that a stream has ended. A trace without a type is a status. */
export function readStreamStatus(bytes: Buffer, { text }: Message): StreamStatus | undefined {
  const { trace } = JSON.parse(bytes.toString('utf8', text.start, text.end)) as { trace: Trace }
  if (trace.type != null && trace.type !== 'STREAM_STATUS') return undefined
  const { stream_descriptor: stream, status } = trace.stream_status ?? {}
  if (typeof (stream?.namespace ?? '') !== 'string') return undefined
  if (typeof stream?.name !== 'string' || (status !== 'COMPLETE' && status !== 'INCOMPLETE')) return undefined
  return { stream: { name: stream.name, namespace: stream.namespace ?? null }, status }
}
