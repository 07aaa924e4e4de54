/** The names of the connector's own keys: behind the prefix they all begin with `_airbyte:`. */
import { keyInSlot } from '../../redis/resp/key-slot.ts'

export const OWN_KEYS = '_airbyte:'

/** A hash with notes on a stream. */
export function metadataKey(prefix: string, base: string): string {
  return `${prefix}${OWN_KEYS}stream:${base}`
}

/** Held by the one run that may write a stream. */
export function leaseKey(prefix: string, base: string): string {
  return `${prefix}${OWN_KEYS}lease:${base}`
}

/** One of the hashes in which the places of a stream's rows are remembered. */
export function indexKey(prefix: string, base: string, shard: number): string {
  return `${prefix}${OWN_KEYS}places:${base}:${shard}`
}

/** One of the sorted sets with the places that may be forgotten, by when. */
export function forgetKey(prefix: string, base: string, shard: number): string {
  return `${prefix}${OWN_KEYS}forget:${base}:${shard}`
}

/** Returns a key that the client of a run uses for itself; with a slot, a key in that slot. */
export function runKey(prefix: string, name: string, run: string, slot: number | undefined): string {
  if (slot === undefined) return `${prefix}${OWN_KEYS}${name}:${run}`
  return keyInSlot(Buffer.from(prefix), name, Buffer.from(run), slot).toString()
}

/** A Redis stream with the records that could not be written. */
export function deadLetterKey(prefix: string): string {
  return `${prefix}${OWN_KEYS}dead_letter`
}

/** What a check writes and removes again. */
export function checkKey(prefix: string, check: string): string {
  return `${prefix}${OWN_KEYS}check:${check}`
}
