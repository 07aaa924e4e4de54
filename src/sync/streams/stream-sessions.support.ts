/** For tests: plans and sessions of streams, as a run would make them. */
import { parseConfig } from '../../config/parsing/parse-config.ts'
import { STRUCTURES } from '../../layout/registry/structure-registry.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { planStreams, type StreamPlan } from './stream-plan.ts'
import type { RunMetadata, StreamSession, Tracking } from './stream-session.ts'

/** A stream of the catalog that is appended to, in namespace `n` where `more` does not say otherwise. */
export function stream(name: string, more: Partial<SyncStream> = {}): SyncStream {
  const none = {
    generation: undefined,
    minimumGeneration: 0,
    syncId: undefined,
    primaryKey: [],
    cursor: undefined,
    columns: undefined,
  }
  return { name, namespace: 'n', mode: 'append', ...none, ...more }
}

/** `options` are those of the configuration. */
export function plansFor(streams: readonly SyncStream[], options: object = {}): StreamPlan[] {
  return planStreams(
    streams,
    parseConfig(JSON.stringify({ host: 'h', allow_constant_key: true, ...options }), {}, STRUCTURES).config,
  )
}

/** The plan of the stream `n.s`. */
export function planWith(options: object = {}, more: Partial<SyncStream> = {}): StreamPlan {
  return plansFor([stream('s', more)], options)[0]!
}

/** What the run 7 of a stream knows of it, where earlier runs left nothing. */
const RUNS: RunMetadata = {
  run: 7,
  keptFrom: 0,
  cursorFrom: 0,
  hasUntracked: false,
  hadUntracked: false,
  keepsOtherIndex: false,
  hadExpiry: false,
  hadMeta: false,
  hadFields: false,
  live: { oldest: 0, newest: 0 },
  stagedFrom: undefined,
}

/** The session of a plan in the run 7, which writes to the live keys. */
export function sessionOf(plan: StreamPlan, runs: Partial<RunMetadata> = {}): StreamSession {
  const tracking: Tracking =
    plan.idKeys !== undefined
      ? { kind: 'id-range', idKeys: plan.idKeys }
      : { kind: plan.mustTrack ? 'index' : 'none' }
  return {
    plan,
    tracking,
    runs: { ...RUNS, ...runs },
    manifests: [],
    counterKey: plan.counterKey,
    lastId: 0,
    checksFirstIds: false,
    skippedIds: plan.foreignIds,
    attempt: undefined,
    layout: plan.liveLayout,
  }
}

/** The sessions of streams. `options` are those of the configuration. */
export function sessionsFor(streams: readonly SyncStream[], options: object = {}): StreamSession[] {
  return plansFor(streams, options).map((plan) => sessionOf(plan))
}

/** The session of the stream `n.s`. */
export function sessionWith(options: object = {}, more: Partial<SyncStream> = {}): StreamSession {
  return sessionOf(planWith(options, more))
}
