// Whether a run has everything of its streams, so that older rows may be removed.
import { isReplace, type ModelStream } from './options.ts'
import type { Host } from './replace.ts'

export type Status = 'COMPLETE' | 'INCOMPLETE'

/** What a run received of one stream. */
export interface Received {
  stream: ModelStream
  status: Status | undefined
  records: number
}

/** Returns the code of the error that ends the run; undefined if every stream is complete. */
export function incompleteness(received: readonly Received[], host: Host): string | undefined {
  if (received.some(({ status }) => status === 'INCOMPLETE')) return 'stream-incomplete'
  const open = received.filter(({ status }) => status === undefined)
  const isSilent = open.length === received.length
  if (open.some(({ stream }) => !isSilent || !endsWithInput(stream, host))) return 'completion-missing'
  return open.some(({ stream, records }) => isReplace(stream) && records === 0) ? 'empty-replace' : undefined
}

/** Returns whether the end of the input completes a stream, where the source sends no status at all. */
function endsWithInput(stream: ModelStream, { isPlatform }: Host): boolean {
  if (stream.generation === undefined) return true
  return isPlatform && (stream.mode === 'overwrite' || (stream.minimum ?? 0) === 0)
}
