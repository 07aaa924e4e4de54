/** For tests: plans of streams, as a run would make them. */
import { parseConfig } from '../../config/parsing/parse-config.ts'
import { STRUCTURES } from '../../layout/registry/structures.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { planStreams, type StreamPlan } from './stream-plan.ts'

/** A stream of the catalog that is appended to, in namespace `n` where `more` does not say otherwise. */
export function stream(name: string, more: Partial<SyncStream> = {}): SyncStream {
  const none = {
    generation: undefined,
    minimumGeneration: 0,
    primaryKey: [],
    cursor: undefined,
    columns: undefined,
  }
  return { name, namespace: 'n', mode: 'append', ...none, ...more }
}

/** `options` are those of the configuration. */
export function plansFor(streams: readonly SyncStream[], options: object = {}): StreamPlan[] {
  return planStreams(streams, parseConfig(JSON.stringify({ host: 'h', ...options }), {}, STRUCTURES).config)
}

/** The plan of the stream `n.s`. */
export function planWith(options: object = {}, more: Partial<SyncStream> = {}): StreamPlan {
  return plansFor([stream('s', more)], options)[0]!
}
