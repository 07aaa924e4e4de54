/** What the commands of a batch are sent as: one request for each part that has to be sent together. */
import type { TransactionRequest, WriteRequest } from '../../redis/sequencing/pipeline-request.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

export interface BatchRequest {
  readonly request: WriteRequest | TransactionRequest
  /** The stream whose records are in a transaction. */
  readonly plan?: StreamPlan
  /** Whether it writes keys of the connector's own, none of which may be refused. */
  readonly isOwn?: boolean
}
