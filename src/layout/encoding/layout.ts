/**
 * A layout turns a record into Redis commands, as bytes. It is pure: the commands follow from the settings, the record
 * and the capabilities of `out` alone. It has no client and no clock, draws no random numbers and prints nothing.
 */
import type { Problem } from '../../errors.ts'
import type { ExpiryUnit, RecordSettings } from '../../config/settings/record-settings.ts'
import type { Columns } from '../../protocol/columns/columns.ts'
import type { Script } from '../../redis/commands/script.ts'
import type { CommandGroups } from './command-groups.ts'
import type { RecordProgram } from './record-program.ts'
import type { TextRange } from './text-range.ts'

/** The settings of a stream, and what its sync mode adds to them. */
export interface LayoutSettings extends RecordSettings {
  /** Whether writing a key removes its time to live (PERSIST). */
  readonly removesExpiry?: boolean
  /** Whether an earlier run gave keys a time to live, and this run gives none, so that written keys must lose theirs. */
  readonly clearsFormerExpiry?: boolean
  /** Whether an earlier run wrote `_airbyte_meta`, and this run does not, so that written hashes must lose it. */
  readonly clearsFormerMeta?: boolean
  /** Has hashes replaced as a whole, as an earlier run may have left one with other fields at a key. */
  readonly clearsFormerFields?: boolean
  /** Whether the first record of a row replaces the hash, and later ones are merged into it. */
  readonly firstRecordReplaces?: boolean
  /** Whether records may take over keys that former generations have written. */
  readonly mayTakeOver?: boolean
  /** Whether every record says that its row is deleted, in `_ab_cdc_deleted_at`. */
  readonly writesDeletedAt?: boolean
}

/** A record of a batch. Ranges are offsets into `bytes`, ends exclusive. One view serves all records in turn. */
export interface RecordView {
  bytes: Buffer
  /** Its columns, for layouts that use them. */
  columns: Columns
  /** Its key, where that is known already; it must be undefined, or right. */
  key: TextRange | undefined
  /** `_airbyte_ab_id`, from 1, for layouts that use it. */
  id: number
  /** Epoch milliseconds as decimal text. */
  emittedAtStart: number
  emittedAtEnd: number
  /** The record's `data` as JSON without insignificant white space. */
  dataStart: number
  dataEnd: number
  /** The changes that the source reports of it, as a JSON array. */
  changes: Buffer
  /** Whether the record replaces its key, even if the settings say that it is merged into it. */
  replacesKey: boolean
  /** Whether the record replaces its key, of whatever type: a former generation of the stream has written it. */
  takesOver: boolean
  /** A random number from 0 to 1, which spreads times to live. */
  spread: number
  /** Epoch milliseconds when its batch is encoded. */
  now: number
  /**
   * Set by the layout if its commands leave no data: the record has expired, or it has no column with a value. It is
   * `written` before.
   */
  result: 'written' | 'expired' | 'empty'
}

/** Why a record cannot be written. Names columns and options, never data. */
export type Refusal = Problem

/**
 * How commands reach the server. `pipeline`: one by one, in order; sent again after a lost connection. `transaction`:
 * in a transaction, which is sent again, too. `grouped`: the same where a transaction may write several keys, else one by
 * one. `exactly_once`: in a transaction that never runs twice.
 */
export type DeliveryMode = 'pipeline' | 'transaction' | 'grouped' | 'exactly_once'

export interface Layout {
  readonly deliveryMode: DeliveryMode
  /** The approximate number of bytes of a record's commands beside its data. */
  readonly overhead: number
  readonly usesIds: boolean
  readonly usesColumns: boolean
  /** Tells whether columns are used for anything but the key. */
  readonly usesColumnsBesideKey: boolean
  /** Whether a command writes its records only on a condition, and replies how many it has written. */
  readonly isConditional: boolean
  /** The units of the numbers that were read from the expire_at_field so far. */
  readonly expiryUnits: ReadonlySet<ExpiryUnit> | undefined
  /** The scripts that its commands call. */
  readonly scripts: readonly Script[]
  /** Describes as data what `write` writes of usual records; undefined where a record program cannot express it. */
  readonly program: RecordProgram | undefined
  /**
   * Adds the record's commands to `out`, or keeps the record for a command that writes several. Returns the group of
   * the command that writes it, `NO_GROUP` if there is nothing to write, or why it cannot be written.
   */
  write(out: CommandGroups, record: RecordView): number | Refusal
  /** Adds the command of the records that were kept. */
  flush(out: CommandGroups): void
}

/** Returns whether the commands of a layout go to the server one by one. */
export function isPipelined({ deliveryMode }: Layout, { joinsKeys }: CommandGroups): boolean {
  return deliveryMode === 'pipeline' || (deliveryMode === 'grouped' && !joinsKeys)
}
