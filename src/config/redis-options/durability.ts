/** Reads `durability`: what a state waits for before it is acknowledged. */
import type { Durability } from '../settings/config.ts'

/** The options, with the defaults of spec/spec.json filled in. */
export type DurabilityOptions =
  | { mode: 'none' }
  | { mode: 'replicas'; count: number; timeout_ms: number }
  | { mode: 'fsync'; replicas: number; timeout_ms: number }

export function readDurability(options: DurabilityOptions | undefined): Durability {
  switch (options?.mode) {
    case 'replicas':
      return Object.freeze({ mode: 'replicas', count: options.count, timeoutMs: options.timeout_ms })
    case 'fsync':
      return Object.freeze({ mode: 'fsync', replicas: options.replicas, timeoutMs: options.timeout_ms })
    default:
      return Object.freeze({ mode: 'none' })
  }
}
