// Makes a failing case smaller: removes whatever is not needed for it to fail.
import type { Case, RunPlan } from './case.ts'

/** A test has to end, and say what it has found. */
const LIMIT_MS = 60_000

/** Returns the smallest case found within a minute that still fails. */
export async function reduceCase(one: Case, fails: (smaller: Case) => Promise<boolean>): Promise<Case> {
  const deadline = Date.now() + LIMIT_MS
  let smallest = one
  let isSmaller = true
  while (isSmaller && Date.now() < deadline) {
    isSmaller = false
    for (const candidate of smallerCases(smallest)) {
      if (Date.now() > deadline) break
      if (!candidate.runs.every(isKilledAtState) || !(await fails(candidate))) continue
      smallest = candidate
      isSmaller = true
      break
    }
  }
  return smallest
}

/** A run can be killed only when it has acknowledged a state, so that it is known what it has written. */
function isKilledAtState({ ending, messages }: RunPlan): boolean {
  return ending !== 'kill' || messages.at(-1)?.kind === 'state'
}

/** Gives the largest steps first: without a run, a stream, half of the messages, a message, an option. */
function* smallerCases(one: Case): Generator<Case> {
  const { runs, foreign } = one
  for (const at of runs.keys()) if (runs.length > 1) yield { ...one, runs: without(runs, at) }
  for (const at of runs[0]!.streams.keys())
    if (runs[0]!.streams.length > 1) yield { ...one, runs: runs.map((run) => withoutStream(run, at)) }
  if (foreign.length > 0) yield { ...one, foreign: [] }
  for (const [at, run] of runs.entries())
    for (const smaller of smallerRuns(run)) yield { ...one, runs: runs.with(at, smaller) }
  for (const name of OPTIONAL)
    if (runs.some(({ options }) => name in options))
      yield { ...one, runs: runs.map((run) => ({ ...run, options: withoutOption(run.options, name) })) }
}

const OPTIONAL = [
  'key_prefix',
  'track_keys',
  'fields',
  'record_filter',
  'ttl_seconds',
  'expire_at_field',
  'max_length',
] as const

function withoutOption(options: RunPlan['options'], name: (typeof OPTIONAL)[number]): RunPlan['options'] {
  const { [name]: _, ...others } = options
  return others
}

function* smallerRuns(run: RunPlan): Generator<RunPlan> {
  const { messages } = run
  const records = messages.flatMap(({ kind }, at) => (kind === 'record' ? [at] : []))
  const half = new Set(records.slice(records.length / 2))
  if (records.length > 3) yield { ...run, messages: messages.filter((_, at) => !half.has(at)) }
  for (const at of messages.keys())
    if (messages[at]!.kind !== 'status') yield { ...run, messages: without(messages, at) }
  for (const [at, message] of messages.entries())
    if (message.kind === 'record')
      for (const column of message.value.columns.keys()) {
        const value = { columns: without(message.value.columns, column) }
        yield { ...run, messages: messages.with(at, { ...message, value }) }
      }
}

function withoutStream(run: RunPlan, removed: number): RunPlan {
  const messages = run.messages
    .filter(({ stream }) => stream !== removed)
    .map((message) => {
      const { stream } = message
      return stream === undefined || stream < removed ? message : { ...message, stream: stream - 1 }
    })
  return { ...run, streams: without(run.streams, removed), messages }
}

function without<Item>(items: readonly Item[], at: number): Item[] {
  return items.filter((_, position) => position !== at)
}
