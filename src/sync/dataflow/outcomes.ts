/** What became of a batch's records that were not simply written, put together from the layouts and the replies. */
import { problem, sentenceOf, type ConnectorError, type Problem } from '../../errors.ts'
import { shownKey } from '../drafts/shown-key.ts'
import { NO_GROUP, type CommandGroups } from '../../layout/encoding/command-groups.ts'
import { isTooLarge } from '../../redis/session/server-limits.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { Batch } from '../batches/batch.ts'
import type { EncodedBatch } from './encode-batch.ts'
import type { RowDecisions } from '../dedup/row-decisions.ts'

/**
 * `rejected`: it cannot be written. `skipped`: the condition for writing it was not met. `deduplicated`: there is a
 * newer one. `deleted`: its row was removed. `filtered`: it does not
 * pass the filter, and its row was removed if there was one. `expired`: the time at which its key expires is past. `empty`: it has no
 * column with a value.
 */
export type RecordOutcome =
  | { kind: 'rejected'; record: number; problem: Problem }
  | { kind: 'skipped' | 'deduplicated' | 'deleted' | 'filtered' | 'expired' | 'empty'; record: number }

/** Returns the outcomes of records that were decided on before they were encoded. */
export function decidedOutcomes(
  decisions: Iterable<Pick<RowDecisions, 'deduplicated' | 'filtered' | 'actions'>>,
): RecordOutcome[] {
  const outcomes: RecordOutcome[] = []
  for (const { deduplicated, filtered, actions } of decisions) {
    deduplicated.forEach((record) => outcomes.push({ kind: 'deduplicated', record }))
    filtered.forEach((record) => outcomes.push({ kind: 'filtered', record }))
    const others = new Set(filtered)
    for (const [record, { action }] of actions)
      if ((action === 'remove' || action === 'none') && !others.has(record))
        outcomes.push({ kind: 'deleted', record })
  }
  return outcomes
}

/** In the order of the records. `results` are those of the requests, in their order. */
export function outcomesOf(
  batch: Batch,
  { requests, refusals, dataless }: EncodedBatch,
  out: CommandGroups,
  results: readonly WriteResult[],
): RecordOutcome[] {
  const outcomes: RecordOutcome[] = refusals.map(({ record, refusal }) => ({
    kind: 'rejected',
    record,
    problem: refusal,
  }))
  for (const { record, bytes } of batch.longRecords)
    outcomes.push({ kind: 'rejected', record, problem: lineTooLong(bytes) })
  const recordsOf = recordsByCommand(batch, out)
  for (const [index, { request }] of requests.entries()) {
    const { rejections, done } = results[index]!
    const { commands } = request
    const rejected = new Set(rejections.map((rejection) => rejection.index))
    for (const { index: command, error } of rejections) {
      const records = recordsOf(commands.numberOf(command))
      const key = records[0] === undefined ? 'a key' : shownKey(batch.planOf(records[0]))
      const refused = refusalOf(key, error)
      outcomes.push(
        ...records.map((record): RecordOutcome => ({ kind: 'rejected', record, problem: refused })),
      )
    }
    for (const [command, count] of done.entries())
      if (!rejected.has(command))
        outcomes.push(...skippedAmong(batch, recordsOf(commands.numberOf(command)), count))
  }
  const decided = new Set(outcomes.map(({ record }) => record))
  return inOrder([...outcomes, ...dataless.filter(({ record }) => !decided.has(record))])
}

/** Returns the outcomes, with those records rejected that are deduplicated and among `left`. */
export function refusedWithNewer(
  outcomes: readonly RecordOutcome[],
  left: ReadonlySet<number>,
): readonly RecordOutcome[] {
  if (left.size === 0) return outcomes
  return outcomes.map((outcome) =>
    outcome.kind === 'deduplicated' && left.has(outcome.record)
      ? { kind: 'rejected', record: outcome.record, problem: REFUSED_WITH_NEWER }
      : outcome,
  )
}

const REFUSED_WITH_NEWER = problem(
  'record-refused',
  'Redis refused to write two newer records of the same row.',
)

function lineTooLong(bytes: number): Problem {
  const sentence = `The line of the record has ${bytes} bytes, more than max_line_bytes allows.`
  return problem('line-too-long', sentence, { options: ['max_line_bytes'], params: { bytes } })
}

/** A record that is too large keeps its code: it is set aside in another way. */
function refusalOf(key: string, error: ConnectorError): Problem {
  const reason = error.problem
  const sentence = `Redis refused to write ${key}. ${sentenceOf(error)}`
  return reason !== undefined && isTooLarge(reason)
    ? problem(reason.code, sentence, { params: reason.params })
    : problem('record-refused', sentence)
}

export function inOrder(outcomes: readonly RecordOutcome[]): RecordOutcome[] {
  // Nearly all records of a batch may have one, and numbers are sorted without calls of a function.
  const { length } = outcomes
  const numbers = new Float64Array(length)
  for (let at = 0; at < length; at++) numbers[at] = outcomes[at]!.record * length + at
  return Array.from(numbers.toSorted(), (number) => outcomes[number % length]!)
}

/** None for a command that only follows others: it is refused where they are. */
function recordsByCommand(batch: Batch, out: CommandGroups): (command: number) => readonly number[] {
  let groups: ReadonlyMap<number, number[]> | undefined
  return (command) => {
    const group = out.groupOf(command)
    if (group === NO_GROUP) return []
    groups ??= batch.recordsByGroup()
    return groups.get(group) ?? []
  }
}

/** A command for several records tells how many of them it wrote, and not which: the last ones stand for the rest. */
function skippedAmong(batch: Batch, records: readonly number[], written: number): RecordOutcome[] {
  // What a command answers is how many it wrote only where it has a condition; others are counted beside it.
  if (records.length === 0 || !batch.streamOf(records[0]!).layout.isConditional) return []
  return records.slice(Math.min(written, records.length)).map((record) => ({ kind: 'skipped', record }))
}
