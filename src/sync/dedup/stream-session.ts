/** One stream of the catalog during a run: its plan, the index of its keys, and what earlier runs recorded of it. */
import type { StreamMetadata } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { KeyIndex } from './key-index.ts'

export interface StreamSession {
  plan: StreamPlan
  index: KeyIndex
  /** Undefined where keys are made of ids alone. */
  metadata: StreamMetadata | undefined
}
