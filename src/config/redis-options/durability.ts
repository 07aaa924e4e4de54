/** `durability` → what a state waits for. */
import type { Durability } from '../settings/config.ts'

export type DurabilityOptions =
  | { mode: 'none' }
  | { mode: 'replicas'; count?: number; timeout_ms?: number }
  | { mode: 'fsync'; replicas?: number; timeout_ms?: number }

const COUNT = 1
const REPLICAS = 0
const TIMEOUT_MS = 5000

export function readDurability(options: DurabilityOptions | undefined): Durability {
  switch (options?.mode) {
    case 'replicas':
      return Object.freeze({
        mode: 'replicas',
        count: options.count ?? COUNT,
        timeoutMs: options.timeout_ms ?? TIMEOUT_MS,
      })
    case 'fsync':
      return Object.freeze({
        mode: 'fsync',
        replicas: options.replicas ?? REPLICAS,
        timeoutMs: options.timeout_ms ?? TIMEOUT_MS,
      })
    default:
      return Object.freeze({ mode: 'none' })
  }
}
