// Decides whether a run has everything of its streams, so that older rows may be removed.
import { isReplace, type ModelStream, type Options, type Settings } from './options.ts'
import type { Host } from './replace.ts'

export type Status = 'COMPLETE' | 'INCOMPLETE'

/** The messages that a run received for one stream. */
export interface Received {
  settings: Settings
  status: Status | undefined
  records: number
}

/** Returns the code of the error that ends the run; undefined if every stream is complete. */
export function incompleteness(received: readonly Received[], host: Host): string | undefined {
  if (received.some(({ status }) => status === 'INCOMPLETE')) return 'stream-incomplete'
  const open = received.filter(({ status }) => status === undefined)
  const isSilent = open.length === received.length
  if (open.some(({ settings }) => !endsWithInput(settings, host, isSilent))) return 'stream-status-missing'
  return open.some(isEmptyReplace) ? 'empty-replace' : undefined
}

/** Returns whether the end of the input completes a stream whose source has sent no status. */
function endsWithInput({ stream, options }: Settings, { isPlatform }: Host, isSilent: boolean): boolean {
  const completion: Options['completion'] = options.completion ?? 'auto'
  if (completion !== 'auto') return completion === 'end_of_input'
  return isSilent && (stream.generation === undefined || (isPlatform && isPredictable(stream)))
}

/** A platform whose connector definition lacks `supportsRefreshes` sends no status, and only such streams. */
function isPredictable({ mode, minimum = 0 }: ModelStream): boolean {
  return mode === 'overwrite' || minimum === 0
}

function isEmptyReplace({ settings: { stream, options }, records }: Received): boolean {
  return isReplace(stream) && records === 0 && options.allow_empty_replace !== true
}
