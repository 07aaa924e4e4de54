/** The names of the connector's own keys. All of them begin with the key prefix and `_airbyte:`; docs/keys.md lists them. */
import { besideKey, keyInSlot } from '../../redis/resp/key-slot.ts'

export const OWN_KEYS = '_airbyte:'

/** Returns the key of the hash that holds the metadata of a stream. */
export function metadataKey(prefix: string, base: string): string {
  return `${prefix}${OWN_KEYS}manifest:${base}`
}

/** Returns the key that held the metadata of a stream in 1.0.0-alpha.1. */
export function formerMetadataKey(prefix: string, base: string): string {
  return `${prefix}${OWN_KEYS}stream:${base}`
}

/** Returns the key of the set that names every stream under a prefix. */
export function knownStreamsKey(prefix: string): string {
  return `${prefix}${OWN_KEYS}streams`
}

/** Returns the key of the lease, which the one run that may write a stream holds. */
export function leaseKey(prefix: string, base: string): string {
  return `${prefix}${OWN_KEYS}lease:${base}`
}

/** Returns the key of one of the hashes that hold the index entries of a stream. */
export function indexKey(prefix: string, base: string, shard: string): string {
  return `${prefix}${OWN_KEYS}index:${base}:${shard}`
}

/** Returns the key of one of the sorted sets that hold the times at which index entries expire. */
export function indexExpiryKey(prefix: string, base: string, shard: string): string {
  return `${prefix}${OWN_KEYS}index_expiry:${base}:${shard}`
}

/** Returns the key of the hash that names the rows of unconfirmed batches which the key index does not have yet. */
export function journalKey(prefix: string, base: string): string {
  return `${prefix}${OWN_KEYS}journal:${base}`
}

/**
 * Returns the key of the hash that records what the last attempt wrote to the lists or Redis streams of a stream; with a
 * slot, a key in that slot.
 */
export function attemptKey(prefix: string, base: string, slot: number | undefined): string {
  if (slot === undefined) return `${prefix}${OWN_KEYS}attempt:${base}`
  return keyInSlot(Buffer.from(prefix), `${OWN_KEYS}attempt`, Buffer.from(base), slot).toString()
}

/** Returns a key that the client of a run uses for itself; with a slot, a key in that slot. */
export function runKey(prefix: string, name: string, run: string, slot: number | undefined): string {
  if (slot === undefined) return `${prefix}${OWN_KEYS}${name}:${run}`
  return keyInSlot(Buffer.from(prefix), `${OWN_KEYS}${name}`, Buffer.from(run), slot).toString()
}

/** Returns the key of the Redis stream that holds the records which could not be written. */
export function deadLetterKey(prefix: string): string {
  return `${prefix}${OWN_KEYS}dead_letter`
}

/** Returns two keys in one slot that a check writes and removes again. */
export function probeKeys(prefix: string, check: string): { key: string; other: string } {
  const key = `${prefix}${OWN_KEYS}check:${check}`
  return { key, other: besideKey(Buffer.from(key), Buffer.from(prefix), `${OWN_KEYS}check`).toString() }
}
