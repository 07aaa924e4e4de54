/**
 * The record of an attempt: what a run has written to lists and Redis streams, and how many of its states were
 * acknowledged, so that the next run can take back what the host will send again. The records of a stream between two of
 * its states are an interval; intervals are numbered from 0 in each run.
 */
import { structureOf } from '../../layout/registry/structure-registry.ts'
import { SLOTS } from '../../redis/resp/key-slot.ts'
import { attemptKey } from '../drafts/internal-keys.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { AttemptRecording } from '../streams/stream-session.ts'

/** Returns what a run records; undefined where nothing it writes is ever taken back. */
export function attemptRecordingOf(
  { settings }: StreamPlan,
  isStaged: boolean,
): AttemptRecording | undefined {
  const kind = structureOf(settings).collection?.attemptKind?.(settings)
  if (kind !== undefined && (isStaged || settings.onRetry === 'roll_back'))
    return { kind: 'lengths', of: kind, slots: new Set() }
  return isStaged ? { kind: 'states' } : undefined
}

/** Returns the key of the attempt record for keys in a slot. */
export function attemptKeyOf({ settings, stream }: StreamPlan, slot: number | undefined): string {
  return attemptKey(settings.keyPrefix, `${stream.namespace}:${stream.name}`, slot)
}

/** Returns the slots that may have an attempt record of a stream. `onlyKey`: its key, if it has one only. */
export function attemptSlots(
  onlyKey: string | undefined,
  client: Pick<CommandClient, 'isCluster' | 'slotOf'>,
): (number | undefined)[] {
  if (!client.isCluster) return [undefined]
  if (onlyKey !== undefined) return [client.slotOf(Buffer.from(onlyKey))]
  return Array.from({ length: SLOTS }, (_, slot) => slot)
}
