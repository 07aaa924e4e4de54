/**
 * Merges each entry of `streams` over the options for all streams. The options of the entry have priority: an option
 * for all streams that does not fit them is left out for that stream.
 */
import { problem, type Problem } from '../../errors.ts'
import type { RecordSettings, StreamSettings } from '../settings/record-settings.ts'
import type { StructureRules } from '../settings/structure-rules.ts'
import { findIncompatibilities, type Incompatibility } from './option-compatibility.ts'
import { findConstantKey, findMistakes, findOddities } from './option-checks.ts'
import {
  entryName,
  settingsOf,
  type OptionProblem,
  type RecordOption,
  type RecordOptions,
  type StreamOptions,
} from './record-options.ts'

export interface RecordConfiguration extends RecordOptions {
  streams: StreamOptions[]
}

/** Returns the settings of a configuration without problems. */
export function recordsOf(
  { streams, ...options }: RecordConfiguration,
  structures: readonly StructureRules[],
): {
  records: RecordSettings
  streams: readonly StreamSettings[]
} {
  const merged = streams.map((entry) =>
    Object.freeze({
      stream: entry.stream,
      namespace: entry.namespace,
      records: settingsOf(merge(options, entry, structures).merged, structures),
    }),
  )
  return { records: settingsOf(options, structures), streams: Object.freeze(merged) }
}

export interface RecordProblems {
  readonly problems: readonly Problem[]
  /** Why streams without an entry of their own cannot be written. The others can, where `problems` is empty. */
  readonly defaultProblems: readonly Problem[]
}

/** Accepts values that break the schema. */
export function recordProblems(
  { streams, ...options }: RecordConfiguration,
  structures: readonly StructureRules[],
): RecordProblems {
  const common = findMistakes(options)
  const unsuitable = [...findIncompatibilities(options, structures), ...findConstantKey(options, structures)]
  const entries = Array.isArray(streams)
    ? streams.map((entry: unknown) => Object(entry) as StreamOptions)
    : []
  const problems = [
    ...common.map((found) => problemOf(found)),
    ...entries.flatMap((entry, index) => {
      const { merged, incompatibilities } = merge(options, entry, structures)
      const found = [...incompatibilities, ...findConstantKey(merged, structures), ...findMistakes(merged)]
      const own = withoutReported(found, common)
      return [
        ...own.map((one) => problemOf(one, { index, stream: entry.stream })),
        ...duplicateEntries(entries, index),
      ]
    }),
  ]
  const defaultProblems = unsuitable.map((found) => problemOf(found))
  return entries.length === 0
    ? { problems: [...defaultProblems, ...problems], defaultProblems: [] }
    : { problems, defaultProblems }
}

/** Returns warnings about a configuration without problems. */
export function recordWarnings(
  { streams, ...options }: RecordConfiguration,
  structures: readonly StructureRules[],
): Problem[] {
  const common = findOddities(options)
  return [
    ...common.map((found) => problemOf(found)),
    ...streams.flatMap((entry, index) => {
      const { merged } = merge(options, entry, structures)
      const own = withoutReported(findOddities(merged), common)
      return own.map((found) => problemOf(found, { index, stream: entry.stream }))
    }),
  ]
}

function merge(
  options: RecordOptions,
  entry: StreamOptions,
  structures: readonly StructureRules[],
): { merged: RecordOptions; incompatibilities: Incompatibility[] } {
  const merged: RecordOptions = { ...options, ...entry }
  const isInherited = (option: RecordOption | undefined): option is RecordOption =>
    option !== undefined && merged[option] !== undefined && !Object.hasOwn(entry, option)
  for (;;) {
    const incompatibilities = findIncompatibilities(merged, structures)
    const superseded = incompatibilities.flatMap(
      ({ option, other }) => [option, other].find(isInherited) ?? [],
    )
    if (superseded.length === 0) return { merged, incompatibilities }
    for (const option of superseded) delete merged[option]
  }
}

function duplicateEntries(entries: readonly StreamOptions[], index: number): Problem[] {
  const { stream, namespace } = entries[index]!
  const first = entries.findIndex((other) => other.stream === stream && other.namespace === namespace)
  if (stream === undefined || first === index) return []
  const sentence = `${entryName(index, stream)}: is for the same stream as streams[${first}]; make them one entry.`
  return [problem('stream-entry-duplicate', sentence, { options: [`streams[${index}]`], params: { first } })]
}

/** Leaves out problems that are reported for all streams. */
function withoutReported(found: OptionProblem[], reported: readonly OptionProblem[]): OptionProblem[] {
  return found.filter(
    ({ option, clause }) => !reported.some((other) => other.option === option && other.clause === clause),
  )
}

function problemOf(
  { code, option, clause, params = {} }: OptionProblem,
  entry?: { index: number; stream: unknown },
): Problem {
  const [path, name] =
    entry === undefined ? ['', ''] : [`streams[${entry.index}].`, `${entryName(entry.index, entry.stream)}.`]
  return problem(code, `${name}${option}: ${clause}.`, { options: [path + option], params })
}
