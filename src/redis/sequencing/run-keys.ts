/** The keys that a run uses for itself, which it removes when it ends. */
import { SLOTS } from '../resp/key-slot.ts'

/**
 * `sequence`: the number of the newest transaction that runs once only. `marker`: the number of markers. `durable`:
 * written before each durability wait. `held`: keys that a guard renames while a transaction is refused.
 */
type RunKey = 'sequence' | 'marker' | 'durable' | 'held'

/** Returns a key that no other run uses; with a slot, a key in that slot. */
export type RunKeys = (name: RunKey, run: string, slot: number | undefined) => string

const KEPT: readonly RunKey[] = ['sequence', 'marker', 'durable']

/** Returns all keys that a run may have left. Of a cluster these are many, as every slot may have its own. */
export function allRunKeys(runKeys: RunKeys, run: string, isCluster: boolean): string[] {
  const slots = isCluster ? Array.from({ length: SLOTS }, (_, slot) => slot) : [undefined]
  return slots.flatMap((slot) => KEPT.map((name) => runKeys(name, run, slot)))
}
