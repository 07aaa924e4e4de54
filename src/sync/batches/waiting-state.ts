/** The state messages of a batch, with what came before each. */
import type { StateMessage } from '../../protocol/airbyte/state-message.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

/** Counts the records that the connector was sent. */
export interface Received {
  records: number
  /** Those of them that a filter left out. */
  filtered: number
  /** Values that the source says it has replaced with null. */
  nulled: number
}

/** A state message that waits for the records before it. */
export interface WaitingState {
  state: StateMessage
  /** Undefined where it is the state of all streams. */
  plan: StreamPlan | undefined
  /** Counts the records of the batch that came before it. */
  after: number
  /** The records that came since the state before it. */
  received: Received
}
