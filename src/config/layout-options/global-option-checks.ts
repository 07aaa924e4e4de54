/** Checks the options that apply to all streams and cannot be overridden: deletes, key tracking and dead letters. */
import { optionProblem, problem, type Problem } from '../../errors.ts'
import type { RecordConfiguration } from './stream-overrides.ts'
import { entryName, type RecordOptions } from './record-options.ts'

export interface GlobalOptions {
  delete_mode: 'hard' | 'soft' | 'ttl'
  delete_ttl_seconds?: number
  tombstone_seconds: number
  track_keys: 'auto' | 'always' | 'never'
  completion: 'auto' | 'status' | 'end_of_input'
  on_record_error: 'fail' | 'dead_letter'
  dead_letter_max_length?: number
}

/** Accepts values that break the schema. Unknown values are reported by the schema validation. */
export function globalOptionProblems(options: GlobalOptions & RecordConfiguration): Problem[] {
  return [...deletionProblems(options), ...trackingProblems(options), ...deadLetterProblems(options)]
}

function deletionProblems({ delete_mode: mode, delete_ttl_seconds: seconds }: GlobalOptions): Problem[] {
  if (mode === 'ttl' && seconds === undefined)
    return [
      optionProblem(
        'delete-ttl-missing',
        'delete_ttl_seconds',
        'is missing; set the number of seconds for which delete_mode ttl keeps a deleted key',
      ),
    ]
  if ((mode === 'hard' || mode === 'soft') && seconds !== undefined)
    return [
      optionProblem(
        'delete-ttl-without-mode',
        'delete_ttl_seconds',
        `is for delete_mode ttl, and delete_mode is ${mode}; leave it out, or use ttl`,
        { mode },
      ),
    ]
  return []
}

/** A record that its condition kept from being written must not be in the key index. */
function trackingProblems({
  track_keys: tracking,
  streams,
  ...options
}: GlobalOptions & RecordConfiguration): Problem[] {
  if (tracking !== 'always') return []
  const entries: unknown[] = Array.isArray(streams) ? streams : []
  return [
    ...conditionProblems(options, '', ''),
    ...entries.flatMap((entry, index) => {
      const own = Object(entry) as RecordOptions & { stream?: unknown }
      return conditionProblems(own, `streams[${index}].`, `${entryName(index, own.stream)}.`)
    }),
  ]
}

function conditionProblems(
  { write_condition: condition }: RecordOptions,
  path: string,
  name: string,
): Problem[] {
  if (condition !== 'if_exists' && condition !== 'if_absent') return []
  const sentence =
    `${name}write_condition: ${condition} is not possible with track_keys always, which would remember keys that ` +
    'were not written; use always, or track_keys auto.'
  return [
    problem('condition-with-tracking', sentence, {
      options: [`${path}write_condition`],
      params: { condition },
    }),
  ]
}

function deadLetterProblems({
  on_record_error: onError,
  dead_letter_max_length: length,
}: GlobalOptions): Problem[] {
  if (length === undefined || onError !== 'fail') return []
  return [
    optionProblem(
      'dead-letter-length-without-stream',
      'dead_letter_max_length',
      'there is no dead letter stream; set on_record_error to dead_letter, or leave this out',
    ),
  ]
}
