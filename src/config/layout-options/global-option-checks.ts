/** Which of the options that hold for the whole configuration fit together. */
import type { RecordConfiguration } from './stream-overrides.ts'
import { entryName, type RecordOptions } from './record-options.ts'

export interface DeliveryOptions {
  delete_mode: 'hard' | 'soft' | 'ttl'
  delete_ttl_seconds?: number
  tombstone_seconds: number
  track_keys: 'auto' | 'always' | 'never'
  on_record_error: 'fail' | 'dead_letter'
  dead_letter_max_length?: number
}

/** By field. The schema's own rules may be broken, too: a word that there is not is for the schema to refuse. */
export function deliveryProblems(options: DeliveryOptions & RecordConfiguration): string[] {
  return [...deletionProblems(options), ...trackingProblems(options), ...deadLetterProblems(options)]
}

function deletionProblems({ delete_mode: mode, delete_ttl_seconds: seconds }: DeliveryOptions): string[] {
  if (mode === 'ttl' && seconds === undefined)
    return ['delete_ttl_seconds: is missing; give how many seconds delete_mode ttl is to leave a deleted key']
  if ((mode === 'hard' || mode === 'soft') && seconds !== undefined)
    return [`delete_ttl_seconds: is for delete_mode ttl, and this is ${mode}; leave it out, or use ttl`]
  return []
}

/** A record that its condition kept from being written must not be remembered as one of ours. */
function trackingProblems({
  track_keys: tracking,
  streams,
  ...options
}: DeliveryOptions & RecordConfiguration): string[] {
  if (tracking !== 'always') return []
  const entries: unknown[] = Array.isArray(streams) ? streams : []
  return [
    ...conditionProblems('', options),
    ...entries.flatMap((entry, index) => {
      const own = Object(entry) as RecordOptions & { stream?: unknown }
      return conditionProblems(`${entryName(index, own.stream)}.`, own)
    }),
  ]
}

function conditionProblems(at: string, { write_condition: condition }: RecordOptions): string[] {
  return condition === 'if_exists' || condition === 'if_absent'
    ? [
        `${at}write_condition: ${condition} is not possible with track_keys always, which would remember keys that were not written; use always, or track_keys auto`,
      ]
    : []
}

function deadLetterProblems({
  on_record_error: onError,
  dead_letter_max_length: length,
}: DeliveryOptions): string[] {
  return length === undefined || onError !== 'fail'
    ? []
    : [
        'dead_letter_max_length: there is no dead letter stream; set on_record_error to dead_letter, or leave this out',
      ]
}
