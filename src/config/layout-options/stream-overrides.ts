/**
 * The options for all streams, and the entries of `streams` merged over them. What an entry says wins: an option that
 * holds for all and does not fit beside it is left out for that stream.
 */
import { findIncompatibilities, type Incompatibility } from './option-compatibility.ts'
import { findFaults, findOddities } from './option-checks.ts'
import {
  entryName,
  settingsOf,
  type RecordOption,
  type RecordOptions,
  type Remark,
  type StreamOptions,
} from './record-options.ts'
import type { RecordSettings, StreamSettings } from '../settings/record-settings.ts'

export interface RecordConfiguration extends RecordOptions {
  streams: StreamOptions[]
}

/** Of a configuration without problems. */
export function recordsOf({ streams, ...options }: RecordConfiguration): {
  records: RecordSettings
  streams: readonly StreamSettings[]
} {
  const merged = streams.map((entry) => ({
    stream: entry.stream,
    namespace: entry.namespace,
    records: settingsOf(merge(options, entry).merged),
  }))
  return { records: settingsOf(options), streams: Object.freeze(merged.map((entry) => Object.freeze(entry))) }
}

/** By field. The schema's own rules may be broken, too: nothing is taken to be of the form it should have. */
export function recordProblems({ streams, ...options }: RecordConfiguration): string[] {
  const remarks = [...findIncompatibilities(options), ...findFaults(options)]
  const entries = Array.isArray(streams)
    ? streams.map((entry: unknown) => Object(entry) as StreamOptions)
    : []
  return [
    ...remarks.map((remark) => say('', remark)),
    ...entries.flatMap((entry, index) => {
      const { merged, misfits } = merge(options, entry)
      const own = unsaid([...misfits, ...findFaults(merged)], remarks)
      return [
        ...own.map((remark) => say(`${entryName(index, entry.stream)}.`, remark)),
        ...twins(entries, index),
      ]
    }),
  ]
}

/** Of a configuration without problems, by field. */
export function recordWarnings({ streams, ...options }: RecordConfiguration): string[] {
  const remarks = findOddities(options)
  return [
    ...remarks.map((remark) => say('', remark)),
    ...streams.flatMap((entry, index) =>
      unsaid(findOddities(merge(options, entry).merged), remarks).map((remark) =>
        say(`${entryName(index, entry.stream)}.`, remark),
      ),
    ),
  ]
}

function merge(
  options: RecordOptions,
  entry: StreamOptions,
): { merged: RecordOptions; misfits: Incompatibility[] } {
  const merged: RecordOptions = { ...options, ...entry }
  const givesWay = (option: RecordOption | undefined): option is RecordOption =>
    option !== undefined && merged[option] !== undefined && !Object.hasOwn(entry, option)
  for (;;) {
    const misfits = findIncompatibilities(merged)
    const left = misfits.flatMap(({ option, other }) => [option, other].find(givesWay) ?? [])
    if (left.length === 0) return { merged, misfits }
    for (const option of left) delete merged[option]
  }
}

function twins(entries: readonly StreamOptions[], index: number): string[] {
  const { stream, namespace } = entries[index]!
  const first = entries.findIndex((other) => other.stream === stream && other.namespace === namespace)
  return stream === undefined || first === index
    ? []
    : [`${entryName(index, stream)}: is for the same stream as streams[${first}]; make them one entry`]
}

/** What has been said of the options for all streams is not said again of each. */
function unsaid(remarks: Remark[], said: readonly Remark[]): Remark[] {
  return remarks.filter(
    ({ option, text }) => !said.some((other) => other.option === option && other.text === text),
  )
}

function say(at: string, { option, text }: Remark): string {
  return `${at}${option}: ${text}`
}
