/** The numbers of a stream in the catalog: its generation, the oldest one that is kept, and its sync. */
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'

export type CatalogNumbers = Pick<SyncStream, 'mode' | 'generation' | 'minimumGeneration' | 'syncId'>

/** Who runs the connector. */
export interface Host {
  /** Whether the platform does, which sets WORKER_JOB_ID. */
  readonly isPlatform: boolean
  /** The name that the platform has for the connection (CONNECTION_ID). */
  readonly connection?: string | undefined
}

/** Returns whether a run removes what earlier runs wrote, when it has ended well. */
export function isReplace({ mode, minimumGeneration }: CatalogNumbers): boolean {
  return mode === 'overwrite' || minimumGeneration > 0
}

/**
 * Returns the stream with the numbers that its host means. Some hosts send 1 for generation, minimum and sync in every
 * run: their appends do not ask for anything to be removed.
 */
export function withMeantNumbers<Stream extends CatalogNumbers>(
  stream: Stream,
  { isPlatform }: Host,
): Stream {
  const { mode, generation, minimumGeneration, syncId } = stream
  const isConstant = !isPlatform && generation === 1 && minimumGeneration === 1 && syncId === 1
  return isConstant && mode !== 'overwrite' ? { ...stream, minimumGeneration: 0 } : stream
}
