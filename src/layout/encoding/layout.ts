/** A layout turns a record into Redis commands, as bytes. It is pure: no client, no clock, no waiting. */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import type { Columns } from '../../protocol/columns/columns.ts'
import type { Script } from '../../redis/commands/row-scripts.ts'
import type { CommandGroups } from './command-groups.ts'

/** What the operator asked for, and what the sync mode asks for besides. */
export interface LayoutSettings extends RecordSettings {
  /** Whether a key that was to end is to stay again when it is written. */
  readonly staysWhenWritten?: boolean
  /** Whether a record may have to take the place of what others would be merged into. */
  readonly startsAnew?: boolean
  /** Whether what is written says that its row is deleted. */
  readonly marksDeleted?: boolean
}

/** A record as the batch holds it; ranges are offsets into `bytes`, ends exclusive. One view serves all records. */
export interface RecordView {
  bytes: Buffer
  /** Its columns, for layouts that use them. */
  columns: Columns
  /** `_airbyte_ab_id`, from 1, for layouts that use it. */
  id: number
  /** Epoch milliseconds as decimal text. */
  emittedAtStart: number
  emittedAtEnd: number
  /** The record's `data` as JSON without insignificant white space. */
  dataStart: number
  dataEnd: number
  /** Whether nothing of what is there is to stay, whatever else the settings say. */
  startsAnew: boolean
  /** From 0 to 1, another for each record: spreads what should not happen all at once. */
  spread: number
}

/** Why a record cannot be laid out, as the end of a sentence; names columns and options, never data. */
export type Refusal = string

/**
 * How commands have to be delivered. `each`: one by one, in order, and again if need be. `together`: in a transaction,
 * and again if need be. `once`: in a transaction that is never run twice.
 */
export type Delivery = 'each' | 'together' | 'once'

export interface Layout {
  readonly delivery: Delivery
  /** Bytes that a record's commands have besides its data, about. */
  readonly overhead: number
  readonly usesIds: boolean
  readonly usesColumns: boolean
  /** Whether a command may leave a record unwritten, by a condition. */
  readonly isConditional: boolean
  /** A script that its commands run. */
  readonly script?: Script | undefined
  /**
   * Puts the record's commands into `out`, or holds it back for a command with others. Gives the group of the
   * command that writes it, `NO_GROUP` where there is nothing to write, or why it cannot be written.
   */
  write(out: CommandGroups, record: RecordView): number | Refusal
  /** Puts in what was held back. */
  flush(out: CommandGroups): void
}
