/** The hash of a row location. It says which hash of the key index has the entry of the row, and where tables keep the row. */

/** The key index is kept in so many hashes. */
export const SHARDS = 256

const FIRST = 0x811c9dc5 | 0
const PRIME = 0x01000193
const LAST_ASCII = 0x7f

/** Returns FNV-1a. It must never change, as one version of the connector reads what another one wrote. */
function hashOf(location: string): number {
  let hash = FIRST
  for (let at = 0; at < location.length; at++) hash = Math.imul(hash ^ location.charCodeAt(at), PRIME)
  return hash
}

/** Returns the same of a location in UTF-8. The hash is one of UTF-16: only ASCII has the same numbers in both. */
export function hashIn(bytes: Buffer, start: number, end: number): number {
  let hash = FIRST
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte > LAST_ASCII) return hashOf(bytes.toString('utf8', start, end))
    hash = Math.imul(hash ^ byte, PRIME)
  }
  return hash
}

/** Returns the number of the hash of the key index. */
export function shardIn(hash: number): number {
  return (hash >>> 16) % SHARDS
}

export function shardOf(location: string): number {
  return shardIn(hashOf(location))
}
