/** What the sync hands over to the client to be sent through the write pipelines. */
import type { EncodedCommands } from '../resp/encoded-commands.ts'

interface CommandsRequest {
  readonly commands: EncodedCommands
  /**
   * Whether everything sent before it must have been answered before any of it is sent. On one server the order of the
   * connection already sees to that.
   */
  readonly isBehindAll?: boolean
  /** `marker`: it counts as confirmed only when a marker behind it is answered. */
  readonly confirmedBy: 'reply' | 'marker'
}

/** Commands that may run again, each on its own. */
export interface WriteRequest extends CommandsRequest {
  readonly kind: 'write'
  /** Whether the numbers in the replies are wanted. */
  readonly isCounted: boolean
}

/** Commands that change nothing. They do not wait for writes. */
export interface ReadRequest {
  readonly kind: 'read'
  readonly commands: EncodedCommands
}

/** Commands that run together or not at all; their keys are in one slot. */
export interface TransactionRequest extends CommandsRequest {
  readonly kind: 'transaction'
  readonly slot: number | undefined
  readonly isCounted: boolean
  /** Whether it may run again. If not, it runs exactly once, behind those that were sent before it. */
  readonly isRepeatable: boolean
}

/** A number on each node that was written to: its reply says that everything before it is there. */
export interface MarkerRequest {
  readonly kind: 'marker'
  /** Whether nodes get one that were not written to since their last one. */
  readonly isFinal: boolean
}

export type PipelineRequest = WriteRequest | ReadRequest | TransactionRequest | MarkerRequest
