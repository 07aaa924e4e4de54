// The messages that a destination prints, as far as demo, tests and bench read them.
export type State = {
  type?: 'STREAM' | 'GLOBAL' | 'LEGACY'
  stream?: { stream_descriptor: { name: string; namespace?: string | null }; stream_state?: unknown }
  global?: unknown
  data?: unknown
  id?: number
  destinationStats?: { recordCount: number; rejectedRecordCount?: number }
}

export type LogEntry = { level: string; message: string }

export type ConnectorError = {
  message: string
  failure_type?: 'config_error' | 'transient_error' | 'system_error'
  internal_message?: string
  stack_trace?: string
}

export type Message =
  | { type: 'STATE'; state: State }
  | { type: 'LOG'; log: LogEntry }
  | { type: 'TRACE'; trace: { type: string; emitted_at: number; error?: ConnectorError } }
  | { type: 'CONNECTION_STATUS'; connectionStatus: { status: 'SUCCEEDED' | 'FAILED'; message?: string } }
  | { type: 'SPEC'; spec: Record<string, unknown> }

type StateMessage = Extract<Message, { type: 'STATE' }>
type LogMessage = Extract<Message, { type: 'LOG' }>
type ErrorMessage = { type: 'TRACE'; trace: { error: ConnectorError } }

export function parseMessage(line: string): Message {
  try {
    // Not validated: a wrong form shows where a test reads the message.
    return JSON.parse(line) as Message
  } catch (cause) {
    throw new Error(`The connector printed a line that is not JSON: ${line.slice(0, 200)}`, { cause })
  }
}

export function isState(message: Message): message is StateMessage {
  return message.type === 'STATE'
}

export function isLog(message: Message): message is LogMessage {
  return message.type === 'LOG'
}

export function isError(message: Message): message is Message & ErrorMessage {
  return message.type === 'TRACE' && message.trace.error !== undefined
}

/** Returns the id in a stream's state, which the tests count. */
export function cursorOf({ state }: StateMessage): number {
  const cursor = state.stream?.stream_state
  if (typeof cursor !== 'object' || cursor === null || !('id' in cursor))
    throw new Error('a state without an id')
  return Number(cursor.id)
}
