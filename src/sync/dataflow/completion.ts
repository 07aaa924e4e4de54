/** Decides whether a run has everything of its streams, so that what they replace may be removed. */
import type { Config } from '../../config/settings/config.ts'
import { problem, TransientError } from '../../errors.ts'
import { listAnd } from '../../wording.ts'
import type { StreamStatus } from '../../protocol/airbyte/stream-status.ts'
import type { Host } from '../drafts/catalog-numbers.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

/** What a run has received of one stream. */
export interface StreamReceipt {
  readonly plan: Pick<StreamPlan, 'name' | 'stream' | 'replaces' | 'settings'>
  /** The last status that the source sent. */
  readonly status: StreamStatus['status'] | undefined
  readonly records: number
}

/**
 * Throws if a stream is not complete. A stream is complete with its status COMPLETE; or, where no status came at all, at
 * the end of the input, if its host never sends one.
 */
export function requireComplete(
  receipts: readonly StreamReceipt[],
  completion: Config['completion'],
  host: Host,
): void {
  const failed = receipts.filter(({ status }) => status === 'INCOMPLETE')
  if (failed.length > 0)
    throw incomplete(
      'stream-incomplete',
      failed,
      `The source could not read everything of ${namesOf(failed)}.`,
    )
  const open = receipts.filter(({ status }) => status === undefined)
  const isSilent = open.length === receipts.length
  const missing = open.filter((receipt) => !endsWithInput(receipt, { completion, host, isSilent }))
  if (missing.length > 0)
    throw incomplete(
      'stream-status-missing',
      missing,
      `The input ended before the source sent the status COMPLETE of ${namesOf(missing)}. If this source sends no ` +
        'statuses, set completion to end_of_input.',
      ['completion'],
    )
  const empty = open.filter(
    ({ plan, records }) => plan.replaces && records === 0 && !plan.settings.allowEmptyReplace,
  )
  if (empty.length > 0)
    throw incomplete(
      'empty-replace',
      empty,
      `The input ended without a record and without a status of ${namesOf(empty)}, which this run would empty. If the ` +
        'stream is to be emptied, set allow_empty_replace.',
      ['allow_empty_replace'],
    )
}

interface EndOfInput {
  completion: Config['completion']
  host: Host
  /** Whether the source sent no status of any stream. */
  isSilent: boolean
}

/** Returns whether the end of the input completes a stream without a status. */
function endsWithInput({ plan }: StreamReceipt, { completion, host, isSilent }: EndOfInput): boolean {
  if (completion !== 'auto') return completion === 'end_of_input'
  const { generation, mode, minimumGeneration } = plan.stream
  // A platform whose connector definition lacks supportsRefreshes sends no statuses, and only such streams.
  const isWithoutStatuses = host.isPlatform && (mode === 'overwrite' || minimumGeneration === 0)
  return isSilent && (generation === undefined || isWithoutStatuses)
}

function namesOf(receipts: readonly StreamReceipt[]): string {
  return listAnd(receipts.map(({ plan }) => plan.name))
}

function incomplete(
  code: string,
  receipts: readonly StreamReceipt[],
  sentence: string,
  options: string[] = [],
): TransientError {
  return new TransientError(
    problem(code, `${sentence} The records that came are written; nothing older was removed.`, {
      options,
      params: { streams: namesOf(receipts) },
    }),
  )
}
