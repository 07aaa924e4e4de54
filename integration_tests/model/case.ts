// A case: runs of the connector on one Redis, one after the other. It is plain data, so it can be printed and reduced.
import { record, status, streamState, globalState } from '../support/messages.ts'
import { jsonOf, type Columns } from './values.ts'
import type { ModelStream, Options } from './options.ts'
import type { Status } from './completion.ts'

export type Message =
  | { kind: 'record'; stream: number; value: Columns; emittedAt: number; changes?: Change[] }
  /** A state of one stream, or of all. */
  | { kind: 'state'; stream: number | undefined; id: number }
  | { kind: 'status'; stream: number; status: Status }

/** A change that the source reports of a record. */
export interface Change {
  field: string
  change: 'NULLED' | 'TRUNCATED'
}

export interface RunPlan {
  options: Options
  streams: ModelStream[]
  messages: Message[]
  /** `kill` sends SIGKILL when the last state of the messages has been acknowledged. */
  ending: 'end of input' | 'kill'
  /** The size of the chunks in which the connector reads its input. */
  chunkBytes: number
  isPlatform: boolean
}

export type ForeignContents =
  | { type: 'string'; text: string }
  | { type: 'list'; items: string[] }
  | { type: 'hash'; fields: Record<string, string> }

export interface Case {
  topology: 'standalone' | 'cluster'
  /** The keys of other applications in the database. */
  foreign: [key: string, contents: ForeignContents][]
  runs: RunPlan[]
}

export function lineOf(message: Message, streams: readonly ModelStream[]): string {
  if (message.kind === 'state' && message.stream === undefined) return globalState({ id: message.id })
  const { name, namespace } = streams[message.stream ?? 0]!
  if (message.kind === 'status') return status(name, message.status, { namespace })
  if (message.kind === 'state') return streamState(name, { id: message.id }, { namespace })
  const meta = message.changes === undefined ? undefined : { changes: message.changes }
  return record(name, jsonOf(message.value), { namespace, emittedAt: message.emittedAt, meta })
}

/** Returns a script for people: for each run its configuration, its catalog and its messages. */
export function describeCase({ topology, foreign, runs }: Case): string {
  const others = foreign.map(([key, contents]) => `  ${key}: ${JSON.stringify(contents)}\n`)
  const lines = runs.map(({ options, streams, messages, ending, chunkBytes, isPlatform }, at) =>
    [
      `run ${at + 1}: ${ending}, chunks of ${chunkBytes} bytes${isPlatform ? ', WORKER_JOB_ID set' : ''}\n`,
      `  config ${JSON.stringify(options)}\n`,
      ...streams.map((stream) => `  stream ${JSON.stringify(stream)}\n`),
      ...messages.map((message) => `  ${lineOf(message, streams)}`),
    ].join(''),
  )
  return `${topology}\n${others.length > 0 ? `foreign keys:\n${others.join('')}` : ''}${lines.join('')}`
}
