// Cases that are written by hand: short forms for rows, runs and streams.
import type { Case, ForeignContents, Message, RunPlan } from './case.ts'
import type { Status } from './completion.ts'
import type { ModelStream, Options } from './options.ts'
import type { Columns, Value } from './values.ts'

type Row = Record<string, string | number | boolean | null | Value[]>

/** Returns a record's columns; numbers keep the digits that JavaScript writes. */
export function row(columns: Row): Columns {
  return {
    columns: Object.entries(columns).map(([name, value]): [string, Value] => [
      name,
      typeof value === 'number' ? { digits: String(value) } : value,
    ]),
  }
}

/** Returns a JSON number with these digits. */
export function digits(text: string): Columns['columns'][number][1] {
  return { digits: text }
}

export interface ExampleRun extends Partial<Omit<RunPlan, 'messages' | 'options' | 'streams'>> {
  options?: Options
  stream?: Partial<ModelStream>
  /** Records, and states as numbers, in their order. */
  input?: (Columns | number)[]
  /** The status behind the input; `none` for a source that sends none. */
  status?: Status | 'none'
}

/** Returns a case with one stream, `n:s`, whose primary key is `id` and whose cursor is `c`. */
export function example(runs: ExampleRun[], foreign: [string, ForeignContents][] = []): Case {
  return { topology: 'standalone', foreign, runs: runs.map(planOf) }
}

function planOf(run: ExampleRun): RunPlan {
  const { options = {}, stream = {}, input = [], status = 'COMPLETE', ...rest } = run
  const messages = input.map(messageOf)
  const end: Message[] = status === 'none' ? [] : [{ kind: 'status', stream: 0, status }]
  return {
    options,
    streams: [{ name: 's', namespace: 'n', mode: 'append', primaryKey: ['id'], cursor: 'c', ...stream }],
    messages: [...messages, ...end],
    ending: 'end of input',
    chunkBytes: 65_536,
    isPlatform: false,
    ...rest,
  }
}

function messageOf(item: Columns | number): Message {
  return typeof item === 'number'
    ? { kind: 'state', stream: 0, id: item }
    : { kind: 'record', stream: 0, value: item, emittedAt: 1_700_000_000_000 }
}
