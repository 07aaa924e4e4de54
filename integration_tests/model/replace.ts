// What a run does with what earlier runs of its stream wrote, by the numbers in the catalog.
import { isReplace, type ModelStream } from './options.ts'

export interface LastRun {
  generation: number | undefined
  syncId: number | undefined
  endedWell: boolean
}

/** `join` adds to what is there; `go on` is another attempt, or another run, of the same generation. */
export type Decision = 'join' | 'go on' | 'replace'

export interface Host {
  /** Whether the platform runs the connector: it sets WORKER_JOB_ID. */
  isPlatform: boolean
}

/**
 * Returns the stream as it counts. Some hosts send the same numbers in every run, generation, minimum and sync id 1:
 * appends then ask for nothing to be removed.
 */
export function withMeantNumbers(stream: ModelStream, { isPlatform }: Host): ModelStream {
  const { generation, minimum, syncId, mode } = stream
  const isConstant = !isPlatform && generation === 1 && minimum === 1 && syncId === 1
  return isConstant && mode !== 'overwrite' ? { ...stream, minimum: 0 } : stream
}

export function decide(stream: ModelStream, last: LastRun | undefined): Decision {
  if (!isReplace(stream)) return 'join'
  if (last === undefined || !isSameSync(stream, last)) return 'replace'
  return last.endedWell && stream.mode === 'overwrite' ? 'replace' : 'go on'
}

/** A host without generations starts each attempt from the beginning, so no two of its runs are of one sync. */
function isSameSync({ generation, syncId }: ModelStream, last: LastRun): boolean {
  if (generation === undefined || generation !== last.generation) return false
  return syncId === undefined || last.syncId === undefined || syncId === last.syncId
}

/** The generations of a stream in the order in which they were written; a row keeps the position of its own. */
export type Generations = readonly (number | undefined)[]

export function withGeneration(
  known: Generations,
  { generation }: ModelStream,
  decision: Decision,
): Generations {
  const isLast = known.length > 0 && known.at(-1) === generation
  return decision === 'go on' || (decision === 'join' && isLast) ? known : [...known, generation]
}

/**
 * Returns the position of the first generation that a replace keeps: the newest unbroken run of rising generations
 * from the minimum on. The last one is the generation of the run.
 */
export function keptFrom(known: Generations, { generation, minimum = 0 }: ModelStream): number {
  const least = minimum > 0 ? minimum : generation
  let first = known.length - 1
  while (first > 0 && continues(known[first - 1], known[first], least)) first--
  return first
}

function continues(
  before: number | undefined,
  after: number | undefined,
  least: number | undefined,
): boolean {
  return (
    before !== undefined && after !== undefined && least !== undefined && before >= least && before < after
  )
}
