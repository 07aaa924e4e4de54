/**
 * The removal of what a run replaces. It is recorded in the metadata from the moment it is decided until it is done, so
 * that the next run completes it if this one is cut off. The manifests say what there is to remove.
 */
import { ConfigError, problem } from '../../errors.ts'
import type { IdAllocator } from '../ids/id-allocator.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { isStaged, type StreamSession } from '../streams/stream-session.ts'

/** Is stored as JSON in the metadata of the stream. */
export interface PendingRemoval {
  /** Rows of runs before this one are removed. */
  readonly before: number
  /** The run that replaces them. */
  readonly run: number
  /** The highest id that was given out. */
  readonly lastId: number
  /** Whether staging keys replace the live ones. */
  readonly isStaged: boolean
  /** The time to live that keys get which are swapped in; 0 for none. */
  readonly ttlSeconds: number
  readonly ttlJitterPercent: number
  /** The counter of this run, where a former generation has its rows in the key of the usual one. */
  readonly otherCounter: boolean
}

/** Returns what a session removes when its run has ended well. */
export function pendingRemovalOf(session: StreamSession, ids: Pick<IdAllocator, 'last'>): PendingRemoval {
  const { plan, runs, lastId, layout, counterKey } = session
  const { ttlSeconds, ttlJitterPercent } = plan.settings
  return {
    before: runs.keptFrom,
    run: runs.run,
    lastId: layout.usesIds ? ids.last(plan) : lastId,
    isStaged: isStaged(session),
    ttlSeconds,
    ttlJitterPercent,
    otherCounter: counterKey !== plan.counterKey,
  }
}

/** Reads a removal that an earlier run recorded. Throws where it is not one. */
export function readPendingRemoval(
  { name, metadataKey }: Pick<StreamPlan, 'name' | 'metadataKey'>,
  text: string,
): PendingRemoval {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (isPendingRemoval(value)) return value
  throw new ConfigError(
    problem(
      'pending-removal-invalid',
      `The field pending_removal of ${metadataKey}, which names what an earlier run of stream ${name} did not finish ` +
        'removing, cannot be read. Remove that field, and run a full refresh.',
      { params: { stream: name, key: metadataKey } },
    ),
  )
}

function isPendingRemoval(value: unknown): value is PendingRemoval {
  const {
    before,
    run,
    lastId,
    isStaged: isSwapped,
    ttlSeconds,
    ttlJitterPercent,
    otherCounter,
  } = Object(value) as Partial<Record<keyof PendingRemoval, unknown>>
  return (
    [before, run, lastId, ttlSeconds, ttlJitterPercent].every(
      (number) => Number.isSafeInteger(number) && (number as number) >= 0,
    ) &&
    typeof isSwapped === 'boolean' &&
    typeof otherCounter === 'boolean'
  )
}
